/** Epoch secrets: made, wrapped to the members, unwrapped and checked (docs/protocol.md, Epoch). */
import { compareBytes, concat, equalBytes, Writer } from "../bytes.ts"
import { derive, hpkeOpen, hpkeSeal, sha256 } from "../crypto/index.ts"
import { type DirectoryState, newestRoleKey } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { type ConversationId, encodeRole, type RecordHash, type Role } from "../ids.ts"
import {
  type DeviceKeys,
  type DirectoryReference,
  type EpochBody,
  encodeEpoch,
  encodeEpochHead,
  type Slot,
  SUITE_WL1,
  slotKey,
  wrapInfo,
} from "../protocol/index.ts"

/** 32 bytes: ek, from which message keys come. */
export type EpochKey = Uint8Array
export type Member = Slot & { publicKey: Uint8Array }

/** The private keys by which a device may hold a slot. Seeds are 32 bytes. */
export interface SlotKeys {
  /** The device's own slot, for a patient. */
  device?: { id: Uint8Array; seed: Uint8Array }
  /** A role's seed of one generation, where this device was granted it. */
  roleSeed(role: string, generation: number): Uint8Array | undefined
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
  for (const role of roles) {
    const key = newestRoleKey(directory, role, position)
    if (!key) throw new WardlineError("ERR_NOT_FOUND", "a role of this conversation has no key")
    const { generation, publicKey, publicKeyHash } = key
    members.push({ kind: "role", id: encodeRole(role), generation, keyHash: publicKeyHash, publicKey })
  }
  return members.sort((a, b) => compareBytes(slotKey(a), slotKey(b)))
}

/** Nobody extra, nobody missing, each by the same key. */
export function isSameMembers(slots: readonly Slot[], members: readonly Slot[]): boolean {
  return (
    slots.length === members.length &&
    slots.every((slot, i) => {
      const member = members[i] as Slot
      return (
        slot.kind === member.kind &&
        equalBytes(slot.id, member.id) &&
        slot.generation === member.generation &&
        equalBytes(slot.keyHash, member.keyHash)
      )
    })
  )
}

/** Makes an epoch's body.
 * @param secret - 32 fresh random bytes: es.
 * @param seeds - 64 fresh random bytes for each member's encapsulation. */
export function createEpoch(options: {
  conversation: ConversationId
  number: number
  parent: RecordHash
  directory: DirectoryReference
  members: readonly Member[]
  secret: Uint8Array
  seeds: readonly Uint8Array[]
}): Uint8Array {
  const { conversation, number, parent, directory, members, secret } = options
  const commitment = commit(secret, conversation, number)
  const head = encodeEpochHead({ suite: SUITE_WL1, number, parent, directory, commitment, slots: members })
  const headHash = sha256(head)
  const wraps = members.map((member, i) =>
    hpkeSeal(member.publicKey, wrapInfo(headHash, i), EMPTY, secret, {
      seed: options.seeds[i] as Uint8Array,
    }),
  )
  return encodeEpoch(head, wraps)
}

/** Unwraps an epoch's secret with the first slot that `keys` can open and checks the commitment.
 * @returns ek.
 * @throws {WardlineError} ERR_OPEN_FAILED when no slot is ours, or whatever is wrong. */
export function openEpoch(body: EpochBody, conversation: ConversationId, keys: SlotKeys): EpochKey {
  const headHash = sha256(body.head)
  for (const [i, slot] of body.slots.entries()) {
    const seed = seedFor(slot, keys)
    if (!seed) continue
    const secret = hpkeOpen(seed, wrapInfo(headHash, i), EMPTY, body.wraps[i] as Uint8Array)
    if (!equalBytes(commit(secret, conversation, body.number), body.commitment)) throw failed()
    return derive(secret, "epoch", headHash, 32)
  }
  throw failed()
}

/** Whether `keys` may open one of the slots. */
export function holdsSlot(slots: readonly Slot[], keys: SlotKeys): boolean {
  return slots.some((slot) => seedFor(slot, keys) !== undefined)
}

function seedFor(slot: Slot, keys: SlotKeys): Uint8Array | undefined {
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
