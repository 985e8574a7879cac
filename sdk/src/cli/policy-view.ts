/** A policy in words: rows of a name and a value, so that two policies can be compared. */
import { toHex } from "../bytes.ts"
import { type ClinicPolicy, deviceWitnessName } from "../client/clinic-policy.ts"
import type { DirectoryState } from "../directory/index.ts"
import { idText } from "../ids.ts"
import { staffOf } from "./directory-view.ts"
import { DAY_SECONDS, groupHours, historyWord } from "./policy-file.ts"

const DAY_NAMES: Readonly<Record<string, string>> = {
  mon: "Mon",
  tue: "Tue",
  wed: "Wed",
  thu: "Thu",
  fri: "Fri",
  sat: "Sat",
  sun: "Sun",
}

export type PolicyRow = readonly [name: string, value: string]

/** @param directory - says whose device a witness is. */
export function policyRows(policy: ClinicPolicy, directory: DirectoryState): PolicyRow[] {
  const { name, emergency, timeZone, topics, archiveRole, retentionDays, freshnessSeconds } = policy
  return [
    ["Clinic", textsText(name)],
    ["Emergency line", textsText(emergency)],
    ["Opening hours", hoursText(policy)],
    ["Time zone", timeZone],
    ...topics.map(
      ({ id, label, replyWithinMinutes, roles }): PolicyRow => [
        `Topic ${id}`,
        `${textsText(label)}; to ${roles.join(", ")}; reply within ${minutesText(replyWithinMinutes)}`,
      ],
    ),
    ["Archive", archiveRole === undefined ? "none" : `closed conversations go to the role ${archiveRole}`],
    ["Kept for", `${retentionDays} days`],
    ["Must be vouched for", `every ${freshnessSeconds / DAY_SECONDS} days`],
    ...logRows(policy, directory),
    ...ruleRows(policy),
  ]
}

/** Who watches the audit log, and who may read it. */
function logRows(
  { logKey, witnesses, quorum, auditRole }: ClinicPolicy,
  directory: DirectoryState,
): PolicyRow[] {
  // By the key too: anybody can have one made under a device's name.
  const staff = new Map(
    staffOf(directory).map(({ id, keys, name }) => [
      `${deviceWitnessName(idText(id))} ${toHex(keys.signing)}`,
      name,
    ]),
  )
  return [
    ["Audit log's key", logKey ?? "none yet: what the relay says of its log isn't held against a key"],
    ...witnesses.map(
      ({ name, key }): PolicyRow => [`Witness ${name}`, witnessText(key, staff.get(`${name} ${key}`))],
    ),
    ["Witnesses needed", quorumText(witnesses.length, quorum)],
    [
      "Audit log is read by",
      auditRole === undefined ? "administrators" : `administrators and the role ${auditRole}`,
    ],
  ]
}

function witnessText(key: string, staffName: string | undefined): string {
  return `${staffName === undefined ? "" : `${staffName}'s inbox, while it is open; `}key ${key.slice(0, 16)}…`
}

function quorumText(witnesses: number, quorum: number): string {
  if (witnesses === 0) return "none: nobody beside the relay vouches for the audit log"
  return quorum === 0 ? `none of the ${witnesses}` : `${quorum} of ${witnesses}`
}

function ruleRows({ roleRules }: ClinicPolicy): PolicyRow[] {
  return Object.keys(roleRules)
    .sort()
    .flatMap((role): PolicyRow[] => {
      const rule = roleRules[role]
      if (rule === undefined) return []
      const history = historyWord(rule)
      const reads = {
        all: "newcomers read everything",
        none: "newcomers read nothing from before",
        since: `newcomers read from ${history} on`,
      }[rule.history]
      const renewed = rule.rotationDays === 0 ? "" : `; new key every ${rule.rotationDays} days`
      const members = rule.mayChangeMembers ? "may hand over to other roles" : "may not hand over"
      return [[`Role ${role}`, `${reads}${renewed}; ${members}`]]
    })
}

/** What differs, one line for each row. */
export function changedRows(before: ClinicPolicy, after: ClinicPolicy, directory: DirectoryState): string[] {
  const old = new Map(policyRows(before, directory))
  const now = new Map(policyRows(after, directory))
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [from, to] = [old.get(name), now.get(name)]
    if (from === to) return []
    if (from === undefined) return [`${name}: ${to} (new)`]
    if (to === undefined) return [`${name}: no longer there`]
    return [`${name}: ${to}`, `  before: ${from}`]
  })
}

function textsText(texts: Readonly<Record<string, string>>): string {
  const [first, ...others] = Object.entries(texts)
  if (first === undefined) return ""
  const more = others.map(([language]) => language)
  return more.length === 0 ? first[1] : `${first[1]} (also in ${more.join(", ")})`
}

function hoursText({ hours }: ClinicPolicy): string {
  if (hours.length === 0) return "none given"
  return groupHours(hours)
    .map(({ days, opens, closes }) => `${days.map((day) => DAY_NAMES[day]).join(" ")} ${opens}–${closes}`)
    .join("; ")
}

function minutesText(minutes: number): string {
  if (minutes % 60 !== 0) return `${minutes} minutes`
  return minutes === 60 ? "1 hour" : `${minutes / 60} hours`
}
