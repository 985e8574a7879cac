/** What a conversation needs of the client that it belongs to. */
import type { Composer, SlotKeys } from "../conversation/index.ts"
import type { Device } from "../crypto/index.ts"
import type { Session } from "../transport/index.ts"
import type { DirectoryTracker } from "./directory-tracker.ts"
import type { ClinicStorage } from "./storage.ts"

export interface ConversationHost {
  readonly device: Device
  readonly directory: DirectoryTracker
  readonly storage: ClinicStorage
  readonly now: () => number
  /** The private keys that this device holds now. */
  readonly slotKeys: () => SlotKeys
  /** The live session, if there is one. */
  readonly session: () => Session | undefined
}

/** What composing a record takes, as of now. */
export function composerOf(host: ConversationHost): Composer {
  return { device: host.device, directory: host.directory.state, nowMs: host.now() }
}
