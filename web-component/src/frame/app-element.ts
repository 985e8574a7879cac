import {
  type CSSResultGroup,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit"
import type { ComposerElement } from "../ui/composer-element.ts"
import { controls } from "../ui/controls.ts"
import { openDialogs } from "../ui/open-dialogs.ts"
import type { ThreadElement } from "../ui/thread-element.ts"
import { tokens } from "../ui/tokens.ts"
import { EscapeTwice } from "./escape-twice.ts"
import type { FrameActions, FrameModel } from "./model.ts"
import { frameStyles } from "./styles.ts"
import { headerView, safetyView } from "./views/chrome.ts"
import { consentView } from "./views/consent.ts"
import type { DialogState } from "./views/dialogs.ts"
import { elsewhereView, loadingView, problemView, standaloneView } from "./views/status.ts"

/** The patient's chat, drawn from a model. It knows no relay: see session.ts. */
export class FrameAppElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    model: { attribute: false },
    actions: { attribute: false },
    dialog: { state: true },
    escapeHint: { state: true },
    later: { state: true },
    more: { state: true },
  }
  static override readonly styles: CSSResultGroup = [tokens, controls, frameStyles]

  declare model: FrameModel
  declare actions: FrameActions
  declare dialog: DialogState | null
  declare escapeHint: boolean
  /** The conversation's part of the app: null while it is on its way, "failed" if it could not be fetched. */
  declare later: typeof import("./later.ts") | null | "failed"
  /** The part for devices and readers likewise: undefined until it is asked for. */
  declare more: typeof import("./more.ts") | undefined | null | "failed"
  readonly #escape: EscapeTwice = new EscapeTwice()
  #shownScreen = ""
  #hintTimer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.dialog = null
    this.escapeHint = false
    this.later = null
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener("keydown", this.#onKey, true)
    void this.#loadLater()
  }

  async #loadLater(): Promise<void> {
    this.later = null
    // After the first screen, which it must not delay.
    await this.updateComplete
    const later = await import("./later.ts").catch(() => null)
    later?.defineThreadElements()
    this.later = later ?? "failed"
  }

  async #loadMore(): Promise<void> {
    this.more = null
    const more = await import("./more.ts").catch(() => null)
    more?.defineMoreElements()
    this.more = more ?? "failed"
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    window.removeEventListener("keydown", this.#onKey, true)
    clearTimeout(this.#hintTimer)
  }

  /** Puts the keyboard where the next thing happens: the composer, else the screen's heading. */
  focusScreen(): void {
    const composer = this.#composer()
    if (composer !== null && matchMedia("(hover: hover)").matches) composer.focus()
    else this.renderRoot?.querySelector<HTMLElement>("h1")?.focus()
  }

  /** The panel has come back into sight: what is at the end of the thread is now seen. */
  reportSeen(): void {
    const thread = this.renderRoot?.querySelector<ThreadElement>("wl-thread")
    if (thread?.atEnd) thread.toEnd()
  }

  /** Gives a text back to the composer when it could not be sent. */
  restoreText(text: string): void {
    this.#composer()?.restore(text)
  }

  #composer(): ComposerElement | null {
    return this.renderRoot?.querySelector<ComposerElement>("wl-composer") ?? null
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.repeat) return
    if (this.#escape.press(event.timeStamp)) {
      this.actions.exit()
      return
    }
    if (this.dialog !== null) return
    this.escapeHint = true
    clearTimeout(this.#hintTimer)
    this.#hintTimer = setTimeout(() => {
      this.escapeHint = false
    }, EscapeTwice.WITHIN_MS)
  }

  override willUpdate(): void {
    const { kind } = this.model.screen
    const isMore = kind === "devices" || kind === "restore" || kind === "readers"
    if (isMore && this.more === undefined) void this.#loadMore()
  }

  override updated(): void {
    openDialogs(this.renderRoot as ShadowRoot)
    const { screen } = this.model
    const key = screen.kind === "conversation" ? `conversation ${screen.id}` : screen.kind
    if (key === this.#shownScreen) return
    const isFirst = this.#shownScreen === ""
    this.#shownScreen = key
    // A new screen takes the focus, so that a screen reader and the keyboard go with it.
    if (!isFirst && document.hasFocus()) void this.#focusWhenDrawn()
  }

  async #focusWhenDrawn(): Promise<void> {
    await this.#composer()?.updateComplete
    this.focusScreen()
  }

  readonly #showDialog = (dialog: DialogState | null): void => {
    // Closed by the browser's own means, so that the focus goes back to where it came from.
    const open = this.renderRoot.querySelector("dialog")
    if (open?.open && dialog === null) open.close()
    this.dialog = dialog
  }

  #screen(): TemplateResult {
    const { model, actions, later, more } = this
    const { screen } = model
    switch (screen.kind) {
      case "loading":
        return loadingView(model)
      case "standalone":
        return standaloneView(model)
      case "problem":
        return problemView(model, actions, screen.code)
      case "elsewhere":
        return elsewhereView(model, actions)
      case "consent":
        return consentView(model, actions)
      case "devices":
      case "restore":
      case "readers":
        if (more === undefined || more === null) return loadingView(model)
        if (more === "failed")
          return problemView(model, { retry: () => void this.#loadMore() }, "ERR_OFFLINE")
        return more.moreView(model, actions, screen)
      case "topics":
      case "list":
      case "conversation": {
        if (later === null) return loadingView(model)
        if (later === "failed") {
          return problemView(model, { retry: () => void this.#loadLater() }, "ERR_OFFLINE")
        }
        if (screen.kind === "topics") return later.topicsView(model, actions)
        if (screen.kind === "list") return later.listView(model, actions)
        const view = model.conversations.find((conversation) => conversation.id === screen.id)
        if (view === undefined) return loadingView(model)
        return later.conversationView(model, actions, view, (href) =>
          this.#showDialog({ kind: "link", href }),
        )
      }
    }
  }

  override render(): TemplateResult {
    const { model, actions, later } = this
    const { toast, strings } = model
    const dialogs = later === null || later === "failed" ? null : later
    const isStandalone = model.screen.kind === "standalone"
    const text = this.escapeHint ? strings.escapeAgain : toast?.text
    return html`
      ${isStandalone ? nothing : headerView(model, actions, this.#showDialog)}
      ${isStandalone ? nothing : safetyView(model, actions)}
      ${this.#screen()}
      ${dialogs?.frameDialog({ model, actions, show: this.#showDialog }, this.dialog) ?? nothing}
      <div role="status">
        ${
          text === undefined
            ? nothing
            : html`<div class="toast"><span>${text}</span>${
                !this.escapeHint && toast?.undo !== undefined
                  ? html`<button type="button" @click=${toast.undo}>${strings.undo}</button>`
                  : nothing
              }</div>`
        }
      </div>
    `
  }
}

/** Registers the app; what it is made of follows by itself. */
export function defineFrameApp(): void {
  if (customElements.get("wl-chat-app") === undefined) customElements.define("wl-chat-app", FrameAppElement)
}
