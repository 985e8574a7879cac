/** What the parts of a running relay share. */
import type { Checkpoints } from "./audit/checkpoints.ts"
import type { Blobs } from "./blobs/blobs.ts"
import type { BreakGlass } from "./break-glass.ts"
import type { Ephemerals } from "./channel.ts"
import type { Clinic } from "./clinic.ts"
import type { Conversations } from "./conversations.ts"
import type { Delivery } from "./delivery.ts"
import type { Destruction } from "./destruction.ts"
import type { GroupCommit } from "./group-commit.ts"
import type { Heads } from "./heads.ts"
import type { RelayLimits } from "./limits.ts"
import type { Log } from "./log.ts"
import type { Meters } from "./meters.ts"
import type { Session } from "./session.ts"
import type { ShredKeys } from "./shred-keys.ts"
import type { Store } from "./store/store.ts"

export interface RelayCore {
  readonly store: Store
  /** By id as a key. */
  readonly clinics: ReadonlyMap<string, Clinic>
  /** Every connection that is open. */
  readonly sessions: Set<Session>
  readonly conversations: Conversations
  readonly delivery: Delivery
  readonly commits: GroupCommit
  readonly meters: Meters
  readonly blobs: Blobs
  readonly shredKeys: ShredKeys
  readonly destruction: Destruction
  readonly heads: Heads
  readonly checkpoints: Checkpoints
  readonly breakGlass: BreakGlass
  readonly ephemerals: Ephemerals
  readonly limits: RelayLimits
  readonly log: Log
  /** Whether message signatures are checked too. */
  readonly isVerifyingMessages: boolean
  now(): number
}
