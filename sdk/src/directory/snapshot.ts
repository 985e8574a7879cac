/** The few records that a first visitor needs, chosen from any directory by one rule: what an attest commits to
 * (docs/protocol.md, Snapshot). */
import { Reader, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { type DeviceId, idText, type Role } from "../ids.ts"
import { type Attest, deviceIdOf, type Hash, MAX_FRAME_BYTES } from "../protocol/index.ts"
import type { DirectoryRecord } from "./body.ts"

/** A record and its place in the directory. */
export interface PlacedRecord {
  readonly position: number
  /** Without its detached part. */
  readonly record: Uint8Array
}

/** A record that some snapshot may hold. */
interface KeptRecord extends PlacedRecord {
  /** The issuer's id in hexadecimal. */
  readonly issuer: string
}

/** The records that snapshots are made of. */
export interface KeptRecords {
  readonly policy: KeptRecord | undefined
  readonly consentText: KeptRecord | undefined
  /** The newest of each role. */
  readonly roleKeys: ReadonlyMap<Role, KeptRecord>
  /** By a device's id in hexadecimal: what added it, changed its roles and revoked it, in order. */
  readonly devices: ReadonlyMap<string, readonly KeptRecord[]>
}

/** The same, before a draft is handed out. */
export interface KeptDraft {
  policy: KeptRecord | undefined
  consentText: KeptRecord | undefined
  readonly roleKeys: Map<Role, KeptRecord>
  readonly devices: Map<string, readonly KeptRecord[]>
}

export interface Snapshot {
  /** Of its records, in order: within one directory they say which snapshot it is. */
  readonly positions: readonly number[]
  readonly bytes: Uint8Array
  /** H(bytes). */
  readonly hash: Uint8Array
}

/** Attesters take turns, and little of what a snapshot holds changes between two attests: most need no hashing. */
const REMEMBERED = 8

export function keepNothing(): KeptDraft {
  return { policy: undefined, consentText: undefined, roleKeys: new Map(), devices: new Map() }
}

export function copyKept(kept: KeptRecords): KeptDraft {
  return { ...kept, roleKeys: new Map(kept.roleKeys), devices: new Map(kept.devices) }
}

/** Remembers a record that was applied at `position`, if snapshots are made of its type. */
export function keepRecord(kept: KeptDraft, entry: DirectoryRecord, position: number, hash: Hash): void {
  const { issuer, bytes } = entry.record
  const record = { position, record: bytes, issuer: idText(issuer) }
  switch (entry.type) {
    case "policy":
      kept.policy = record
      break
    case "consent-text":
      kept.consentText = record
      break
    case "role-key":
      kept.roleKeys.set(entry.body.role, record)
      break
    case "admin-add":
    case "device-add": {
      const { signing, wrapping } = entry.body.keys
      kept.devices.set(idText(deviceIdOf(hash, signing, wrapping)), [record])
      break
    }
    case "device-roles":
      keepOf(kept, entry.body.device, record)
      break
    case "admin-remove":
    case "device-revoke":
      keepOf(kept, entry.body, record)
      break
    case "role-grant":
    case "attest":
    case "recovery":
      break
  }
}

function keepOf(kept: KeptDraft, device: DeviceId, record: KeptRecord): void {
  const id = idText(device)
  kept.devices.set(id, [...(kept.devices.get(id) ?? []), record])
}

/** What a snapshot by `attester` holds: policy, consent text and role keys as they are in force, and everything that
 * was ever said of their issuers, of the attester, and of those who said it. So the authority behind each record can
 * be judged at its own position, and nobody counts who has fallen since. */
function chooseRecords(kept: KeptRecords, attester: DeviceId): KeptRecord[] {
  const chosen = new Map<number, KeptRecord>()
  const devices = new Set<string>()
  const chooseDevice = (id: string): void => {
    if (devices.has(id)) return
    devices.add(id)
    for (const record of kept.devices.get(id) ?? []) choose(record)
  }
  const choose = (record: KeptRecord | undefined): void => {
    if (record === undefined) return
    chosen.set(record.position, record)
    chooseDevice(record.issuer)
  }
  choose(kept.policy)
  choose(kept.consentText)
  for (const record of kept.roleKeys.values()) choose(record)
  chooseDevice(idText(attester))
  return [...chosen.values()].sort((a, b) => a.position - b.position)
}

/** The snapshot that an attest by `attester` commits to.
 * @param source - the directory before the attest.
 * @throws {WardlineError} ERR_MALFORMED for a directory of more than 65,535 such records. */
export function takeSnapshot(
  source: { readonly kept: KeptRecords; readonly snapshots: readonly Snapshot[] },
  attester: DeviceId,
  hash: Hash,
): Snapshot {
  const records = chooseRecords(source.kept, attester)
  const known = source.snapshots.find(({ positions }) => isOf(positions, records))
  if (known !== undefined) return known
  const bytes = encodeSnapshot(records)
  return { positions: records.map(({ position }) => position), bytes, hash: hash(bytes) }
}

function isOf(positions: readonly number[], records: readonly PlacedRecord[]): boolean {
  return (
    positions.length === records.length && positions.every((position, i) => position === records[i]?.position)
  )
}

/** The newest snapshots, with `snapshot` among them. */
export function rememberSnapshot(snapshots: readonly Snapshot[], snapshot: Snapshot): readonly Snapshot[] {
  if (snapshots[0] === snapshot) return snapshots
  return [snapshot, ...snapshots.filter((other) => other !== snapshot)].slice(0, REMEMBERED)
}

/** The body of an attest by `attester` of a directory as it stands. */
export function attestOf(
  state: {
    readonly position: number
    readonly link: Uint8Array
    readonly kept: KeptRecords
    readonly snapshots: readonly Snapshot[]
  },
  attester: DeviceId,
  hash: Hash,
): Attest {
  const { position, link } = state
  return { position, link, snapshotHash: takeSnapshot(state, attester, hash).hash }
}

/** `u16 n ‖ n × (u64 position ‖ lp32 record)`. */
export function encodeSnapshot(records: readonly PlacedRecord[]): Uint8Array {
  return new Writer()
    .u16(records.length)
    .list(records, (writer, { position, record }) => writer.u64(position).lp32(record))
    .done()
}

/** @returns views of `bytes`.
 * @throws {WardlineError} ERR_MALFORMED, for positions that don't ascend too. */
export function decodeSnapshot(bytes: Uint8Array): PlacedRecord[] {
  const reader = new Reader(bytes)
  let last = 0
  const records = reader.list(reader.u16(), (r) => {
    const position = r.u64()
    if (position <= last) throw new WardlineError("ERR_MALFORMED", "a snapshot out of order")
    last = position
    return { position, record: r.lp32(MAX_FRAME_BYTES) }
  })
  reader.end()
  return records
}
