/** Sends a blob, or a range of it, as fast as its reader takes it. */
import { type FileHandle, open } from "node:fs/promises"
import type { IncomingMessage, ServerResponse } from "node:http"
import { WardlineError } from "@wardline/sdk/protocol"
import { answerJson, COMMON_HEADERS, type Headers } from "../http/answer.ts"
import type { RelayCore } from "../relay-core.ts"
import { loadTicket } from "./authority.ts"
import type { Ticket } from "./tickets.ts"
import type { Transfer } from "./transfers.ts"

const READ_BYTES = 262_144

/** Whatever a blob holds: no browser shows it, runs it or guesses what it is. */
const OPAQUE: Headers = {
  "Content-Type": "application/octet-stream",
  "Content-Disposition": "attachment",
  "Content-Security-Policy": "sandbox; default-src 'none'",
  "Accept-Ranges": "bytes",
}

/** Answers GET.
 * @throws {WardlineError} for the caller to answer. */
export async function sendBlob(
  core: RelayCore,
  ticket: Ticket,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Headers,
): Promise<void> {
  await loadTicket(core, ticket)
  const blob = core.blobs.folder.find(ticket.conversation, ticket.blob)
  if (blob === undefined || blob.upload !== undefined)
    throw new WardlineError("ERR_NOT_FOUND", "no such blob")
  const { size } = blob
  const range = rangeOf(request, size)
  if (range === undefined) {
    const answer = { code: "ERR_MALFORMED", message: "the range isn't in the blob", retryable: false }
    answerJson(response, 416, answer, { ...headers, "Content-Range": `bytes */${size}` })
    return
  }
  const { start, end } = range
  await core.blobs.transfers.run(ticket, async (transfer) => {
    const file = await open(blob.path, "r")
    try {
      response.writeHead(range.isPart ? 206 : 200, {
        ...COMMON_HEADERS,
        ...headers,
        ...OPAQUE,
        "Content-Length": end - start,
        ...(range.isPart ? { "Content-Range": `bytes ${start}-${end - 1}/${size}` } : {}),
      })
      await pump(core, transfer, file, response, start, end)
    } finally {
      await file.close()
    }
  })
}

async function pump(
  core: RelayCore,
  transfer: Transfer,
  file: FileHandle,
  response: ServerResponse,
  start: number,
  end: number,
): Promise<void> {
  transfer.onStop(() => response.destroy())
  // Whoever takes nothing for so long is gone.
  response.setTimeout(core.limits.stallMs, () => response.destroy())
  // One for all: a buffer for each piece would be garbage by the hundred megabytes.
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - start))
  for (let at = start; at < end; ) {
    await loadTicket(core, transfer.ticket)
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at)
    if (bytesRead === 0) throw new WardlineError("ERR_STORE", "a blob is shorter than it was")
    at += bytesRead
    if (!(await written(response, buffer.subarray(0, bytesRead)))) return
  }
  await new Promise<void>((resolve) => {
    response.once("close", resolve)
    response.end(resolve)
  })
}

/** Resolves once the bytes are the system's and their memory is free again; to false if the connection is gone. */
function written(response: ServerResponse, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    if (response.destroyed) {
      resolve(false)
      return
    }
    const closed = (): void => resolve(false)
    response.once("close", closed)
    response.write(bytes, (error) => {
      response.off("close", closed)
      resolve(error === undefined || error === null)
    })
  })
}

/** One range from a position, to another or to the end (RFC 9110, section 14.1.2); undefined if it isn't in the blob. */
function rangeOf(
  request: IncomingMessage,
  size: number,
): { start: number; end: number; isPart: boolean } | undefined {
  const { range } = request.headers
  if (range === undefined) return { start: 0, end: size, isPart: false }
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(range)
  if (match === null) return undefined
  const start = Number(match[1])
  const end = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1)
  return start < end ? { start, end, isPart: true } : undefined
}
