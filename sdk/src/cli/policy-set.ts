import { resolve } from "node:path"
import { type ClinicPolicy, type ClinicRoleRule, DEFAULT_ROLE_RULE } from "../client/clinic-policy.ts"
import { newestRoleKey } from "../directory/index.ts"
import { isSlug } from "../ids.ts"
import { asAdmin } from "./admin-session.ts"
import { type Input, usage } from "./arguments.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { inline } from "./output.ts"
import { DAY_SECONDS, HISTORY_WORDS, historyOf, policyFileOf, readPolicyFile } from "./policy-file.ts"
import {
  checkQuorum,
  LOG_OPTIONS,
  logWarnings,
  type PolicyChange,
  readLogOptions,
} from "./policy-log-options.ts"
import { changedRows } from "./policy-view.ts"
import { checkRolesExist } from "./role-options.ts"

export const policySet: Command = {
  name: "policy set",
  summary: "change hours, topics, roles' rules, limits, or who watches the audit log",
  description: [
    "Changes what you name and leaves the rest. Hours, topics, texts and several roles at once go by a file: print it with policy show --file, edit it, and set it with --file; options count on top of it.",
    "A rule about the past holds for those who join from now on: nobody can be made to forget what they have read.",
  ],
  options: {
    history: {
      value: "ROLE=WHAT",
      multiple: true,
      help: "what somebody who joins the role may read of before: all, none, or from a day\nsuch as 2027-01-31 on (as exactly as the role's keys were renewed)",
    },
    rotate: { value: "ROLE=DAYS", multiple: true, help: "how often the role gets a new key" },
    "hand-over": {
      value: "ROLE=yes|no",
      multiple: true,
      help: "whether the role's staff may bring another role into a conversation",
    },
    "archive-role": {
      value: "ROLE",
      help: "the role that closed conversations are archived to, or none; made if it is new",
    },
    ...LOG_OPTIONS,
    retention: { value: "DAYS", help: "how long closed conversations are kept" },
    freshness: { value: "DAYS", help: "how often somebody must vouch for the directory" },
    file: { value: "FILE", help: "a JSON file with any of the fields that policy show --file prints" },
    dir: SHARED.dir,
    relay: SHARED.relay,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: [
    "wardline policy set --history nursing=all --history billing=none",
    "wardline policy set --rotate nursing=30 --archive-role vault",
    "wardline policy set --witness witness.example.org/juniper+3f0c2a9b+BCx… --quorum 1",
    'wardline policy set --witness-device "Ana Ruiz, RN" --audit-role privacy',
    "wardline policy set --file policy.json",
  ],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const path = input.text("file")
    const fromFile = path === undefined ? {} : await readPolicyFile(resolve(path))
    const options = [...readOptions(input), ...readLogOptions(input)]
    if (path === undefined && options.length === 0)
      throw usage("what should change? name an option, or a file with --file")
    return await asAdmin(folder, input, context, async (admin) => {
      const { policy: before, directory } = admin
      const change = (policy: ClinicPolicy): ClinicPolicy =>
        options.reduce(
          (changed, option) => option(changed, admin.directory, context.now()),
          withFile(policy, fromFile),
        )
      const wanted = change(before)
      checkQuorum(wanted)
      const ruled = Object.keys(wanted.roleRules).filter((role) => before.roleRules[role] === undefined)
      const made = [wanted.archiveRole, wanted.auditRole]
      checkRolesExist(
        ruled.filter((role) => !made.includes(role)).map((role) => ({ role })),
        directory,
      )
      for (const warning of logWarnings(wanted)) context.output.warn(warning)
      if (changedRows(before, wanted, directory).length === 0) {
        context.output.result({ changed: false, renewed: [], policy: policyFileOf(before) }, [
          "Nothing to change: the policy says so already.",
        ])
        return EXIT.done
      }
      context.output.progress("Changing the policy …")
      await admin.setPolicy(change)
      const { directory: now, policy: after } = admin
      const renewed = [...now.roleKeys.keys()].filter(
        (role) => newestRoleKey(now, role)?.generation !== newestRoleKey(directory, role)?.generation,
      )
      context.output.result({ changed: true, renewed, policy: policyFileOf(after) }, [
        "The policy is changed:",
        ...changedRows(before, after, now).map((line) => `  ${line}`),
        ...(renewed.length > 0 ? [`New keys for: ${renewed.join(", ")}.`] : []),
      ])
      return EXIT.done
    })
  },
}

/** Roles that the file says nothing of keep their rules. */
function withFile(policy: ClinicPolicy, file: Partial<ClinicPolicy>): ClinicPolicy {
  return { ...policy, ...file, roleRules: { ...policy.roleRules, ...file.roleRules } }
}

/** @throws {WardlineError} ERR_CONFIG */
function readOptions(input: Input): PolicyChange[] {
  const changes: PolicyChange[] = []
  for (const { role, value } of assignments(input, "history")) {
    const history = historyOf(value)
    if (history === undefined) throw usage(`--history ${role}=${inline(value)}: ${HISTORY_WORDS}`)
    changes.push((policy) => withRule(policy, role, (rule) => ({ ...withoutDate(rule), ...history })))
  }
  for (const { role, value } of assignments(input, "rotate")) {
    const rotationDays = days("rotate", value, 3650)
    changes.push((policy) => withRule(policy, role, (rule) => ({ ...rule, rotationDays })))
  }
  for (const { role, value } of assignments(input, "hand-over")) {
    if (value !== "yes" && value !== "no") throw usage(`--hand-over ${role}=${inline(value)}: yes or no`)
    const mayChangeMembers = value === "yes"
    changes.push((policy) => withRule(policy, role, (rule) => ({ ...rule, mayChangeMembers })))
  }
  const archive = input.text("archive-role")
  if (archive !== undefined) {
    if (!isSlug(archive)) throw usage(`--archive-role: "${inline(archive)}" is no role's name`)
    changes.push(({ archiveRole: _, ...policy }) =>
      archive === "none" ? policy : { ...policy, archiveRole: archive },
    )
  }
  const retention = input.text("retention")
  if (retention !== undefined) {
    const retentionDays = days("retention", retention, 36_500)
    changes.push((policy) => ({ ...policy, retentionDays }))
  }
  const freshness = input.text("freshness")
  if (freshness !== undefined) {
    const freshnessSeconds = days("freshness", freshness, 365) * DAY_SECONDS
    changes.push((policy) => ({ ...policy, freshnessSeconds }))
  }
  return changes
}

function assignments(input: Input, name: string): { readonly role: string; readonly value: string }[] {
  return input.list(name).map((text) => {
    const [role = "", value, ...rest] = text.split("=")
    if (!isSlug(role) || value === undefined || rest.length > 0)
      throw usage(`--${name} "${inline(text)}": write ROLE=…, such as nursing=…`)
    return { role, value }
  })
}

function days(name: string, text: string, max: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > max) throw usage(`--${name} must be a number of days from 1 to ${max}`)
  return value
}

function withRule(
  policy: ClinicPolicy,
  role: string,
  change: (rule: ClinicRoleRule) => ClinicRoleRule,
): ClinicPolicy {
  const rule = change(policy.roleRules[role] ?? DEFAULT_ROLE_RULE)
  return { ...policy, roleRules: { ...policy.roleRules, [role]: rule } }
}

function withoutDate({ sinceMs: _, ...rule }: ClinicRoleRule): ClinicRoleRule {
  return rule
}
