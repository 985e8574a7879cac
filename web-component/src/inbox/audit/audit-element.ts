import type { AuditLogEntry } from "@wardline/sdk"
import {
  type CSSResultGroup,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit"
import { type AuditStrings, auditStrings, type ExportFormat } from "../../strings/audit-strings.ts"
import { problemOf } from "../../strings/problems.ts"
import { auditIcon } from "../../ui/audit-icons.ts"
import { controls } from "../../ui/controls.ts"
import { codeOf } from "../../ui/error-code.ts"
import { icon } from "../../ui/icons.ts"
import { openDialogs } from "../../ui/open-dialogs.ts"
import { saveFile } from "../../ui/save-file.ts"
import { applyFilters, type Choices, choicesOf, type Filters, NO_FILTERS, spanOf } from "./filters.ts"
import type { AuditActions, AuditModel, EntryProof } from "./model.ts"
import { auditStyles } from "./styles.ts"
import { activityView } from "./views/activity.ts"
import { detailDialog } from "./views/detail.ts"
import { type ExportState, exportDialog } from "./views/export.ts"
import { filtersView } from "./views/filters.ts"
import { headView, type TabName, tabsView } from "./views/head.ts"
import { tableView, windowOf } from "./views/table.ts"
import { trustView } from "./views/trust.ts"

type Dialog =
  | { readonly kind: "entry"; readonly entry: AuditLogEntry; readonly proof: EntryProof }
  | { readonly kind: "export"; readonly state: ExportState }

/** One line on a wide screen, and a card of three on a narrow one; the style sheet says the same. */
const ROW_PX = { wide: 45, narrow: 97 }
const NARROW = "(max-width: 760px)"

/** The audit log as a compliance officer reads it. It knows no relay: see desk.ts. */
export class AuditElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    model: { attribute: false },
    actions: { attribute: false },
    tab: { state: true },
    filters: { state: true },
    dialog: { state: true },
    active: { state: true },
    scrolled: { state: true },
    areFiltersOpen: { state: true },
  }
  static override readonly styles: CSSResultGroup = [controls, auditStyles]

  declare model: AuditModel
  declare actions: AuditActions
  declare tab: TabName
  declare filters: Filters
  declare dialog: Dialog | null
  /** The row that the keyboard is on, among those shown. */
  declare active: number
  declare scrolled: { readonly top: number; readonly height: number }
  /** On a narrow screen. */
  declare areFiltersOpen: boolean
  #shown: readonly AuditLogEntry[] = []
  #shownOf: readonly unknown[] = []
  #choices: Choices = choicesOf([])
  #proving: AbortController | undefined
  readonly #narrow: MediaQueryList = matchMedia(NARROW)

  constructor() {
    super()
    this.tab = "entries"
    this.filters = NO_FILTERS
    this.dialog = null
    this.active = 0
    this.scrolled = { top: 0, height: 900 }
    this.areFiltersOpen = false
  }

  get #words(): AuditStrings {
    return auditStrings(this.model.strings.language)
  }

  get #rowPx(): number {
    return this.#narrow.matches ? ROW_PX.narrow : ROW_PX.wide
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener("resize", this.#onScroll)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    window.removeEventListener("resize", this.#onScroll)
    this.#proving?.abort()
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>("h1")?.focus()
    this.actions.readSince(spanOf(this.filters, this.model.nowMs).sinceMs)
    this.#onScroll()
  }

  override updated(): void {
    openDialogs(this.renderRoot as ShadowRoot)
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const { dialog } = this
    // Signed meanwhile.
    const isPending = dialog?.kind === "entry" && dialog.proof.kind === "pending"
    if (isPending && changed.has("model") && (this.model.log?.provenTo ?? 0) >= dialog.entry.sequence)
      this.#prove(dialog.entry)
    const { entries, nowMs } = this.model
    const by = [entries, this.filters, Math.floor(nowMs / 60_000)]
    if (by.every((one, index) => one === this.#shownOf[index])) return
    if (entries !== this.#shownOf[0]) this.#choices = choicesOf(entries)
    this.#shownOf = by
    this.#shown = applyFilters(entries, this.filters, nowMs)
    this.active = Math.max(0, Math.min(this.active, this.#shown.length - 1))
  }

  readonly #onScroll = (): void => {
    const list = this.renderRoot.querySelector(".rows")
    if (list !== null) this.scrolled = { top: list.scrollTop, height: list.clientHeight }
  }

  #filter(changes: Partial<Filters>): void {
    const before = spanOf(this.filters, this.model.nowMs)
    this.filters = { ...this.filters, ...changes }
    const { sinceMs } = spanOf(this.filters, this.model.nowMs)
    if (sinceMs < before.sinceMs) this.actions.readSince(sinceMs)
    this.active = 0
    this.renderRoot.querySelector(".rows")?.scrollTo(0, 0)
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const list = this.renderRoot.querySelector(".rows")
    const page = Math.max(1, Math.floor((list?.clientHeight ?? 0) / this.#rowPx) - 2)
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      End: this.#shown.length,
      Home: -this.#shown.length,
    }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    void this.#goTo(Math.max(0, Math.min(this.active + step, this.#shown.length - 1)))
  }

  /** Brings a row into sight and puts the keyboard on it. */
  async #goTo(index: number): Promise<void> {
    this.active = index
    const list = this.renderRoot.querySelector(".rows")
    if (list === null) return
    const row = this.#rowPx
    const head = this.renderRoot.querySelector("thead")?.clientHeight ?? 0
    const top = index * row
    if (top < list.scrollTop) list.scrollTop = top
    else if (top + row + head > list.scrollTop + list.clientHeight)
      list.scrollTop = top + row + head - list.clientHeight
    this.#onScroll()
    await this.updateComplete
    this.renderRoot.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true })
  }

  #open(index: number): void {
    const entry = this.#shown[index]
    if (entry === undefined) return
    this.active = index
    this.#prove(entry)
  }

  #prove(entry: AuditLogEntry): void {
    this.#proving?.abort()
    const proving = new AbortController()
    this.#proving = proving
    const show = (proof: EntryProof): void => {
      if (!proving.signal.aborted) this.dialog = { kind: "entry", entry, proof }
    }
    show({ kind: "checking" })
    this.actions
      .prove(entry, proving.signal)
      .then(show)
      .catch((error: unknown) => show({ kind: "failed", code: codeOf(error) }))
  }

  /** By the browser's own means, so that the focus goes back to where it came from. */
  #close(): void {
    this.#proving?.abort()
    const dialog = this.renderRoot.querySelector("dialog")
    if (dialog?.open) dialog.close()
    this.dialog = null
  }

  #showEntry(sequence: number): void {
    this.tab = "entries"
    this.filters = { ...NO_FILTERS, period: "all" }
    this.actions.readSince(0)
    void this.updateComplete.then(() => {
      const index = this.#shown.findIndex((entry) => entry.sequence === sequence)
      if (index >= 0) void this.#goTo(index)
    })
  }

  async #export(format: ExportFormat, isAll: boolean): Promise<void> {
    this.dialog = { kind: "export", state: "making" }
    const set = (state: ExportState): void => {
      if (this.dialog?.kind === "export") this.dialog = { kind: "export", state }
    }
    try {
      const file = await this.actions.makeFile(format, isAll ? this.model.entries : this.#shown)
      const day = new Date(this.model.nowMs).toISOString().slice(0, 10)
      saveFile(
        `wardline-audit-${day}.${format === "csv" ? "csv" : format === "fhir" ? "fhir.ndjson" : "ndjson"}`,
        file,
      )
      set("done")
    } catch {
      set("failed")
    }
  }

  #saveEvidence(): void {
    this.actions.makeEvidence().then(
      (file) => saveFile("wardline-audit-evidence.json", file),
      () => {},
    )
  }

  #dialogView(): TemplateResult | typeof nothing {
    const { dialog, model } = this
    const { strings } = model
    switch (dialog?.kind) {
      case undefined:
        return nothing
      case "entry":
        return detailDialog({
          strings,
          entry: dialog.entry,
          proof: dialog.proof,
          close: () => this.#close(),
          onlyDevice: () => {
            this.#close()
            this.#filter({ who: dialog.entry.who.deviceId })
          },
          onlyConversation: () => {
            this.#close()
            this.#filter({ conversation: dialog.entry.conversation ?? "" })
          },
          saveProof: (file) =>
            saveFile(
              `wardline-entry-${dialog.entry.sequence}.tlog-proof`,
              new Blob([file], { type: "text/plain" }),
            ),
        })
      case "export":
        return exportDialog({
          strings,
          shown: this.#shown.length,
          read: model.entries.length,
          state: dialog.state,
          close: () => this.#close(),
          make: (format, isAll) => void this.#export(format, isAll),
        })
    }
  }

  /** What is being read, or why it isn't, and how many there are. */
  #statusView(): TemplateResult {
    const { model } = this
    const words = this.#words
    const number = new Intl.NumberFormat(model.strings.language)
    const { loading, problem, entries } = model
    if (loading !== null) {
      const { done, of } = loading
      const text = of === 0 ? words.loading : words.loadingOf(number.format(done), number.format(of))
      return html`<div class="status"><progress max=${of === 0 ? nothing : of} .value=${done} aria-label=${words.loading}></progress>
        <span class="small">${text}</span>
        <button class="button quiet" type="button" @click=${() => this.actions.stopReading()}>${words.stop}</button></div>`
    }
    const { title, advice } = model.strings.problems[problemOf(problem ?? "")]
    const again = (): void => this.actions.readSince(spanOf(this.filters, model.nowMs).sinceMs)
    return html`<div class="status">
      ${problem === null ? nothing : html`<p class="problem small" role="alert">${title}. ${advice}</p><button class="button quiet" type="button" @click=${again}>${words.retry}</button>`}
      <p class="small muted" role="status">${words.shown(number.format(this.#shown.length), number.format(entries.length))}</p>
      ${model.hasOlder && problem === null ? html`<button class="button quiet" type="button" @click=${() => this.actions.readOlder()}>${words.loadOlder}</button>` : nothing}
    </div>`
  }

  #entriesView(): TemplateResult {
    const { model, filters, areFiltersOpen } = this
    const words = this.#words
    const shown = this.#shown
    const rowPx = this.#rowPx
    const isEmpty = shown.length === 0 && model.loading === null
    return html`
      <button class="button quiet filter-toggle" type="button" aria-expanded=${areFiltersOpen ? "true" : "false"}
        @click=${() => {
          this.areFiltersOpen = !areFiltersOpen
        }}>${auditIcon("filter")}${words.filters}</button>
      <div class="filter-bar ${areFiltersOpen ? "open" : ""}">
        ${filtersView({ strings: model.strings, filters, choices: this.#choices, change: (changes) => this.#filter(changes), clear: () => this.#filter({ ...NO_FILTERS, period: filters.period, from: filters.from, to: filters.to }) })}
      </div>
      ${this.#statusView()}
      ${
        isEmpty
          ? html`<p class="nothing muted">${model.entries.length > 0 ? words.noneMatch : model.problem === null ? words.noneAtAll : ""}</p>`
          : html`<div class="rows" @scroll=${this.#onScroll}>${tableView({
              strings: model.strings,
              nowMs: model.nowMs,
              entries: shown,
              window: windowOf(shown.length, this.scrolled.top, this.scrolled.height, rowPx),
              active: this.active,
              rowPx,
              open: (index) => this.#open(index),
              onKey: this.#onKey,
            })}</div>`
      }`
  }

  #tabView(): TemplateResult {
    const { model, actions } = this
    switch (this.tab) {
      case "entries":
        return this.#entriesView()
      case "activity":
        return html`<div class="page">${activityView(this.#shown, model.strings)}</div>`
      case "trust":
        return html`<div class="page">${trustView({
          model,
          actions,
          showEntry: (sequence) => this.#showEntry(sequence),
          saveEvidence: () => this.#saveEvidence(),
        })}</div>`
    }
  }

  override render(): TemplateResult {
    const { model, tab } = this
    const words = this.#words
    const problems = model.log?.problems ?? []
    return html`
      ${headView({
        model,
        back: () => this.actions.close(),
        makeExport: () => {
          this.dialog = { kind: "export", state: "ready" }
        },
      })}
      ${
        problems.length === 0 || tab === "trust"
          ? nothing
          : html`<div class="alarm" role="alert">${icon("alert")}<p><b>${words.brokenTitle}.</b> ${words.problems[problems[0]?.kind ?? "gap"]}</p>
              <button class="button" type="button" @click=${() => {
                this.tab = "trust"
              }}>${words.trustTab}</button></div>`
      }
      ${tabsView(tab, words, (chosen) => {
        this.tab = chosen
      })}
      <div class="panel" role="tabpanel" id="panel" aria-labelledby="tab-${tab}">${this.#tabView()}</div>
      ${this.#dialogView()}`
  }
}
