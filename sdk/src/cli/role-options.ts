/** Roles as they are typed: `--role nursing:keeper`. */
import type { DirectoryState } from "../directory/index.ts"
import { isSlug } from "../ids.ts"
import { type Input, usage } from "./arguments.ts"
import type { OptionSpec } from "./command.ts"
import { inline } from "./output.ts"
import { closest } from "./suggest.ts"

export interface WantedRole {
  readonly role: string
  readonly keeper: boolean
}

export const ROLE_OPTION: OptionSpec = {
  value: "ROLE",
  multiple: true,
  help: "a role such as nursing. ROLE:keeper may also renew the role's key and vouch for\nthe directory; each role needs a keeper or two",
}

/** @throws {WardlineError} ERR_CONFIG for none, for one twice, or for what can't be a role's name. */
export function wantedRoles(input: Input): WantedRole[] {
  const roles = input.list("role").map((text) => {
    const [role = "", mark, ...rest] = text.split(":")
    if (!isSlug(role) || rest.length > 0 || (mark !== undefined && mark !== "keeper"))
      throw usage(
        `"${inline(text)}" is no role: write ROLE or ROLE:keeper, such as nursing or nursing:keeper`,
      )
    return { role, keeper: mark === "keeper" }
  })
  if (roles.length === 0) throw usage("--role is missing: what may this person read and answer?")
  if (new Set(roles.map(({ role }) => role)).size !== roles.length) throw usage("a role was given twice")
  return roles
}

/** A slip in a role's name would make a new, empty role and lock this person out of the real one.
 * @throws {WardlineError} ERR_CONFIG */
export function checkRolesExist(
  roles: readonly { readonly role: string }[],
  directory: DirectoryState,
): void {
  const known = [...directory.roleKeys.keys()]
  for (const { role } of roles) {
    if (directory.roleKeys.has(role)) continue
    const near = closest(role, known)
    const meant = near === undefined ? "" : `; did you mean ${near}?`
    throw usage(`there is no role ${role}${meant} Roles: ${known.join(", ")}`)
  }
}

export const roleText = ({ role, keeper }: WantedRole): string => (keeper ? `${role} (keeper)` : role)
