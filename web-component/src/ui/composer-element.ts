import {
  type CSSResultGroup,
  css,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit"
import type { ThreadStrings } from "../strings/chat-strings.ts"
import { controls } from "./controls.ts"
import { FileSending, type SendFile } from "./file-sending.ts"
import { icon } from "./icons.ts"

/** As long as a message may be, in UTF-16 units. */
export const MAX_TEXT_CHARS = 16_000

/** Whether a text can be sent: something visible, not too long. */
export function checkText(text: string): "empty" | "too-long" | "ok" {
  if (text.trim() === "") return "empty"
  return text.length > MAX_TEXT_CHARS ? "too-long" : "ok"
}

/** Enter sends with a keyboard at hand; on a phone it makes a new line, as people expect there. */
export function sendsOnEnter(event: KeyboardEvent, hasKeyboard: boolean): boolean {
  // 229 and isComposing: Enter that only ends an input method's composition.
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return false
  return hasKeyboard && !event.shiftKey && !event.altKey
}

const styles = css`
  :host { display: block; }
  form { display: flex; align-items: flex-end; gap: .5rem; padding: .625rem .75rem; }
  textarea { flex: 1; min-inline-size: 0; min-block-size: var(--tap); max-block-size: min(11rem, 36dvh); resize: none; overflow-y: auto;
    padding: .5625rem .875rem; border: 1px solid var(--line-strong); border-radius: 1.375rem; background: var(--surface);
    line-height: 1.5; }
  textarea::placeholder { color: var(--muted); opacity: 1; }
  .send { background: var(--accent); color: var(--on-accent); flex: none; }
  .send:hover { background: var(--accent); filter: brightness(1.07); }
  .send[aria-disabled="true"] { background: var(--surface); color: var(--muted); box-shadow: inset 0 0 0 1px var(--line); cursor: default; filter: none; }
  .send svg { stroke-width: 2.25; }
  .file { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; padding: .625rem .875rem 0; font-size: .9375rem; }
  .file label, .file p { flex: 1 1 12rem; overflow-wrap: anywhere; }
  progress { display: block; inline-size: 100%; accent-color: var(--accent); }
  .hint { padding: 0 1.625rem .625rem; margin-block-start: -.25rem; font-size: .8125rem; color: var(--muted); }
  .hint.problem { color: var(--danger); }
  @media (max-height: 460px) { .hint:not(.problem) { display: none; } }
`

/** Where a message is written. Grows with the text; keeps nothing on the device. */
export class ComposerElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    strings: { attribute: false },
    value: { state: true },
    sendFile: { attribute: false },
  }
  static override readonly styles: CSSResultGroup = [controls, styles]

  declare strings: ThreadStrings
  declare value: string
  declare onSend: ((text: string) => void) | undefined
  /** Absent where files can't be sent. */
  declare sendFile: SendFile | undefined
  readonly #files: FileSending = new FileSending(this)
  readonly #keyboard: MediaQueryList = matchMedia("(hover: hover) and (pointer: fine)")

  constructor() {
    super()
    this.value = ""
  }

  override focus(): void {
    this.#area()?.focus()
  }

  /** Puts a text back that could not be sent, unless something else was begun. */
  restore(text: string): void {
    if (this.value === "") this.value = text
  }

  #area(): HTMLTextAreaElement | null {
    return this.renderRoot.querySelector("textarea")
  }

  override updated(): void {
    const area = this.#area()
    if (area === null) return
    if (area.value !== this.value) area.value = this.value
    area.style.height = "auto"
    area.style.height = `${area.scrollHeight + 2}px`
  }

  #send(): void {
    if (checkText(this.value) !== "ok") return
    const text = this.value.trim()
    this.value = ""
    this.onSend?.(text)
    this.focus()
  }

  override render(): TemplateResult {
    const { strings } = this
    const check = checkText(this.value)
    const hint = check === "too-long" ? strings.tooLong : this.#keyboard.matches ? strings.enterHint : ""
    return html`
      ${this.sendFile === undefined ? nothing : this.#files.status(this.sendFile)}
      <form
        @submit=${(event: Event) => {
          event.preventDefault()
          this.#send()
        }}
      >
        ${this.sendFile === undefined ? nothing : this.#files.button(this.sendFile)}
        <textarea
          rows="1"
          dir="auto"
          enterkeyhint=${this.#keyboard.matches ? "send" : "enter"}
          aria-label=${strings.writeMessage}
          aria-describedby=${hint === "" ? nothing : "hint"}
          placeholder=${strings.writeMessage}
          autocomplete="off"
          @input=${(event: InputEvent) => (this.value = (event.target as HTMLTextAreaElement).value)}
          @keydown=${(event: KeyboardEvent) => {
            if (!sendsOnEnter(event, this.#keyboard.matches)) return
            event.preventDefault()
            this.#send()
          }}
        ></textarea>
        <button class="icon send" aria-label=${strings.send} aria-disabled=${check === "ok" ? "false" : "true"}>${icon("send")}</button>
      </form>
      ${
        hint === ""
          ? nothing
          : html`<p class="hint ${check === "too-long" ? "problem" : ""}" id="hint" role=${check === "too-long" ? "alert" : nothing}>${hint}</p>`
      }
    `
  }
}
