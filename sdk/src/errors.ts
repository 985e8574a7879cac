/** The one list of error codes, shared by relay and SDK; append only (docs/protocol.md, Error codes). */
export const ERROR_CODES = {
  ERR_MALFORMED: { retryable: false },
  ERR_TOO_LARGE: { retryable: false },
  ERR_UNSUPPORTED: { retryable: false },
  ERR_SIGNATURE: { retryable: false },
  ERR_FORBIDDEN: { retryable: false },
  ERR_UNAUTHENTICATED: { retryable: false },
  ERR_REVOKED: { retryable: false },
  ERR_CONSENT_REQUIRED: { retryable: false },
  ERR_ACCESS_REQUIRED: { retryable: false },
  ERR_CLOSED: { retryable: false },
  ERR_NOT_FOUND: { retryable: false },
  ERR_CONFLICT: { retryable: true },
  ERR_RATE_LIMITED: { retryable: true },
  ERR_OVERLOADED: { retryable: true },
  ERR_READ_ONLY: { retryable: true },
  ERR_CLOCK: { retryable: false },
  ERR_OPEN_FAILED: { retryable: false },
  ERR_FORK: { retryable: false },
  ERR_ROLLBACK: { retryable: false },
  ERR_STALE_DIRECTORY: { retryable: true },
  ERR_CLINIC_KEY: { retryable: false },
  ERR_OFFLINE: { retryable: true },
  ERR_ABORTED: { retryable: false },
  ERR_KEYSTORE: { retryable: false },
  ERR_LOCKED: { retryable: false },
  ERR_RANDOM: { retryable: false },
  ERR_CONFIG: { retryable: false },
  ERR_STORE: { retryable: false },
  ERR_INTERNAL: { retryable: false },
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text)
}

/** Every failure that Wardline reports. The message is for people and holds no user data. */
export class WardlineError extends Error {
  override readonly name = "WardlineError"
  readonly code: ErrorCode
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean

  constructor(code: ErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
    this.retryable = ERROR_CODES[code].retryable
  }
}

/** Whether `error` is a WardlineError, of that code if one is given. */
export function isWardlineError(error: unknown, code?: ErrorCode): error is WardlineError {
  return error instanceof WardlineError && (code === undefined || error.code === code)
}
