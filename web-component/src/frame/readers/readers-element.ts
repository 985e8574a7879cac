import type { ChatMessage, WhoHasRead } from "@wardline/sdk"
import {
  type CSSResultGroup,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit"
import type { ChatStrings } from "../../strings/chat-strings.ts"
import { problemOf } from "../../strings/problems.ts"
import { readerStrings } from "../../strings/reader-strings.ts"
import { controls } from "../../ui/controls.ts"
import { codeOf } from "../../ui/error-code.ts"
import { timeOfDay } from "../../ui/format.ts"
import { icon } from "../../ui/icons.ts"
import { saveFile } from "../../ui/save-file.ts"
import { assuranceOf, isMoving, type LoadReaders } from "./model.ts"
import { assuranceView, oddView, ownView, readingsView, witnessesView } from "./readers-views.ts"
import { readerStyles } from "./styles.ts"

/** Longer than this and the patient should know. */
const WITHIN_MS = 45_000
/** The log's state is signed every ten seconds: what is pending has been by then. */
const LOOK_AGAIN_MS = 12_000
/** Somebody may open the conversation, which changes nothing of it yet. */
const LOOK_NOW_AND_THEN_MS = 60_000
const SHOWN_AT_ONCE = 40
/** Several changes of the conversation in a row cost one look. */
const SETTLE_MS = 2_000

/** Who has read a conversation, from the clinic's log, with what this device could check of it. */
export class ReadersElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    strings: { attribute: false },
    load: { attribute: false },
    messages: { attribute: false },
    loadEvidence: { attribute: false },
    evidence: { state: true },
    nowMs: { attribute: false },
    isVisible: { attribute: false },
    report: { state: true },
    progress: { state: true },
    problem: { state: true },
    isSaved: { state: true },
    limit: { state: true },
  }
  static override readonly styles: CSSResultGroup = [controls, readerStyles]

  declare strings: ChatStrings
  declare load: LoadReaders
  /** Of the conversation: they date how far somebody read, and each change may mean another reader. */
  declare messages: readonly ChatMessage[]
  /** Fetches a file that shows that the log is false; undefined where there is none. */
  declare loadEvidence: () => Promise<Uint8Array | undefined>
  declare nowMs: number
  declare isVisible: boolean
  declare report: WhoHasRead | null
  /** Of a look that is going on. */
  declare progress: { readonly done: number; readonly of: number } | null
  /** The code of what the last look failed with. */
  declare problem: string | null
  declare evidence: Uint8Array | undefined
  declare isSaved: boolean
  /** How many readings are shown. */
  declare limit: number
  #lookedAtMs = 0
  #seen: unknown
  #timer: ReturnType<typeof setTimeout> | undefined
  #looking: AbortController | undefined

  constructor() {
    super()
    this.report = null
    this.progress = null
    this.problem = null
    this.isSaved = false
    this.limit = SHOWN_AT_ONCE
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
    this.#looking?.abort()
  }

  override willUpdate(): void {
    if (this.#seen === this.messages) return
    if (this.#seen === undefined) void this.#look()
    else this.#lookIn(SETTLE_MS)
    this.#seen = this.messages
  }

  /** A new screen takes the focus, so that a screen reader and the keyboard go with it. */
  override firstUpdated(): void {
    if (document.hasFocus()) this.renderRoot.querySelector<HTMLElement>("h1")?.focus()
  }

  async #look(): Promise<void> {
    if (this.progress !== null) return
    clearTimeout(this.#timer)
    this.progress = { done: 0, of: 0 }
    const looking = new AbortController()
    this.#looking = looking
    const limit = setTimeout(() => looking.abort(), WITHIN_MS)
    try {
      const report = await this.load({
        signal: looking.signal,
        onProgress: ({ done, of = 0 }) => {
          this.progress = { done, of }
        },
      })
      this.evidence = assuranceOf(report) === "odd" ? await this.loadEvidence() : undefined
      this.report = report
      this.problem = null
      this.#lookedAtMs = Date.now()
      this.#lookIn(isMoving(report) ? LOOK_AGAIN_MS : LOOK_NOW_AND_THEN_MS)
    } catch (error) {
      if (this.isConnected) this.problem = codeOf(error)
    } finally {
      clearTimeout(limit)
      this.progress = null
    }
  }

  #lookIn(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.isVisible) void this.#look()
      else this.#lookIn(LOOK_AGAIN_MS)
    }, afterMs)
  }

  /** What shows a third person what doesn't fit, where there is such a thing. */
  #proof(): { isSaved: boolean; save(): void } | undefined {
    const { evidence, isSaved } = this
    if (evidence === undefined) return undefined
    const save = (): void => {
      saveFile("wardline-evidence.json", new Blob([evidence as BlobPart], { type: "application/json" }))
      this.isSaved = true
    }
    return { isSaved, save }
  }

  #lookingView(): TemplateResult {
    const words = readerStrings(this.strings.language)
    const { done, of } = this.progress ?? { done: 0, of: 0 }
    const number = new Intl.NumberFormat(this.strings.language)
    const text = of === 0 ? words.looking : words.lookingAt(number.format(done), number.format(of))
    return html`<div class="wait">
      <span class="spinner"></span>
      <p role="status">${of === 0 ? text : words.looking}</p>
      ${of === 0 ? nothing : html`<progress max=${of} .value=${done} aria-label=${text}></progress><p class="small muted" aria-hidden="true">${text}</p>`}
    </div>`
  }

  /** Why there is nothing to show, or nothing newer. */
  #problemView(code: string): TemplateResult {
    const { strings } = this
    const words = readerStrings(strings.language)
    const { title, advice } = strings.problems[problemOf(code)]
    const again = html`<button class="button" type="button" @click=${() => void this.#look()}>${strings.retryNow}</button>`
    if (this.report !== null)
      return html`<div class="notice" role="status">${icon("clock")}<p>${words.asOf(timeOfDay(this.#lookedAtMs, strings.language))}</p>${again}</div>`
    return html`<div class="wait" role="alert">
      <span class="sign">${icon("alert")}</span>
      <h2>${title}</h2>
      <p>${advice}</p>
      ${again}
      ${problemOf(code) === "offline" ? nothing : html`<p class="small muted">${strings.codeForSupport} <code>${code}</code></p>`}
    </div>`
  }

  #reportView(report: WhoHasRead): TemplateResult {
    const context = { strings: this.strings, nowMs: this.nowMs, messages: this.messages, report }
    return html`
      ${assuranceOf(report) === "odd" ? oddView(context, this.#proof()) : nothing}
      ${assuranceView(context)}
      ${readingsView(context, this.limit, () => {
        this.limit += SHOWN_AT_ONCE
      })}
      ${ownView(context)}
      ${witnessesView(context)}
      <button class="button again" type="button" aria-disabled=${this.progress === null ? "false" : "true"}
        @click=${() => void this.#look()}>${readerStrings(this.strings.language).lookAgain}</button>`
  }

  override render(): TemplateResult {
    const { report, problem, progress } = this
    const words = readerStrings(this.strings.language)
    return html`<div class="stack">
      <div><h1 tabindex="-1">${words.title}</h1><p class="muted">${words.intro}</p></div>
      ${problem === null ? nothing : this.#problemView(problem)}
      ${report !== null ? this.#reportView(report) : progress !== null ? this.#lookingView() : nothing}
    </div>`
  }
}
