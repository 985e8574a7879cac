/** What a check of a log finds wrong. */
import { type ErrorCode, WardlineError } from "../errors.ts"

/** Where it shows. */
export interface FaultPlace {
  /** The wrong entry's; one past the last for an entry that is missing at the end. */
  readonly sequence?: number
  /** Where entries are wrong and only a root tells: the first that may be; `sequence` is the last. */
  readonly from?: number
}

/** The first thing wrong. */
export class AuditError extends WardlineError {
  readonly place: FaultPlace

  constructor(message: string, place: FaultPlace = {}, code: ErrorCode = "ERR_FORK", cause?: unknown) {
    super(code, message, { cause })
    this.place = place
  }
}
