import { html, type TemplateResult } from "lit"
import { type AuditStrings, auditStrings } from "../../../strings/audit-strings.ts"
import { auditIcon } from "../../../ui/audit-icons.ts"
import { ageName } from "../../../ui/format.ts"
import { icon } from "../../../ui/icons.ts"
import type { AuditModel } from "../model.ts"

export type TabName = "entries" | "activity" | "trust"

const TABS: readonly TabName[] = ["entries", "activity", "trust"]

interface HeadContext {
  readonly model: AuditModel
  back(): void
  makeExport(): void
}

/** How far the log is vouched for, in a few words. */
function stateText({ strings, log, nowMs }: AuditModel): string {
  const words = auditStrings(strings.language)
  const checkpoint = log?.checkpoint
  if (log === null || log === undefined) return ""
  if (checkpoint === undefined) return words.notChecked
  const size = new Intl.NumberFormat(strings.language).format(checkpoint.size)
  const names = checkpoint.witnesses.length
  const age = words.ago(ageName(checkpoint.at, nowMs, strings.language))
  return words.signedBy(size, names, age)
}

export function headView({ model, back, makeExport }: HeadContext): TemplateResult {
  const words = auditStrings(model.strings.language)
  return html`<header class="head">
    <button class="icon" type="button" aria-label=${words.back} title=${words.back} @click=${back}>${icon("back")}</button>
    <div class="title"><h1 tabindex="-1">${words.title}</h1><p class="small muted">${stateText(model)}</p></div>
    <button class="button" type="button" ?disabled=${model.entries.length === 0} @click=${makeExport}>${auditIcon("download")}<span>${words.export}</span></button>
  </header>`
}

export function tabsView(
  current: TabName,
  words: AuditStrings,
  choose: (tab: TabName) => void,
): TemplateResult {
  const names = { entries: words.entriesTab, activity: words.activityTab, trust: words.trustTab }
  const pictures = { entries: "log", activity: "chart", trust: "shield" } as const
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const next = TABS[(TABS.indexOf(current) + step + TABS.length) % TABS.length] ?? current
    choose(next)
    const list = event.currentTarget as HTMLElement
    list.querySelector<HTMLElement>(`#tab-${next}`)?.focus()
  }
  return html`<div class="tabs" role="tablist" aria-label=${words.tabs} @keydown=${onKey}>${TABS.map(
    (
      name,
    ) => html`<button class="tab" type="button" role="tab" id="tab-${name}" aria-selected=${name === current ? "true" : "false"}
      aria-controls="panel" tabindex=${name === current ? "0" : "-1"} @click=${() => choose(name)}>${auditIcon(pictures[name])}<span>${names[name]}</span></button>`,
  )}</div>`
}
