/** Close codes as errors (docs/protocol.md, Close codes). */
import { type ErrorCode, WardlineError } from "../errors.ts"
import { CLOSE_CODES } from "../protocol/index.ts"

const MEANINGS: ReadonlyMap<number, readonly [ErrorCode, string]> = new Map([
  [CLOSE_CODES.stopping, ["ERR_OFFLINE", "the relay is stopping"]],
  [CLOSE_CODES.tooLarge, ["ERR_TOO_LARGE", "a frame was too large"]],
  [CLOSE_CODES.malformed, ["ERR_MALFORMED", "the relay could not read a frame"]],
  [CLOSE_CODES.unauthenticated, ["ERR_UNAUTHENTICATED", "the relay refused this device's login"]],
  [CLOSE_CODES.revoked, ["ERR_REVOKED", "this device was revoked or has expired"]],
  [CLOSE_CODES.timeout, ["ERR_OFFLINE", "the connection was idle for too long"]],
  [CLOSE_CODES.slowReader, ["ERR_OVERLOADED", "this device reads too slowly"]],
  [CLOSE_CODES.rateLimited, ["ERR_RATE_LIMITED", "too many requests"]],
  [CLOSE_CODES.overloaded, ["ERR_OVERLOADED", "the relay can't take more now"]],
])

/** What a close code means to whoever still waits for an answer. */
export function errorOfClose(code: number): WardlineError {
  const [errorCode, message] = MEANINGS.get(code) ?? ["ERR_OFFLINE", "the connection to the relay was lost"]
  return new WardlineError(errorCode, message)
}
