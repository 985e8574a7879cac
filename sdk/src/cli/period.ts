/** Days and times that people type. */
import { usage } from "./arguments.ts"

const DAY = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/
const DAY_MS = 86_400_000

/** Milliseconds since 1970.
 * @param text - a day in UTC, or a time with its zone.
 * @param option - that it was given with.
 * @param isEnd - a day ends after its last millisecond.
 * @throws {WardlineError} ERR_CONFIG */
export function parseTime(text: string, option: string, isEnd: boolean): number {
  const isDay = DAY.test(text)
  const ms = isDay || TIME.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse takes the 31st of any month and moves on.
  const isReal = !Number.isNaN(ms) && (!isDay || new Date(ms).toISOString().startsWith(text))
  if (!isReal)
    throw usage(`--${option} must be a day such as 2026-11-30, or a time with its zone: 2026-11-30T09:00Z`)
  return isDay && isEnd ? ms + DAY_MS : ms
}
