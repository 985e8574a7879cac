import {
  type CSSResultGroup,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit"
import type { ChatStrings } from "../../strings/chat-strings.ts"
import { type DeviceStrings, deviceStrings } from "../../strings/device-strings.ts"
import { controls } from "../../ui/controls.ts"
import { formText } from "../../ui/form-text.ts"
import { icon } from "../../ui/icons.ts"
import type { RestoreState } from "../model.ts"
import { countWords, restoreProblem } from "./restore-problem.ts"
import { deviceStyles } from "./styles.ts"

const WORDS = 12

/** Brings conversations to this device: by the twelve words, or by another device's link once its owner says so. */
export class RestoreElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    strings: { attribute: false },
    code: { attribute: false },
    progress: { attribute: false },
    isEphemeral: { attribute: false },
    wrong: { state: true },
  }
  static override readonly styles: CSSResultGroup = [controls, deviceStyles]

  declare strings: ChatStrings
  /** A pairing link's code; null where words are typed. */
  declare code: string | null
  declare progress: RestoreState
  /** Nothing can be kept in this browser. */
  declare isEphemeral: boolean
  declare wrong: string
  declare onRestore: ((code: string) => void) | undefined
  declare onCancel: (() => void) | undefined

  constructor() {
    super()
    this.wrong = ""
  }

  /** A new screen takes the focus, so that a screen reader and the keyboard go with it. */
  override firstUpdated(): void {
    if (document.hasFocus()) this.renderRoot.querySelector<HTMLElement>("h1")?.focus()
  }

  #submit(typed: string): void {
    const count = countWords(typed)
    this.wrong = count === WORDS ? "" : deviceStrings(this.strings.language).wordCount(count)
    if (this.wrong === "") this.onRestore?.(typed)
  }

  #problemView(): TemplateResult | typeof nothing {
    const { progress, strings, code } = this
    const text =
      this.wrong !== ""
        ? this.wrong
        : progress.kind === "failed"
          ? restoreProblem(progress, strings, code !== null)
          : ""
    return text === "" ? nothing : html`<p class="problem" role="alert" id="problem">${text}</p>`
  }

  #wordsView(words: DeviceStrings): TemplateResult {
    const { strings } = this
    const onSubmit = (event: Event): void => {
      event.preventDefault()
      this.#submit(formText(event.target as HTMLFormElement, "words"))
    }
    return html`<form class="stack" autocomplete="off" @submit=${onSubmit}>
      <h1 tabindex="-1">${words.restoreTitle}</h1>
      <p>${words.restoreIntro}</p>
      <div class="field">
        <label for="words">${words.restoreLabel}</label>
        <textarea class="words" id="words" name="words" lang="en" autocapitalize="none" autocomplete="off" spellcheck="false"
          aria-describedby="hint"></textarea>
        <p class="small muted" id="hint">${words.restoreHint}</p>
      </div>
      ${this.#ephemeralView(words)} ${this.#problemView()}
      <div class="actions">
        <button class="button" type="button" @click=${() => this.onCancel?.()}>${strings.cancel}</button>
        <button class="button primary">${words.joinButton}</button>
      </div>
    </form>`
  }

  #ephemeralView(words: DeviceStrings): TemplateResult | typeof nothing {
    return this.isEphemeral
      ? html`<p class="notice">${icon("alert")}<span>${words.notKept}</span></p>`
      : nothing
  }

  #linkView(words: DeviceStrings, code: string): TemplateResult {
    const hasFailed = this.progress.kind === "failed"
    return html`<div class="stack">
      <h1 tabindex="-1">${words.joinTitle}</h1>
      <p>${words.joinIntro}</p>
      <p class="notice">${icon("alert")}<span>${words.joinWarning}</span></p>
      ${this.#ephemeralView(words)} ${this.#problemView()}
      <div class="actions">
        <button class="button" type="button" @click=${() => this.onCancel?.()}>${this.strings.notNow}</button>
        <button class="button ${hasFailed ? "" : "primary"}" type="button" @click=${() => this.onRestore?.(code)}>
          ${hasFailed ? this.strings.retryNow : words.joinButton}</button>
      </div>
    </div>`
  }

  override render(): TemplateResult {
    const { progress, code } = this
    const words = deviceStrings(this.strings.language)
    const form = code === null ? this.#wordsView(words) : this.#linkView(words, code)
    const isWorking = progress.kind === "working"
    // The form stays, so that what was typed is there again if it doesn't work.
    return html`${isWorking ? workingView(progress, words) : nothing}<div ?hidden=${isWorking}>${form}</div>`
  }
}

function workingView(
  { done, of }: { readonly done: number; readonly of: number },
  words: DeviceStrings,
): TemplateResult {
  const text = words.restoring(done, of)
  return html`<div class="wait" role="status">
    <span class="spinner"></span>
    <h1 class="plain" tabindex="-1">${text}</h1>
    ${of === 0 ? nothing : html`<progress max=${of} .value=${done} aria-label=${text}></progress>`}
  </div>`
}
