/** Where the fields of an entry stand: said once, for all that write or read them by offset (docs/protocol.md, Audit entry). */

export const ENTRY_BYTES = 212
export const ENTRY_VERSION = 1
/** The highest code of a purpose. */
export const MAX_PURPOSE = 9

/** The version is at 0; each field ends where the next begins. */
export const ENTRY_OFFSETS = {
  action: 1,
  outcome: 2,
  purpose: 3,
  sequence: 4,
  time: 12,
  actor: 20,
  actorRole: 36,
  scope: 68,
  position: 84,
  recordHash: 92,
  link: 124,
  salt: 156,
  before: 172,
  previous: 180,
} as const
