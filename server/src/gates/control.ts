/** The gates of every transcript record but messages (docs/protocol.md, Transcript and Epoch). Pure: what a record
 * would change is answered, and records.ts changes it. */
import { checkExtends, isConsentToCurrentText, newestRoleKey } from "@wardline/sdk/directory"
import {
  compareBytes,
  type DirectoryReference,
  decodeAccess,
  decodeClose,
  decodeConsent,
  decodeEpoch,
  decodeOpen,
  deviceIdOf,
  type EpochBody,
  encodeRole,
  equalBytes,
  isAllZero,
  MAX_ACCESS_MS,
  purposeCode,
  type Role,
  type Slot,
  signatureInput,
  signatureTag,
  signedPart,
  slotKey,
  WardlineError,
  type WireRecord,
} from "@wardline/sdk/protocol"
import type { Clinic } from "../clinic.ts"
import type { Access, Conversation, PatientDevice } from "../conversation.ts"
import { keyOf, sha256, verify } from "../hashing.ts"
import { type Actor, checkAccess, checkConcerns, notFound } from "./authority.ts"
import { checkClock, closed, consentRequired, openRequired } from "./message.ts"

/** What an accepted record changes. */
export type ControlChange =
  | { kind: "consent"; patient: PatientDevice }
  | { kind: "open"; roles: readonly Role[] }
  | { kind: "epoch"; number: number; access: Access | undefined }
  | { kind: "access"; access: Access }
  | { kind: "close"; access: Access | undefined }

/** A logged-in device with the key that its records are signed with. */
export interface SigningActor extends Actor {
  readonly clinic: Clinic
  /** 32 bytes. */
  readonly signingKey: Uint8Array
}

/** Judges a record of the actor's that is no retry.
 * @param conversation - undefined if nothing is stored for its scope.
 * @throws {WardlineError} saying why it is refused. */
export function judgeControl(
  conversation: Conversation | undefined,
  record: WireRecord,
  actor: SigningActor,
  nowMs: number,
): ControlChange {
  checkClock(record.issued, nowMs)
  if (conversation === undefined) {
    if (record.type !== "consent") throw consentRequired()
    const change = judgeConsent(record, actor)
    checkSignature(record, actor)
    return change
  }
  checkConcernsStaffToo(conversation, actor)
  const change = judgeNext(conversation, record, actor, nowMs)
  checkSignature(record, actor)
  return change
}

/** As checkConcerns; but before the open record no role is known, so that staff are told what is missing. */
function checkConcernsStaffToo(conversation: Conversation, actor: Actor): void {
  if (conversation.isOpen || actor.kind === "patient") checkConcerns(conversation, actor)
  else if (conversation.clinic.key !== actor.clinicKey) throw notFound()
}

function judgeNext(
  conversation: Conversation,
  record: WireRecord,
  actor: SigningActor,
  nowMs: number,
): ControlChange {
  if (!conversation.isOpen) {
    if (record.type !== "open") throw openRequired()
    if (actor.kind !== "patient") throw forbidden("the patient opens the conversation")
    return judgeOpen(record, actor)
  }
  if (conversation.isClosed && record.type !== "access") throw closed()
  switch (record.type) {
    case "epoch": {
      const access = checkAccess(conversation, actor, nowMs)
      return { kind: "epoch", number: judgeEpoch(conversation, record, actor), access }
    }
    case "access":
      return { kind: "access", access: judgeAccess(conversation, record, actor, nowMs) }
    case "close": {
      if (actor.kind !== "staff") throw forbidden("staff close a conversation")
      decodeClose(record.body)
      return { kind: "close", access: checkAccess(conversation, actor, nowMs) }
    }
    default:
      throw forbidden("the conversation has begun already")
  }
}

function judgeConsent(record: WireRecord, actor: SigningActor): ControlChange {
  if (actor.kind !== "patient") throw forbidden("a patient's device gives consent")
  const body = decodeConsent(record.body)
  const { directory, id } = actor.clinic
  if (!equalBytes(body.clinic, id)) throw forbidden("consent to another clinic")
  const { signing, wrapping } = body.keys
  if (!equalBytes(deviceIdOf(sha256, signing, wrapping), record.issuer))
    throw forbidden("the consent shows other keys than its issuer's")
  checkReference(actor, body.directory)
  if (!isConsentToCurrentText(directory, body))
    throw new WardlineError("ERR_CONSENT_REQUIRED", "the consent isn't to the clinic's current text")
  return { kind: "consent", patient: { key: actor.device, wrappingHash: sha256(wrapping) } }
}

