import { WardlineError } from "../errors.ts"

/** The one error of everything that opens: it has no cause and names no check, so that nobody learns which failed. */
export function openFailed(): WardlineError {
  return new WardlineError("ERR_OPEN_FAILED", "the sealed bytes could not be opened")
}
