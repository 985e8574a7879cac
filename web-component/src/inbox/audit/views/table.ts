import type { AuditLogEntry } from "@wardline/sdk"
import { html, type TemplateResult } from "lit"
import { repeat } from "lit/directives/repeat.js"
import { auditStrings } from "../../../strings/audit-strings.ts"
import type { InboxStrings } from "../../../strings/inbox-strings.ts"
import { aboutText, momentText, purposeText, roleText, whoId, whoName } from "../text.ts"

/** Rows beyond the edges, so that scrolling shows no gaps. */
const MARGIN_ROWS = 8

/** Which rows are drawn: a log has more than a page can hold. Pure.
 * @param top - how far the list is scrolled, in pixels.
 * @param height - of what is in sight, in pixels.
 * @param row - of one row, in pixels. */
export function windowOf(
  count: number,
  top: number,
  height: number,
  row: number,
): { from: number; to: number } {
  const from = Math.max(0, Math.min(Math.floor(top / row), count) - MARGIN_ROWS)
  return { from, to: Math.min(count, Math.ceil((top + height) / row) + MARGIN_ROWS) }
}

export interface TableContext {
  readonly strings: InboxStrings
  readonly nowMs: number
  readonly entries: readonly AuditLogEntry[]
  readonly window: { readonly from: number; readonly to: number }
  /** The row that the keyboard is on. */
  readonly active: number
  readonly rowPx: number
  open(index: number): void
  onKey(event: KeyboardEvent): void
}

function rowView(entry: AuditLogEntry, index: number, context: TableContext): TemplateResult {
  const { strings, nowMs, active } = context
  const words = auditStrings(strings.language)
  const number = new Intl.NumberFormat(strings.language).format(entry.sequence)
  const id = whoId(entry)
  const isBad = entry.outcome !== "success"
  const isUnusual = entry.action === "break-glass" || entry.action === "disclosure"
  return html`<tr role="row" aria-rowindex=${index + 2} class="${isBad ? "bad" : ""} ${isUnusual ? "unusual" : ""}" @click=${() => context.open(index)}>
    <td role="cell" class="number muted">${number}</td>
    <td role="cell" class="time">
      <button type="button" class="row" data-index=${index} tabindex=${index === active ? "0" : "-1"} aria-haspopup="dialog"
        aria-label="${words.entryNumber(number)}, ${momentText(entry.time, nowMs, strings.language)}">${momentText(entry.time, nowMs, strings.language)}</button>
    </td>
    <td role="cell" class="who"><bdi>${whoName(entry, words)}</bdi>${id === "" ? "" : html` <code class="small muted">${id}</code>`}</td>
    <td role="cell" class="role">${roleText(entry.role, strings)}</td>
    <td role="cell" class="action">${words.actions[entry.action]}</td>
    <td role="cell" class="about">${entry.conversation === undefined ? html`<span class="muted">${words.clinic}</span>` : html`<code>${aboutText(entry, strings)}</code>`}</td>
    <td role="cell" class="purpose">${purposeText(entry, strings)}</td>
    <td role="cell" class="outcome">${isBad ? html`<span class="chip late">${words.outcomes[entry.outcome]}</span>` : html`<span class="muted">${words.outcomes[entry.outcome]}</span>`}</td>
  </tr>`
}

/** A row as high as all those that aren't drawn. */
function spacer(rows: number, rowPx: number): TemplateResult {
  return html`<tr aria-hidden="true" class="space" .hidden=${rows === 0}><td colspan="8" height=${rows * rowPx}></td></tr>`
}

/** The entries as one table, of which only what is in sight is drawn. */
export function tableView(context: TableContext): TemplateResult {
  const { strings, entries, window, rowPx } = context
  const words = auditStrings(strings.language)
  const shown = entries.slice(window.from, window.to)
  const columns = [
    ["number", words.number],
    ["time", words.time],
    ["who", words.who],
    ["role", words.role],
    ["action", words.action],
    ["about", words.about],
    ["purpose", words.purpose],
    ["outcome", words.outcome],
  ] as const
  return html`<table role="table" class="log" aria-label=${words.entriesTab} aria-rowcount=${entries.length + 1} @keydown=${context.onKey}>
    <thead role="rowgroup"><tr role="row" aria-rowindex="1">
      ${columns.map(([name, title]) => html`<th role="columnheader" scope="col" class=${name}>${title}</th>`)}
    </tr></thead>
    <tbody role="rowgroup">
      ${spacer(window.from, rowPx)}
      ${repeat(
        shown,
        ({ sequence }) => sequence,
        (entry, index) => rowView(entry, window.from + index, context),
      )}
      ${spacer(entries.length - window.to, rowPx)}
    </tbody>
  </table>`
}
