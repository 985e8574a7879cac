/** When a role needs a new key, and who still lacks the newest one (docs/protocol.md, Rotation). Pure: keepers' and
 * administrators' clients act on it unasked. */
import { equalBytes } from "../bytes.ts"
import type { Role } from "../ids.ts"
import { mayHold } from "./history-rule.ts"
import {
  adminsOf,
  archiveRoleAt,
  grantsFor,
  isLiveDevice,
  membersOf,
  newestRoleKey,
  roleRuleAt,
} from "./queries.ts"
import {
  type DirectoryDevice,
  type DirectoryRoleKey,
  type DirectoryState,
  MAX_CLOCK_AHEAD_MS,
} from "./state.ts"

const DAY_MS = 24 * 60 * 60 * 1000

/** `left`: somebody knows the newest key who isn't entitled to it any more. `joined`: somebody is entitled to a key
 * that nobody else had before them. `scheduled`: the key has been in use for long enough. */
export type RotationReason = "left" | "joined" | "scheduled"

/** Why the role should have a new key now, if it should.
 * @param nowMs - milliseconds since 1970 by this device's clock. */
export function rotationDue(state: DirectoryState, role: Role, nowMs: number): RotationReason | undefined {
  const key = newestRoleKey(state, role)
  if (key === undefined) return undefined
  for (const device of state.devices.values()) {
    const isEntitled = mayReceive(state, device, role, nowMs)
    if (!isEntitled && knows(state, device, key)) return "left"
  }
  const isLeftOut = (device: DirectoryDevice): boolean =>
    isLiveDevice(state, device.id, nowMs) &&
    !knows(state, device, key) &&
    !mayHold(state, device, role, key.generation)
  if (membersOf(state, role).some(isLeftOut)) return "joined"
  // Its key may lie in shares in several people's safes: it isn't exchanged behind their backs.
  if (role === archiveRoleAt(state)) return undefined
  const { rotationDays } = roleRuleAt(state, role)
  const isOld = rotationDays > 0 && nowMs - key.madeMs >= rotationDays * DAY_MS
  return isOld || nowMs >= key.validUntil ? "scheduled" : undefined
}

/** Who gets a role's next key: its live members, and every administrator. */
export function receiversOf(state: DirectoryState, role: Role, nowMs: number): DirectoryDevice[] {
  return [...membersOf(state, role), ...adminsOf(state)].filter((device) =>
    mayReceive(state, device, role, nowMs),
  )
}

/** The receivers to whom nobody has granted the role's newest key, though the policy lets them hold it. Those about to
 * expire aren't among them: by another keeper's clock they may have expired, and the two would take turns for ever. */
export function lackingNewestKey(state: DirectoryState, role: Role, nowMs: number): DirectoryDevice[] {
  const key = newestRoleKey(state, role)
  if (key === undefined) return []
  return receiversOf(state, role, nowMs).filter(
    (device) =>
      isLiveDevice(state, device.id, nowMs + MAX_CLOCK_AHEAD_MS) &&
      mayHold(state, device, role, key.generation) &&
      !wasGranted(state, device, key),
  )
}

function mayReceive(state: DirectoryState, device: DirectoryDevice, role: Role, nowMs: number): boolean {
  if (!isLiveDevice(state, device.id, nowMs)) return false
  return device.kind === "admin" || device.roles.some((membership) => membership.role === role)
}

/** Whoever made a key knows it, granted or not. */
function knows(state: DirectoryState, device: DirectoryDevice, key: DirectoryRoleKey): boolean {
  return equalBytes(device.id, key.issuer) || wasGranted(state, device, key)
}

function wasGranted(state: DirectoryState, { id }: DirectoryDevice, key: DirectoryRoleKey): boolean {
  return grantsFor(state, id).some(
    ({ role, generation }) => role === key.role && generation === key.generation,
  )
}
