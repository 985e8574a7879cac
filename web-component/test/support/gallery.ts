/** Serves the gallery's screens under the very policy that the relay sends. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; " +
  "require-trusted-types-for 'script'; trusted-types lit-html"

export interface Gallery {
  /** `chat` or `inbox` and the screen's query. */
  address(which: "chat" | "inbox", query: string): string
  close(): void
}

export async function startGallery(): Promise<Gallery> {
  const folder = mkdtempSync(join(tmpdir(), "wardline-gallery-"))
  const source = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
  await build({
    entryPoints: { chat: source("gallery/gallery.ts"), inbox: source("gallery/inbox-gallery.ts") },
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    conditions: ["source"],
    outdir: folder,
    logLevel: "warning",
  })
  const css = readFileSync(source("../pages/page.css"))
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://gallery").pathname
    const send = (type: string, body: string | Buffer): void => {
      response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(body)
    }
    if (path === "/page.css") send("text/css", css)
    else if (path === "/chat" || path === "/inbox") {
      send(
        "text/html; charset=utf-8",
        `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Gallery</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"><script type="module" src="${path}.js"></script></head><body></body></html>`,
      )
    } else if (/^\/[\w-]+\.js$/.test(path)) send("text/javascript", readFileSync(join(folder, path)))
    else response.writeHead(404).end()
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const { port } = server.address() as AddressInfo
  return {
    address: (which, query) => `http://127.0.0.1:${port}/${which}?${query}`,
    close: () => {
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
