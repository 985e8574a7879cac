/** The signed unit of which both chains are made (docs/protocol.md, Record). */
import { assertLength, concat, equalBytes, Reader, utf8, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { HASH_BYTES, ID_BYTES, type RecordHash } from "../ids.ts"
import type { Hash } from "./chain.ts"
import { MAX_BODY_BYTES } from "./limits.ts"

export const SIGNATURE_BYTES = 64
/** Bytes before the body. */
export const HEADER_BYTES = 48

/** What this code speaks; a policy may ask for more. */
export const PROTOCOL_VERSION = 1
const MAGIC_AND_VERSION = 0x574c01

const DIRECTORY_TYPES = {
  policy: 0x01,
  "consent-text": 0x02,
  "admin-add": 0x03,
  "admin-remove": 0x04,
  "device-add": 0x05,
  "device-revoke": 0x06,
  "role-key": 0x07,
  "role-grant": 0x08,
  attest: 0x09,
  "device-roles": 0x0a,
  recovery: 0x0b,
} as const

const TRANSCRIPT_TYPES = {
  consent: 0x20,
  open: 0x21,
  epoch: 0x22,
  message: 0x23,
  member: 0x24,
  access: 0x25,
  grant: 0x26,
  close: 0x27,
  reopen: 0x28,
  archive: 0x29,
  withdraw: 0x2a,
  shred: 0x2b,
} as const

export type DirectoryRecordType = keyof typeof DIRECTORY_TYPES
export type TranscriptRecordType = keyof typeof TRANSCRIPT_TYPES
export type RecordType = DirectoryRecordType | TranscriptRecordType

const CODES: Record<RecordType, number> = { ...DIRECTORY_TYPES, ...TRANSCRIPT_TYPES }
const NAMES = new Map(Object.entries(CODES).map(([name, code]) => [code, name as RecordType]))

/** Types that carry wraps behind their signature, so that a relay can drop the wraps and keep the record. */
const DETACHED_TYPES: ReadonlySet<RecordType> = new Set(["role-grant", "open", "epoch", "grant", "archive"])

export interface RecordHeader {
  type: RecordType
  /** 16 bytes: clinic or conversation id. */
  scope: Uint8Array
  /** 16 bytes: device id, or the clinic id for the root. */
  issuer: Uint8Array
  /** Milliseconds since 1970 by the issuer's clock. */
  issued: number
}

export interface WireRecord extends RecordHeader {
  body: Uint8Array
  signature: Uint8Array
  /** The record as received, without its detached part: what H(record) is of. */
  bytes: Uint8Array
  /** What came behind the signature: empty where there is none, or where it was dropped. Nothing is known of it until
   * {@link detachedOf} has compared it. */
  detached: Uint8Array
}

export function isDirectoryType(type: RecordType): type is DirectoryRecordType {
  return Object.hasOwn(DIRECTORY_TYPES, type)
}

export function isTranscriptType(type: RecordType): type is TranscriptRecordType {
  return Object.hasOwn(TRANSCRIPT_TYPES, type)
}

export function hasDetachedPart(type: RecordType): boolean {
  return DETACHED_TYPES.has(type)
}

/** Decodes a record; its parts are views of `bytes`. Checks the shape, not the signature.
 * @throws {WardlineError} ERR_MALFORMED, ERR_TOO_LARGE or ERR_UNSUPPORTED (version, type). */
export function decodeRecord(bytes: Uint8Array): WireRecord {
  const reader = new Reader(bytes)
  const magicAndVersion = (reader.u8() << 16) | (reader.u8() << 8) | reader.u8()
  if (magicAndVersion >> 8 !== MAGIC_AND_VERSION >> 8)
    throw new WardlineError("ERR_MALFORMED", "not a record")
  if (magicAndVersion !== MAGIC_AND_VERSION)
    throw new WardlineError("ERR_UNSUPPORTED", "unknown record version")
  const type = NAMES.get(reader.u8())
  if (type === undefined) throw new WardlineError("ERR_UNSUPPORTED", "unknown record type")
  const scope = reader.bytes(ID_BYTES)
  const issuer = reader.bytes(ID_BYTES)
  const issued = reader.u64()
  const length = reader.u32()
  if (length > MAX_BODY_BYTES) throw new WardlineError("ERR_TOO_LARGE", "record body over its limit")
  const body = reader.bytes(length)
  const signature = reader.bytes(SIGNATURE_BYTES)
  const end = reader.offset
  const detached = hasDetachedPart(type) ? reader.rest() : bytes.subarray(end, end)
  if (length + detached.length > MAX_BODY_BYTES)
    throw new WardlineError("ERR_TOO_LARGE", "record over its limit")
  reader.end()
  return { type, scope, issuer, issued, body, signature, bytes: bytes.subarray(0, end), detached }
}

/** The bytes of a record without its detached part. Bytes that are no record are taken whole: they have a hash and a
 * place in the chain all the same. */
export function recordPart(bytes: Uint8Array): Uint8Array {
  const type = bytes.length < HEADER_BYTES ? undefined : NAMES.get(bytes[3] as number)
  if (type === undefined || !hasDetachedPart(type)) return bytes
  const bodyLength = new Reader(bytes.subarray(HEADER_BYTES - 4, HEADER_BYTES)).u32()
  return bytes.subarray(0, Math.min(bytes.length, HEADER_BYTES + bodyLength + SIGNATURE_BYTES))
}

/** H(record): of everything but the detached part. */
export function recordHash(hash: Hash, bytes: Uint8Array): RecordHash {
  return hash(recordPart(bytes))
}

/** A body that commits to the detached part behind the record.
 * @param head - the body's other fields. */
export function bodyWithDetached(hash: Hash, head: Uint8Array, detached: Uint8Array): Uint8Array {
  return concat(head, hash(detached))
}

/** The detached part, if it is there and is the one that the signed body commits to. */
export function detachedOf(hash: Hash, record: WireRecord): Uint8Array | undefined {
  if (!hasDetachedPart(record.type) || record.detached.length === 0) return undefined
  const committed = record.body.subarray(-HASH_BYTES)
  return equalBytes(committed, hash(record.detached)) ? record.detached : undefined
}

/** The 48 bytes before a body of `bodyLength` bytes. */
export function encodeHeader(header: RecordHeader, bodyLength: number): Uint8Array {
  assertLength(header.scope, ID_BYTES, "scope")
  assertLength(header.issuer, ID_BYTES, "issuer")
  if (bodyLength > MAX_BODY_BYTES) throw new WardlineError("ERR_TOO_LARGE", "record body over its limit")
  return new Writer()
    .u8(0x57)
    .u8(0x4c)
    .u8(1)
    .u8(CODES[header.type])
    .bytes(header.scope)
    .bytes(header.issuer)
    .u64(header.issued)
    .u32(bodyLength)
    .done()
}

/** Everything that the signature covers. */
export function encodeUnsigned(header: RecordHeader, body: Uint8Array): Uint8Array {
  return concat(encodeHeader(header, body.length), body)
}

/** A finished record. */
export function attachSignature(unsigned: Uint8Array, signature: Uint8Array): Uint8Array {
  assertLength(signature, SIGNATURE_BYTES, "signature")
  return concat(unsigned, signature)
}

/** The bytes of a received record that its signature covers. */
export function signedPart(record: WireRecord): Uint8Array {
  return record.bytes.subarray(0, record.bytes.length - SIGNATURE_BYTES)
}

/** The signature tag of a record type: no signature counts under another one. */
export function signatureTag(type: RecordType): string {
  return `wl1/${type}`
}

const prefixes = new Map<string, Uint8Array>()

/** What stands before the message in what Ed25519 signs: `u8(len(tag)) ‖ tag`. Not to be modified.
 * @param tag - one of the code's own; its bytes are kept. */
export function signaturePrefix(tag: string): Uint8Array {
  const known = prefixes.get(tag)
  if (known) return known
  const encoded = utf8(tag)
  const prefix = new Writer().u8(encoded.length).bytes(encoded).done()
  prefixes.set(tag, prefix)
  return prefix
}

/** What Ed25519 signs: `u8(len(tag)) ‖ tag ‖ message`.
 * @param tag - as for {@link signaturePrefix}. */
export function signatureInput(tag: string, message: Uint8Array): Uint8Array {
  return concat(signaturePrefix(tag), message)
}
