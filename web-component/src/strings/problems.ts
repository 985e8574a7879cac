import type { ErrorCode } from "@wardline/sdk"

/** What a person can be told and can do; several error codes come to the same. */
export type Problem =
  | "offline"
  | "busy"
  | "update"
  | "untrusted"
  | "stale"
  | "clock"
  | "storage"
  | "random"
  | "setup"
  | "revoked"
  | "forbidden"
  | "consent"
  | "closed"
  | "tooLong"
  | "internal"

const PROBLEMS: Readonly<Record<ErrorCode, Problem>> = {
  ERR_MALFORMED: "internal",
  ERR_TOO_LARGE: "tooLong",
  ERR_UNSUPPORTED: "update",
  ERR_SIGNATURE: "untrusted",
  ERR_FORBIDDEN: "forbidden",
  ERR_UNAUTHENTICATED: "setup",
  ERR_REVOKED: "revoked",
  ERR_CONSENT_REQUIRED: "consent",
  ERR_ACCESS_REQUIRED: "forbidden",
  ERR_CLOSED: "closed",
  ERR_NOT_FOUND: "setup",
  ERR_CONFLICT: "busy",
  ERR_RATE_LIMITED: "busy",
  ERR_OVERLOADED: "busy",
  ERR_READ_ONLY: "busy",
  ERR_CLOCK: "clock",
  ERR_OPEN_FAILED: "untrusted",
  ERR_FORK: "untrusted",
  ERR_ROLLBACK: "untrusted",
  ERR_STALE_DIRECTORY: "stale",
  ERR_CLINIC_KEY: "untrusted",
  ERR_OFFLINE: "offline",
  ERR_ABORTED: "offline",
  ERR_KEYSTORE: "storage",
  ERR_LOCKED: "storage",
  ERR_RANDOM: "random",
  ERR_CONFIG: "setup",
  ERR_STORE: "storage",
  ERR_INTERNAL: "internal",
}

/** Which plain explanation belongs to a code; a code from a newer relay is "internal". */
export function problemOf(code: string): Problem {
  return Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as ErrorCode] : "internal"
}
