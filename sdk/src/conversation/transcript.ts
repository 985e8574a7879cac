/** The transcript's state machine: each record is believed, or refused without a trace (docs/protocol.md, Transcript). */
import { equalBytes, toHex } from "../bytes.ts"
import { sha256, verify } from "../crypto/index.ts"
import { type DirectoryState, isConsentToCurrentText, linkAt, newestRoleKey } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { RecordHash } from "../ids.ts"
import {
  type CloseReason,
  type DirectoryReference,
  decodeAccess,
  decodeClose,
  decodeConsent,
  decodeEpoch,
  decodeMessage,
  decodeOpen,
  decodeRecord,
  deviceIdOf,
  type EpochBody,
  isAcceptableWrappingKey,
  MAX_ACCESS_MS,
  type MessageBody,
  nextLink,
  type OpenBody,
  type Purpose,
  signatureInput,
  signatureTag,
  signedPart,
  type WireRecord,
} from "../protocol/index.ts"
import { type EpochKey, isSameMembers, type Member, membersAt, openEpoch, type SlotKeys } from "./epoch.ts"
import { openMessage } from "./message.ts"
import { type Participant, participantOf, staffWithRole } from "./participants.ts"
import { decodePayload, type Payload } from "./payload.ts"
import {
  appendLink,
  currentEpoch,
  type EpochEntry,
  epochNumberAt,
  type ForkEvidence,
  headLink,
  lastSequence,
  type Transcript,
} from "./state.ts"

interface At {
  position: number
  issued: number
  hash: RecordHash
}

/** What one record meant. `refused`: it is believed in nothing. It changed the position, and where its sender and its
 * place were right but not its inside, the sender's count or the chain of epochs. */
export type TranscriptEvent = At &
  (
    | { kind: "consent"; device: Uint8Array; consentId: string; version: number; language: string }
    | { kind: "open"; open: OpenBody }
    | { kind: "epoch"; number: number; current: boolean; issuer: Uint8Array }
    | { kind: "message"; from: Participant; payload: Payload; sequence: number; seenPosition: number }
    | { kind: "access"; from: Participant; purpose: Purpose; until: number }
    | { kind: "close"; from: Participant; reason: CloseReason }
    | { kind: "refused"; code: "ERR_OPEN_FAILED" | "ERR_FORK" }
  )

export interface TranscriptContext {
  /** The newest directory that this device has checked. */
  directory: DirectoryState
  keys: SlotKeys
}

/** What a record taken alone changes, beside the chain. */
type Outcome = [change: Partial<Transcript>, event: TranscriptEvent]

/** Takes the record that the relay delivered next.
 * @returns the new state and what the record meant. The chain goes on over a refused record, so that no forged
 *   one can stop a conversation. */
export function applyRecord(
  state: Transcript,
  bytes: Uint8Array,
  context: TranscriptContext,
): [Transcript, TranscriptEvent] {
  const position = state.position + 1
  const hash = sha256(bytes)
  const links = appendLink(state, nextLink(sha256, headLink(state), position, hash))
  const advanced = { ...state, position, links }
  try {
    const record = decodeRecord(bytes)
    const [change, event] = judge(state, record, { position, hash, issued: record.issued }, context)
    return [{ ...advanced, ...change }, event]
  } catch (error) {
    if (!isWardlineError(error)) throw error
    const code = error.code === "ERR_FORK" ? "ERR_FORK" : "ERR_OPEN_FAILED"
    const event = refusal({ position, hash, issued: 0 }, code)
    if (error instanceof ForkError) return [{ ...advanced, fork: error.evidence }, event]
    return [advanced, event]
  }
}

function refusal(
  { position, hash }: At,
  code: "ERR_OPEN_FAILED" | "ERR_FORK" = "ERR_OPEN_FAILED",
): TranscriptEvent {
  return { kind: "refused", position, hash, issued: 0, code }
}

/** The directory position that a record names, so that the directory can be fetched first; 0 if none. */
export function namedDirectoryPosition(bytes: Uint8Array): number {
  try {
    const record = decodeRecord(bytes)
    if (record.type === "consent") return decodeConsent(record.body).directory.position
    if (record.type === "open") return decodeOpen(record.body).directory.position
    if (record.type === "epoch") return decodeEpoch(record.body).directory.position
    if (record.type === "access") return decodeAccess(record.body).directory.position
    return 0
  } catch {
    return 0
  }
}

function judge(state: Transcript, record: WireRecord, at: At, context: TranscriptContext): Outcome {
  if (!equalBytes(record.scope, state.conversation)) throw refused("another conversation's record")
  if (at.position === 1) return judgeConsent(record, at, context)
  if (at.position === 2) return judgeOpen(state, record, at, context)
  if (state.closedAt !== undefined && record.type !== "access") throw refused("the conversation is closed")
  switch (record.type) {
    case "epoch":
      return judgeEpoch(state, record, at, context)
    case "message":
      return judgeMessage(state, record, at, context)
    case "access":
      return judgeAccess(state, record, at, context)
    case "close":
      return judgeClose(state, record, at, context)
    default:
      throw refused("no such record here")
  }
}

