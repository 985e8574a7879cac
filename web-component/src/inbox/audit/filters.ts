/** Which entries are shown. Pure. */
import type { AuditLogEntry } from "@wardline/sdk"
import type { Action, Outcome } from "@wardline/sdk/tlog"
import type { ActionGroup, PeriodName } from "../../strings/audit-strings.ts"

const DAY_MS = 86_400_000

export const ACTION_GROUPS: Readonly<Record<ActionGroup, readonly Action[]>> = {
  reading: ["access", "read", "delivered", "blob-read", "keys-served", "list", "audit-read", "export"],
  writing: [
    "consent",
    "open",
    "create",
    "blob-write",
    "epoch",
    "member-change",
    "grant",
    "close",
    "reopen",
    "archive",
    "withdraw",
  ],
  unusual: ["break-glass", "break-glass-end", "disclosure", "shred", "key-recovery", "hold", "unhold"],
  directory: [
    "device-add",
    "device-revoke",
    "device-roles",
    "role-key",
    "role-grant",
    "admin-change",
    "policy-change",
    "consent-text",
    "attest",
    "directory-change",
  ],
  sessions: ["login", "login-failure", "logout", "refusal", "refusals-unnoted"],
  relay: ["relay-start", "relay-stop", "configuration-change", "backup", "restore", "retention-run"],
}

const GROUP_OF = new Map(
  Object.entries(ACTION_GROUPS).flatMap(([group, actions]) =>
    actions.map((action): [Action, ActionGroup] => [action, group as ActionGroup]),
  ),
)

export function groupOf(action: Action): ActionGroup {
  return GROUP_OF.get(action) ?? "relay"
}

export interface Filters {
  readonly period: PeriodName
  /** Days as date fields have them (2026-05-04); empty for none. Of the period `range`. */
  readonly from: string
  readonly to: string
  /** A part of a name or of a device's id. */
  readonly who: string
  readonly role: string
  /** An action, or `group:` and a group; empty for any. */
  readonly action: string
  readonly outcome: Outcome | ""
  /** The beginning of a conversation's id. */
  readonly conversation: string
}

export const NO_FILTERS: Filters = {
  period: "week",
  from: "",
  to: "",
  who: "",
  role: "",
  action: "",
  outcome: "",
  conversation: "",
}

export function isFiltered(filters: Filters): boolean {
  const { who, role, action, outcome, conversation } = filters
  return `${who}${role}${action}${outcome}${conversation}` !== ""
}

/** The first and the last moment of the period, in milliseconds since 1970 and the device's time zone. */
export function spanOf({ period, from, to }: Filters, nowMs: number): { sinceMs: number; untilMs: number } {
  const days = { day: 1, week: 7, month: 30, all: Number.POSITIVE_INFINITY }
  if (period !== "range")
    return { sinceMs: Math.max(0, nowMs - days[period] * DAY_MS), untilMs: Number.POSITIVE_INFINITY }
  const startOf = (day: string, otherwise: number): number =>
    day === "" ? otherwise : new Date(`${day}T00:00`).getTime()
  const end = to === "" ? Number.POSITIVE_INFINITY : new Date(`${to}T23:59:59.999`).getTime()
  return { sinceMs: startOf(from, 0), untilMs: end }
}

const holds = (text: string, part: string): boolean => text.toLowerCase().includes(part)

/** What fits the filters, in the order given. */
export function applyFilters(
  entries: readonly AuditLogEntry[],
  filters: Filters,
  nowMs: number,
): readonly AuditLogEntry[] {
  const { sinceMs, untilMs } = spanOf(filters, nowMs)
  const who = filters.who.trim().toLowerCase()
  const conversation = filters.conversation.trim().toLowerCase()
  const group = filters.action.startsWith("group:") ? filters.action.slice(6) : undefined
  return entries.filter(
    (entry) =>
      entry.time >= sinceMs &&
      entry.time <= untilMs &&
      (who === "" || holds(entry.who.name ?? "", who) || entry.who.deviceId.startsWith(who)) &&
      (filters.role === "" || entry.role === filters.role) &&
      (filters.outcome === "" || entry.outcome === filters.outcome) &&
      (conversation === "" || (entry.conversation?.startsWith(conversation) ?? false)) &&
      (filters.action === "" ||
        (group === undefined ? entry.action === filters.action : groupOf(entry.action) === group)),
  )
}

/** What the fields offer: what occurs, in order. */
export interface Choices {
  readonly names: readonly string[]
  readonly roles: readonly string[]
  readonly actions: ReadonlySet<Action>
}

export function choicesOf(entries: readonly AuditLogEntry[]): Choices {
  const names = new Set<string>()
  const roles = new Set<string>()
  const actions = new Set<Action>()
  for (const { who, role, action } of entries) {
    if (who.name !== undefined) names.add(who.name)
    if (role !== undefined) roles.add(role)
    actions.add(action)
  }
  return { names: [...names].sort(), roles: [...roles].sort(), actions }
}
