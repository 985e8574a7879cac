/** The gates of records that carry epoch secrets: epoch, grant and archive (docs/protocol.md, Epoch and Grant). What is
 * in the wraps the relay can't see; to whom they are it can. Pure. */
import { archiveRoleAt, newestRoleKey } from "@wardline/sdk/directory"
import {
  compareBytes,
  decodeEpoch,
  decodeGrant,
  decodeRole,
  decodeWraps,
  encodeRole,
  equalBytes,
  GRANT_OVERHEAD_BYTES,
  type GrantBody,
  HASH_BYTES,
  isAllZero,
  type Role,
  type Slot,
  slotKey,
  WardlineError,
  type WireRecord,
} from "@wardline/sdk/protocol"
import type { Clinic } from "../clinic.ts"
import type { Conversation } from "../conversation.ts"
import { keyOf } from "../hashing.ts"
import type { RoleKeyUse } from "../store/store.ts"
import { checkAccess, isVaultRole } from "./authority.ts"
import {
  type ControlChange,
  checkReference,
  checkStaff,
  conflict,
  forbidden,
  type Judged,
} from "./judging.ts"
import { closed } from "./message.ts"

export function judgeEpoch({ conversation, record, actor, nowMs }: Judged): ControlChange {
  const access = checkAccess(conversation, actor, nowMs)
  const body = decodeEpoch(record.body)
  checkReference(actor, body.directory)
  const isFirst = isAllZero(body.parent)
  const parent = isFirst ? 0 : (conversation.controls.get(keyOf(body.parent))?.epoch ?? 0)
  // An epoch's number is at least 1, so 0 is another record, or none.
  if (!isFirst && parent === 0) throw conflict("the epoch's parent isn't an epoch of this conversation")
  if (isFirst && conversation.epochs.length > 0)
    throw conflict("the conversation has its first epoch already")
  if (body.number !== parent + 1) throw conflict("the epoch's number isn't its parent's next")
  checkSlots(conversation, body.slots, actor.clinic)
  decodeWraps(record.detached, body.slots.length)
  return { kind: "epoch", number: body.number, slots: roleKeysOf(body.slots), access }
}

/** Nobody extra, nobody missing, each by the newest key that the relay knows: an older directory may still name the key
 * of somebody who was revoked since, and an older head somebody who has left the conversation. */
function checkSlots(conversation: Conversation, slots: readonly Slot[], clinic: Clinic): void {
  const members = membersOf(conversation, clinic)
  const isSameList =
    members.length === slots.length &&
    members.every((member, i) => equalBytes(slotKey(member), slotKey(slots[i] as Slot)))
  if (!isSameList) throw conflict("the epoch's slots aren't the conversation's members")
  for (const [i, member] of members.entries())
    if (!isSameKey(member, slots[i] as Slot))
      throw conflict("an epoch's slot isn't by the member's newest key")
}

function isSameKey(a: Slot, b: Slot): boolean {
  return a.generation === b.generation && equalBytes(a.keyHash, b.keyHash)
}

/** The patient's devices and the roles, as an epoch's slots name them, in their order. */
function membersOf(conversation: Conversation, clinic: Clinic): Slot[] {
  const members: Slot[] = []
  for (const { key, wrappingHash, isRemoved } of conversation.patients.values()) {
    const id = Buffer.from(key, "latin1")
    if (!isRemoved) members.push({ kind: "device", id, generation: 0, keyHash: wrappingHash })
  }
  for (const role of conversation.roles) members.push(roleSlot(clinic, role))
  return members.sort((a, b) => compareBytes(slotKey(a), slotKey(b)))
}

/** A role by its newest key. */
function roleSlot(clinic: Clinic, role: Role): Slot {
  const key = newestRoleKey(clinic.directory, role)
  if (key === undefined) throw conflict("a role has no key")
  return { kind: "role", id: encodeRole(role), generation: key.generation, keyHash: key.publicKeyHash }
}

/** The role keys among slots. */
export function roleKeysOf(slots: readonly Slot[]): RoleKeyUse[] {
  const roles = slots.filter(({ kind }) => kind === "role")
  return roles.map(({ id, generation }) => ({ role: decodeRole(id), generation }))
}

/** Past epochs for a member, by a participant; out of the vault by its keepers. */
export function judgeGrant(judged: Judged): ControlChange {
  const { conversation, record, actor, nowMs } = judged
  const access = checkAccess(conversation, actor, nowMs)
  const body = decodeGrant(record.body)
  checkReference(actor, body.directory)
  const members = membersOf(conversation, actor.clinic)
  const member = members.find((slot) => equalBytes(slotKey(slot), slotKey(body.slot)))
  if (member === undefined) throw conflict("a grant to no member")
  if (!isSameKey(member, body.slot)) throw conflict("a grant by a key that isn't the member's newest")
  const isFromVault = access !== undefined && isVaultRole(conversation, access.role)
  const isToPatient = body.slot.kind === "device"
  if (conversation.isClosed && !isFromVault && !isToPatient) throw closed()
  checkEpochs(conversation, body)
  checkWrap(body, record)
  return { kind: "grant", slots: roleKeysOf([body.slot]), access }
}

/** Everything to the vault. */
export function judgeArchive(judged: Judged): ControlChange {
  const { conversation, record, actor } = judged
  const access = checkStaff(judged, "staff archive a conversation")
  const body = decodeGrant(record.body)
  checkReference(actor, body.directory)
  const role = archiveRoleAt(actor.clinic.directory)
  if (role === undefined) throw forbidden("the clinic has no archive role")
  const vault = roleSlot(actor.clinic, role)
  if (!equalBytes(slotKey(vault), slotKey(body.slot)))
    throw forbidden("an archive to another than the archive role")
  if (!isSameKey(vault, body.slot)) throw conflict("an archive by a key that isn't the role's newest")
  checkEpochs(conversation, body)
  checkWrap(body, record)
  return {
    kind: "archive",
    slots: roleKeysOf([body.slot]),
    epochs: body.epochs.map((hash) => keyOf(hash)),
    access,
  }
}

/** Epochs of this conversation in the order of their positions, each once. */
function checkEpochs(conversation: Conversation, body: GrantBody): void {
  let last = 0
  for (const hash of body.epochs) {
    const control = conversation.controls.get(keyOf(hash))
    if (control === undefined || control.epoch === 0) throw conflict("a grant of an unknown epoch")
    if (control.position <= last) throw conflict("the granted epochs aren't in order")
    last = control.position
  }
}

/** A secret for each epoch, as far as its length can tell. */
function checkWrap(body: GrantBody, record: WireRecord): void {
  if (record.detached.length !== GRANT_OVERHEAD_BYTES + HASH_BYTES * body.epochs.length)
    throw new WardlineError("ERR_MALFORMED", "not a secret for each epoch")
}
