/** Whether the clinic is open now, by its own clock. Pure. */

/** Minutes count from midnight; weekday 0 is Sunday. */
export interface OpeningHours {
  readonly weekday: number
  readonly opens: number
  readonly closes: number
}

export type OpenState =
  | { readonly kind: "open"; readonly closes: number }
  | { readonly kind: "closed"; readonly opens: number; readonly weekday: number; readonly inDays: number }
  /** No hours are given: nothing is promised about them. */
  | { readonly kind: "unknown" }

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

/** The weekday and minute of the day at the clinic. An unknown time zone is read as UTC. */
export function clinicClock(nowMs: number, timeZone: string): { weekday: number; minute: number } {
  const options = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat("en-US", { ...options, timeZone })
  } catch {
    format = new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" })
  }
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]))
  return {
    weekday: WEEKDAYS.indexOf(parts.get("weekday") ?? ""),
    minute: Number(parts.get("hour")) * 60 + Number(parts.get("minute")),
  }
}

export function openState(hours: readonly OpeningHours[], timeZone: string, nowMs: number): OpenState {
  if (hours.length === 0) return { kind: "unknown" }
  const now = clinicClock(nowMs, timeZone)
  const current = hours.find(
    (h) => h.weekday === now.weekday && h.opens <= now.minute && now.minute < h.closes,
  )
  if (current !== undefined) return { kind: "open", closes: current.closes }
  const upcoming = hours
    .map((h) => {
      const inDays = (h.weekday - now.weekday + 7) % 7
      return { ...h, inDays: inDays === 0 && h.opens <= now.minute ? 7 : inDays }
    })
    .sort((a, b) => a.inDays - b.inDays || a.opens - b.opens)
  const next = upcoming[0]
  if (next === undefined) return { kind: "unknown" }
  return { kind: "closed", opens: next.opens, weekday: next.weekday, inDays: next.inDays }
}
