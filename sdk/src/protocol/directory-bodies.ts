/** Bodies of the directory's records: encode and decode pairs (docs/protocol.md, Directory). */
import { fromUtf8, type Reader, utf8, Writer } from "../bytes.ts"
import { encodeRole, HASH_BYTES, ID_BYTES, type Role } from "../ids.ts"
import {
  decodeWhole,
  distinct,
  encodeLocalized,
  type LocalizedText,
  readCount,
  readLocalized,
  readName,
  readRole,
} from "./body-parts.ts"
import { type DeviceKeys, readKeys, WRAPPING_KEY_BYTES, writeKeys } from "./keys.ts"
import { MAX_REASON_BYTES, MAX_ROLES } from "./limits.ts"

export interface ConsentTextBody {
  id: string
  version: number
  texts: LocalizedText
}

export interface AdminAdd {
  keys: DeviceKeys
  name: string
}

/** A device's part in a role; a keeper may rotate and grant the role's key. */
export interface Membership {
  readonly role: Role
  readonly keeper: boolean
}

export interface DeviceAdd {
  keys: DeviceKeys
  name: string
  roles: readonly Membership[]
  /** Milliseconds since 1970; 0 = never. */
  expires: number
}

export interface DeviceRoles {
  device: Uint8Array
  /** All of them from now on. */
  roles: readonly Membership[]
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

/** A split key was put together. */
export interface Recovery {
  /** Such as "root" or "archive". */
  keyName: string
  /** Why, in words for the clinic's staff; the directory is public. */
  reason: string
}

export interface Attest {
  position: number
  link: Uint8Array
  /** Of the snapshot of the directory before the attest (`attestOf` in the directory). */
  snapshotHash: Uint8Array
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
  const writer = writeKeys(new Writer(), body.keys).lp16(utf8(body.name))
  return writeMemberships(writer, body.roles).u64(body.expires).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeDeviceAdd(body: Uint8Array): DeviceAdd {
  return decodeWhole(body, (r) => ({
    keys: readKeys(r),
    name: readName(r),
    roles: readMemberships(r),
    expires: r.u64(),
  }))
}

export function encodeDeviceRoles(body: DeviceRoles): Uint8Array {
  return writeMemberships(new Writer().bytes(body.device), body.roles).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeDeviceRoles(body: Uint8Array): DeviceRoles {
  return decodeWhole(body, (r) => ({ device: r.bytes(ID_BYTES), roles: readMemberships(r) }))
}

function writeMemberships(writer: Writer, roles: readonly Membership[]): Writer {
  return writer.u8(roles.length).list(roles, (w, { role, keeper }) => w.lp16(encodeRole(role)).flag(keeper))
}

/** At least one: a device without a role is revoked. */
function readMemberships(reader: Reader): readonly Membership[] {
  const roles = reader.list(readCount(reader, 1, MAX_ROLES), (r) => ({ role: readRole(r), keeper: r.flag() }))
  distinct(
    roles.map(({ role }) => role),
    "role twice on a device",
  )
  return roles
}

export function encodeRecovery(body: Recovery): Uint8Array {
  return new Writer().lp16(encodeRole(body.keyName)).lp16(utf8(body.reason)).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeRecovery(body: Uint8Array): Recovery {
  return decodeWhole(body, (r) => ({ keyName: readRole(r), reason: fromUtf8(r.lp16(MAX_REASON_BYTES)) }))
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
  return new Writer().u64(body.position).bytes(body.link).bytes(body.snapshotHash).done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeAttest(body: Uint8Array): Attest {
  return decodeWhole(body, (r) => ({
    position: r.u64(),
    link: r.bytes(HASH_BYTES),
    snapshotHash: r.bytes(HASH_BYTES),
  }))
}
