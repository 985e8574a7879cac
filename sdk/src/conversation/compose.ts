/** Records that a device adds to a conversation, made from its transcript (docs/protocol.md, Transcript). */
import { concat, toHex } from "../bytes.ts"
import { type Device, randomBytes, sha256, signRecord } from "../crypto/index.ts"
import { archiveRoleAt, type DirectoryState, isLiveStaff, MAX_CLOCK_AHEAD_MS } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import type { ConversationId, Role } from "../ids.ts"
import {
  bodyWithDetached,
  type CloseReason,
  encodeAccess,
  encodeClose,
  encodeConsent,
  encodeMember,
  encodeOpenHead,
  encodeReopen,
  encodeShred,
  encodeWithdraw,
  MAX_ACCESS_MS,
  MAX_GRANTED_EPOCHS,
  type MemberChange,
  type Purpose,
  type RecordType,
  type ReopenReason,
  type ShredReason,
} from "../protocol/index.ts"
import { createEpoch, isSameMembers, type Member, roleMember } from "./epoch.ts"
import { createGrant } from "./grant.ts"
import { membersOfTranscript } from "./judging.ts"
import { sealMessage } from "./message.ts"
import { encodePayload, isQuietPayload, type KnownPayload } from "./payload.ts"
import { listingKeyOf, type ShredKey } from "./shred.ts"
import { currentEpoch, headLink, lastSequence, type Transcript } from "./state.ts"
import { type Summary, sealSummary } from "./summary.ts"

/** After so many messages or so long the epoch secret is replaced. */
const MAX_EPOCH_MESSAGES = 100
const MAX_EPOCH_MS = 24 * 60 * 60 * 1000

/** Who composes, and when. `random` may be replaced to reproduce vectors. */
export interface Composer {
  device: Device
  directory: DirectoryState
  /** Milliseconds since 1970. */
  nowMs: number
  /** The conversation's, where a record is made that wraps something. */
  shredKey?: ShredKey | undefined
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
  return sign(composer, "consent", conversation, body)
}

/** @param members - the roles addressed, by the generations of the composer's directory. */
export function composeOpen(
  composer: Composer,
  conversation: ConversationId,
  summary: Summary,
  members: readonly { role: Role; generation: number; publicKey: Uint8Array }[],
): Uint8Array {
  const random = composer.random ?? randomBytes
  const listingKey = listingKeyOf(shredKeyOf(composer), conversation)
  const sorted = [...members].sort((a, b) => (a.role < b.role ? -1 : 1))
  const roles = sorted.map(({ role, generation, publicKey }) => ({
    role,
    generation,
    keyHash: sha256(publicKey),
  }))
  const summaries = sorted.map(({ role, generation, publicKey }) =>
    sealSummary(summary, { conversation, role, generation, publicKey }, listingKey, random(64)),
  )
  const head = encodeOpenHead({ directory: referenceOf(composer.directory), roles })
  return signDetached(composer, "open", conversation, head, concat(...summaries))
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
  // Whoever was revoked since still has its secret.
  const isByPatient = state.devices.has(toHex(epoch.issuer))
  if (!isByPatient && !isLiveStaff(directory, epoch.issuer, nowMs)) return true
  return !isSameMembers(epoch.slots, membersOfTranscript(state, directory, directory.position))
}

export function composeEpoch(composer: Composer, state: Transcript): Uint8Array {
  assertWritable(state)
  const random = composer.random ?? randomBytes
  const parent = currentEpoch(state)
  const members = membersOfTranscript(state, composer.directory, composer.directory.position)
  const { head, wraps } = createEpoch({
    conversation: state.conversation,
    number: (parent?.number ?? 0) + 1,
    parent: parent?.hash ?? new Uint8Array(32),
    directory: referenceOf(composer.directory),
    members,
    secret: random(32),
    shredKey: shredKeyOf(composer),
    seeds: members.map(() => random(64)),
  })
  return signDetached(composer, "epoch", state.conversation, head, wraps)
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
    quiet: isQuietPayload(payload),
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
  return sign(composer, "access", conversation, body)
}

export function composeClose(
  composer: Composer,
  conversation: ConversationId,
  reason: CloseReason,
): Uint8Array {
  return sign(composer, "close", conversation, encodeClose({ reason }))
}

