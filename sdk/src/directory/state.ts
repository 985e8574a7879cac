/** What a clinic's directory says after some number of records (docs/protocol.md, Directory). */

import { toHex } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import type { WrappingPublicKey } from "../ids.ts"
import { type ClinicId, type DeviceId, idText, type Link, type Role, type SigningPublicKey } from "../ids.ts"
import {
  clinicIdOf,
  type DeviceKeys,
  type Hash,
  isAcceptableSigningKey,
  type Membership,
  type Policy,
  type Recovery,
  startLink,
} from "../protocol/index.ts"
import { copyKept, type KeptDraft, type KeptRecords, keepNothing, type Snapshot } from "./snapshot.ts"

/** How far ahead a device's clock may be: a wrong date, and a time zone beside it. */
export const MAX_CLOCK_AHEAD_MS: number = 25 * 60 * 60 * 1000

export interface RoleMembership extends Membership {
  /** The position of the record by which the device joined the role; one that left and came back has joined anew. */
  readonly joined: number
}

/** What a device's roles were until the record at a position changed them. */
export interface EarlierRoles {
  readonly until: number
  readonly roles: readonly RoleMembership[]
}

/** An admin's or a staff device. One that was revoked stays on record. */
export interface DirectoryDevice {
  readonly id: DeviceId
  readonly kind: "admin" | "staff"
  readonly keys: Readonly<DeviceKeys>
  readonly name: string
  /** None for an admin: an admin is trusted with every role's key, but is no member. */
  readonly roles: readonly RoleMembership[]
  /** What `roles` was before, oldest first; empty if they never changed. */
  readonly earlierRoles: readonly EarlierRoles[]
  /** Milliseconds since 1970; 0 = never. */
  readonly expires: number
  /** The position of the record that added it. */
  readonly position: number
  /** The position of the record that removed or revoked it. */
  readonly revokedAt: number | undefined
}

/** One generation of a role's key. */
export interface DirectoryRoleKey {
  readonly role: Role
  /** From 1. */
  readonly generation: number
  readonly publicKey: WrappingPublicKey
  /** SHA-256 of publicKey, as slots name it. */
  readonly publicKeyHash: Uint8Array
  /** Milliseconds since 1970. */
  readonly validFrom: number
  readonly validUntil: number
  /** Who made it, and so knows its seed. */
  readonly issuer: DeviceId
  /** When, milliseconds since 1970: by the issuer's clock, but not before what others had attested by then. */
  readonly madeMs: number
  readonly position: number
}

/** A generation's seed, wrapped to one device. */
export interface DirectoryGrant {
  readonly role: Role
  readonly generation: number
  readonly issuer: DeviceId
  /** 1168 bytes; undefined where the relay left it out, as it does with those for other devices. */
  readonly wrap: Uint8Array | undefined
  readonly position: number
}

export interface DirectoryConsentText {
  readonly id: string
  readonly version: number
  /** In order; the first is the default. `hash` is SHA-256 of the text, as a consent record names it. */
  readonly texts: readonly {
    readonly language: string
    readonly text: string
    readonly hash: Uint8Array
  }[]
  readonly position: number
}

export interface DirectoryPolicy extends Readonly<Policy> {
  readonly position: number
}

/** That a split key was put together: by whom, why, and when by that device's clock, milliseconds since 1970. */
export interface DirectoryRecovery extends Readonly<Recovery> {
  readonly issuer: DeviceId
  readonly issued: number
  readonly position: number
}

/** An attest's position, and its time by the attester's clock in milliseconds since 1970. */
interface AttestedTime {
  readonly position: number
  readonly issued: number
}

/** Immutable: applying records makes a new one. */
export interface DirectoryState {
  readonly clinicId: ClinicId
  readonly rootKey: SigningPublicKey
  /** How many records it holds. */
  readonly position: number
  /** The link at `position`: the head. */
  readonly link: Link
  /** 0 for a directory replayed whole. One that began from a snapshot knows no history before this position, and of
   * what stood there only what the snapshot told. */
  readonly base: number
  /** Every link from `base` on: the first is that of position `base`, link₀ in a whole directory. */
  readonly links: readonly Link[]
  /** Oldest first; the last is in force. */
  readonly policies: readonly DirectoryPolicy[]
  readonly policy: DirectoryPolicy | undefined
  /** Oldest first; the last is the clinic's current consent text. */
  readonly consentTexts: readonly DirectoryConsentText[]
  readonly consentText: DirectoryConsentText | undefined
  /** By id in hexadecimal, revoked devices too. */
  readonly devices: ReadonlyMap<string, DirectoryDevice>
  /** By role, consecutive; the first is generation 1, or the one that a snapshot told. */
  readonly roleKeys: ReadonlyMap<Role, readonly DirectoryRoleKey[]>
  /** By the receiving device's id in hexadecimal, oldest first. */
  readonly grants: ReadonlyMap<string, readonly DirectoryGrant[]>
  /** The newest attest: by whom, and when by that device's clock, in milliseconds since 1970. */
  readonly attested:
    | {
        readonly position: number
        readonly issuer: DeviceId
        readonly issued: number
        /** The record, and the snapshot that it commits to. */
        readonly record: Uint8Array
        readonly snapshot: Uint8Array
      }
    | undefined
  /** Every attest, oldest first: what time it was by then. */
  readonly attests: readonly AttestedTime[]
  /** What snapshots are made of. */
  readonly kept: KeptRecords
  /** Those that were attested lately, newest first. */
  readonly snapshots: readonly Snapshot[]
  /** Every public key that was ever registered, hashed. */
  readonly keyHashes: ReadonlySet<string>
  /** Oldest first. */
  readonly recoveries: readonly DirectoryRecovery[]
}

