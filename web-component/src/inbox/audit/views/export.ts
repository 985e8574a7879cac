import { html, type TemplateResult } from "lit"
import { auditStrings, type ExportFormat } from "../../../strings/audit-strings.ts"
import type { InboxStrings } from "../../../strings/inbox-strings.ts"
import { auditIcon } from "../../../ui/audit-icons.ts"
import { dialogView } from "../../../ui/dialog-views.ts"

/** Where an export stands. */
export type ExportState = "ready" | "making" | "done" | "failed"

interface ExportContext {
  readonly strings: InboxStrings
  /** How many entries the filters show, and how many were read. */
  readonly shown: number
  readonly read: number
  readonly state: ExportState
  close(): void
  make(format: ExportFormat, isAll: boolean): void
}

const FORMATS: readonly ExportFormat[] = ["csv", "fhir", "ndjson"]

export function exportDialog({ strings, shown, read, state, close, make }: ExportContext): TemplateResult {
  const words = auditStrings(strings.language)
  const number = new Intl.NumberFormat(strings.language)
  const onSubmit = (event: Event): void => {
    event.preventDefault()
    const data = new FormData(event.target as HTMLFormElement)
    const format = FORMATS.find((one) => one === data.get("format"))
    if (format !== undefined && state !== "making") make(format, data.get("which") === "all")
  }
  const { title, advice } = strings.problems.internal
  return dialogView(
    words.exportTitle,
    strings.close,
    close,
    html`<form class="stack" @submit=${onSubmit}>
      <p>${words.exportText}</p>
      <fieldset>
        <legend class="label">${words.format}</legend>
        ${FORMATS.map(
          (format, index) => html`<label class="choice">
            <input type="radio" name="format" value=${format} ?checked=${index === 0} ?data-first=${index === 0} required />
            <span>${words.formats[format]}<span class="small muted hint">${words.formatTexts[format]}</span></span>
          </label>`,
        )}
      </fieldset>
      <fieldset>
        <legend class="label">${words.whichEntries}</legend>
        <label class="choice"><input type="radio" name="which" value="shown" checked /><span>${words.onlyFiltered(number.format(shown))}</span></label>
        <label class="choice"><input type="radio" name="which" value="all" /><span>${words.allLoaded(number.format(read))}</span></label>
      </fieldset>
      <p class="small" role="status">${state === "making" ? words.exporting : state === "done" ? words.exported : state === "failed" ? `${title}. ${advice}` : ""}</p>
      <div class="actions">
        <button class="button" type="button" @click=${close}>${strings.close}</button>
        <button class="button primary" aria-disabled=${state === "making" ? "true" : "false"}>${auditIcon("download")}${words.download}</button>
      </div>
    </form>`,
  )
}