/** Adds or removes a role, or one of the patient's devices. A new epoch must follow. */
export function composeMember(composer: Composer, state: Transcript, change: MemberChange): Uint8Array {
  const body = encodeMember({ ...change, directory: referenceOf(composer.directory) })
  return sign(composer, "member", state.conversation, body)
}

/** Wraps every past epoch that this device can open to a member, or to the clinic's vault. What one record can't hold is
 * left for the next.
 * @param after - epochs up to this position are left out.
 * @returns the record, and the position of the last epoch in it.
 * @throws {WardlineError} ERR_CONFLICT when this device can open none; ERR_NOT_FOUND for a clinic without a vault. */
export function composeGrant(
  composer: Composer,
  state: Transcript,
  member: Member,
  after = 0,
): { record: Uint8Array; lastPosition: number } {
  return composeSecrets(composer, state, "grant", member, after)
}

export function composeArchive(composer: Composer, state: Transcript): Uint8Array {
  const { directory } = composer
  const role = archiveRoleAt(directory)
  if (role === undefined) throw new WardlineError("ERR_NOT_FOUND", "the clinic has no archive role")
  const member = roleMember(directory, directory.position, role)
  return composeSecrets(composer, state, "archive", member, 0).record
}

function composeSecrets(
  composer: Composer,
  state: Transcript,
  type: "grant" | "archive",
  member: Member,
  after: number,
): { record: Uint8Array; lastPosition: number } {
  const epochs = [...state.epochs.values()]
    .flatMap(({ hash, masked, position }) =>
      masked !== undefined && position > after ? [{ hash, masked, position }] : [],
    )
    .slice(0, MAX_GRANTED_EPOCHS)
  const last = epochs.at(-1)
  if (last === undefined) throw new WardlineError("ERR_CONFLICT", "this device can open no epoch")
  const { head, wrap } = createGrant({
    type,
    conversation: state.conversation,
    member,
    directory: referenceOf(composer.directory),
    epochs,
    seed: (composer.random ?? randomBytes)(64),
  })
  const record = signDetached(composer, type, state.conversation, head, wrap)
  return { record, lastPosition: last.position }
}

export function composeReopen(
  composer: Composer,
  conversation: ConversationId,
  reason: ReopenReason,
): Uint8Array {
  return sign(composer, "reopen", conversation, encodeReopen({ reason }))
}

export function composeWithdraw(composer: Composer, conversation: ConversationId): Uint8Array {
  return sign(composer, "withdraw", conversation, encodeWithdraw())
}

/** By an administrator: the conversation's last record. */
export function composeShred(
  composer: Composer,
  conversation: ConversationId,
  reason: ShredReason,
): Uint8Array {
  const body = encodeShred({ reason, directory: referenceOf(composer.directory) })
  return sign(composer, "shred", conversation, body)
}

function sign(composer: Composer, type: RecordType, scope: ConversationId, body: Uint8Array): Uint8Array {
  return signRecord(composer.device, { type, scope, issued: composer.nowMs }, body)
}

/** A record with a detached part behind it, to which its body commits. */
function signDetached(
  composer: Composer,
  type: RecordType,
  scope: ConversationId,
  head: Uint8Array,
  detached: Uint8Array,
): Uint8Array {
  return concat(sign(composer, type, scope, bodyWithDetached(sha256, head, detached)), detached)
}

function shredKeyOf({ shredKey }: Composer): ShredKey {
  if (shredKey === undefined)
    throw new WardlineError("ERR_CONFLICT", "the conversation's shred key isn't here")
  return shredKey
}

function referenceOf(directory: DirectoryState): { position: number; link: Uint8Array } {
  return { position: directory.position, link: directory.link }
}

function assertWritable(state: Transcript): void {
  if (state.fork)
    throw new WardlineError("ERR_FORK", "two histories of this conversation exist; nothing is sent")
  if (state.shreddedAt !== undefined || state.withdrawnAt !== undefined)
    throw new WardlineError("ERR_CLOSED", "the conversation is over")
  if (state.closedAt !== undefined) throw new WardlineError("ERR_CLOSED", "the conversation is closed")
}
