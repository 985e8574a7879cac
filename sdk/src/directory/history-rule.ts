/** How far back a device that joins a role may read: what the policy in force says of the role's earlier keys
 * (docs/protocol.md, Directory). Pure. */
import type { Role } from "../ids.ts"
import type { RoleRule } from "../protocol/index.ts"
import { type DirectoryDevice, type DirectoryState, generationOf } from "./state.ts"

/** The rule of a role that the policy says nothing of: everything may be read, nobody is brought in. */
export function defaultRoleRule(role: Role): RoleRule {
  return { role, history: "all", sinceMs: 0, rotationDays: 0, mayChangeMembers: false }
}

/** What the newest policy says of a role.
 * @param state - a draft or a state. */
export function roleRuleOf(state: Pick<DirectoryState, "policies">, role: Role): RoleRule {
  const rules = state.policies.at(-1)?.roleRules
  return rules?.find((rule) => rule.role === role) ?? defaultRoleRule(role)
}

/** Whether the policy in force lets a device of the role hold one generation's seed. What was made while it was a
 * member it may hold in any case; an administrator may hold all, to be able to grant them.
 * @param state - a draft or a state.
 * @param device - a member of the role, or an administrator. */
export function mayHold(
  state: Pick<DirectoryState, "policies" | "roleKeys">,
  device: Pick<DirectoryDevice, "kind" | "roles">,
  role: Role,
  generation: number,
): boolean {
  if (device.kind === "admin") return true
  const joined = device.roles.find((membership) => membership.role === role)?.joined
  const generations = state.roleKeys.get(role)
  const key = generationOf(generations, generation)
  if (joined === undefined || key === undefined) return false
  if (key.position > joined) return true
  const { history, sinceMs } = roleRuleOf(state, role)
  switch (history) {
    case "all":
      return true
    case "none":
      return false
    case "since": {
      const next = generationOf(generations, generation + 1)
      return next === undefined || next.madeMs >= sinceMs
    }
  }
}