function judgeConsent(record: WireRecord, at: At, { directory }: TranscriptContext): Outcome {
  if (record.type !== "consent") throw refused("the first record is not a consent")
  const body = decodeConsent(record.body)
  const { keys, consentId, version, language } = body
  if (!equalBytes(body.clinic, directory.clinicId)) throw refused("consent to another clinic")
  if (equalBytes(record.scope, directory.clinicId)) throw refused("a conversation by the clinic's id")
  if (!equalBytes(record.issuer, deviceIdOf(sha256, keys.signing, keys.wrapping)))
    throw refused("id without its keys")
  if (!isAcceptableWrappingKey(keys.wrapping)) throw refused("small-order wrapping key")
  checkSignature(record, keys.signing)
  checkReference(directory, body.directory)
  if (!isConsentToCurrentText(directory, body, body.directory.position))
    throw refused("not the text of that time")
  return [
    { patient: { id: record.issuer, keys }, directoryFloor: body.directory.position },
    { ...at, kind: "consent", device: record.issuer, consentId, version, language },
  ]
}

function judgeOpen(state: Transcript, record: WireRecord, at: At, { directory }: TranscriptContext): Outcome {
  if (record.type !== "open") throw refused("the second record is not an open")
  if (!state.patient || !equalBytes(record.issuer, state.patient.id))
    throw refused("not opened by the patient")
  const open = decodeOpen(record.body)
  checkSignature(record, state.patient.keys.signing)
  const position = checkNamed(state, directory, open.directory)
  for (const { role, generation, keyHash } of open.roles) {
    const key = newestRoleKey(directory, role, position)
    if (key?.generation !== generation || !equalBytes(key.publicKeyHash, keyHash))
      throw refused("not the role's key")
  }
  return [
    { roles: open.roles.map(({ role }) => role), directoryFloor: position },
    { ...at, kind: "open", open },
  ]
}

/** An epoch's place in the chain is judged by what everybody can see, alike for all. Whether this device may use it
 * depends on its keys and on the directory that it knows. An epoch that it can't use is refused and keeps its place:
 * otherwise its children would be refused too, and this device would be cut off from the others for good. */
function judgeEpoch(state: Transcript, record: WireRecord, at: At, context: TranscriptContext): Outcome {
  const body = decodeEpoch(record.body)
  checkReference(context.directory, body.directory)
  const issuer = participantOf(state, record, context.directory, body.directory.position)
  if (!issuer) throw refused("epoch not by a participant")
  checkSignature(record, issuer.signingKey)
  if (state.epochs.has(toHex(at.hash))) throw refused("the same epoch again")
  const parent = state.epochs.get(toHex(body.parent))
  const first = state.epochs.size === 0 && body.parent.every((byte) => byte === 0)
  if (!parent && !first) throw refused("unknown parent")
  if (body.number !== (parent?.number ?? 0) + 1) throw refused("not the parent's next number")
  const key = usableKey(state, record, body, context)
  const entry: EpochEntry = {
    hash: at.hash,
    number: body.number,
    position: at.position,
    issued: record.issued,
    directoryPosition: body.directory.position,
    key,
  }
  // Of two epochs with one parent the earlier position is current; the other stays readable.
  const current = parent === currentEpoch(state)
  const chain = {
    epochs: new Map(state.epochs).set(toHex(at.hash), entry),
    ...(current ? { currents: [...state.currents, entry], epochMessages: 0 } : {}),
  }
  if (!key) return [chain, refusal(at)]
  return [
    { ...chain, directoryFloor: Math.max(body.directory.position, state.directoryFloor) },
    { ...at, kind: "epoch", number: body.number, current, issuer: record.issuer },
  ]
}

/** The epoch's key, where its issuer and its members are right by the newest directory that counts, and it opens. */
function usableKey(
  state: Transcript,
  record: WireRecord,
  body: EpochBody,
  { directory, keys }: TranscriptContext,
): EpochKey | undefined {
  const position = Math.max(body.directory.position, state.directoryFloor)
  return unlessRefused(() => {
    if (!participantOf(state, record, directory, position)) throw refused("epoch by a former participant")
    const members = membersOfTranscript(state, directory, position)
    if (!isSameMembers(body.slots, members)) throw refused("not the members")
    return openEpoch(body, state.conversation, keys)
  })
}

function unlessRefused<T>(judged: () => T): T | undefined {
  try {
    return judged()
  } catch (error) {
    if (!isWardlineError(error)) throw error
    return undefined
  }
}

