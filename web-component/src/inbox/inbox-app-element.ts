import {
  type CSSResultGroup,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit"
import { localize } from "../strings/languages.ts"
import { lifeStrings } from "../strings/life-strings.ts"
import { AttachmentElement } from "../ui/attachment-element.ts"
import { auditIcon } from "../ui/audit-icons.ts"
import { ComposerElement } from "../ui/composer-element.ts"
import { controls } from "../ui/controls.ts"
import { icon } from "../ui/icons.ts"
import { roleName } from "../ui/message-rows.ts"
import { openDialogs } from "../ui/open-dialogs.ts"
import { ThreadElement } from "../ui/thread-element.ts"
import { tokens } from "../ui/tokens.ts"
import { type InboxActions, type InboxModel, mayAudit } from "./model.ts"
import { orderOf, stepFrom } from "./queues.ts"
import { inboxStyles } from "./styles.ts"
import { type InboxDialog, inboxDialog } from "./views/dialogs.ts"
import { doorView } from "./views/doors.ts"
import { queueList, visibleQueues } from "./views/list.ts"
import { paneView } from "./views/pane.ts"

/** The inbox, drawn from a model. It knows no relay: see session.ts. */
export class InboxAppElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    model: { attribute: false },
    actions: { attribute: false },
    dialog: { state: true },
  }
  static override readonly styles: CSSResultGroup = [tokens, controls, inboxStyles]

  declare model: InboxModel
  declare actions: InboxActions
  declare dialog: InboxDialog | null
  #shownPane = "none"
  /** The conversation that was read last: where the focus returns to. */
  #lastId: string | null = null

  constructor() {
    super()
    this.dialog = null
  }

  /** What is at the end of the thread is now seen, if the page is. */
  reportSeen(): void {
    const thread = this.renderRoot?.querySelector("wl-thread")
    if (thread instanceof ThreadElement && thread.atEnd) thread.toEnd()
  }

  /** Gives a text back to the composer when it could not be sent. */
  restoreText(text: string): void {
    this.#composer()?.restore(text)
  }

  #composer(): ComposerElement | null {
    const composer = this.renderRoot.querySelector("wl-composer")
    return composer instanceof ComposerElement ? composer : null
  }

  #focusItem(id: string | null): void {
    const items = [...this.renderRoot.querySelectorAll<HTMLElement>(".queues .entry")]
    const item = items.find((one) => one.dataset.id === id) ?? items[0]
    item?.focus()
  }

  readonly #onListKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step =
      event.key === "j" || event.key === "ArrowDown"
        ? 1
        : event.key === "k" || event.key === "ArrowUp"
          ? -1
          : 0
    if (step === 0) return
    event.preventDefault()
    const focused = (this.renderRoot as ShadowRoot).activeElement as HTMLElement | null
    this.#focusItem(stepFrom(orderOf(visibleQueues(this.model)), focused?.dataset.id ?? null, step))
  }

  readonly #onPaneKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || this.dialog !== null || this.model.pane.kind === "none") return
    const id = this.#lastId
    // On a phone the list takes the pane's place; beside it the conversation stays open.
    if (matchMedia("(max-width: 760px)").matches) this.actions.back()
    void this.updateComplete.then(() => this.#focusItem(id))
  }

  readonly #showDialog = (dialog: InboxDialog | null): void => {
    const open = this.renderRoot.querySelector("dialog")
    if (open?.open && dialog === null) open.close()
    this.dialog = dialog
  }

  override updated(): void {
    openDialogs(this.renderRoot as ShadowRoot)
    const { pane } = this.model
    const key = pane.kind === "none" ? "none" : `${pane.kind} ${pane.id}`
    if (key === this.#shownPane) return
    this.#shownPane = key
    const backTo = this.#lastId
    if (pane.kind !== "none") this.#lastId = pane.id
    if (pane.kind === "open") void this.#focusPane()
    else if (pane.kind === "none" && backTo !== null) this.#focusItem(backTo)
  }

  async #focusPane(): Promise<void> {
    const composer = this.#composer()
    await composer?.updateComplete
    // A phone's keyboard would cover what there is to read.
    if (composer !== null && matchMedia("(hover: hover)").matches) composer.focus()
    else this.renderRoot.querySelector<HTMLElement>(".pane h1")?.focus()
  }

  #inbox(): TemplateResult {
    const { model, actions } = this
    const { strings, me, clinic, connection } = model
    const away =
      connection?.kind === "offline" || (connection?.kind === "connecting" && connection.attempt > 1)
    const isStale = model.pane.kind === "open" && model.pane.view.stale && model.pane.view.status === "open"
    const banner = isStale ? lifeStrings(strings.language).stale : away ? strings.reconnecting : null
    return html`
      <header class="bar">
        <p class="clinic"><b>${strings.inbox}</b><span class="small muted" dir="auto">${clinic === null ? "" : localize(clinic.name, [strings.language]).text}</span></p>
        ${
          mayAudit(model) && model.screen.kind !== "audit"
            ? html`<button class="button quiet audit" type="button" @click=${() => actions.showAudit()}>${auditIcon("log")}<span>${strings.auditLog}</span></button>`
            : nothing
        }
        <button class="me" type="button" aria-haspopup="dialog" @click=${() => this.#showDialog({ kind: "account" })}>
          ${icon("user")}
          <span><span class="hide">${strings.account}: </span><bdi class="name">${me?.name}</bdi><span class="small muted">${me?.roles.map((role) => roleName(role, strings.roles)).join(", ")}</span></span>
        </button>
      </header>
      <div role="status">${banner === null ? nothing : html`<p class="banner">${icon("clock")}<span>${banner}</span></p>`}</div>
      ${this.#body()}
    `
  }

  #body(): TemplateResult {
    const { model, actions } = this
    const { audit } = model
    if (model.screen.kind === "audit")
      return html`<main class="audit-page">${audit === null ? nothing : html`<wl-audit .model=${audit.model} .actions=${audit.actions}></wl-audit>`}</main>`
    return html`
      <div class="panes ${model.pane.kind === "none" ? "" : "reading"}">
        ${queueList(model, actions, this.#onListKey)}
        <main class="pane" @keydown=${this.#onPaneKey}>
          ${paneView(model, actions, {
            link: (href) => this.#showDialog({ kind: "link", href }),
            close: () => this.#showDialog({ kind: "close" }),
            handOver: () => this.#showDialog({ kind: "hand-over" }),
          })}
        </main>
      </div>
    `
  }

  override render(): TemplateResult {
    const { model, actions } = this
    const { toast, strings } = model
    return html`
      ${doorView(model, actions) ?? this.#inbox()}
      ${inboxDialog({ model, actions, show: this.#showDialog }, this.dialog)}
      <div role="status">
        ${
          toast === null
            ? nothing
            : html`<div class="toast"><span>${toast.text}</span>${
                toast.undo === undefined
                  ? nothing
                  : html`<button type="button" @click=${toast.undo}>${strings.undo}</button>`
              }</div>`
        }
      </div>
    `
  }
}

/** Registers what the inbox is made of. */
export function defineInboxParts(): void {
  if (customElements.get("wl-thread") === undefined) customElements.define("wl-thread", ThreadElement)
  if (customElements.get("wl-attachment") === undefined)
    customElements.define("wl-attachment", AttachmentElement)
  if (customElements.get("wl-composer") === undefined) customElements.define("wl-composer", ComposerElement)
  if (customElements.get("wl-inbox-app") === undefined) customElements.define("wl-inbox-app", InboxAppElement)
}
