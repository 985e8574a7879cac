/** Writes HTTP answers, and takes requests apart. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { type ErrorCode, isWardlineError, WardlineError } from "@wardline/sdk/protocol"

/** Headers that every answer has. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  ERR_MALFORMED: 400,
  ERR_UNSUPPORTED: 400,
  ERR_CLOCK: 400,
  ERR_UNAUTHENTICATED: 401,
  ERR_ACCESS_REQUIRED: 403,
  ERR_CLINIC_KEY: 403,
  ERR_FORBIDDEN: 403,
  ERR_REVOKED: 403,
  ERR_SIGNATURE: 403,
  ERR_NOT_FOUND: 404,
  ERR_CLOSED: 409,
  ERR_CONFLICT: 409,
  ERR_FORK: 409,
  ERR_TOO_LARGE: 413,
  ERR_RATE_LIMITED: 429,
  ERR_OVERLOADED: 503,
  ERR_READ_ONLY: 503,
}

export type Headers = Record<string, string | number>

export function answer(response: ServerResponse, status: number, headers: Headers, body?: Uint8Array): void {
  response.writeHead(status, { ...COMMON_HEADERS, ...headers, "Content-Length": body?.length ?? 0 })
  // node leaves the body of an answer to HEAD out by itself.
  response.end(body)
}

export function answerJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Headers = {},
): void {
  const type = { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" }
  answer(response, status, { ...type, ...headers }, Buffer.from(JSON.stringify(value)))
}

/** `{ code, message, retryable }`, nothing of what was sent. */
export function answerError(response: ServerResponse, error: unknown, headers: Headers = {}): void {
  const { code, message, retryable } = isWardlineError(error)
    ? error
    : new WardlineError("ERR_INTERNAL", "the relay failed; its log says more")
  answerJson(response, STATUS[code] ?? 500, { code, message, retryable }, headers)
}

export function answerMethod(response: ServerResponse, allowed: string): void {
  const error = new WardlineError("ERR_UNSUPPORTED", `the method isn't one of ${allowed}`)
  const { code, message, retryable } = error
  answerJson(response, 405, { code, message, retryable }, { Allow: allowed })
}

/** Whether the client has the version with this ETag (RFC 9110, 13.1.2). */
export function hasVersion(request: IncomingMessage, etag: string): boolean {
  const known = request.headers["if-none-match"]
  if (known === undefined) return false
  return known.split(",").some((item) => item.trim().replace(/^W\//, "") === etag)
}

/** Reads a request's body.
 * @throws {WardlineError} ERR_TOO_LARGE as soon as it is; ERR_MALFORMED if it breaks off. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge()
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    if (isWardlineError(error)) throw error
    throw new WardlineError("ERR_MALFORMED", "the request broke off", { cause: error })
  }
  return Buffer.concat(chunks)
}

function tooLarge(): WardlineError {
  return new WardlineError("ERR_TOO_LARGE", "the request's body is over its limit")
}
