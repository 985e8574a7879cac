/** An entry's parts in words. Pure. */
import type { AuditLogEntry } from "@wardline/sdk"
import { type AuditStrings, auditStrings } from "../../strings/audit-strings.ts"
import type { InboxStrings } from "../../strings/inbox-strings.ts"
import { plainName } from "../../ui/inert-text.ts"
import { roleName } from "../../ui/message-rows.ts"

/** As much of an id as people compare. */
const SHORT = 8

export function shortId(id: string): string {
  return id.slice(0, SHORT)
}

/** A name from the directory, else what kind of device it is. */
export function whoName({ who, outcome }: AuditLogEntry, strings: AuditStrings): string {
  const name = plainName(who.name ?? "", 100)
  if (name !== "") return name
  // Patients' devices stand in no directory; but for them the relay serves nobody whom it doesn't know from there.
  if (who.kind === "unknown" && outcome === "success") return strings.patient
  const kinds = {
    self: strings.unknown,
    staff: strings.unknown,
    unknown: strings.unknown,
    admin: strings.administrator,
    patient: strings.patient,
    relay: strings.relay,
  }
  return kinds[who.kind]
}

/** "Patient’s device" alone says little: with the beginning of its id. */
export function whoId({ who }: AuditLogEntry): string {
  return who.kind === "relay" ? "" : shortId(who.deviceId)
}

export function roleText(role: string | undefined, strings: InboxStrings): string {
  return role === undefined ? "" : roleName(role, strings.roles)
}

export function purposeText({ purpose }: AuditLogEntry, strings: InboxStrings): string {
  if (purpose === undefined) return ""
  const text = strings.purposes[purpose]
  return text.charAt(0).toLocaleUpperCase(strings.language) + text.slice(1)
}

export function aboutText({ conversation }: AuditLogEntry, strings: InboxStrings): string {
  return conversation === undefined ? auditStrings(strings.language).clinic : shortId(conversation)
}

/** "May 4, 2:05:09 PM", with the year where it isn't this one. */
export function momentText(atMs: number, nowMs: number, language: string): string {
  const isThisYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear()
  return new Intl.DateTimeFormat(language, {
    month: "short",
    day: "numeric",
    ...(isThisYear ? {} : { year: "numeric" }),
    hour: "numeric",
    minute: "2-digit",
    second: "2-digit",
  }).format(atMs)
}
