/** How `wardline` ends: a script can tell what to do next from the code alone. */
import { type ErrorCode, isWardlineError } from "../errors.ts"

export const EXIT = {
  done: 0,
  checkFailed: 1,
  usage: 2,
  unreachable: 3,
  locked: 4,
  refused: 5,
  bug: 70,
  /** 128 + SIGINT, as a shell reports it. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** As `wardline --help` prints them. */
export const EXIT_CODE_HELP: readonly (readonly [ExitCode, string])[] = [
  [EXIT.done, "done"],
  [EXIT.checkFailed, "a check failed: something is not what it claims to be. Don't go on; read the message"],
  [EXIT.usage, "the command or a setting is wrong"],
  [EXIT.unreachable, "the relay can't be reached or is too busy: try again"],
  [EXIT.locked, "wrong passphrase, or none was given"],
  [EXIT.refused, "refused: not allowed, or already there"],
  [EXIT.bug, "a bug, or a machine that can't be trusted"],
  [EXIT.interrupted, "interrupted"],
]

const EXIT_OF: Record<ErrorCode, ExitCode> = {
  ERR_MALFORMED: EXIT.checkFailed,
  ERR_TOO_LARGE: EXIT.refused,
  ERR_UNSUPPORTED: EXIT.checkFailed,
  ERR_SIGNATURE: EXIT.checkFailed,
  ERR_FORBIDDEN: EXIT.refused,
  ERR_UNAUTHENTICATED: EXIT.refused,
  ERR_REVOKED: EXIT.refused,
  ERR_CONSENT_REQUIRED: EXIT.refused,
  ERR_ACCESS_REQUIRED: EXIT.refused,
  ERR_CLOSED: EXIT.refused,
  ERR_NOT_FOUND: EXIT.refused,
  ERR_CONFLICT: EXIT.refused,
  ERR_RATE_LIMITED: EXIT.unreachable,
  ERR_OVERLOADED: EXIT.unreachable,
  ERR_READ_ONLY: EXIT.unreachable,
  ERR_CLOCK: EXIT.checkFailed,
  ERR_OPEN_FAILED: EXIT.checkFailed,
  ERR_FORK: EXIT.checkFailed,
  ERR_ROLLBACK: EXIT.checkFailed,
  ERR_STALE_DIRECTORY: EXIT.checkFailed,
  ERR_CLINIC_KEY: EXIT.checkFailed,
  ERR_OFFLINE: EXIT.unreachable,
  ERR_ABORTED: EXIT.interrupted,
  ERR_KEYSTORE: EXIT.checkFailed,
  ERR_LOCKED: EXIT.locked,
  ERR_RANDOM: EXIT.bug,
  ERR_CONFIG: EXIT.usage,
  ERR_STORE: EXIT.bug,
  ERR_INTERNAL: EXIT.bug,
}

export function exitCodeOf(error: unknown): ExitCode {
  return isWardlineError(error) ? EXIT_OF[error.code] : EXIT.bug
}
