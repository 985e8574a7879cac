/** Bodies of the directory's records: encode and decode pairs (docs/protocol.md, Directory). */
import { fromUtf8, Reader, utf8, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { decodeRole, encodeRole, HASH_BYTES, ID_BYTES, type Role } from "../ids.ts"
import {
  type DeviceKeys,
  readKeys,
  SIGNING_KEY_BYTES,
  WRAPPING_KEY_BYTES,
  writeKeys,
} from "./keys.ts"
import {
  MAX_HOURS,
  MAX_LANGUAGES,
  MAX_NAME_BYTES,
  MAX_ROLES,
  MAX_TEXT_BYTES,
  MAX_TOPICS,
  MAX_WITNESSES,
} from "./limits.ts"

/** A text in several languages, in order; the first is the default. */
export type LocalizedText = readonly { readonly language: string; readonly text: string }[]

export interface OpeningHours {
  /** 0 = Sunday. */
  weekday: number
  /** Minutes of the day, in the policy's time zone. */
  opens: number
  closes: number
}

export interface Topic {
  /** A slug, as a role's. */
  id: string
  label: LocalizedText
  replyWithinMinutes: number
  roles: readonly Role[]
}

export interface Policy {
  /** The relay's log key, 32 bytes, once known. */
  logKey?: Uint8Array
  witnessKeys: readonly Uint8Array[]
  quorum: number
  freshnessSeconds: number
  retentionDays: number
  minimumVersion: number
  clinicName: LocalizedText
  emergency: LocalizedText
  /** IANA name. */
  timeZone: string
  hours: readonly OpeningHours[]
  topics: readonly Topic[]
}

export interface ConsentTextBody {
  id: string
  version: number
  texts: LocalizedText
}

export interface AdminAdd {
  keys: DeviceKeys
  name: string
}

export interface DeviceAdd {
  keys: DeviceKeys
  name: string
  roles: readonly { readonly role: Role; readonly keeper: boolean }[]
  /** Milliseconds since 1970; 0 = never. */
  expires: number
}

export interface RoleKey {
  role: Role
  generation: number
  /** X-Wing, 1216 bytes. */
  publicKey: Uint8Array
  validFrom: number
  validUntil: number
}

export interface RoleGrant {
  role: Role
  generation: number
  device: Uint8Array
  /** H(wrap); the wrap of 1168 bytes is the record's detached part. */
  wrapHash: Uint8Array
}

export interface Attest {
  position: number
  link: Uint8Array
}

export function encodePolicy(policy: Policy): Uint8Array {
  const writer = new Writer().flag(policy.logKey !== undefined)
  if (policy.logKey) writer.bytes(policy.logKey)
  return writer
    .u8(policy.witnessKeys.length)
    .list(policy.witnessKeys, (w, key) => w.bytes(key))
    .u8(policy.quorum)
    .u32(policy.freshnessSeconds)
    .u32(policy.retentionDays)
    .u8(policy.minimumVersion)
    .bytes(encodeLocalized(policy.clinicName))
    .bytes(encodeLocalized(policy.emergency))
    .lp16(utf8(policy.timeZone))
    .u8(policy.hours.length)
    .list(policy.hours, (w, hours) => w.u8(hours.weekday).u16(hours.opens).u16(hours.closes))
    .u8(policy.topics.length)
    .list(policy.topics, writeTopic)
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodePolicy(body: Uint8Array): Policy {
  return decodeWhole(body, (reader) => {
    const logKey = reader.flag() ? reader.bytes(SIGNING_KEY_BYTES) : undefined
    const witnessKeys = reader.list(readCount(reader, 0, MAX_WITNESSES), (r) => r.bytes(SIGNING_KEY_BYTES))
    const quorum = reader.u8()
    if (quorum > witnessKeys.length) throw malformed("quorum over the number of witnesses")
    const policy: Policy = {
      witnessKeys,
      quorum,
      freshnessSeconds: reader.u32(),
      retentionDays: reader.u32(),
      minimumVersion: reader.u8(),
      clinicName: readLocalized(reader),
      emergency: readLocalized(reader),
      timeZone: readName(reader),
      hours: reader.list(readCount(reader, 0, MAX_HOURS), readHours),
      topics: reader.list(readCount(reader, 0, MAX_TOPICS), readTopic),
    }
    if (new Set(policy.topics.map((topic) => topic.id)).size !== policy.topics.length)
      throw malformed("topic twice")
    return logKey ? { ...policy, logKey } : policy
  })
}

function readHours(reader: Reader): OpeningHours {
  const hours = { weekday: reader.u8(), opens: reader.u16(), closes: reader.u16() }
  if (hours.weekday > 6 || hours.opens >= hours.closes || hours.closes > 1440)
    throw malformed("opening hours")
  return hours
}

function writeTopic(writer: Writer, topic: Topic): void {
  writer
    .lp16(encodeRole(topic.id))
    .bytes(encodeLocalized(topic.label))
    .u16(topic.replyWithinMinutes)
    .u8(topic.roles.length)
    .list(topic.roles, (w, role) => w.lp16(encodeRole(role)))
}

function readTopic(reader: Reader): Topic {
  return {
    id: readRole(reader),
    label: readLocalized(reader),
    replyWithinMinutes: reader.u16(),
    roles: distinct(reader.list(readCount(reader, 1, MAX_ROLES), readRole), "role twice in a topic"),
  }
}

export function encodeConsentText(body: ConsentTextBody): Uint8Array {
  return new Writer().lp16(encodeRole(body.id)).u32(body.version).bytes(encodeLocalized(body.texts)).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeConsentText(body: Uint8Array): ConsentTextBody {
  return decodeWhole(body, (r) => ({ id: readRole(r), version: r.u32(), texts: readLocalized(r) }))
}

export function encodeAdminAdd(body: AdminAdd): Uint8Array {
  return writeKeys(new Writer(), body.keys).lp16(utf8(body.name)).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeAdminAdd(body: Uint8Array): AdminAdd {
  return decodeWhole(body, (r) => ({ keys: readKeys(r), name: readName(r) }))
}

/** The body of admin-remove and of device-revoke: the device's id. */
export function encodeDeviceReference(device: Uint8Array): Uint8Array {
  return new Writer().bytes(device).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeDeviceReference(body: Uint8Array): Uint8Array {
  return decodeWhole(body, (r) => r.bytes(ID_BYTES))
}

export function encodeDeviceAdd(body: DeviceAdd): Uint8Array {
  return writeKeys(new Writer(), body.keys)
    .lp16(utf8(body.name))
    .u8(body.roles.length)
    .list(body.roles, (w, { role, keeper }) => w.lp16(encodeRole(role)).flag(keeper))
    .u64(body.expires)
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeDeviceAdd(body: Uint8Array): DeviceAdd {
  return decodeWhole(body, (reader) => {
    const keys = readKeys(reader)
    const name = readName(reader)
    const roles = reader.list(readCount(reader, 1, MAX_ROLES), (r) => ({
      role: readRole(r),
      keeper: r.flag(),
    }))
    distinct(
      roles.map(({ role }) => role),
      "role twice on a device",
    )
    return { keys, name, roles, expires: reader.u64() }
  })
}

export function encodeRoleKey(body: RoleKey): Uint8Array {
  return new Writer()
    .lp16(encodeRole(body.role))
    .u32(body.generation)
    .bytes(body.publicKey)
    .u64(body.validFrom)
    .u64(body.validUntil)
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeRoleKey(body: Uint8Array): RoleKey {
  return decodeWhole(body, (r) => ({
    role: readRole(r),
    generation: r.u32(),
    publicKey: r.bytes(WRAPPING_KEY_BYTES),
    validFrom: r.u64(),
    validUntil: r.u64(),
  }))
}

export function encodeRoleGrant(body: RoleGrant): Uint8Array {
  return new Writer()
    .lp16(encodeRole(body.role))
    .u32(body.generation)
    .bytes(body.device)
    .bytes(body.wrapHash)
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeRoleGrant(body: Uint8Array): RoleGrant {
  return decodeWhole(body, (r) => ({
    role: readRole(r),
    generation: r.u32(),
    device: r.bytes(ID_BYTES),
    wrapHash: r.bytes(HASH_BYTES),
  }))
}

export function encodeAttest(body: Attest): Uint8Array {
  return new Writer().u64(body.position).bytes(body.link).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeAttest(body: Uint8Array): Attest {
  return decodeWhole(body, (r) => ({ position: r.u64(), link: r.bytes(HASH_BYTES) }))
}

function encodeLocalized(texts: LocalizedText): Uint8Array {
  return new Writer()
    .u8(texts.length)
    .list(texts, (w, { language, text }) => w.lp16(utf8(language)).lp32(utf8(text)))
    .done()
}

function readLocalized(reader: Reader): LocalizedText {
  const texts = reader.list(readCount(reader, 1, MAX_LANGUAGES), (r) => ({
    language: readName(r),
    text: fromUtf8(r.lp32(MAX_TEXT_BYTES)),
  }))
  distinct(
    texts.map(({ language }) => language),
    "language twice",
  )
  return texts
}

/** Decodes a whole body; trailing bytes are refused. */
export function decodeWhole<T>(body: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(body)
  const value = read(reader)
  reader.end()
  return value
}

export function readRole(reader: Reader): Role {
  return decodeRole(reader.lp16(32))
}

function readName(reader: Reader): string {
  return fromUtf8(reader.lp16(MAX_NAME_BYTES))
}

function readCount(reader: Reader, min: number, max: number): number {
  const count = reader.u8()
  if (count < min || count > max) throw malformed("count outside its limits")
  return count
}

function distinct<T>(items: T[], problem: string): T[] {
  if (new Set(items).size !== items.length) throw malformed(problem)
  return items
}

function malformed(problem: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", problem)
}
