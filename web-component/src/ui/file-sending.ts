import type { SendFileOptions } from "@wardline/sdk"
import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit"
import { type FileStrings, fileStrings } from "../strings/file-strings.ts"
import { codeOf } from "./error-code.ts"
import { percentName } from "./format.ts"
import { plainName } from "./inert-text.ts"

/** Seals and sends a file; resolves once it is a message. */
export type SendFile = (file: File, options: SendFileOptions) => Promise<unknown>

type State =
  | { readonly kind: "idle" }
  | {
      readonly kind: "sending"
      readonly file: File
      readonly part: number
      readonly controller: AbortController
    }
  /** Only the sender can say whether the original may go. */
  | { readonly kind: "asking"; readonly file: File }
  | { readonly kind: "failed"; readonly text: string }

/** The file that is being sent beside a composer: one at a time, with its progress, its questions and its failure. */
export class FileSending implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly strings: { readonly language: string } }
  #state: State = { kind: "idle" }

  constructor(host: ReactiveControllerHost & { readonly strings: { readonly language: string } }) {
    this.#host = host
    host.addController(this)
  }

  hostConnected(): void {
    // Nothing to prepare.
  }

  get #strings(): FileStrings {
    return fileStrings(this.#host.strings.language)
  }

  #set(state: State): void {
    this.#state = state
    this.#host.requestUpdate()
  }

  async #send(file: File, send: SendFile, keepOriginal: boolean): Promise<void> {
    const controller = new AbortController()
    const show = (part: number): void => this.#set({ kind: "sending", file, part, controller })
    show(0)
    try {
      await send(file, {
        keepOriginal,
        signal: controller.signal,
        onProgress: ({ done, total }) => {
          if (!controller.signal.aborted) show(done / total)
        },
      })
      this.#set({ kind: "idle" })
    } catch (error) {
      this.#set(this.#stateAfter(codeOf(error), file, keepOriginal))
    }
  }

  #stateAfter(code: string, file: File, keepOriginal: boolean): State {
    if (code === "ERR_ABORTED") return { kind: "idle" }
    const isUnclean = code === "ERR_MALFORMED" || code === "ERR_UNSUPPORTED"
    if (isUnclean && !keepOriginal) return { kind: "asking", file }
    const strings = this.#strings
    return { kind: "failed", text: code === "ERR_TOO_LARGE" ? strings.tooLarge : strings.notSent }
  }

  /** The button that asks for a file. */
  button(send: SendFile): TemplateResult {
    const { attach } = this.#strings
    const busy = this.#state.kind === "sending" || this.#state.kind === "asking"
    const choose = (event: Event): void => {
      const input = event.target as HTMLInputElement
      const file = input.files?.[0]
      // So that the same file can be chosen again.
      input.value = ""
      if (file !== undefined && !busy) void this.#send(file, send, false)
    }
    const ask = (event: Event): void => {
      const input = (event.currentTarget as HTMLElement).nextElementSibling as HTMLInputElement
      if (!busy) input.click()
    }
    return html`<button class="icon" type="button" aria-label=${attach} aria-disabled=${busy ? "true" : "false"} @click=${ask}>
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="m20 11-8.500 8.500a5 5 0 0 1-7-7L13 4a3.300 3.300 0 0 1 4.700 4.700l-8.500 8.500a1.700 1.700 0 0 1-2.400-2.400L14.500 7"/></svg>
      </button>
      <input type="file" hidden aria-label=${attach} @change=${choose} />`
  }

  /** What is to be said of the file, above the composer. */
  status(send: SendFile): TemplateResult {
    const state = this.#state
    const strings = this.#strings
    return html`<div role="status">${
      state.kind === "idle"
        ? nothing
        : html`<div class="file ${state.kind}">${this.#statusOf(state, strings, send)}</div>`
    }</div>`
  }

  #statusOf(state: Exclude<State, { kind: "idle" }>, strings: FileStrings, send: SendFile): TemplateResult {
    switch (state.kind) {
      case "sending": {
        const label = strings.sending(plainName(state.file.name))
        return html`<label>${label} <span class="muted">${percentName(state.part, this.#host.strings.language)}</span>
            <progress max="1" .value=${state.part} aria-label=${label}></progress></label>
          <button class="button quiet" type="button" @click=${() => state.controller.abort()}>${strings.stop}</button>`
      }
      case "asking":
        return html`<p>${strings.notCleaned}</p>
          <button class="button" type="button" @click=${() => this.#set({ kind: "idle" })}>${strings.dontSend}</button>
          <button class="button danger" type="button" @click=${() => void this.#send(state.file, send, true)}>${strings.sendAnyway}</button>`
      case "failed":
        return html`<p class="problem">${state.text}</p>
          <button class="button quiet" type="button" @click=${() => this.#set({ kind: "idle" })}>OK</button>`
    }
  }
}
