/** A witness's HTTP side: `POST /add-checkpoint` of c2sp.org/tlog-witness, and nothing else. Anybody may post; only what
 * the log's key has signed is looked at closely. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { WardlineError } from "../errors.ts"
import { parseAddCheckpoint, WitnessRefusal } from "../tlog/index.ts"
import { usage } from "./arguments.ts"
import type { Cosigned, Witness } from "./witness.ts"

/** 63 hashes, a checkpoint, and sixteen signatures of the largest kind that the specification speaks of. */
const MAX_BODY_BYTES = 128 * 1024
/** A log needs one. Strangers can't fill memory with more bodies than these. */
const MAX_CONNECTIONS = 128
/** A body of the largest kind takes a slow line seconds; whoever takes longer keeps a place from others. */
const REQUEST_LIMIT_MS = 15_000
const HEADERS_LIMIT_MS = 5_000
/** Judgements that wait for the disk. */
const MAX_WAITING = 32

export interface Listen {
  readonly host: string
  readonly port: number
}

export interface ServerEvents {
  signed(cosigned: Cosigned): void
  /** Nothing was signed; `error` says why. */
  refused(error: unknown): void
}

/** Such as 127.0.0.1:8422, [::1]:8422 or 8422, which is on this machine alone.
 * @throws {WardlineError} ERR_CONFIG */
export function parseListen(text: string): Listen {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2] ?? -1)
  if (match === null || port > 65_535)
    throw usage("--listen is an address and a port, such as 127.0.0.1:8422")
  return { host: (match[1] ?? "127.0.0.1").replace(/^\[|\]$/g, ""), port }
}

/** Serves until the signal fires.
 * @returns the address.
 * @throws {WardlineError} ERR_CONFIG if the port can't be had. */
export async function serveWitness(
  witness: Witness,
  { host, port }: Listen,
  events: ServerEvents,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly stopped: Promise<void> }> {
  const server = createServer(
    { requestTimeout: REQUEST_LIMIT_MS, headersTimeout: HEADERS_LIMIT_MS, connectionsCheckingInterval: 1000 },
    handler(witness, events),
  )
  server.maxConnections = MAX_CONNECTIONS
  await listening(server, host, port)
  const stopped = new Promise<void>((resolve) => server.once("close", resolve))
  const stop = (): void => {
    server.close()
    server.closeIdleConnections()
    // Whoever is in the middle of a request has its time; then the process ends whatever they do.
    setTimeout(() => server.closeAllConnections(), 2000).unref()
  }
  if (signal.aborted) stop()
  else signal.addEventListener("abort", stop, { once: true })
  const address = server.address()
  const bound = typeof address === "object" && address !== null ? address.port : port
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`, stopped }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new WardlineError(
          "ERR_CONFIG",
          cause.code === "EADDRINUSE"
            ? `port ${port} is taken; choose another with --listen`
            : `can't listen on ${host}:${port} (${cause.code ?? "unknown reason"})`,
          { cause },
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
}

function handler(
  witness: Witness,
  events: ServerEvents,
): (request: IncomingMessage, response: ServerResponse) => void {
  let waiting = 0
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "").split("?", 1)[0]
    if (path !== "/add-checkpoint") return reply(response, 404, "not found\n")
    if (request.method !== "POST") return reply(response, 405, "POST a checkpoint\n", { allow: "POST" })
    let isWaiting = false
    try {
      const body = await readBody(request)
      if (body === undefined) return reply(response, 413, "too large\n", { connection: "close" })
      if (waiting >= MAX_WAITING) return reply(response, 503, "busy: try again\n", { "retry-after": "1" })
      waiting++
      isWaiting = true
      const cosigned = await witness.add(parseAddCheckpoint(decode(body)), false)
      events.signed(cosigned)
      reply(response, 200, cosigned.line)
    } catch (error) {
      // Whoever went away hears nothing, and isn't worth a line.
      if (request.destroyed && !request.complete) return
      events.refused(error)
      refuse(response, error)
    } finally {
      if (isWaiting) waiting--
    }
  }
  return (request, response) => void answer(request, response)
}

function refuse(response: ServerResponse, error: unknown): void {
  if (!(error instanceof WitnessRefusal)) {
    // Such as a full disk. Nothing was signed.
    reply(response, 500, "the witness can't sign now\n")
    return
  }
  const { status, size, message } = error
  if (status === 409) reply(response, 409, `${size ?? 0}\n`, { "content-type": "text/x.tlog.size" })
  else reply(response, status, `${message}\n`)
}

function reply(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    ...headers,
  })
  response.end(body)
}

/** The body; undefined if it is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request) {
    bytes += (part as Buffer).length
    if (bytes > MAX_BODY_BYTES) return undefined
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts)
}

/** @throws {WitnessRefusal} 400 for what isn't UTF-8. */
function decode(body: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw new WitnessRefusal(400, "ERR_MALFORMED", "not UTF-8")
  }
}
