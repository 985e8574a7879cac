/** What a conversation takes as long as it is closed or withdrawn, for relay and clients alike (docs/protocol.md, Life). */
import type { RecordType } from "./record.ts"

/** Of members and grants, only what their own rules let through. */
export const IN_CLOSED: ReadonlySet<RecordType> = new Set([
  "member",
  "access",
  "grant",
  "reopen",
  "archive",
  "withdraw",
  "shred",
])
export const IN_WITHDRAWN: ReadonlySet<RecordType> = new Set(["access", "close", "archive", "shred"])
export const ONLY_IN_CLOSED: ReadonlySet<RecordType> = new Set(["reopen", "archive"])
