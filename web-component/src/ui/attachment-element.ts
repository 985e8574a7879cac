import type { ChatMessage, TransferOptions } from "@wardline/sdk"
import {
  type CSSResultGroup,
  css,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit"
import { fileStrings } from "../strings/file-strings.ts"
import { controls } from "./controls.ts"
import { codeOf } from "./error-code.ts"
import { percentName, sizeName } from "./format.ts"
import { saveFile } from "./save-file.ts"

/** Fetches a message's file; resolves once all of it has been checked. */
export type OpenFile = (messageId: string, options: TransferOptions) => Promise<Blob>

type State =
  | { readonly kind: "closed" }
  | { readonly kind: "fetching"; readonly part: number; readonly controller: AbortController }
  | { readonly kind: "shown"; readonly url: string }
  | { readonly kind: "told"; readonly text: string; readonly isProblem: boolean }

const styles = css`
  :host { display: grid; gap: .5rem; min-inline-size: min(14rem, 60vw); }
  .name { font-weight: 650; overflow-wrap: anywhere; }
  .row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
  img { display: block; max-inline-size: 100%; max-block-size: min(24rem, 60dvh); border-radius: .5rem; background: var(--sunken); }
  progress { inline-size: 100%; accent-color: var(--accent); }
  .button { font-size: .9375rem; }
`

/** A file in a message: nothing is fetched before somebody asks for it, and only what is a picture, and no larger than a
 * device can bear, is shown; everything else is saved. */
export class AttachmentElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    message: { attribute: false },
    language: { attribute: false },
    open: { attribute: false },
    state: { state: true },
  }
  static override readonly styles: CSSResultGroup = [controls, styles]

  declare message: ChatMessage
  declare language: string
  declare open: OpenFile
  declare state: State

  constructor() {
    super()
    this.state = { kind: "closed" }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    if (this.state.kind === "fetching") this.state.controller.abort()
    if (this.state.kind === "shown") URL.revokeObjectURL(this.state.url)
    this.state = { kind: "closed" }
  }

  async #fetch(use: (file: Blob) => Promise<State>): Promise<void> {
    const controller = new AbortController()
    const show = (part: number): void => {
      this.state = { kind: "fetching", part, controller }
    }
    show(0)
    try {
      const { signal } = controller
      const file = await this.open(this.message.id, {
        signal,
        onProgress: ({ done, total }) => {
          if (!signal.aborted) show(done / total)
        },
      })
      this.state = await use(file)
    } catch (error) {
      this.state = this.#after(codeOf(error))
    }
  }

  #after(code: string): State {
    const strings = fileStrings(this.language)
    if (code === "ERR_ABORTED") return { kind: "closed" }
    const texts: Record<string, string> = { ERR_OPEN_FAILED: strings.notTrusted, ERR_NOT_FOUND: strings.gone }
    return { kind: "told", text: texts[code] ?? strings.notFetched, isProblem: true }
  }

  readonly #show = async (file: Blob): Promise<State> => {
    const { previewOf } = await import("./preview.ts")
    const read = async (start: number, end: number): Promise<Uint8Array> =>
      new Uint8Array(await file.slice(start, end).arrayBuffer())
    const preview = await previewOf({ size: file.size, read })
    if (preview === undefined)
      return { kind: "told", text: fileStrings(this.language).notShown, isProblem: true }
    // By what it is, not by what its sender calls it.
    const picture = file.slice(0, file.size, preview.mediaType)
    return { kind: "shown", url: URL.createObjectURL(picture) }
  }

  readonly #save = async (file: Blob): Promise<State> => {
    saveFile(this.message.attachment?.name ?? "", file)
    return { kind: "told", text: fileStrings(this.language).saved, isProblem: false }
  }

  override render(): TemplateResult | typeof nothing {
    const { attachment } = this.message
    if (attachment === undefined) return nothing
    const { state, language } = this
    const strings = fileStrings(language)
    const isPicture = /^image\/(jpeg|png|webp)$/.test(attachment.mediaType)
    const isSent = this.message.position !== undefined
    const button = (text: string, use: (file: Blob) => Promise<State>): TemplateResult =>
      html`<button class="button" type="button" @click=${() => void this.#fetch(use)}>${text}</button>`
    return html`
      ${state.kind === "shown" ? html`<img src=${state.url} alt=${attachment.name} />` : nothing}
      <div><bdi class="name">${attachment.name}</bdi> <span class="small muted">${sizeName(attachment.size, language)}</span></div>
      ${
        state.kind === "told"
          ? html`<p class="small ${state.isProblem ? "problem" : ""}" role=${state.isProblem ? "alert" : "status"}>${state.text}</p>`
          : nothing
      }
      ${
        state.kind === "fetching"
          ? html`<div class="row" role="status">
              <progress max="1" .value=${state.part} aria-label=${strings.fetching(attachment.name)}></progress>
              <span class="small muted">${percentName(state.part, language)}</span>
              <button class="button quiet" type="button" @click=${() => state.controller.abort()}>${strings.stop}</button>
            </div>`
          : isSent
            ? html`<div class="row">
                ${isPicture && state.kind !== "shown" ? button(strings.show, this.#show) : nothing}
                ${button(strings.save, this.#save)}
              </div>`
            : nothing
      }
    `
  }
}
