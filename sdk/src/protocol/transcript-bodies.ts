/** Bodies of the transcript's records: encode and decode pairs (docs/protocol.md, Transcript). */
import { fromUtf8, Reader, utf8, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { encodeRole, HASH_BYTES, ID_BYTES, type Link, type RecordHash, type Role } from "../ids.ts"
import { decodeWhole, readRole } from "./body-parts.ts"
import { type DeviceKeys, readKeys, writeKeys } from "./keys.ts"
import { MAX_NAME_BYTES, MAX_ROLES, MAX_SEALED_REASON_BYTES } from "./limits.ts"
import { assertAscending, type DirectoryReference, readReference, writeReference } from "./slots.ts"

export const SUMMARY_BYTES = 256
/** HPKE to a role: encapsulation, summary, tag. */
export const SEALED_SUMMARY_BYTES: number = 1120 + SUMMARY_BYTES + 16
/** XChaCha20-Poly1305's tag around at least one block of padding. */
const MIN_CIPHERTEXT_BYTES = 512 + 16
/** Bytes of a message's body before the ciphertext. */
export const MESSAGE_PREFIX_BYTES: number = 1 + HASH_BYTES + 4 + 8 + HASH_BYTES + HASH_BYTES
const QUIET = 1

export interface ConsentBody {
  clinic: Uint8Array
  keys: DeviceKeys
  consentId: string
  version: number
  language: string
  textHash: Uint8Array
  directory: DirectoryReference
}

export interface OpenBody {
  directory: DirectoryReference
  roles: readonly {
    readonly role: Role
    readonly generation: number
    readonly keyHash: Uint8Array
  }[]
}

export interface MessagePrefix {
  /** Not somebody's word but a receipt or the like: a relay doesn't take it for an answer. */
  quiet: boolean
  epoch: RecordHash
  /** This sender's count of messages in the conversation, from 1. */
  sequence: number
  seenPosition: number
  seenLink: Link
  salt: Uint8Array
}

export interface MessageBody extends MessagePrefix {
  ciphertext: Uint8Array
}

const PURPOSES = [
  "TREAT",
  "ETREAT",
  "BTG",
  "HOPERAT",
  "HPAYMT",
  "PATRQT",
  "HLEGAL",
  "PUBHLTH",
  "HRESCH",
] as const
/** Purpose of use: HL7 v3 ActReason codes. */
export type Purpose = (typeof PURPOSES)[number]

/** A purpose as the audit log's byte, from 1; 0 is none. */
export function purposeCode(purpose: Purpose): number {
  return PURPOSES.indexOf(purpose) + 1
}

export function purposeOf(code: number): Purpose {
  const purpose = PURPOSES[code - 1]
  if (!purpose) throw new WardlineError("ERR_MALFORMED", "unknown purpose")
  return purpose
}

const EMERGENCIES: ReadonlySet<Purpose> = new Set(["ETREAT", "BTG"])
const DISCLOSURES: ReadonlySet<Purpose> = new Set(["HLEGAL", "PUBHLTH", "HRESCH"])

/** Whether an access of this purpose breaks the glass. */
export function isEmergency(purpose: Purpose): boolean {
  return EMERGENCIES.has(purpose)
}

/** Whether an access of this purpose is for others than the patient's care and its payment: a disclosure that the
 * patient may ask an account of (45 CFR 164.528). */
export function isDisclosure(purpose: Purpose): boolean {
  return DISCLOSURES.has(purpose)
}

/** Whether an access of this purpose says why, sealed: it comes with a reason, and no other does. */
export function needsReason(purpose: Purpose): boolean {
  return isEmergency(purpose) || isDisclosure(purpose)
}

export interface AccessBody {
  role: Role
  purpose: Purpose
  /** Milliseconds since 1970. */
  until: number
  directory: DirectoryReference
  /** HPKE to the role; empty unless the purpose needs a reason. */
  sealedReason: Uint8Array
}

const CLOSE_REASONS = ["unspecified", "resolved", "elsewhere", "no-reply"] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

export interface CloseBody {
  reason: CloseReason
}

const REOPEN_REASONS = ["unspecified", "follow-up", "mistake", "break-glass"] as const
export type ReopenReason = (typeof REOPEN_REASONS)[number]

const SHRED_REASONS = ["retention", "patient-request", "other"] as const
export type ShredReason = (typeof SHRED_REASONS)[number]

export interface ShredBody {
  reason: ShredReason
  directory: DirectoryReference
}

export function encodeConsent(body: ConsentBody): Uint8Array {
  const writer = writeKeys(new Writer().bytes(body.clinic), body.keys)
    .lp16(encodeRole(body.consentId))
    .u32(body.version)
    .lp16(utf8(body.language))
    .bytes(body.textHash)
  return writeReference(writer, body.directory).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeConsent(body: Uint8Array): ConsentBody {
  return decodeWhole(body, (r) => ({
    clinic: r.bytes(ID_BYTES),
    keys: readKeys(r),
    consentId: readRole(r),
    version: r.u32(),
    language: fromUtf8(r.lp16(MAX_NAME_BYTES)),
    textHash: r.bytes(HASH_BYTES),
    directory: readReference(r),
  }))
}

/** An open record's body before the hash of its summaries. */
export function encodeOpenHead(body: OpenBody): Uint8Array {
  return writeReference(new Writer(), body.directory)
    .u8(body.roles.length)
    .list(body.roles, (w, item) => w.lp16(encodeRole(item.role)).u32(item.generation).bytes(item.keyHash))
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeOpen(body: Uint8Array): OpenBody {
  return decodeWhole(body, (reader) => {
    const directory = readReference(reader)
    const count = reader.u8()
    if (count < 1 || count > MAX_ROLES) throw new WardlineError("ERR_MALFORMED", "roles outside their limits")
    const roles = reader.list(count, (r) => ({
      role: readRole(r),
      generation: r.u32(),
      keyHash: r.bytes(HASH_BYTES),
    }))
    assertAscending(roles.map(({ role }) => utf8(role)))
    reader.bytes(HASH_BYTES)
    return { directory, roles }
  })
}

/** An open record's detached part: one sealed summary for each role, in order.
 * @throws {WardlineError} ERR_MALFORMED */
export function decodeSummaries(detached: Uint8Array, roles: number): Uint8Array[] {
  if (detached.length !== roles * SEALED_SUMMARY_BYTES)
    throw new WardlineError("ERR_MALFORMED", "not a summary for each role")
  return new Reader(detached).list(roles, (r) => r.bytes(SEALED_SUMMARY_BYTES))
}

export function encodeMessagePrefix(prefix: MessagePrefix): Uint8Array {
  return new Writer()
    .u8(prefix.quiet ? QUIET : 0)
    .bytes(prefix.epoch)
    .u32(prefix.sequence)
    .u64(prefix.seenPosition)
    .bytes(prefix.seenLink)
    .bytes(prefix.salt)
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeMessage(body: Uint8Array): MessageBody {
  return decodeWhole(body, (r) => {
    const flags = r.u8()
    if (flags > QUIET) throw new WardlineError("ERR_MALFORMED", "unknown flags")
    const message = {
      quiet: flags === QUIET,
      epoch: r.bytes(HASH_BYTES),
      sequence: r.u32(),
      seenPosition: r.u64(),
      seenLink: r.bytes(HASH_BYTES),
      salt: r.bytes(HASH_BYTES),
      ciphertext: r.rest(),
    }
    if (message.ciphertext.length < MIN_CIPHERTEXT_BYTES)
      throw new WardlineError("ERR_MALFORMED", "no ciphertext")
    return message
  })
}

export function encodeAccess(body: AccessBody): Uint8Array {
  const writer = new Writer().lp16(encodeRole(body.role)).u8(purposeCode(body.purpose)).u64(body.until)
  return writeReference(writer, body.directory).lp16(body.sealedReason).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeAccess(body: Uint8Array): AccessBody {
  return decodeWhole(body, (r) => ({
    role: readRole(r),
    purpose: purposeOf(r.u8()),
    until: r.u64(),
    directory: readReference(r),
    sealedReason: r.lp16(MAX_SEALED_REASON_BYTES),
  }))
}

export function encodeClose(body: CloseBody): Uint8Array {
  return new Writer().u8(CLOSE_REASONS.indexOf(body.reason)).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeClose(body: Uint8Array): CloseBody {
  return decodeWhole(body, (r) => ({ reason: reasonOf(CLOSE_REASONS, r.u8()) }))
}

export function encodeReopen(body: { reason: ReopenReason }): Uint8Array {
  return new Writer().u8(REOPEN_REASONS.indexOf(body.reason)).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeReopen(body: Uint8Array): { reason: ReopenReason } {
  return decodeWhole(body, (r) => ({ reason: reasonOf(REOPEN_REASONS, r.u8()) }))
}

/** A withdrawal gives no reason: the byte is 0. */
export function encodeWithdraw(): Uint8Array {
  return new Writer().u8(0).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeWithdraw(body: Uint8Array): Record<never, never> {
  return decodeWhole(body, (r) => {
    if (r.u8() !== 0) throw new WardlineError("ERR_MALFORMED", "unknown reason")
    return {}
  })
}

export function encodeShred(body: ShredBody): Uint8Array {
  return writeReference(new Writer().u8(SHRED_REASONS.indexOf(body.reason) + 1), body.directory).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeShred(body: Uint8Array): ShredBody {
  return decodeWhole(body, (r) => ({
    reason: reasonOf(SHRED_REASONS, r.u8() - 1),
    directory: readReference(r),
  }))
}

function reasonOf<T>(reasons: readonly T[], code: number): T {
  const reason = reasons[code]
  if (reason === undefined) throw new WardlineError("ERR_MALFORMED", "unknown reason")
  return reason
}
