import type { AuditLogEntry } from "@wardline/sdk"
import { html, type TemplateResult } from "lit"
import { auditStrings } from "../../../strings/audit-strings.ts"
import type { InboxStrings } from "../../../strings/inbox-strings.ts"
import { roleName } from "../../../ui/message-rows.ts"
import { type Bin, byActionOf, byHourOf, byRoleOf, timelineOf } from "../activity.ts"
import { barTable, type Column, columnChart } from "./charts.ts"

/** People sleep, and most clinics are closed. */
const isNight = (hour: number): boolean => hour < 6 || hour >= 21

function timeColumns(unit: "hour" | "day", bins: readonly Bin[], language: string): Column[] {
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" })
  const hour = new Intl.DateTimeFormat(language, { hour: "numeric" })
  const full = new Intl.DateTimeFormat(
    language,
    unit === "day"
      ? { weekday: "short", month: "short", day: "numeric" }
      : { month: "short", day: "numeric", hour: "numeric" },
  )
  // As many labels as there is room for.
  const every = Math.max(1, Math.ceil(bins.length / 6))
  return bins.map(({ fromMs, count, refused }, index) => ({
    name: full.format(fromMs),
    label: index % every === 0 ? (unit === "day" ? day : hour).format(fromMs) : "",
    count,
    refused,
  }))
}

/** What happened when, in numbers alone.
 * @param entries - what the filters show, newest first. */
export function activityView(entries: readonly AuditLogEntry[], strings: InboxStrings): TemplateResult {
  const { language } = strings
  const words = auditStrings(language)
  if (entries.length === 0) return html`<p class="nothing muted">${words.noneMatch}</p>`
  const { unit, bins } = timelineOf(entries)
  const hourName = new Intl.DateTimeFormat(language, { hour: "numeric", timeZone: "UTC" })
  const nameOf = (hour: number): string => hourName.format(hour * 3_600_000)
  const hours = byHourOf(entries).map(
    (count, hour): Column => ({
      name: nameOf(hour),
      label: hour % 6 === 0 ? nameOf(hour) : "",
      count,
      refused: 0,
      isNight: isNight(hour),
    }),
  )
  return html`<div class="charts">
    <p class="small muted wide">${words.noPhi}</p>
    ${columnChart({
      id: "chart-time",
      title: unit === "day" ? words.perDay : words.perHour,
      unit: unit === "day" ? words.day : words.hour,
      columns: timeColumns(unit, bins, language),
      isWide: true,
      language,
    })}
    ${columnChart({ id: "chart-hours", title: words.byHour, text: words.byHourText, unit: words.hour, columns: hours, language })}
    ${barTable("chart-actions", words.byAction, words.action, byActionOf(entries), (action) => words.actions[action], language)}
    ${barTable("chart-roles", words.byRole, words.role, byRoleOf(entries), (role) => roleName(role, strings.roles), language)}
  </div>`
}
