/** The directory over HTTP, as everybody fetches it (docs/protocol.md, HTTP). */
import { abortedError, onAbort } from "../abort.ts"
import { Reader, toHex } from "../bytes.ts"
import { isErrorCode, isWardlineError, WardlineError } from "../errors.ts"
import type { ClinicId, DeviceId } from "../ids.ts"
import { HEADER_BYTES, MAX_FRAME_BYTES, SIGNATURE_BYTES } from "../protocol/index.ts"

const REQUEST_LIMIT_MS = 30_000
/** What has arrived at this rate, in bytes, extends the limit: a large directory on a slow network is no failure. */
const SLOWEST_BYTES_PER_MS = 4
/** Some 40,000 records: a directory beyond that is an attack on memory. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

const NO_CACHE: RequestInit = { method: "GET", cache: "no-store" }

/** A header and a signature. */
const MIN_RECORD_BYTES = HEADER_BYTES + SIGNATURE_BYTES

export interface DirectoryRequest {
  readonly relay: URL
  readonly clinicId: ClinicId
  readonly signal: AbortSignal | undefined
}

/** What a first visitor is given in place of the whole directory (docs/protocol.md, HTTP). */
export interface ShortDirectory {
  readonly snapshot: Uint8Array
  /** The newest attest, which commits to the snapshot. */
  readonly attest: Uint8Array
  /** The records after it. */
  readonly tail: readonly Uint8Array[]
}

/** The records at positions > `from`.
 * @param wraps - whose to send with them: a device's, or everybody's for a copy that a new relay could be given; none
 *   unless given.
 * @throws {WardlineError} what the relay answers, ERR_OFFLINE, ERR_MALFORMED, ERR_ABORTED. */
export async function fetchDirectory(
  request: DirectoryRequest,
  from: number,
  wraps?: DeviceId | "all",
): Promise<Uint8Array[]> {
  const url = directoryUrl(request)
  url.searchParams.set("from", String(from))
  if (wraps !== undefined) url.searchParams.set("wraps", wraps === "all" ? wraps : toHex(wraps))
  const reader = new Reader(await exchange(url, NO_CACHE, request.signal))
  if (reader.u64() !== from) throw new WardlineError("ERR_MALFORMED", "the relay answered another question")
  return readRecords(reader)
}

/** The directory in short. Nothing of it has been checked.
 * @throws {WardlineError} ERR_NOT_FOUND where nobody has attested yet; otherwise as {@link fetchDirectory}. */
export async function fetchShortDirectory(request: DirectoryRequest): Promise<ShortDirectory> {
  const url = directoryUrl(request)
  url.pathname += "/snapshot"
  return decodeShortDirectory(await exchange(url, NO_CACHE, request.signal))
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeShortDirectory(bytes: Uint8Array): ShortDirectory {
  const reader = new Reader(bytes)
  const snapshot = reader.lp32(MAX_ANSWER_BYTES)
  const attest = reader.lp32(MAX_FRAME_BYTES)
  return { snapshot, attest, tail: readRecords(reader) }
}

function readRecords(reader: Reader): Uint8Array[] {
  const records: Uint8Array[] = []
  while (reader.remaining > 0) {
    const record = reader.lp32(MAX_FRAME_BYTES)
    // Empty ones would be sixteen million in one answer.
    if (record.length < MIN_RECORD_BYTES) throw new WardlineError("ERR_MALFORMED", "shorter than any record")
    records.push(record)
  }
  return records
}

export function directoryUrl({ relay, clinicId }: DirectoryRequest): URL {
  return new URL(`/v1/clinics/${toHex(clinicId)}/directory`, relay)
}

/** One exchange with the relay.
 * @throws {WardlineError} what the relay answers, ERR_OFFLINE, ERR_TOO_LARGE, ERR_ABORTED. */
export async function exchange(
  url: URL,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const controller = new AbortController()
  let deadline = performance.now() + REQUEST_LIMIT_MS
  let timer = setTimeout(() => controller.abort(), REQUEST_LIMIT_MS)
  const heard = (bytes: number): void => {
    deadline += bytes / SLOWEST_BYTES_PER_MS
    clearTimeout(timer)
    timer = setTimeout(() => controller.abort(), deadline - performance.now())
  }
  const stop = onAbort(signal, () => controller.abort())
  try {
    const response = await fetch(url, {
      ...init,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      // A redirect would be somebody else's word for the relay's.
      redirect: "error",
      signal: controller.signal,
    })
    const body = await readBody(response, heard)
    if (!response.ok) throw refusalOf(body)
    return body
  } catch (cause) {
    if (signal?.aborted) throw abortedError(signal)
    if (isWardlineError(cause)) throw cause
    throw new WardlineError("ERR_OFFLINE", "the relay can't be reached", { cause })
  } finally {
    clearTimeout(timer)
    stop()
  }
}

/** In one growing buffer: as a list of parts, an answer sent byte by byte would cost a hundred times its size. */
async function readBody(response: Response, heard: (bytes: number) => void): Promise<Uint8Array> {
  let body = new Uint8Array(64 * 1024)
  let length = 0
  const reader = response.body?.getReader()
  for (;;) {
    const part = await reader?.read()
    if (part?.value === undefined) return body.subarray(0, length)
    heard(part.value.length)
    const end = length + part.value.length
    if (end > MAX_ANSWER_BYTES) {
      await reader?.cancel()
      throw new WardlineError("ERR_TOO_LARGE", "the relay's answer is too large")
    }
    if (end > body.length) {
      const larger = new Uint8Array(Math.max(end, 2 * body.length))
      larger.set(body.subarray(0, length))
      body = larger
    }
    body.set(part.value, length)
    length = end
  }
}

/** An answer that isn't the relay's (a proxy's error page) counts as not having reached the relay. */
export function refusalOf(body: Uint8Array): WardlineError {
  const answer: unknown = parseJson(body)
  if (typeof answer === "object" && answer !== null && "code" in answer) {
    const { code } = answer
    if (typeof code === "string" && isErrorCode(code)) {
      return new WardlineError(code, `the relay refused: ${code}`, { cause: answer })
    }
  }
  return new WardlineError("ERR_OFFLINE", "something else answers at the relay's address")
}

export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}
