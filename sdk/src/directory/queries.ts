/** Questions to a directory. Those with a `position` are answered as the directory stood after that record, so that
 * history is judged by its own time; without one, as it stands now.
 *
 * A directory that began from a snapshot knows nothing of the time before its `base`: there it answers that there was
 * nothing. From then on policy, consent text and role keys are all there; of the devices only those who issued them,
 * the attester, and whoever came later. */
import { equalBytes } from "../bytes.ts"
import { type DeviceId, idText, type Link, type Role } from "../ids.ts"
import type { ConsentBody, RoleRule } from "../protocol/index.ts"
import { roleRuleOf } from "./history-rule.ts"
import {
  type DirectoryConsentText,
  type DirectoryDevice,
  type DirectoryGrant,
  type DirectoryPolicy,
  type DirectoryRoleKey,
  type DirectoryState,
  generationOf,
  isExpired,
  judgedMs,
  type RoleMembership,
} from "./state.ts"

/** The link after `position` records; undefined beyond the head, and before what a snapshot told. */
export function linkAt(state: DirectoryState, position: number): Link | undefined {
  return state.links[position - state.base]
}

/** A device that was added by then, with the roles it had then; `revokedAt` is set only if it was revoked by then. */
export function deviceAt(
  state: DirectoryState,
  id: DeviceId,
  position: number = state.position,
): DirectoryDevice | undefined {
  const device = state.devices.get(idText(id))
  if (device === undefined || device.position > position || position < state.base) return undefined
  const changed = device.earlierRoles.findIndex(({ until }) => until > position)
  const wasRevoked = device.revokedAt !== undefined && device.revokedAt <= position
  if (changed === -1 && (wasRevoked || device.revokedAt === undefined)) return device
  const roles = device.earlierRoles[changed]?.roles ?? device.roles
  const earlierRoles = changed === -1 ? device.earlierRoles : device.earlierRoles.slice(0, changed)
  return { ...device, roles, earlierRoles, revokedAt: wasRevoked ? device.revokedAt : undefined }
}

/** Every device that was added by then, as {@link deviceAt} shows it, in the order of their records. */
export function devicesAt(state: DirectoryState, position: number = state.position): DirectoryDevice[] {
  return [...state.devices.values()].flatMap(({ id }) => deviceAt(state, id, position) ?? [])
}

/** A device that was added and not revoked by then. Expiry is a matter of the clock, not of the position. */
function unrevoked(state: DirectoryState, id: DeviceId, position: number): DirectoryDevice | undefined {
  const device = deviceAt(state, id, position)
  return device?.revokedAt === undefined ? device : undefined
}

/** Whether a device of either kind is neither revoked by then nor expired at `nowMs`, or at the time that was attested
 * by then if that is clearly later. */
export function isLiveDevice(
  state: DirectoryState,
  id: DeviceId,
  nowMs: number,
  position: number = state.position,
): boolean {
  const device = unrevoked(state, id, position)
  return device !== undefined && !isExpired(device, judgedMs(state, nowMs, position))
}

/** Whether a staff device (not an admin's) is neither revoked by then nor expired at `nowMs`. */
export function isLiveStaff(
  state: DirectoryState,
  id: DeviceId,
  nowMs: number,
  position: number = state.position,
): boolean {
  return isLiveDevice(state, id, nowMs, position) && deviceAt(state, id, position)?.kind === "staff"
}

/** Whether the device is an administrator's and wasn't removed by then. */
export function isAdmin(state: DirectoryState, id: DeviceId, position: number = state.position): boolean {
  return unrevoked(state, id, position)?.kind === "admin"
}

/** The roles of a device that wasn't revoked by then; none for an admin or an unknown device. */
export function rolesOf(
  state: DirectoryState,
  id: DeviceId,
  position: number = state.position,
): readonly RoleMembership[] {
  return unrevoked(state, id, position)?.roles ?? []
}

/** Whether the device is a member of the role and wasn't revoked by then. */
export function holdsRole(
  state: DirectoryState,
  id: DeviceId,
  role: Role,
  position: number = state.position,
): boolean {
  return rolesOf(state, id, position).some((membership) => membership.role === role)
}

/** Whether the device keeps the role (may rotate and grant it) and wasn't revoked by then. */
export function isKeeper(
  state: DirectoryState,
  id: DeviceId,
  role: Role,
  position: number = state.position,
): boolean {
  return rolesOf(state, id, position).some((membership) => membership.role === role && membership.keeper)
}

/** The role's staff devices that were not revoked by then, expired ones included, in the order of their records. */
export function membersOf(
  state: DirectoryState,
  role: Role,
  position: number = state.position,
): DirectoryDevice[] {
  return devicesAt(state, position).filter(({ id }) => holdsRole(state, id, role, position))
}

/** The administrators that were not removed by then. */
export function adminsOf(state: DirectoryState, position: number = state.position): DirectoryDevice[] {
  return devicesAt(state, position).filter(({ id }) => isAdmin(state, id, position))
}

/** The role's newest generation by then; undefined if it had none. */
export function newestRoleKey(
  state: DirectoryState,
  role: Role,
  position: number = state.position,
): DirectoryRoleKey | undefined {
  if (position < state.base) return undefined
  return state.roleKeys.get(role)?.findLast((key) => key.position <= position)
}

/** One generation of a role's key. */
export function roleKeyOf(
  state: DirectoryState,
  role: Role,
  generation: number,
): DirectoryRoleKey | undefined {
  return generationOf(state.roleKeys.get(role), generation)
}

/** The role seeds that were wrapped to a device, oldest first. */
export function grantsFor(state: DirectoryState, id: DeviceId): readonly DirectoryGrant[] {
  return state.grants.get(idText(id)) ?? []
}

/** The policy in force then. */
export function policyAt(
  state: DirectoryState,
  position: number = state.position,
): DirectoryPolicy | undefined {
  if (position < state.base) return undefined
  return state.policies.findLast((policy) => policy.position <= position)
}

/** What the policy in force then said of a role; the default if it said nothing. */
export function roleRuleAt(state: DirectoryState, role: Role, position: number = state.position): RoleRule {
  const policy = policyAt(state, position)
  return roleRuleOf({ policies: policy === undefined ? [] : [policy] }, role)
}

/** The role that closed conversations were archived to then, if there was one. */
export function archiveRoleAt(state: DirectoryState, position: number = state.position): Role | undefined {
  return policyAt(state, position)?.archiveRole
}

/** The clinic's consent text then. */
export function consentTextAt(
  state: DirectoryState,
  position: number = state.position,
): DirectoryConsentText | undefined {
  if (position < state.base) return undefined
  return state.consentTexts.findLast((text) => text.position <= position)
}

/** Whether a consent is to the text that was current then: its id, version, language and words. */
export function isConsentToCurrentText(
  state: DirectoryState,
  consent: Pick<ConsentBody, "consentId" | "version" | "language" | "textHash">,
  position: number = state.position,
): boolean {
  const current = consentTextAt(state, position)
  if (current?.id !== consent.consentId || current.version !== consent.version) return false
  const text = current.texts.find(({ language }) => language === consent.language)
  return text !== undefined && equalBytes(text.hash, consent.textHash)
}
