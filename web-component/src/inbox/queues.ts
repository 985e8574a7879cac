/** The order of an inbox. Pure. */
import type { ConversationSummary, ConversationView, TopicInfo } from "@wardline/sdk"
import { isWritten } from "../ui/message-rows.ts"

export interface Queue {
  readonly role: string
  readonly items: readonly ConversationSummary[]
  /** How many of them wait for an answer. */
  readonly waiting: number
}

/** Who wrote last, known only of conversations that were opened here. */
export interface LastWritten {
  readonly by: "patient" | "staff"
  readonly atMs: number
}

export function lastWritten(view: ConversationView): LastWritten | null {
  const last = view.messages.findLast(isWritten)
  if (last === undefined || last.from.kind === "unknown") return null
  return { by: last.from.kind, atMs: last.at }
}

/**
 * Corrects a summary by what was seen inside. The relay can't tell a receipt from an answer, so its "last by" may
 * be wrong either way; where it isn't known, a conversation counts as waiting.
 * @param isOpen - it is open here now, so nothing newer is unknown.
 */
export function refine(
  summary: ConversationSummary,
  written: LastWritten | undefined,
  isOpen: boolean,
): ConversationSummary {
  if (written === undefined) return summary
  const lastBy = isOpen || written.by === "patient" ? written.by : summary.lastBy
  return { ...summary, lastBy, updatedAt: lastBy === written.by ? written.atMs : summary.updatedAt }
}

/** The patient wrote last, and nobody has answered or closed. */
export function isWaiting(summary: ConversationSummary): boolean {
  return !summary.closed && summary.lastBy === "patient"
}

/** Urgent before routine, waiting before answered before closed; the longest waiting first, else the newest first. */
export function compareForAnswering(a: ConversationSummary, b: ConversationSummary): number {
  const rank = (one: ConversationSummary): number => (isWaiting(one) ? 0 : one.closed ? 2 : 1)
  const urgency = (one: ConversationSummary): number => (isWaiting(one) && one.priority === "urgent" ? 0 : 1)
  const byKind = rank(a) - rank(b) || urgency(a) - urgency(b)
  if (byKind !== 0) return byKind
  return isWaiting(a) ? a.updatedAt - b.updatedAt : b.updatedAt - a.updatedAt
}

/** The role by which a conversation is in the list: of mine, the first that it addresses. One that addresses none of them
 * was handed over later, or lies in the archive; by which of several roles isn't known from outside. */
function roleOf(
  summary: ConversationSummary,
  roles: readonly string[],
  archiveRole: string | undefined,
): string | undefined {
  const addressed = roles.find((one) => summary.roles.includes(one))
  if (addressed !== undefined) return addressed
  const others = roles.filter((one) => one !== archiveRole)
  const archive = roles.find((one) => one === archiveRole)
  return summary.closed ? (archive ?? others[0]) : (others[0] ?? archive)
}

/** One queue for each of my roles. */
export function queuesOf(
  list: readonly ConversationSummary[],
  roles: readonly string[],
  archiveRole?: string,
): Queue[] {
  const byRole = new Map<string, ConversationSummary[]>(roles.map((role) => [role, []]))
  for (const summary of list) {
    const role = roleOf(summary, roles, archiveRole)
    if (role !== undefined) byRole.get(role)?.push(summary)
  }
  return [...byRole].map(([role, items]) => ({
    role,
    items: items.sort(compareForAnswering),
    waiting: items.filter(isWaiting).length,
  }))
}

/** All ids in the order shown. */
export function orderOf(queues: readonly Queue[]): string[] {
  return queues.flatMap((queue) => queue.items.map((item) => item.id))
}

/** The id a step away from the current one; the ends hold. Without a current one, the first or the last. */
export function stepFrom(order: readonly string[], current: string | null, step: 1 | -1): string | null {
  const at = current === null ? -1 : order.indexOf(current)
  if (at < 0) return (step === 1 ? order[0] : order.at(-1)) ?? null
  return order[Math.min(Math.max(at + step, 0), order.length - 1)] ?? null
}

/** Whether the promised time for the topic has passed. */
export function isOverdue(
  summary: ConversationSummary,
  topics: readonly TopicInfo[],
  nowMs: number,
): boolean {
  const minutes = topics.find((topic) => topic.id === summary.topic)?.replyWithinMinutes ?? 0
  return isWaiting(summary) && minutes > 0 && nowMs - summary.updatedAt > minutes * 60_000
}
