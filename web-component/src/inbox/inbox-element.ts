import { relayOriginOf } from "../bridge/messages.ts"
import { wantedLanguages } from "../strings/languages.ts"
import { loadInboxStrings } from "../strings/load-inbox.ts"
import { takeFromAddress } from "./address.ts"
import { defineInboxParts, InboxAppElement } from "./inbox-app-element.ts"
import { emptyInboxModel } from "./model.ts"
import { InboxSession } from "./session.ts"

/** On a server there is no HTMLElement: importing is fine there. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement)
const ACTIVITY = ["pointerdown", "keydown", "wheel", "touchstart"] as const

/**
 * The staff's inbox: set up with an enrolment code, then queues, threads and answers.
 *
 * @attr relay - the relay's address; the page's own origin unless given.
 * @attr lang - a language tag, or `auto`.
 * @attr theme - `auto`, `light` or `dark`.
 */
export class WardlineInboxElement extends Base {
  #session: InboxSession | null = null
  #app: InboxAppElement | null = null

  connectedCallback(): void {
    defineInboxParts()
    // At once, before anything that waits: the code must not stay in the address.
    const code = takeFromAddress(location, history)
    void this.#begin(code)
    for (const name of ACTIVITY) window.addEventListener(name, this.#onActivity, { passive: true })
    window.addEventListener("pagehide", this.#onLeave)
  }

  disconnectedCallback(): void {
    for (const name of ACTIVITY) window.removeEventListener(name, this.#onActivity)
    window.removeEventListener("pagehide", this.#onLeave)
    this.#onLeave()
    this.#app?.remove()
    this.#app = null
  }

  async #begin(code: string | null): Promise<void> {
    const app = new InboxAppElement()
    this.#app = app
    app.setAttribute("theme", this.getAttribute("theme") ?? "auto")
    const language = this.getAttribute("lang")
    const relay = relayOriginOf(this.getAttribute("relay") ?? location.origin)
    if (relay === null) {
      const strings = await loadInboxStrings(wantedLanguages(language))
      app.model = { ...emptyInboxModel(strings), screen: { kind: "problem", code: "ERR_CONFIG" } }
      this.append(app)
      return
    }
    const session = await InboxSession.begin({
      relay,
      language,
      code,
      show: (model) => {
        if (app !== this.#app) return
        app.model = model
        app.lang = model.strings.language
        app.dir = model.strings.direction
        if (!app.isConnected) this.append(app)
      },
      restoreText: (text) => app.restoreText(text),
      reportSeen: () => app.reportSeen(),
    })
    if (app !== this.#app) {
      await session.end()
      return
    }
    this.#session = session
    app.actions = session
  }

  readonly #onActivity = (): void => this.#session?.noticeActivity()

  readonly #onLeave = (): void => {
    const session = this.#session
    this.#session = null
    void session?.end()
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "wardline-inbox": WardlineInboxElement
  }
}
