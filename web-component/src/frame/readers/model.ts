/** What "who has read this" makes of what the client tells. Pure. */
import type { AuditOptions, AuditProblem, ChatMessage, Reading, WhoHasRead } from "@wardline/sdk"

export type LoadReaders = (options: AuditOptions) => Promise<WhoHasRead>

/** How far the list can be relied on. `odd`: something doesn't fit. `late`: the witnesses have been silent for long.
 * `none`: there is no signed state of the log yet to check it against. `alone`: nobody but the relay vouches for the log. */
export type Assurance = "odd" | "late" | "none" | "alone" | "checked"

export function assuranceOf({ problems, checkpoint }: WhoHasRead): Assurance {
  if (problems.some(({ kind }) => kind !== "late")) return "odd"
  if (problems.length > 0) return "late"
  if (checkpoint === undefined) return "none"
  return checkpoint.witnesses.length === 0 ? "alone" : "checked"
}

/** Readings by the clinic's people and programs. */
export function ofClinic(readings: readonly Reading[]): Reading[] {
  return readings.filter(({ who }) => who.kind !== "self" && who.kind !== "patient")
}

export function ofOwn(readings: readonly Reading[]): Reading[] {
  return readings.filter(({ who }) => who.kind === "self" || who.kind === "patient")
}

/** How many devices of the clinic were given something. */
export function countReaders(readings: readonly Reading[]): number {
  const read = ofClinic(readings).filter(({ state }) => state === "open" || state === "ended")
  return new Set(read.map(({ who }) => who.deviceId)).size
}

/** Whether a new look soon finds something else: what isn't signed yet, or goes on. */
export function isMoving({ readings }: WhoHasRead): boolean {
  return readings.some(
    ({ proof, state, who }) => proof === "pending" || (state === "open" && who.kind !== "self"),
  )
}

/** Up to which message somebody was given the conversation.
 * @returns when that message was written; `now` where none came after it, or whoever it is still gets what comes; null
 *   where nothing says.
 * @param messages - in their order. */
export function reachOf(
  { upTo, state }: Pick<Reading, "upTo" | "state">,
  messages: readonly Pick<ChatMessage, "position" | "at">[],
): number | "now" | null {
  if (state === "open") return "now"
  if (upTo === 0) return null
  const isPast = ({ position }: Pick<ChatMessage, "position" | "at">): boolean =>
    position !== undefined && position > upTo
  if (!messages.some(isPast)) return "now"
  return messages.findLast((message) => message.position !== undefined && !isPast(message))?.at ?? null
}

/** Each kind of problem once for each person, the worst first: a hidden reading says more than a proof that fails. */
export function distinct(problems: readonly AuditProblem[]): AuditProblem[] {
  const found = new Map<string, AuditProblem>()
  for (const problem of problems) {
    const key = `${problem.kind} ${problem.who?.deviceId ?? ""}`
    if (!found.has(key)) found.set(key, problem)
  }
  const rank = ({ kind }: AuditProblem): number =>
    kind === "hidden-reading" ? 0 : kind === "reading-without-access" ? 1 : kind === "late" ? 3 : 2
  return [...found.values()].sort((a, b) => rank(a) - rank(b))
}
