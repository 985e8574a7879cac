/** From entries to readings, as people see them: pure. */
import { toHex } from "../../bytes.ts"
import { purposeOf } from "../../protocol/index.ts"
import { type AuditEntry, isRecordAction } from "../../tlog/index.ts"
import type { RecordFact } from "./facts.ts"
import type { AuditActor, Proof, Reading } from "./types.ts"
import type { TrailEntry } from "./walk.ts"

/** A connection that breaks and comes back is one reading still. */
const PAUSE_MS = 10 * 60 * 1000

export interface ReadingContext {
  readonly actor: (device: Uint8Array) => AuditActor
  /** Why an access record was signed, where this device can open it; by the record's position. */
  readonly reasonAt: (position: number) => string | undefined
}

interface Group {
  readonly device: Uint8Array
  readonly role: string
  readonly purpose: number
  readonly entries: number[]
  isRefused: boolean
  reason: string | undefined
  from: number
  to: number
  upTo: number
  times: number
  files: number
  open: number
  proof: Proof
}

const WEAKEST: readonly Proof[] = ["unproven", "pending", "proven"]

/** @param entries - ascending.
 * @param facts - from position 1.
 * @returns newest first. */
export function readingsOf(
  entries: readonly TrailEntry[],
  facts: readonly RecordFact[],
  context: ReadingContext,
): Reading[] {
  const groups: Group[] = []
  /** The newest reading of each device. */
  const current = new Map<string, Group>()
  const begin = (item: TrailEntry, isRefused: boolean): Group => {
    const group = newGroup(item, isRefused)
    groups.push(group)
    if (!isRefused) current.set(toHex(item.entry.actor), group)
    return group
  }
  for (const item of entries) {
    const { entry } = item
    const group = current.get(toHex(entry.actor))
    if (entry.action === "refusal") {
      // Whoever is reading may be refused something else, such as a message that crossed another.
      if (group !== undefined && isStillOn(group, entry.time)) continue
      const tried = groups.findLast(({ device }) => toHex(device) === toHex(entry.actor))
      if (tried?.isRefused && isStillOn(tried, entry.time)) join(tried, item).times += 1
      else begin(item, true).times = 1
    } else if (isRecordAction(entry.action)) {
      const fact = facts[entry.position - 1]
      if (fact?.access !== undefined) begin(item, false).reason = context.reasonAt(entry.position)
      else if (group !== undefined && fact !== undefined && fact.seen > 0) {
        group.to = entry.time
        group.upTo = Math.max(group.upTo, fact.seen)
      }
    } else if (entry.action === "read" && entry.outcome === "success") {
      const same = group !== undefined && continues(group, entry) ? group : undefined
      const reading = same === undefined ? begin(item, false) : join(same, item)
      if (reading.times === 0) reading.from = entry.time
      reading.times += 1
      reading.open += 1
    } else if (group !== undefined && entry.action === "delivered") {
      join(group, item).open = Math.max(0, group.open - 1)
      group.upTo = Math.max(group.upTo, entry.position)
    } else if (group !== undefined && entry.action === "blob-read") join(group, item).files += 1
    else if (group !== undefined && entry.action === "keys-served") join(group, item)
  }
  return groups.map((group) => readingOf(group, context)).reverse()
}

function newGroup({ entry, proof }: TrailEntry, isRefused: boolean): Group {
  return {
    device: entry.actor,
    role: entry.actorRole,
    purpose: entry.purpose,
    entries: [entry.sequence],
    isRefused,
    reason: undefined,
    from: entry.time,
    to: entry.time,
    upTo: 0,
    times: 0,
    files: 0,
    open: 0,
    proof,
  }
}

/** Under the same access, and soon after. The first reading under an access is its own whenever it comes. */
function continues(group: Group, { actorRole, purpose, time }: AuditEntry): boolean {
  if (group.role !== actorRole || group.purpose !== purpose) return false
  return group.times === 0 || isStillOn(group, time)
}

function isStillOn({ open, to }: Group, timeMs: number): boolean {
  return open > 0 || timeMs - to <= PAUSE_MS
}

function join(group: Group, { entry, proof }: TrailEntry): Group {
  if (group.entries.at(-1) !== entry.sequence) group.entries.push(entry.sequence)
  group.to = entry.time
  if (WEAKEST.indexOf(proof) < WEAKEST.indexOf(group.proof)) group.proof = proof
  return group
}

function readingOf(group: Group, { actor }: ReadingContext): Reading {
  const { role, purpose, reason, from, to, upTo, times, files, proof, entries } = group
  return {
    who: actor(group.device),
    ...(role === "" ? {} : { role }),
    ...(purpose === 0 ? {} : { purpose: purposeOf(purpose) }),
    ...(reason === undefined ? {} : { reason }),
    state: stateOf(group),
    from,
    to,
    upTo,
    times,
    files,
    proof,
    entries,
  }
}

function stateOf({ isRefused, times, open }: Group): Reading["state"] {
  if (isRefused) return "refused"
  if (times === 0) return "announced"
  return open > 0 ? "open" : "ended"
}
