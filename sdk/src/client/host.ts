/** What a conversation needs of the client that it belongs to. */
import { toHex } from "../bytes.ts"
import type { Composer, ShredKey, SlotKeys, Transcript } from "../conversation/index.ts"
import type { Device } from "../crypto/index.ts"
import type { Session } from "../transport/index.ts"
import type { DirectoryTracker } from "./directory-tracker.ts"
import type { ClinicStorage } from "./storage.ts"

export interface ConversationHost {
  /** For how long a conversation is called live without a newer signed head, milliseconds; 75 s unless given. */
  readonly maxHeadAgeMs?: number
  readonly device: Device
  readonly directory: DirectoryTracker
  readonly storage: ClinicStorage
  readonly now: () => number
  /** The private keys that this device holds now; a conversation's shred key isn't among them. */
  readonly slotKeys: () => SlotKeys
  /** The live session, if there is one. */
  readonly session: () => Session | undefined
  /** The relay's address, for what goes over HTTP. */
  readonly relay: URL
  /** Does `work` on a live session, again on the next one if the connection is lost meanwhile. */
  readonly onSession: <T>(
    signal: AbortSignal | undefined,
    work: (session: Session) => Promise<T>,
  ) => Promise<T>
}

/** What composing a record takes, as of now.
 * @param transcript - of the conversation that it is for, once there is one: nothing in it may be dated before this
 *   device's own access record, or everybody refuses it; a clock can be set back in between.
 * @param shredKey - the conversation's, for records that wrap something. */
export function composerOf(host: ConversationHost, transcript?: Transcript, shredKey?: ShredKey): Composer {
  const { device, directory, now } = host
  const accesses = transcript?.accesses.get(toHex(device.id)) ?? []
  const nowMs = Math.max(now(), ...accesses.map(({ issued }) => issued))
  return { device, directory: directory.state, nowMs, shredKey }
}
