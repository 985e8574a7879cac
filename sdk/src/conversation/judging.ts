/** What every rule of the transcript is made of: outcomes, refusals and the checks that they share. */
import { equalBytes, toHex } from "../bytes.ts"
import { verify } from "../crypto/index.ts"
import { type DirectoryState, linkAt } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { RecordHash } from "../ids.ts"
import {
  type CloseReason,
  type DirectoryReference,
  type MemberBody,
  type OpenBody,
  type Purpose,
  type ReopenReason,
  type ShredReason,
  type Slot,
  signatureInput,
  signatureTag,
  signedPart,
  type WireRecord,
} from "../protocol/index.ts"
import { type Member, membersAt, type SlotKeys } from "./epoch.ts"
import { type Participant, participantOf } from "./participants.ts"
import type { Payload } from "./payload.ts"
import { currentDevices, type ForkEvidence, type Transcript } from "./state.ts"

/** Where a record stands. */
export interface At {
  position: number
  issued: number
  hash: RecordHash
}

export type MessageEvent = At & {
  kind: "message"
  from: Participant
  payload: Payload
  sequence: number
  seenPosition: number
}

export type RefusedEvent = At & { kind: "refused"; code: "ERR_OPEN_FAILED" | "ERR_FORK" }

/** Why the glass was broken, sealed to one generation of the role that did. */
export interface SealedReason {
  generation: number
  sealed: Uint8Array
}

/** What one record meant. `refused`: it is believed in nothing. It changed the position, and where its sender and its
 * place were right but not its inside, the sender's count or the chain of epochs. `locked`: its sender said it, in an
 * epoch whose key this device doesn't have. */
export type TranscriptEvent =
  | MessageEvent
  | RefusedEvent
  | (At &
      (
        | { kind: "consent"; device: Uint8Array; consentId: string; version: number; language: string }
        | { kind: "open"; open: OpenBody }
        | { kind: "epoch"; number: number; current: boolean; issuer: Uint8Array; isOpen: boolean }
        | { kind: "locked"; from: Participant; sequence: number; seenPosition: number; quiet: boolean }
        | { kind: "member"; from: Participant; change: MemberBody; device?: Uint8Array }
        | { kind: "access"; from: Participant; purpose: Purpose; until: number; reason?: SealedReason }
        | { kind: "grant"; from: Participant; slot: Slot; opened: readonly (MessageEvent | RefusedEvent)[] }
        | { kind: "close"; from: Participant; reason: CloseReason }
        | { kind: "reopen"; from: Participant; reason: ReopenReason }
        | { kind: "archive"; from: Participant; opened: readonly (MessageEvent | RefusedEvent)[] }
        | { kind: "withdraw"; from: Participant }
        | { kind: "shred"; by: Uint8Array; reason: ShredReason }
      ))

export interface TranscriptContext {
  /** The newest directory that this device has checked. */
  directory: DirectoryState
  keys: SlotKeys
}

/** What a record taken alone changes, beside the chain. */
export type Outcome = [change: Partial<Transcript>, event: TranscriptEvent]

export function refusal(
  { position, hash }: Pick<At, "position" | "hash">,
  code: RefusedEvent["code"] = "ERR_OPEN_FAILED",
): RefusedEvent {
  return { kind: "refused", position, hash, issued: 0, code }
}

/** One code for every refusal; `why` is for whoever debugs, and holds no content. */
export function refused(why: string): WardlineError {
  return new WardlineError("ERR_OPEN_FAILED", "the record could not be trusted", { cause: why })
}

/** @returns undefined in place of a refusal. */
export function unlessRefused<T>(judged: () => T): T | undefined {
  try {
    return judged()
  } catch (error) {
    if (!isWardlineError(error)) throw error
    return undefined
  }
}

export function checkSignature(record: WireRecord, signingKey: Uint8Array): void {
  const input = signatureInput(signatureTag(record.type), signedPart(record))
  if (!verify(signingKey, input, record.signature)) throw refused("signature")
}

/** The named directory must be a part of the one that this device has checked. */
export function checkReference(directory: DirectoryState, reference: DirectoryReference): void {
  const link = linkAt(directory, reference.position)
  if (!link || !equalBytes(link, reference.link)) throw refused("another directory")
}

/** @returns the position at which to judge: the named one, or the floor where that is higher. */
export function checkNamed(
  state: Transcript,
  directory: DirectoryState,
  reference: DirectoryReference,
): number {
  checkReference(directory, reference)
  return Math.max(reference.position, state.namedFloor)
}

/** The issuer as a participant at `position`, its signature checked.
 * @throws {WardlineError} a refusal otherwise. */
export function checkParticipant(
  state: Transcript,
  record: WireRecord,
  directory: DirectoryState,
  position: number,
): Participant {
  const from = participantOf(state, record, directory, position)
  if (!from) throw refused("not by a participant")
  checkSignature(record, from.signingKey)
  return from
}

/** As {@link checkParticipant}, of staff alone. */
export function checkStaff(
  state: Transcript,
  record: WireRecord,
  directory: DirectoryState,
  position: number,
): Extract<Participant, { kind: "staff" }> {
  const from = checkParticipant(state, record, directory, position)
  if (from.kind !== "staff") throw refused("not by staff")
  return from
}

/** The members at this point of the transcript, by the keys of the directory's `position`. */
export function membersOfTranscript(
  state: Transcript,
  directory: DirectoryState,
  position: number,
): Member[] {
  return membersAt(directory, position, currentDevices(state), state.roles)
}

/** A map with one more entry, or another value. */
export function withEntry<V>(map: ReadonlyMap<string, V>, key: Uint8Array, value: V): Map<string, V> {
  return new Map(map).set(toHex(key), value)
}

export class ForkError extends WardlineError {
  readonly evidence: ForkEvidence

  constructor(evidence: ForkEvidence) {
    super("ERR_FORK", "two histories of this conversation exist")
    this.evidence = evidence
  }
}
