/** Blobs over HTTP, one request at a time (docs/protocol.md, Attachments). */
import { abortedError, onAbort } from "../abort.ts"
import { openFailed } from "../crypto/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { refusalOf } from "./directory-fetch.ts"

/** The relay gives up on a part that takes a minute. */
const PART_LIMIT_MS = 55_000
/** A download that brings nothing for so long has lost its connection. */
const STALL_LIMIT_MS = 30_000
const PATH = "/v1/blob"

export interface BlobAddress {
  readonly relay: URL
  /** The relay's capability, as it came. */
  readonly ticket: Uint8Array
}

/** Sends a part of an upload that begins at `offset`.
 * @returns how far the upload has come.
 * @throws {WardlineError} what the relay answers (ERR_CONFLICT: it is elsewhere, see {@link headBlob}), ERR_OFFLINE. */
export async function patchBlob(
  address: BlobAddress,
  offset: number,
  part: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<number> {
  const headers = { "content-type": "application/octet-stream", "upload-offset": String(offset) }
  return await limited(PART_LIMIT_MS, signal, async (limit) => {
    const response = await send(address, "PATCH", limit.signal, headers, part)
    if (!response.ok) throw refusalOf(await smallBody(response))
    return offsetOf(response)
  })
}

/** Asks how far an upload has come. */
export async function headBlob(address: BlobAddress, signal: AbortSignal | undefined): Promise<number> {
  return await limited(PART_LIMIT_MS, signal, async (limit) => {
    const response = await send(address, "HEAD", limit.signal)
    if (response.status === 401) throw new WardlineError("ERR_UNAUTHENTICATED", "the ticket has expired")
    if (response.status === 404) throw new WardlineError("ERR_NOT_FOUND", "the upload is gone")
    if (!response.ok) throw new WardlineError("ERR_OFFLINE", "the relay doesn't say how far the upload is")
    return offsetOf(response)
  })
}

/** Reads a blob from `from` on, part by part.
 * @param size - of the whole blob, as it must be.
 * @throws {WardlineError} ERR_OPEN_FAILED if the relay has a blob of another size; what it answers, ERR_OFFLINE. */
export async function getBlob(
  address: BlobAddress,
  from: number,
  size: number,
  take: (part: Uint8Array) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await limited(STALL_LIMIT_MS, signal, async (limit) => {
    const headers = { range: `bytes=${from}-` }
    const response = await send(address, "GET", limit.signal, headers)
    if (!response.ok) throw refusalOf(await smallBody(response))
    const range = `bytes ${from}-${size - 1}/${size}`
    if (response.status !== 206 || response.headers.get("content-range") !== range) throw openFailed()
    const reader = response.body?.getReader()
    try {
      for (;;) {
        limit.restart()
        const part = await reader?.read()
        if (part?.value === undefined) return
        // However long the file's destination takes.
        limit.pause()
        await take(part.value)
      }
    } finally {
      // The rest is of no use to anybody.
      reader?.cancel().catch(() => {})
    }
  })
}

/** Refusals are short; a relay that sends more isn't read. */
const MAX_REFUSAL_BYTES = 4096

async function smallBody(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  let body = new Uint8Array(0)
  for (;;) {
    const part = await reader?.read()
    if (part?.value === undefined) return body
    const longer = new Uint8Array(body.length + part.value.length)
    longer.set(body)
    longer.set(part.value, body.length)
    body = longer
    if (body.length > MAX_REFUSAL_BYTES) {
      await reader?.cancel()
      return body
    }
  }
}

function offsetOf(response: Response): number {
  const text = response.headers.get("upload-offset") ?? ""
  const offset = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(offset))
    throw new WardlineError("ERR_MALFORMED", "the relay doesn't say how far the upload is")
  return offset
}

async function send(
  { relay, ticket }: BlobAddress,
  method: "GET" | "HEAD" | "PATCH",
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
  body?: Uint8Array,
): Promise<Response> {
  return await fetch(new URL(PATH, relay), {
    method,
    ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    headers: { ...headers, authorization: `Bearer ${toBase64Url(ticket)}` },
    cache: "no-store",
    credentials: "omit",
    referrerPolicy: "no-referrer",
    redirect: "error",
    signal,
  })
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** RFC 4648, section 5, without padding. */
function toBase64Url(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const characters = Math.min(4, bytes.length - i + 1)
    for (let j = 0; j < characters; j++) text += BASE64URL[(bits >> (18 - 6 * j)) & 63]
  }
  return text
}

interface Limit {
  readonly signal: AbortSignal
  restart(): void
  pause(): void
}

/** Does `work` within a time; whatever isn't a Wardline error is a lost connection. */
async function limited<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (limit: Limit) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const pause = (): void => clearTimeout(timer)
  const restart = (): void => {
    pause()
    timer = setTimeout(() => controller.abort(), ms)
  }
  const stop = onAbort(signal, () => controller.abort())
  restart()
  try {
    return await work({ signal: controller.signal, restart, pause })
  } catch (cause) {
    if (signal?.aborted) throw abortedError(signal)
    if (isWardlineError(cause) || cause instanceof SinkError) throw cause
    throw new WardlineError("ERR_OFFLINE", "the connection to the relay was lost", { cause })
  } finally {
    pause()
    stop()
  }
}

/** Where the file was to be written failed: nothing of the relay's. */
export class SinkError extends Error {}
