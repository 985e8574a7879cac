import type { ConversationView } from "@wardline/sdk"
import {
  type CSSResultGroup,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit"
import { repeat } from "lit/directives/repeat.js"
import type { ThreadStrings } from "../strings/chat-strings.ts"
import { controls } from "./controls.ts"
import { icon } from "./icons.ts"
import { firstUnreadId, rowsOf } from "./message-rows.ts"
import { threadStyles } from "./thread-styles.ts"
import { rowView, type ThreadActions } from "./thread-views.ts"

/** How many messages are shown at first and added by "show earlier". */
const WINDOW = 150
/** This near to the end counts as being there. */
const NEAR_END_PX = 48

/** A conversation's messages: scrolls, keeps to the newest, announces politely. Takes plain objects. */
export class ThreadElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    view: { attribute: false },
    strings: { attribute: false },
    actions: { attribute: false },
    empty: { attribute: false },
    nowMs: { attribute: false },
    side: { attribute: false },
    watched: { attribute: false },
    shown: { state: true },
    atEnd: { state: true },
  }
  static override readonly styles: CSSResultGroup = [controls, threadStyles]

  declare view: ConversationView
  declare strings: ThreadStrings
  declare actions: ThreadActions
  /** What stands where there is no message yet. */
  declare empty: TemplateResult | typeof nothing
  declare nowMs: number
  /** Who reads: their side's messages stand at the end of the line. */
  declare side: "patient" | "staff"
  /** Whether the thread is in sight. */
  declare watched: boolean
  /** Called when the newest message is in sight. */
  declare onEnd: (() => void) | undefined
  declare shown: number
  declare atEnd: boolean

  #resizes: ResizeObserver | null = null
  #conversation: string | null = null
  #firstUnread: string | undefined
  #newest: string | undefined
  #topPx = 0
  #wasLive = false

  constructor() {
    super()
    this.empty = nothing
    this.nowMs = Date.now()
    this.side = "patient"
    this.watched = true
    this.shown = WINDOW
    this.atEnd = true
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener("scroll", this.#onScroll, { passive: true })
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    window.removeEventListener("scroll", this.#onScroll)
    this.#resizes?.disconnect()
    this.#resizes = null
  }

  override willUpdate(): void {
    if (this.view.id !== this.#conversation) {
      this.#conversation = this.view.id
      this.#firstUnread = undefined
      this.#newest = undefined
      this.#wasLive = false
      this.shown = WINDOW
      this.atEnd = true
    }
    const { live, unread, messages } = this.view
    const isAway = !this.watched || !this.atEnd || !this.#wasLive
    if (!this.watched) this.#firstUnread = undefined
    // The line stays where it was when the reader came back; what comes in before their eyes needs none.
    if (this.#firstUnread === undefined && live && isAway) this.#firstUnread = firstUnreadId(messages, unread)
    this.#wasLive ||= live
  }

  override updated(): void {
    if (this.#resizes === null) {
      // Whoever was at the end stays there when a keyboard opens, the composer grows or a message comes in.
      this.#resizes = new ResizeObserver(() => {
        if (this.atEnd) this.toEnd()
      })
      for (const part of this.renderRoot.querySelectorAll(".scroll, .rows")) this.#resizes.observe(part)
    }
    const last = this.view.messages.at(-1)
    if (last?.id === this.#newest) return
    this.#newest = last?.id
    if (this.atEnd || last?.mine === true) this.toEnd()
  }

  /** Brings the newest message into sight. */
  toEnd(): void {
    this.renderRoot.querySelector(".end")?.scrollIntoView({ block: "end" })
    this.atEnd = true
    this.onEnd?.()
  }

  /** In a very low window it is the page that scrolls. */
  readonly #onScroll = (): void => {
    const end = this.renderRoot.querySelector(".end")?.getBoundingClientRect()
    const own = this.renderRoot.querySelector(".scroll")?.getBoundingClientRect()
    if (end === undefined || own === undefined) return
    const wasAtEnd = this.atEnd
    const topPx = window.scrollY + (this.renderRoot.querySelector(".scroll")?.scrollTop ?? 0)
    // Away from the end only by scrolling up: a keyboard or a growing composer moves the end, not the reader.
    if (end.bottom <= Math.min(own.bottom, window.innerHeight) + NEAR_END_PX) this.atEnd = true
    else if (topPx < this.#topPx) this.atEnd = false
    this.#topPx = topPx
    if (this.atEnd && !wasAtEnd) this.onEnd?.()
  }

  override render(): TemplateResult {
    const { view, strings } = this
    const messages = view.messages.slice(-this.shown)
    const context = {
      strings,
      side: this.side,
      nowMs: this.nowMs,
      messages: view.messages,
      actions: this.actions,
    }
    return html`
      <div class="scroll" role="log" tabindex="0" aria-label=${strings.messages} aria-live=${view.live ? "polite" : "off"}
        @scroll=${this.#onScroll}>
        <div class="rows">
          ${
            view.messages.length > messages.length
              ? html`<button class="button quiet middle" type="button" @click=${() => (this.shown += WINDOW)}>
                  ${strings.showEarlier}
                </button>`
              : nothing
          }
          ${
            !view.live && messages.length === 0
              ? html`<div class="loading"><span class="spinner"></span><span class="hide">${strings.loadingMessages}</span></div>`
              : nothing
          }
          ${view.live && messages.length === 0 ? this.empty : nothing}
          ${repeat(
            rowsOf(messages, this.#firstUnread),
            (row) => row.key,
            (row) => rowView(row, context),
          )}
          <div class="end"></div>
        </div>
      </div>
      ${
        this.atEnd
          ? nothing
          : html`<button class="button jump" type="button" @click=${() => this.toEnd()}>${icon("down")}${strings.toNewest}</button>`
      }
    `
  }
}
