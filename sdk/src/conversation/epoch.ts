/** Epoch secrets: made, wrapped to the members, unwrapped and checked (docs/protocol.md, Epoch). */
import { compareBytes, concat, equalBytes, Writer } from "../bytes.ts"
import { derive, hpkeOpen, hpkeSeal, sha256 } from "../crypto/index.ts"
import { type DirectoryState, newestRoleKey } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { type ConversationId, encodeRole, type RecordHash, type Role } from "../ids.ts"
import {
  type DeviceKeys,
  type DirectoryReference,
  decodeWraps,
  type EpochBody,
  encodeEpochHead,
  type Slot,
  SUITE_WL1,
  slotKey,
  wrapInfo,
} from "../protocol/index.ts"
import { maskSecret, type ShredKey } from "./shred.ts"

/** 32 bytes: ek, from which message keys come. */
export type EpochKey = Uint8Array
export type Member = Slot & { publicKey: Uint8Array }

/** The private keys by which a device may hold a slot. Seeds are 32 bytes. */
export interface SlotKeys {
  /** The device's own slot, for a patient. */
  device?: { id: Uint8Array; seed: Uint8Array }
  /** A role's seed of one generation, where this device was granted it. */
  roleSeed(role: string, generation: number): Uint8Array | undefined
  /** The conversation's, where the relay serves it to this device; without it nothing can be opened. */
  shredKey?: ShredKey | undefined
}

/** An epoch's secrets: the key of its messages, and the masked secret that is wrapped for others. */
export interface EpochSecrets {
  key: EpochKey
  masked: Uint8Array
}

const EMPTY = new Uint8Array(0)

/** The members that an epoch must have: the patient's devices, and each role by its newest generation at
 * the directory's `position`.
 * @throws {WardlineError} ERR_NOT_FOUND when a role has no key there. */
export function membersAt(
  directory: DirectoryState,
  position: number,
  devices: readonly { id: Uint8Array; keys: DeviceKeys }[],
  roles: readonly Role[],
): Member[] {
  const members: Member[] = devices.map(({ id, keys }) => ({
    kind: "device",
    id,
    generation: 0,
    keyHash: sha256(keys.wrapping),
    publicKey: keys.wrapping,
  }))
  for (const role of roles) members.push(roleMember(directory, position, role))
  return members.sort((a, b) => compareBytes(slotKey(a), slotKey(b)))
}

/** A role by its newest generation at the directory's `position`.
 * @throws {WardlineError} ERR_NOT_FOUND when it has no key there. */
export function roleMember(directory: DirectoryState, position: number, role: Role): Member {
  const key = newestRoleKey(directory, role, position)
  if (!key) throw new WardlineError("ERR_NOT_FOUND", "a role of this conversation has no key")
  const { generation, publicKey, publicKeyHash } = key
  return { kind: "role", id: encodeRole(role), generation, keyHash: publicKeyHash, publicKey }
}

/** The same member by the same key. */
export function isSameSlot(a: Slot, b: Slot): boolean {
  return (
    a.kind === b.kind &&
    equalBytes(a.id, b.id) &&
    a.generation === b.generation &&
    equalBytes(a.keyHash, b.keyHash)
  )
}

/** Nobody extra, nobody missing, each by the same key. */
export function isSameMembers(slots: readonly Slot[], members: readonly Slot[]): boolean {
  return slots.length === members.length && slots.every((slot, i) => isSameSlot(slot, members[i] as Slot))
}

/** Makes an epoch.
 * @param secret - 32 fresh random bytes: es.
 * @param seeds - 64 fresh random bytes for each member's encapsulation.
 * @returns E and the wraps, the record's detached part. */
export function createEpoch(options: {
  conversation: ConversationId
  number: number
  parent: RecordHash
  directory: DirectoryReference
  members: readonly Member[]
  secret: Uint8Array
  shredKey: ShredKey
  seeds: readonly Uint8Array[]
}): { head: Uint8Array; wraps: Uint8Array } {
  const { conversation, number, parent, directory, members, secret, shredKey, seeds } = options
  const commitment = commit(secret, conversation, number)
  const head = encodeEpochHead({ suite: SUITE_WL1, number, parent, directory, commitment, slots: members })
  const headHash = sha256(head)
  const masked = maskSecret(shredKey, headHash, secret)
  const wraps = members.map((member, i) =>
    hpkeSeal(member.publicKey, wrapInfo(headHash, i), EMPTY, masked, { seed: seeds[i] as Uint8Array }),
  )
  return { head, wraps: concat(...wraps) }
}

/** Unwraps an epoch's secret with the first slot that `keys` can open and checks the commitment.
 * @param detached - the record's wraps, if they came with it.
 * @returns undefined when no slot is ours, or the wraps or the shred key are gone.
 * @throws {WardlineError} ERR_OPEN_FAILED whatever is wrong with our own wrap. */
export function openEpoch(
  body: EpochBody,
  detached: Uint8Array | undefined,
  conversation: ConversationId,
  keys: SlotKeys,
): EpochSecrets | undefined {
  if (detached === undefined) return undefined
  const headHash = sha256(body.head)
  const wraps = decodeWraps(detached, body.slots.length)
  for (const [i, slot] of body.slots.entries()) {
    const seed = seedFor(slot, keys)
    if (!seed) continue
    const masked = hpkeOpen(seed, wrapInfo(headHash, i), EMPTY, wraps[i] as Uint8Array)
    return keys.shredKey && unmaskEpoch({ ...body, headHash }, conversation, masked, keys.shredKey)
  }
  return undefined
}

/** Takes the mask off an epoch secret, wherever it was wrapped, and checks the commitment.
 * @throws {WardlineError} ERR_OPEN_FAILED when it isn't this epoch's. */
export function unmaskEpoch(
  epoch: { number: number; headHash: Uint8Array; commitment: Uint8Array },
  conversation: ConversationId,
  masked: Uint8Array,
  shredKey: ShredKey,
): EpochSecrets {
  const secret = maskSecret(shredKey, epoch.headHash, masked)
  if (!equalBytes(commit(secret, conversation, epoch.number), epoch.commitment)) throw failed()
  return { key: derive(secret, "epoch", epoch.headHash, 32), masked }
}

/** Whether `keys` may open one of the slots. */
export function holdsSlot(slots: readonly Slot[], keys: SlotKeys): boolean {
  return slots.some((slot) => seedFor(slot, keys) !== undefined)
}

/** The 32-byte seed that opens what is wrapped to a slot, if it is ours. */
export function seedFor(slot: Slot, keys: SlotKeys): Uint8Array | undefined {
  if (slot.kind === "role") return keys.roleSeed(new TextDecoder().decode(slot.id), slot.generation)
  return keys.device && equalBytes(keys.device.id, slot.id) ? keys.device.seed : undefined
}

/** Binds es to conversation and number: two members can't be given two secrets, nor a secret be moved. */
function commit(secret: Uint8Array, conversation: ConversationId, number: number): Uint8Array {
  return derive(secret, "commit", concat(conversation, new Writer().u32(number).done()), 32)
}

function failed(): WardlineError {
  return new WardlineError("ERR_OPEN_FAILED", "the epoch could not be opened")
}
