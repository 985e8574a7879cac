/** When a role needs a new key, and who still lacks the newest one (docs/protocol.md, Rotation). Pure: keepers' and
 * administrators' clients act on it unasked, every few seconds, so it goes through the devices once and by their keys
 * in the state. */
import { equalBytes } from "../bytes.ts"
import type { Role } from "../ids.ts"
import { mayHold } from "./history-rule.ts"
import { archiveRoleAt, newestRoleKey, roleRuleAt } from "./queries.ts"
import {
  type DirectoryDevice,
  type DirectoryRoleKey,
  type DirectoryState,
  isExpired,
  judgedMs,
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
  const ms = judgedMs(state, nowMs, state.position)
  let hasJoined = false
  for (const [id, device] of state.devices) {
    const isEntitled = mayReceive(device, role, ms)
    const isKnown = equalBytes(device.id, key.issuer) || wasGranted(state, id, key)
    if (isKnown && !isEntitled) return "left"
    if (isEntitled && !isKnown && !mayHold(state, device, role, key.generation)) hasJoined = true
  }
  if (hasJoined) return "joined"
  // Its key may lie in shares in several people's safes: it isn't exchanged behind their backs.
  if (role === archiveRoleAt(state)) return undefined
  const { rotationDays } = roleRuleAt(state, role)
  const isOld = rotationDays > 0 && nowMs - key.madeMs >= rotationDays * DAY_MS
  return isOld || nowMs >= key.validUntil ? "scheduled" : undefined
}

/** Who gets a role's next key: its live members, and every administrator. */
export function receiversOf(state: DirectoryState, role: Role, nowMs: number): DirectoryDevice[] {
  const ms = judgedMs(state, nowMs, state.position)
  return [...state.devices.values()].filter((device) => mayReceive(device, role, ms))
}

/** The receivers to whom nobody has granted the role's newest key, though the policy lets them hold it. Those about to
 * expire aren't among them: by another keeper's clock they may have expired, and the two would take turns for ever. */
export function lackingNewestKey(state: DirectoryState, role: Role, nowMs: number): DirectoryDevice[] {
  const key = newestRoleKey(state, role)
  if (key === undefined) return []
  const ms = judgedMs(state, nowMs, state.position) + MAX_CLOCK_AHEAD_MS
  return [...state.devices].flatMap(([id, device]) => {
    const isLacking = mayReceive(device, role, ms) && !wasGranted(state, id, key)
    return isLacking && mayHold(state, device, role, key.generation) ? [device] : []
  })
}

/** @param ms - milliseconds since 1970, judged by the newest attest too. */
function mayReceive(device: DirectoryDevice, role: Role, ms: number): boolean {
  if (device.revokedAt !== undefined || isExpired(device, ms)) return false
  return device.kind === "admin" || device.roles.some((membership) => membership.role === role)
}

/** @param id - the device's, in hexadecimal. */
function wasGranted(state: DirectoryState, id: string, key: DirectoryRoleKey): boolean {
  const grants = state.grants.get(id) ?? []
  return grants.some(({ role, generation }) => role === key.role && generation === key.generation)
}
