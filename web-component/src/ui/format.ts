/** Dates, times and durations in a person's own language, by Intl alone. */

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Midnight of the day, in the device's time zone. */
function startOfDay(atMs: number): number {
  return new Date(atMs).setHours(0, 0, 0, 0)
}

export function isSameDay(aMs: number, bMs: number): boolean {
  return startOfDay(aMs) === startOfDay(bMs)
}

export function timeOfDay(atMs: number, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" }).format(atMs)
}

/** "Today", "Yesterday", "Monday, May 4" or "May 4, 2025". */
export function dayName(
  atMs: number,
  nowMs: number,
  language: string,
  words: { today: string; yesterday: string },
): string {
  const daysAgo = Math.round((startOfDay(nowMs) - startOfDay(atMs)) / DAY_MS)
  if (daysAgo === 0) return words.today
  if (daysAgo === 1) return words.yesterday
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear()
  return new Intl.DateTimeFormat(language, {
    month: "long",
    day: "numeric",
    ...(sameYear ? { weekday: "long" } : { year: "numeric" }),
  }).format(atMs)
}

function unit(
  value: number,
  name: "minute" | "hour" | "day",
  language: string,
  display: "long" | "short",
): string {
  return new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: display }).format(value)
}

/** A promised time, rounded up to what people say: "30 minutes", "2 hours", "3 days". */
export function durationName(minutes: number, language: string): string {
  if (minutes < 60) return unit(minutes, "minute", language, "long")
  if (minutes < 48 * 60) return unit(Math.ceil(minutes / 60), "hour", language, "long")
  return unit(Math.ceil(minutes / (24 * 60)), "day", language, "long")
}

/** How long ago, briefly: "5 min", "3 hr", "2 days". Under a minute counts as one. */
export function ageName(sinceMs: number, nowMs: number, language: string): string {
  const age = Math.max(nowMs - sinceMs, MINUTE_MS)
  if (age < HOUR_MS) return unit(Math.floor(age / MINUTE_MS), "minute", language, "short")
  if (age < 2 * DAY_MS) return unit(Math.floor(age / HOUR_MS), "hour", language, "short")
  return unit(Math.floor(age / DAY_MS), "day", language, "short")
}

/** A minute of the day ("9:00 AM"), in no particular time zone. */
export function minuteOfDay(minute: number, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit", timeZone: "UTC" }).format(
    minute * MINUTE_MS,
  )
}

/** A weekday's name, 0 = Sunday. The fourth of January 1970 was one. */
export function weekdayName(weekday: number, language: string): string {
  return new Intl.DateTimeFormat(language, { weekday: "long", timeZone: "UTC" }).format(
    (3 + weekday) * DAY_MS,
  )
}

/** "183 kB", "2.4 MB". */
export function sizeName(bytes: number, language: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const
  const step = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** step
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[step] ?? "byte",
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && step > 1 ? 1 : 0,
  }).format(value)
}

/** @param part - from 0 to 1. */
export function percentName(part: number, language: string): string {
  return new Intl.NumberFormat(language, { style: "percent" }).format(part)
}