function judgeMessage(state: Transcript, record: WireRecord, at: At, context: TranscriptContext): Outcome {
  const body = decodeMessage(record.body)
  const from = participantOf(state, record, context.directory, state.directoryFloor)
  if (!from) throw refused("not by a participant")
  checkSignature(record, from.signingKey)
  // First, as it is evidence whatever the sequence: a relay that hides a message makes the sender's next ones come
  // out of sequence too.
  checkSeen(state, record, at, body.seenPosition, body.seenLink)
  if (body.sequence !== lastSequence(state, record.issuer) + 1) throw refused("not the sender's next message")
  // The sender has said it, whatever it holds: one that this device can't open must not make it refuse the rest.
  const { sequence, seenPosition } = body
  const senders = new Map(state.senders).set(toHex(record.issuer), { sequence, seenPosition })
  const epoch = state.epochs.get(toHex(body.epoch))
  const isCurrent = epoch !== undefined && epoch === currentEpoch(state)
  const counted = { senders, epochMessages: state.epochMessages + (isCurrent ? 1 : 0) }
  const payload = unlessRefused(() => openUnder(state, record, body, epoch))
  if (!payload) return [counted, refusal(at)]
  return [counted, { ...at, kind: "message", from, payload, sequence, seenPosition }]
}

function openUnder(
  state: Transcript,
  record: WireRecord,
  body: MessageBody,
  epoch: EpochEntry | undefined,
): Payload {
  if (!epoch?.key) throw refused("unknown epoch")
  if (epoch.number < epochNumberAt(state, body.seenPosition)) throw refused("an epoch already over")
  return decodePayload(openMessage(record, body, epoch.key))
}

function judgeAccess(state: Transcript, record: WireRecord, at: At, context: TranscriptContext): Outcome {
  const body = decodeAccess(record.body)
  const position = checkNamed(state, context.directory, body.directory)
  const from = staffWithRole(state, record, context.directory, position, body.role)
  if (!from) throw refused("not by staff of this conversation")
  checkSignature(record, from.signingKey)
  if (body.until < record.issued || body.until > record.issued + MAX_ACCESS_MS)
    throw refused("access for too long")
  if ((body.purpose === "BTG") !== body.sealedReason.length > 0)
    throw refused("a reason comes with break-glass access and with that alone")
  const { role, purpose, until } = body
  const grants = [
    ...(state.accesses.get(toHex(record.issuer)) ?? []),
    { role, purpose, issued: record.issued, until },
  ]
  return [
    { accesses: new Map(state.accesses).set(toHex(record.issuer), grants), directoryFloor: position },
    { ...at, kind: "access", from, purpose, until },
  ]
}

function judgeClose(state: Transcript, record: WireRecord, at: At, context: TranscriptContext): Outcome {
  const { reason } = decodeClose(record.body)
  const from = participantOf(state, record, context.directory, state.directoryFloor)
  if (from?.kind !== "staff") throw refused("not closed by staff")
  checkSignature(record, from.signingKey)
  return [{ closedAt: at.position }, { ...at, kind: "close", from, reason }]
}

function checkSignature(record: WireRecord, signingKey: Uint8Array): void {
  const input = signatureInput(signatureTag(record.type), signedPart(record))
  if (!verify(signingKey, input, record.signature)) throw refused("signature")
}

/** The named directory must be a part of the one that this device has checked. */
function checkReference(directory: DirectoryState, reference: DirectoryReference): void {
  const link = linkAt(directory, reference.position)
  if (!link || !equalBytes(link, reference.link)) throw refused("another directory")
}

/** @returns the position at which to judge: the named one, or the floor where that is higher. */
function checkNamed(state: Transcript, directory: DirectoryState, reference: DirectoryReference): number {
  checkReference(directory, reference)
  return Math.max(reference.position, state.directoryFloor)
}

/** What the sender had seen must be what this device has: any difference is a fork, and the sender's signature
 * is the evidence. */
function checkSeen(
  state: Transcript,
  record: WireRecord,
  at: At,
  seenPosition: number,
  seenLink: Uint8Array,
): void {
  if (seenPosition >= at.position) throw refused("seen what isn't there yet")
  if (seenPosition < (state.senders.get(toHex(record.issuer))?.seenPosition ?? 0))
    throw refused("sees less than before")
  const ownLink = state.links[seenPosition] as Uint8Array
  if (!equalBytes(ownLink, seenLink)) {
    throw new ForkError({ position: at.position, record: record.bytes, seenPosition, ownLink })
  }
}

/** The members at this point of the transcript, by the keys of the directory's `position`. */
export function membersOfTranscript(
  state: Transcript,
  directory: DirectoryState,
  position: number,
): Member[] {
  return membersAt(directory, position, state.patient ? [state.patient] : [], state.roles)
}

class ForkError extends WardlineError {
  readonly evidence: ForkEvidence

  constructor(evidence: ForkEvidence) {
    super("ERR_FORK", "two histories of this conversation exist")
    this.evidence = evidence
  }
}

/** One code for every refusal; `why` is for whoever debugs, and holds no content. */
function refused(why: string): WardlineError {
  return new WardlineError("ERR_OPEN_FAILED", "the record could not be trusted", { cause: why })
}