/** A state that its owner may still change: it hasn't been handed out yet. */
export interface Draft extends Omit<DirectoryState, "policy" | "consentText" | "link"> {
  position: number
  base: number
  links: Link[]
  policies: DirectoryPolicy[]
  consentTexts: DirectoryConsentText[]
  devices: Map<string, DirectoryDevice>
  roleKeys: Map<Role, DirectoryRoleKey[]>
  grants: Map<string, DirectoryGrant[]>
  attested: DirectoryState["attested"]
  attests: AttestedTime[]
  readonly kept: KeptDraft
  snapshots: readonly Snapshot[]
  keyHashes: Set<string>
  recoveries: DirectoryRecovery[]
}

/** The directory before its first record.
 * @param rootKey - the clinic's pinned 32-byte Ed25519 key: the only thing that is believed without a signature.
 * @throws {WardlineError} ERR_CLINIC_KEY if that is no usable key. */
export function createDirectory(rootKey: SigningPublicKey, hash: Hash): DirectoryState {
  if (!isAcceptableSigningKey(rootKey)) throw new WardlineError("ERR_CLINIC_KEY", "not a usable clinic key")
  const clinicId = clinicIdOf(hash, rootKey)
  const link = startLink(hash, clinicId)
  return {
    clinicId,
    rootKey: rootKey.slice(),
    position: 0,
    base: 0,
    link,
    links: [link],
    policies: [],
    policy: undefined,
    consentTexts: [],
    consentText: undefined,
    devices: new Map(),
    roleKeys: new Map(),
    grants: new Map(),
    attested: undefined,
    attests: [],
    kept: keepNothing(),
    snapshots: [],
    // The root key is no device's: what it signs is never a device's word.
    keyHashes: new Set([toHex(hash(rootKey))]),
    recoveries: [],
  }
}

/** A copy to work on; its cost is that of the state's size, once for any number of records. */
export function draftOf(state: DirectoryState): Draft {
  return {
    clinicId: state.clinicId,
    rootKey: state.rootKey,
    position: state.position,
    base: state.base,
    links: [...state.links],
    policies: [...state.policies],
    consentTexts: [...state.consentTexts],
    devices: new Map(state.devices),
    roleKeys: copyLists(state.roleKeys),
    grants: copyLists(state.grants),
    attested: state.attested,
    attests: [...state.attests],
    kept: copyKept(state.kept),
    snapshots: state.snapshots,
    keyHashes: new Set(state.keyHashes),
    recoveries: [...state.recoveries],
  }
}

/** Hands a draft out; it must not be changed afterwards. */
export function finishDraft(draft: Draft): DirectoryState {
  return {
    ...draft,
    link: headOf(draft),
    policy: draft.policies.at(-1),
    consentText: draft.consentTexts.at(-1),
  }
}

/** The link at the draft's position. */
export function headOf(draft: Draft): Link {
  return draft.links[draft.position - draft.base] as Link
}

/** A device of the draft, revoked or not. */
export function draftDevice(draft: Draft, id: DeviceId): DirectoryDevice | undefined {
  return draft.devices.get(idText(id))
}

/** One generation of a role's keys.
 * @param generations - all that are known of one role, as a state holds them. */
export function generationOf(
  generations: readonly DirectoryRoleKey[] | undefined,
  generation: number,
): DirectoryRoleKey | undefined {
  return generations?.[generation - (generations[0]?.generation ?? 1)]
}

/** Whether a device has expired at `ms`, milliseconds since 1970. */
export function isExpired(device: DirectoryDevice, ms: number): boolean {
  return device.expires !== 0 && ms >= device.expires
}

/** The time at which something is judged that claims to be of `ms`: an attest has said how late it was by `position`,
 * give or take a wrong clock, and nobody can be of before. Whoever has expired would only have to lie about the date.
 * @param state - a draft or a state; `position` is at most its own. */
export function judgedMs(state: Pick<DirectoryState, "attests">, ms: number, position: number): number {
  const attest = state.attests.findLast((item) => item.position <= position)
  return attest === undefined ? ms : Math.max(ms, attest.issued - MAX_CLOCK_AHEAD_MS)
}

function copyLists<K, V>(lists: ReadonlyMap<K, readonly V[]>): Map<K, V[]> {
  const copy = new Map<K, V[]>()
  for (const [key, list] of lists) copy.set(key, [...list])
  return copy
}
