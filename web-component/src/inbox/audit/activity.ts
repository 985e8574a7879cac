/** Counts of entries over time: no names, no content. Pure. */
import type { AuditLogEntry } from "@wardline/sdk"
import type { Action } from "@wardline/sdk/tlog"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Longer spans are counted by day. */
const MAX_HOURS = 48
/** As many columns as a chart can show. */
const MAX_DAYS = 92
/** With fewer it would be blocks. */
const MIN_BINS = { hour: 12, day: 7 }

export interface Bin {
  /** Its beginning, in the device's time zone. */
  readonly fromMs: number
  readonly count: number
  /** How many of them were refused or failed. */
  readonly refused: number
}

export interface Timeline {
  readonly unit: "hour" | "day"
  readonly bins: readonly Bin[]
}

function startOf(atMs: number, unit: Timeline["unit"]): number {
  const date = new Date(atMs)
  return unit === "day" ? date.setHours(0, 0, 0, 0) : date.setMinutes(0, 0, 0)
}

/** The next bin's beginning: a day isn't always 24 hours long. */
function next(fromMs: number, unit: Timeline["unit"]): number {
  return startOf(fromMs + (unit === "day" ? DAY_MS + 2 * HOUR_MS : HOUR_MS), unit)
}

/** Columns without a gap from the oldest to the newest entry, half a day or a week at least; of a long log the newest 92
 * days.
 * @param entries - newest first. */
export function timelineOf(entries: readonly AuditLogEntry[]): Timeline {
  const newest = entries[0]?.time
  const oldest = entries.at(-1)?.time
  if (newest === undefined || oldest === undefined) return { unit: "day", bins: [] }
  const unit = newest - oldest <= MAX_HOURS * HOUR_MS ? "hour" : "day"
  const step = unit === "day" ? DAY_MS : HOUR_MS
  const longest = newest - (MAX_DAYS - 1) * DAY_MS
  const first = startOf(Math.min(Math.max(oldest, longest), newest - (MIN_BINS[unit] - 1) * step), unit)
  const found = new Map<number, { count: number; refused: number }>()
  for (let at = first; at <= newest; at = next(at, unit)) found.set(at, { count: 0, refused: 0 })
  for (const { time, outcome } of entries) {
    const bin = found.get(startOf(time, unit))
    if (bin === undefined) continue
    bin.count += 1
    if (outcome !== "success") bin.refused += 1
  }
  return { unit, bins: [...found].map(([fromMs, bin]) => ({ fromMs, ...bin })) }
}

/** How many entries fall in each hour of the day, by the device's clock: 24 counts. */
export function byHourOf(entries: readonly AuditLogEntry[]): number[] {
  const hours = Array.from({ length: 24 }, () => 0)
  for (const { time } of entries) {
    const hour = new Date(time).getHours()
    hours[hour] = (hours[hour] ?? 0) + 1
  }
  return hours
}

export interface Share<T> {
  readonly key: T
  readonly count: number
  readonly refused: number
}

/** The most frequent first. */
function sharesOf<T>(
  entries: readonly AuditLogEntry[],
  keyOf: (entry: AuditLogEntry) => T | undefined,
): Share<T>[] {
  const found = new Map<T, { count: number; refused: number }>()
  for (const entry of entries) {
    const key = keyOf(entry)
    if (key === undefined) continue
    const share = found.get(key) ?? { count: 0, refused: 0 }
    share.count += 1
    if (entry.outcome !== "success") share.refused += 1
    found.set(key, share)
  }
  return [...found].map(([key, share]) => ({ key, ...share })).sort((a, b) => b.count - a.count)
}

export function byActionOf(entries: readonly AuditLogEntry[]): Share<Action>[] {
  return sharesOf(entries, ({ action }) => action)
}

export function byRoleOf(entries: readonly AuditLogEntry[]): Share<string>[] {
  return sharesOf(entries, ({ role }) => role)
}

/** A round number at least as large as `most`, for the top of an axis. */
export function niceTop(most: number): number {
  if (most <= 4) return 4
  const power = 10 ** Math.floor(Math.log10(most))
  const step = [1, 2, 5, 10].find((one) => one * power >= most) ?? 10
  return step * power
}
