/** A policy in words: rows of a name and a value, so that two policies can be compared. */
import type { ClinicPolicy } from "../client/clinic-policy.ts"
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

export function policyRows(policy: ClinicPolicy): PolicyRow[] {
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
    ...ruleRows(policy),
  ]
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
export function changedRows(before: ClinicPolicy, after: ClinicPolicy): string[] {
  const old = new Map(policyRows(before))
  const now = new Map(policyRows(after))
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