function judgeOpen(record: WireRecord, actor: SigningActor): ControlChange {
  const body = decodeOpen(record.body)
  checkReference(actor, body.directory)
  for (const { role, generation, keyHash } of body.roles) {
    const key = newestRoleKey(actor.clinic.directory, role)
    if (key === undefined) throw forbidden("the clinic has no such role")
    if (key.generation !== generation || !equalBytes(key.publicKeyHash, keyHash))
      throw conflict("a role's key isn't the newest")
  }
  return { kind: "open", roles: body.roles.map(({ role }) => role) }
}

/** @returns the epoch's number. */
function judgeEpoch(conversation: Conversation, record: WireRecord, actor: SigningActor): number {
  const body = decodeEpoch(record.body)
  checkReference(actor, body.directory)
  const isFirst = isAllZero(body.parent)
  const parent = isFirst ? 0 : (conversation.controls.get(keyOf(body.parent))?.epoch ?? 0)
  // An epoch's number is at least 1, so 0 is another record, or none.
  if (!isFirst && parent === 0) throw conflict("the epoch's parent isn't an epoch of this conversation")
  if (isFirst && hasEpoch(conversation)) throw conflict("the conversation has its first epoch already")
  if (body.number !== parent + 1) throw conflict("the epoch's number isn't its parent's next")
  checkSlots(conversation, body, actor.clinic)
  return body.number
}

function hasEpoch(conversation: Conversation): boolean {
  for (const { epoch } of conversation.controls.values()) if (epoch > 0) return true
  return false
}

/** Nobody extra, nobody missing, each by the newest key that the relay knows: an older directory may still name the key
 * of somebody who was revoked since. */
function checkSlots(conversation: Conversation, body: EpochBody, clinic: Clinic): void {
  const members = membersOf(conversation, clinic)
  const isSameList =
    members.length === body.slots.length &&
    members.every((member, i) => equalBytes(slotKey(member), slotKey(body.slots[i] as Slot)))
  if (!isSameList) throw forbidden("the epoch's slots aren't the conversation's members")
  for (const [i, member] of members.entries()) {
    const slot = body.slots[i] as Slot
    if (slot.generation !== member.generation || !equalBytes(slot.keyHash, member.keyHash))
      throw conflict("an epoch's slot isn't by the member's newest key")
  }
}

function membersOf(conversation: Conversation, clinic: Clinic): Slot[] {
  const { patient, roles } = conversation
  if (patient === undefined) return []
  const id = Buffer.from(patient.key, "latin1")
  const members: Slot[] = [{ kind: "device", id, generation: 0, keyHash: patient.wrappingHash }]
  for (const role of roles) {
    const key = newestRoleKey(clinic.directory, role)
    if (key === undefined) throw conflict("a role has no key")
    members.push({
      kind: "role",
      id: encodeRole(role),
      generation: key.generation,
      keyHash: key.publicKeyHash,
    })
  }
  return members.sort((a, b) => compareBytes(slotKey(a), slotKey(b)))
}

function judgeAccess(
  conversation: Conversation,
  record: WireRecord,
  actor: SigningActor,
  nowMs: number,
): Access {
  const body = decodeAccess(record.body)
  checkReference(actor, body.directory)
  // Which only staff do.
  if (!actor.roles.includes(body.role)) throw forbidden("the device doesn't hold this role")
  if (!conversation.roles.includes(body.role)) throw forbidden("the conversation doesn't address this role")
  if (body.until > record.issued + MAX_ACCESS_MS) throw forbidden("access for too long")
  if (body.until <= record.issued) throw forbidden("the access is over as soon as it begins")
  const isBreakGlass = body.purpose === "BTG"
  if (isBreakGlass !== body.sealedReason.length > 0)
    throw forbidden("a sealed reason comes with break-glass access, and with that alone")
  return {
    role: body.role,
    purpose: purposeCode(body.purpose),
    untilMs: accessUntil(nowMs, record.issued, body.until),
  }
}

/** When access ends: as long after it was stored as the device asked for, both by clocks that may differ. */
export function accessUntil(storedMs: number, issuedMs: number, until: number): number {
  return storedMs + Math.min(until - issuedMs, MAX_ACCESS_MS)
}

/** The directory position that a record names must be the relay's own history.
 * @throws {WardlineError} ERR_ROLLBACK where the relay's is shorter, ERR_FORK where it differs. */
function checkReference(actor: SigningActor, reference: DirectoryReference): void {
  checkExtends(reference, actor.clinic.directory)
}

function checkSignature(record: WireRecord, actor: SigningActor): void {
  const input = signatureInput(signatureTag(record.type), signedPart(record))
  if (!verify(actor.signingKey, input, record.signature))
    throw new WardlineError("ERR_SIGNATURE", "the record's signature is wrong")
}

function forbidden(message: string): WardlineError {
  return new WardlineError("ERR_FORBIDDEN", message)
}

function conflict(message: string): WardlineError {
  return new WardlineError("ERR_CONFLICT", message)
}
