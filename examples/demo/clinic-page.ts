/** The demo clinic's own web site: a static page on an origin of its own, as a real clinic's would be. */
import { readFile } from "node:fs/promises"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

const FOLDER = new URL("./", import.meta.url)
const TYPES: Readonly<Record<string, string>> = {
  "/": "text/html; charset=utf-8",
  "/clinic.css": "text/css; charset=utf-8",
  "/clinic.js": "text/javascript; charset=utf-8",
}

export interface ClinicPage {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

export interface ClinicPageOptions {
  /** 0 = any free one. */
  readonly port: number
  readonly relayUrl: string
  readonly clinicKey: string
}

/** @throws the system's error if the port is taken. */
export async function startClinicPage(options: ClinicPageOptions): Promise<ClinicPage> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://page").pathname
    answer(path, options, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port, "127.0.0.1", resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}`,
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(path: string, options: ClinicPageOptions, response: ServerResponse): Promise<void> {
  const type = TYPES[path]
  if (type === undefined) {
    response.writeHead(404, { "content-type": "text/plain" }).end("There is no such page.\n")
    return
  }
  const text = await readFile(new URL(path === "/" ? "clinic.html" : path.slice(1), FOLDER), "utf8")
  response
    .writeHead(200, {
      "content-type": type,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // All that a page needs to allow for the chat: its script and its frame, both from the relay.
      "content-security-policy": [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        `script-src 'self' ${options.relayUrl}`,
        `frame-src ${options.relayUrl}`,
        "base-uri 'none'",
        "form-action 'none'",
      ].join("; "),
    })
    .end(text.replaceAll("{{relay}}", options.relayUrl).replaceAll("{{clinicKey}}", options.clinicKey))
}
