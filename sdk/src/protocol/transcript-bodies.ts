/** Bodies of the transcript's records: encode and decode pairs (docs/protocol.md, Transcript). */
import { compareBytes, fromUtf8, type Reader, utf8, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import {
  decodeRole,
  encodeRole,
  HASH_BYTES,
  ID_BYTES,
  type Link,
  type RecordHash,
  type Role,
} from "../ids.ts"
import { decodeWhole, readRole } from "./directory-bodies.ts"
import { type DeviceKeys, readKeys, WRAP_BYTES, writeKeys } from "./keys.ts"
import { MAX_NAME_BYTES, MAX_ROLES, MAX_SEALED_REASON_BYTES, MAX_SLOTS } from "./limits.ts"

/** The only cipher suite so far: this protocol's page. */
export const SUITE_WL1 = 0x0001
export const SUMMARY_BYTES = 256
/** HPKE to a role: encapsulation, summary, tag. */
export const SEALED_SUMMARY_BYTES: number = 1120 + SUMMARY_BYTES + 16
/** XChaCha20-Poly1305's tag around at least one block of padding. */
const MIN_CIPHERTEXT_BYTES = 512 + 16
/** Bytes of a message's body before the ciphertext. */
export const MESSAGE_PREFIX_BYTES: number = HASH_BYTES + 4 + 8 + HASH_BYTES + HASH_BYTES

/** A position in the clinic's directory and its link. */
export interface DirectoryReference {
  position: number
  link: Link
}

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
    readonly sealedSummary: Uint8Array
  }[]
}

/** A member that an epoch is wrapped to. */
export interface Slot {
  kind: "device" | "role"
  /** Device id, or the role's slug as bytes. */
  id: Uint8Array
  /** 0 for a device. */
  generation: number
  keyHash: Uint8Array
}

/** An epoch's body before the wraps. */
export interface EpochHead {
  suite: number
  number: number
  /** H(parent record), zeros for the first epoch. */
  parent: RecordHash
  directory: DirectoryReference
  commitment: Uint8Array
  slots: readonly Slot[]
}

export interface EpochBody extends EpochHead {
  /** One for each slot, in order. */
  wraps: readonly Uint8Array[]
  /** E: the bytes before the wraps, as received. */
  head: Uint8Array
}

export interface MessagePrefix {
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

const PURPOSES = ["TREAT", "ETREAT", "BTG", "HOPERAT", "HPAYMT", "PATRQT"] as const
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

export interface AccessBody {
  role: Role
  purpose: Purpose
  /** Milliseconds since 1970. */
  until: number
  directory: DirectoryReference
  /** HPKE to the role; empty unless the purpose is break-glass. */
  sealedReason: Uint8Array
}

const CLOSE_REASONS = ["unspecified", "resolved", "elsewhere", "no-reply"] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

export interface CloseBody {
  reason: CloseReason
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

export function encodeOpen(body: OpenBody): Uint8Array {
  return writeReference(new Writer(), body.directory)
    .u8(body.roles.length)
    .list(body.roles, (w, item) =>
      w.lp16(encodeRole(item.role)).u32(item.generation).bytes(item.keyHash).bytes(item.sealedSummary),
    )
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
      sealedSummary: r.bytes(SEALED_SUMMARY_BYTES),
    }))
    assertAscending(roles.map(({ role }) => utf8(role)))
    return { directory, roles }
  })
}

/** E, the part of an epoch's body before the wraps. */
export function encodeEpochHead(head: EpochHead): Uint8Array {
  const writer = new Writer().u16(head.suite).u32(head.number).bytes(head.parent)
  return writeReference(writer, head.directory)
    .bytes(head.commitment)
    .u16(head.slots.length)
    .list(head.slots, (w, slot) =>
      w
        .u8(slot.kind === "device" ? 1 : 2)
        .lp16(slot.id)
        .u32(slot.generation)
        .bytes(slot.keyHash),
    )
    .done()
}

export function encodeEpoch(head: Uint8Array, wraps: readonly Uint8Array[]): Uint8Array {
  return new Writer()
    .bytes(head)
    .list(wraps, (w, wrap) => w.bytes(wrap))
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED, or ERR_UNSUPPORTED for another suite. */
export function decodeEpoch(body: Uint8Array): EpochBody {
  return decodeWhole(body, (reader) => {
    const suite = reader.u16()
    if (suite !== SUITE_WL1) throw new WardlineError("ERR_UNSUPPORTED", "unknown cipher suite")
    const number = reader.u32()
    const parent = reader.bytes(HASH_BYTES)
    const directory = readReference(reader)
    const commitment = reader.bytes(HASH_BYTES)
    const count = reader.u16()
    if (count < 1 || count > MAX_SLOTS) throw new WardlineError("ERR_MALFORMED", "slots outside their limits")
    const slots = reader.list(count, readSlot)
    assertAscending(slots.map(slotKey))
    const head = body.subarray(0, reader.offset)
    const wraps = reader.list(count, (r) => r.bytes(WRAP_BYTES))
    return { suite, number, parent, directory, commitment, slots, wraps, head }
  })
}

function readSlot(reader: Reader): Slot {
  const code = reader.u8()
  if (code !== 1 && code !== 2) throw new WardlineError("ERR_MALFORMED", "unknown kind of slot")
  const id = reader.lp16(32)
  const slot: Slot = {
    kind: code === 1 ? "device" : "role",
    id,
    generation: reader.u32(),
    keyHash: reader.bytes(HASH_BYTES),
  }
  if (slot.kind === "device") {
    if (id.length !== ID_BYTES || slot.generation !== 0)
      throw new WardlineError("ERR_MALFORMED", "device slot")
  } else decodeRole(id)
  return slot
}

/** What slots are sorted by: kind, then id. */
export function slotKey(slot: Pick<Slot, "kind" | "id">): Uint8Array {
  return new Writer()
    .u8(slot.kind === "device" ? 1 : 2)
    .bytes(slot.id)
    .done()
}

export function encodeMessagePrefix(prefix: MessagePrefix): Uint8Array {
  return new Writer()
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
    const message = {
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
  return decodeWhole(body, (r) => {
    const reason = CLOSE_REASONS[r.u8()]
    if (!reason) throw new WardlineError("ERR_MALFORMED", "unknown reason")
    return { reason }
  })
}

function writeReference(writer: Writer, reference: DirectoryReference): Writer {
  return writer.u64(reference.position).bytes(reference.link)
}

function readReference(reader: Reader): DirectoryReference {
  return { position: reader.u64(), link: reader.bytes(HASH_BYTES) }
}

/** One order and no repeats: a list has one encoding. */
function assertAscending(keys: readonly Uint8Array[]): void {
  for (let i = 1; i < keys.length; i++) {
    if (compareBytes(keys[i - 1] as Uint8Array, keys[i] as Uint8Array) >= 0) {
      throw new WardlineError("ERR_MALFORMED", "list is not in ascending order")
    }
  }
}
