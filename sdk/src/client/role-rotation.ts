/** Roles' keys in life: renewed on schedule and when somebody leaves, given to those who join. What keepers' and
 * administrators' clients do unasked (docs/protocol.md, Rotation). */
import type { Device } from "../crypto/index.ts"
import {
  adminsOf,
  type DirectoryDevice,
  type DirectoryState,
  deviceAt,
  grantsFor,
  isAdmin,
  lackingNewestKey,
  mayHold,
  newestRoleKey,
  receiversOf,
  roleRuleAt,
  rolesOf,
  rotationDue,
} from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { equalIds, type Role } from "../ids.ts"
import { isAttestDue, mayAttest } from "./attest.ts"
import { type DirectoryAuthor, extendDirectory } from "./directory-author.ts"
import type { DirectoryTracker } from "./directory-tracker.ts"
import type { ClientContext } from "./options.ts"
import type { HeldRoleKey, RoleSeeds } from "./role-seeds.ts"

/** Makes a role's next key and grants it to its live members and to every administrator. */
export function renewRole(author: DirectoryAuthor, role: Role): HeldRoleKey {
  const key = author.addRoleKey(role)
  for (const device of receiversOf(author.state, role, author.nowMs)) author.grant(key, device)
  return key
}

/** Gives a device that has joined a role, by a record that `author` holds already, what the policy lets it read of the
 * role's past; where that is nothing, or the role is new, the role gets a new key.
 * @throws {WardlineError} ERR_FORBIDDEN if `seeds` lacks the role's newest key. */
export function welcome(author: DirectoryAuthor, seeds: RoleSeeds, id: Uint8Array, role: Role): void {
  const newest = newestRoleKey(author.state, role)
  if (newest === undefined || roleRuleAt(author.state, role).history === "none") {
    renewRole(author, role)
    return
  }
  const held = seeds.generationsOf(role)
  if (!held.some(({ generation }) => generation === newest.generation))
    throw new WardlineError("ERR_FORBIDDEN", "this administrator doesn't hold the role's newest key")
  grantHistory(author, held, id)
}

/** Grants what of `held` the policy lets the device hold, and nobody has granted it yet. */
export function grantHistory(author: DirectoryAuthor, held: readonly HeldRoleKey[], id: Uint8Array): void {
  const device = deviceOf(author.state, id)
  const had = grantsFor(author.state, id)
  for (const key of held) {
    const isGranted = had.some(({ role, generation }) => role === key.role && generation === key.generation)
    if (!isGranted && mayHold(author.state, device, key.role, key.generation)) author.grant(key, device)
  }
}

/** Mends what others have left undone in the roles that this device may rotate. */
export function mendRoles(author: DirectoryAuthor, seeds: RoleSeeds, device: Pick<Device, "id">): void {
  for (const role of keptRoles(author.state, device)) {
    const newest = newestRoleKey(author.state, role)?.generation
    const held = seeds.generationsOf(role)
    const newestHeld = held.find(({ generation }) => generation === newest)
    const lacking = lackingNewestKey(author.state, role, author.nowMs)
    const isLeftOut = lacking.some(({ id }) => equalIds(id, device.id))
    if (isLeftOut || rotationDue(author.state, role, author.nowMs) !== undefined) renewRole(author, role)
    else {
      if (newestHeld !== undefined) for (const receiver of lacking) author.grant(newestHeld, receiver)
      // One whom the root key made alone holds nothing that she could grant.
      for (const { id } of adminsOf(author.state)) grantHistory(author, held, id)
    }
  }
}

/** Does what a keeper's client owes the clinic now: rotates and grants its roles' keys where that is due, and vouches
 * for the directory. All of it is accepted together; if another keeper came first, there is nothing left to do.
 * @returns whether anything was due.
 * @throws {WardlineError} what the relay says; ERR_OFFLINE. */
export async function tendDirectory(
  context: ClientContext,
  tracker: DirectoryTracker,
  device: Device,
  seeds: RoleSeeds,
): Promise<boolean> {
  if (!mayAttest(tracker.state, device)) return false
  let isDue = false
  await extendDirectory(context, tracker, device, (author) => {
    seeds.update(author.state)
    mendRoles(author, seeds, device)
    if (author.records.length > 0 || isAttestDue(author.state, author.nowMs)) author.attest()
    isDue ||= author.records.length > 0
  })
  return isDue
}

/** An administrator may rotate every role, a keeper its own. */
function keptRoles(state: DirectoryState, { id }: Pick<Device, "id">): Role[] {
  if (isAdmin(state, id)) return [...state.roleKeys.keys()]
  return rolesOf(state, id)
    .filter(({ keeper, role }) => keeper && state.roleKeys.has(role))
    .map(({ role }) => role)
}

function deviceOf(state: DirectoryState, id: Uint8Array): DirectoryDevice {
  const device = deviceAt(state, id)
  if (device === undefined) throw new WardlineError("ERR_NOT_FOUND", "no such device")
  return device
}
