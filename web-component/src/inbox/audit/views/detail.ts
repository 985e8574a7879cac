import type { AuditLogEntry } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { auditStrings } from "../../../strings/audit-strings.ts"
import type { InboxStrings } from "../../../strings/inbox-strings.ts"
import { problemOf } from "../../../strings/problems.ts"
import { auditIcon } from "../../../ui/audit-icons.ts"
import { dialogView } from "../../../ui/dialog-views.ts"
import { icon } from "../../../ui/icons.ts"
import type { EntryProof } from "../model.ts"
import { purposeText, roleText, whoName } from "../text.ts"

interface DetailContext {
  readonly strings: InboxStrings
  readonly entry: AuditLogEntry
  readonly proof: EntryProof
  close(): void
  onlyDevice(): void
  onlyConversation(): void
  saveProof(file: string): void
}

function proofView({ strings, proof, saveProof }: DetailContext): TemplateResult {
  const words = auditStrings(strings.language)
  switch (proof.kind) {
    case "checking":
      return html`<p class="proof" role="status"><span class="spinner"></span><span>${words.proofWait}</span></p>`
    case "failed": {
      const { title, advice } = strings.problems[problemOf(proof.code)]
      return html`<p class="proof" role="alert">${icon("alert")}<span>${title}. ${advice}</span></p>`
    }
    default: {
      const { file } = proof
      const isBad = proof.kind === "unproven"
      return html`<p class="proof ${proof.kind}" role=${isBad ? "alert" : "status"}>
          ${proof.kind === "proven" ? auditIcon("shield") : icon(isBad ? "alert" : "clock")}<span>${words[proof.kind]}</span>
        </p>
        ${file === undefined ? nothing : html`<button class="button" type="button" @click=${() => saveProof(file)}>${auditIcon("download")}${words.saveProof}</button>`}`
    }
  }
}

/** One entry, whole, with its proof. */
export function detailDialog(context: DetailContext): TemplateResult {
  const { strings, entry, close } = context
  const words = auditStrings(strings.language)
  const number = new Intl.NumberFormat(strings.language).format(entry.sequence)
  const time = new Intl.DateTimeFormat(strings.language, { dateStyle: "full", timeStyle: "long" }).format(
    entry.time,
  )
  const line = (title: string, value: TemplateResult | string): TemplateResult | typeof nothing =>
    value === "" ? nothing : html`<div><dt>${title}</dt><dd>${value}</dd></div>`
  const code = (text: string | undefined): TemplateResult | string =>
    text === undefined || text === "" ? "" : html`<code dir="ltr">${text}</code>`
  return dialogView(
    words.entryNumber(number),
    strings.close,
    close,
    html`
      <p class="headline">${words.actions[entry.action]}${entry.outcome === "success" ? nothing : html` <span class="chip late">${words.outcomes[entry.outcome]}</span>`}</p>
      <dl class="facts-list">
        ${line(words.time, html`<time datetime=${new Date(entry.time).toISOString()}>${time}</time>`)}
        ${line(words.who, html`<bdi>${whoName(entry, words)}</bdi>`)}
        ${line(words.device, code(entry.who.deviceId))}
        ${line(words.role, roleText(entry.role, strings))}
        ${line(words.purpose, purposeText(entry, strings))}
        ${line(words.about, entry.conversation === undefined ? words.clinic : html`${words.conversation} ${code(entry.conversation)}`)}
        ${line(words.position, entry.position === 0 ? "" : new Intl.NumberFormat(strings.language).format(entry.position))}
        ${line(words.recordHash, code(entry.recordHash))}
      </dl>
      <section class="proof-part" aria-label=${words.proof}>${proofView(context)}</section>
      <div class="actions">
        ${entry.who.deviceId === "" ? nothing : html`<button class="button" type="button" @click=${() => context.onlyDevice()}>${words.onlyThisDevice}</button>`}
        ${entry.conversation === undefined ? nothing : html`<button class="button" type="button" @click=${() => context.onlyConversation()}>${words.onlyThisConversation}</button>`}
      </div>
    `,
  )
}
