/** Records that a device adds to a conversation, made from its transcript (docs/protocol.md, Transcript). */
import { type Device, randomBytes, sha256, signRecord } from "../crypto/index.ts"
import { type DirectoryState, MAX_CLOCK_AHEAD_MS } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import type { ConversationId, Role } from "../ids.ts"
import {
  type CloseReason,
  encodeAccess,
  encodeClose,
  encodeConsent,
  encodeOpen,
  MAX_ACCESS_MS,
  type Purpose,
} from "../protocol/index.ts"
import { createEpoch, isSameMembers } from "./epoch.ts"
import { sealMessage } from "./message.ts"
import { encodePayload, type KnownPayload } from "./payload.ts"
import { currentEpoch, headLink, lastSequence, type Transcript } from "./state.ts"
import { type Summary, sealSummary } from "./summary.ts"
import { membersOfTranscript } from "./transcript.ts"

/** After so many messages or so long the epoch secret is replaced. */
const MAX_EPOCH_MESSAGES = 100
const MAX_EPOCH_MS = 24 * 60 * 60 * 1000

/** Who composes, and when. `random` may be replaced to reproduce vectors. */
export interface Composer {
  device: Device
  directory: DirectoryState
  /** Milliseconds since 1970. */
  nowMs: number
  random?: (length: number) => Uint8Array
}

export function composeConsent(
  composer: Composer,
  conversation: ConversationId,
  consent: { id: string; version: number; language: string; text: Uint8Array },
): Uint8Array {
  const { device, directory } = composer
  const body = encodeConsent({
    clinic: directory.clinicId,
    keys: { signing: device.signing.publicKey, wrapping: device.wrapping.publicKey },
    consentId: consent.id,
    version: consent.version,
    language: consent.language,
    textHash: sha256(consent.text),
    directory: referenceOf(directory),
  })
  return signRecord(device, { type: "consent", scope: conversation, issued: composer.nowMs }, body)
}

/** @param members - the roles addressed, by the generations of the composer's directory. */
export function composeOpen(
  composer: Composer,
  conversation: ConversationId,
  summary: Summary,
  members: readonly { role: Role; generation: number; publicKey: Uint8Array }[],
): Uint8Array {
  const random = composer.random ?? randomBytes
  const sorted = [...members].sort((a, b) => (a.role < b.role ? -1 : 1))
  const roles = sorted.map(({ role, generation, publicKey }) => ({
    role,
    generation,
    keyHash: sha256(publicKey),
    sealedSummary: sealSummary(summary, { conversation, role, generation, publicKey }, random(64)),
  }))
  const body = encodeOpen({ directory: referenceOf(composer.directory), roles })
  return signRecord(composer.device, { type: "open", scope: conversation, issued: composer.nowMs }, body)
}

/** Whether a sender must make a new epoch first.
 * @param restored - whether this device's state came back from storage since it last made one. */
export function isEpochNeeded(
  state: Transcript,
  directory: DirectoryState,
  nowMs: number,
  restored: boolean,
): boolean {
  const epoch = currentEpoch(state)
  if (!epoch?.key || restored) return true
  if (state.epochMessages >= MAX_EPOCH_MESSAGES || nowMs - epoch.issued >= MAX_EPOCH_MS) return true
  // By such a date it would never grow old.
  if (epoch.issued > nowMs + MAX_CLOCK_AHEAD_MS) return true
  const then = membersOfTranscript(state, directory, epoch.directoryPosition)
  return !isSameMembers(then, membersOfTranscript(state, directory, directory.position))
}

export function composeEpoch(composer: Composer, state: Transcript): Uint8Array {
  assertWritable(state)
  const random = composer.random ?? randomBytes
  const parent = currentEpoch(state)
  const members = membersOfTranscript(state, composer.directory, composer.directory.position)
  const body = createEpoch({
    conversation: state.conversation,
    number: (parent?.number ?? 0) + 1,
    parent: parent?.hash ?? new Uint8Array(32),
    directory: referenceOf(composer.directory),
    members,
    secret: random(32),
    seeds: members.map(() => random(64)),
  })
  return signRecord(
    composer.device,
    { type: "epoch", scope: state.conversation, issued: composer.nowMs },
    body,
  )
}

/** Seals a payload under the current epoch.
 * @param sequence - this device's next, unless it numbers its queue itself.
 * @throws {WardlineError} ERR_CLOSED, ERR_FORK, ERR_TOO_LARGE; ERR_CONFLICT while there is no epoch that it can use. */
export function composeMessage(
  composer: Composer,
  state: Transcript,
  payload: KnownPayload,
  sequence: number = lastSequence(state, composer.device.id) + 1,
): Uint8Array {
  assertWritable(state)
  const epoch = currentEpoch(state)
  if (!epoch?.key)
    throw new WardlineError("ERR_CONFLICT", "the conversation has no keys that this device has")
  const prefix = {
    epoch: epoch.hash,
    sequence,
    seenPosition: state.position,
    seenLink: headLink(state),
    salt: (composer.random ?? randomBytes)(32),
  }
  const at = { conversation: state.conversation, issued: composer.nowMs }
  return sealMessage(composer.device, at, prefix, epoch.key, encodePayload(payload))
}

/** Opens a conversation to this staff device for as long as is allowed, 12 hours. */
export function composeAccess(
  composer: Composer,
  conversation: ConversationId,
  access: { role: Role; purpose: Purpose; sealedReason?: Uint8Array },
): Uint8Array {
  const body = encodeAccess({
    role: access.role,
    purpose: access.purpose,
    until: composer.nowMs + MAX_ACCESS_MS,
    directory: referenceOf(composer.directory),
    sealedReason: access.sealedReason ?? new Uint8Array(0),
  })
  return signRecord(composer.device, { type: "access", scope: conversation, issued: composer.nowMs }, body)
}

export function composeClose(
  composer: Composer,
  conversation: ConversationId,
  reason: CloseReason,
): Uint8Array {
  const header = { type: "close", scope: conversation, issued: composer.nowMs } as const
  return signRecord(composer.device, header, encodeClose({ reason }))
}

function referenceOf(directory: DirectoryState): { position: number; link: Uint8Array } {
  return { position: directory.position, link: directory.link }
}

function assertWritable(state: Transcript): void {
  if (state.fork)
    throw new WardlineError("ERR_FORK", "two histories of this conversation exist; nothing is sent")
  if (state.closedAt !== undefined) throw new WardlineError("ERR_CLOSED", "the conversation is closed")
}
