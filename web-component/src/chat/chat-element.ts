import {
  CONNECT,
  exitAddress,
  type FrameConfig,
  isClinicKey,
  isHello,
  pageAddressOf,
  pairingCodeOf,
  parseTheme,
  parseToShell,
  relayOriginOf,
  type ToFrame,
} from "../bridge/messages.ts"
import { directionOf, wantedLanguages } from "../strings/languages.ts"
import {
  WardlineCloseEvent,
  WardlineErrorEvent,
  WardlineOpenEvent,
  WardlineStateEvent,
  WardlineUnreadEvent,
} from "./chat-events.ts"
import { buildShell, type ShellParts } from "./shell-dom.ts"
import { type ShellStrings, shellStrings } from "./shell-strings.ts"

/** The frame must greet within this time, or the panel offers to try again. */
const HELLO_WITHIN_MS = 20_000
/** Once it has loaded its scripts have run: silence then is an error page, or a page that may not be embedded here. */
const HELLO_AFTER_LOAD_MS = 1_500
/** Two presses of Escape this close together leave the page. */
const ESCAPE_TWICE_MS = 1_500
const FULL_SCREEN = "(max-width: 640px), (max-height: 520px)"

/** Takes a pairing link's code out of the page's address, so that it is in no history entry and no copied link. */
function takePairing(): string | null {
  const code = pairingCodeOf(location.hash)
  if (code !== null) history.replaceState(history.state, "", location.pathname + location.search)
  return code
}

/** On a server there is no HTMLElement: importing is fine there, registering isn't needed. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement)

/**
 * The thin shell in the clinic's page: a launcher, a count and a sandboxed frame on the relay's origin in which
 * everything readable lives.
 *
 * @attr relay - the relay's address: https, or http on this machine.
 * @attr clinic-key - the clinic's root key, 64 hexadecimal digits.
 * @attr lang - a language tag, or `auto`.
 * @attr theme - `auto`, `light` or `dark`.
 * @attr label - the launcher's words, instead of our own.
 * @attr exit-url - where quick exit goes; about:blank unless given.
 * @cssproperty --wardline-accent - the one accent colour, also in the frame.
 * @cssproperty --wardline-on-accent - text on the launcher.
 * @cssproperty --wardline-offset - distance of launcher and panel from the window's edges.
 * @cssproperty --wardline-radius - the panel's corner radius.
 * @cssproperty --wardline-z-index - stacking of launcher and panel.
 * @csspart launcher - the button. @csspart badge - the unread count. @csspart panel - what opens.
 * @event wardline-open @event wardline-close @event wardline-unread @event wardline-state @event wardline-error
 */
export class WardlineChatElement extends Base {
  static readonly observedAttributes: readonly string[] = ["relay", "clinic-key", "lang", "label", "theme"]

  #parts: ShellParts | null = null
  #frame: HTMLIFrameElement | null = null
  #port: MessagePort | null = null
  #helloTimer: ReturnType<typeof setTimeout> | undefined
  #unread = 0
  #lastEscapeMs = Number.NEGATIVE_INFINITY
  /** What the frame reports once the patient has chosen another language there. */
  #chosenLanguage: string | null = null
  /** Of a link from another device, until the frame has it. */
  #pairing: string | null = null

  connectedCallback(): void {
    // At once, before anything that waits: the code must not stay in the address.
    this.#pairing ??= takePairing()
    this.#parts ??= this.#build()
    this.#label()
    window.addEventListener("message", this.#onMessage)
    window.addEventListener("keydown", this.#onKey)
    if (this.#pairing !== null) this.open()
  }

  disconnectedCallback(): void {
    this.#dropFrame()
    this.#parts?.panel.close()
    window.removeEventListener("message", this.#onMessage)
    window.removeEventListener("keydown", this.#onKey)
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || this.#parts === null) return
    if (name === "relay" || name === "clinic-key") this.#dropFrame()
    else if (this.#frame !== null) this.#configure()
    this.#label()
    if (this.isOpen && this.#frame === null) this.#load()
  }

  get isOpen(): boolean {
    return this.#parts?.panel.open ?? false
  }

  /** Opens the panel; the frame is fetched on the first time. */
  open(): void {
    const parts = this.#parts
    if (parts === null || parts.panel.open) return
    this.#show(parts.panel)
    parts.launcher.setAttribute("aria-expanded", "true")
    if (this.#frame === null) this.#load()
    else this.#frame.focus()
    this.#send({ type: "visible", visible: true })
    this.dispatchEvent(new WardlineOpenEvent())
  }

  /** Closes the panel; the conversation goes on behind it and counts what comes in. */
  close(): void {
    const parts = this.#parts
    if (parts === null || !parts.panel.open) return
    parts.panel.close()
    parts.launcher.setAttribute("aria-expanded", "false")
    parts.launcher.focus()
    this.#send({ type: "visible", visible: false })
    this.dispatchEvent(new WardlineCloseEvent())
  }

  #strings(): ShellStrings {
    return shellStrings(wantedLanguages(this.#chosenLanguage ?? this.getAttribute("lang")))
  }

  #build(): ShellParts {
    const parts = buildShell(this.attachShadow({ mode: "open" }))
    parts.launcher.addEventListener("click", () => this.open())
    parts.close.addEventListener("click", () => this.close())
    parts.retry.addEventListener("click", () => {
      this.#dropFrame()
      this.#load()
    })
    // Escape on a modal dialog would close it: twice means leave, once means nothing here.
    parts.panel.addEventListener("cancel", (event) => event.preventDefault())
    matchMedia(FULL_SCREEN).addEventListener("change", () => {
      if (!parts.panel.open) return
      parts.panel.close()
      this.#show(parts.panel)
    })
    // A phone's keyboard shrinks the visual viewport only: the panel follows it so that the composer stays in sight.
    const view = window.visualViewport
    view?.addEventListener("resize", () => {
      // Pinching in makes it small too; then the panel stays as it is.
      const height = view.scale > 1.01 ? "" : `${view.height}px`
      parts.panel.style.setProperty("--_height", height)
    })
    return parts
  }

  /** Full screen is modal (the page behind can't be reached anyway); the floating panel isn't. */
  #show(panel: HTMLDialogElement): void {
    if (matchMedia(FULL_SCREEN).matches) panel.showModal()
    else panel.show()
  }

  #label(): void {
    const parts = this.#parts
    if (parts === null) return
    const strings = this.#strings()
    const own = this.getAttribute("label")
    parts.text.textContent = own ?? strings.launcher
    parts.launcher.setAttribute(
      "aria-label",
      this.#unread > 0
        ? `${own ?? strings.launcher}, ${strings.unread(this.#unread)}`
        : (own ?? strings.launcher),
    )
    parts.badge.textContent = this.#unread > 99 ? "99+" : String(this.#unread)
    parts.badge.hidden = this.#unread === 0
    parts.panel.setAttribute("aria-label", strings.panel)
    parts.close.textContent = strings.close
    parts.retry.textContent = strings.retry
    if (this.#frame !== null) this.#frame.title = strings.panel
    parts.launcher.lang = strings.language
    parts.panel.lang = strings.language
    // On the words alone: where launcher and panel stand is the page's direction, whatever language is chosen inside.
    for (const part of [parts.text, parts.status]) {
      part.dir = directionOf(strings.language)
    }
    const { scheme } = parseTheme({ scheme: this.getAttribute("theme") })
    const dark =
      scheme === "dark" || (scheme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches)
    parts.panel.classList.toggle("dark", dark)
  }

  #load(): void {
    const parts = this.#parts
    if (parts === null) return
    const origin = relayOriginOf(this.getAttribute("relay"))
    if (origin === null || !isClinicKey(this.getAttribute("clinic-key"))) {
      this.#fail("ERR_CONFIG", this.#strings().misconfigured, false)
      return
    }
    parts.message.textContent = this.#strings().loading
    parts.status.hidden = false
    parts.retry.hidden = true
    const frame = document.createElement("iframe")
    frame.title = this.#strings().panel
    frame.setAttribute(
      "sandbox",
      // Modals: to print a recovery code.
      "allow-scripts allow-same-origin allow-forms allow-downloads allow-modals allow-popups allow-popups-to-escape-sandbox",
    )
    frame.allow = "clipboard-write"
    frame.referrerPolicy = "origin"
    frame.hidden = true
    frame.src = `${origin}/chat`
    this.#frame = frame
    this.#awaitHello(HELLO_WITHIN_MS)
    frame.addEventListener("load", () => {
      if (frame === this.#frame && this.#port === null) this.#awaitHello(HELLO_AFTER_LOAD_MS)
    })
    parts.panel.append(frame)
  }

  #awaitHello(withinMs: number): void {
    clearTimeout(this.#helloTimer)
    this.#helloTimer = setTimeout(() => {
      this.#dropFrame()
      this.#fail("ERR_OFFLINE", this.#strings().unreachable, true)
    }, withinMs)
  }

  #fail(code: string, message: string, canRetry: boolean): void {
    const parts = this.#parts
    if (parts === null) return
    parts.message.textContent = message
    parts.retry.hidden = !canRetry
    parts.status.hidden = false
    this.dispatchEvent(new WardlineErrorEvent(code))
  }

  #dropFrame(): void {
    clearTimeout(this.#helloTimer)
    this.#port?.close()
    this.#frame?.remove()
    this.#port = null
    this.#frame = null
  }

  readonly #onMessage = (event: MessageEvent): void => {
    const frame = this.#frame
    const origin = relayOriginOf(this.getAttribute("relay"))
    if (frame === null || origin === null || !isHello(event, frame.contentWindow, origin)) return
    clearTimeout(this.#helloTimer)
    this.#port?.close()
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = (message) => this.#onFrame(message.data)
    this.#port = port1
    frame.contentWindow?.postMessage({ type: CONNECT }, origin, [port2])
    this.#configure()
    this.#send({ type: "visible", visible: this.isOpen })
    if (this.#pairing !== null) this.#send({ type: "pair", code: this.#pairing })
    this.#pairing = null
    if (this.#parts !== null) this.#parts.status.hidden = true
    frame.hidden = false
    if (this.isOpen) frame.focus()
  }

  #configure(): void {
    const config: FrameConfig = {
      clinicKey: this.getAttribute("clinic-key") ?? "",
      language: this.getAttribute("lang") || "auto",
      theme: parseTheme({
        scheme: this.getAttribute("theme"),
        accent: getComputedStyle(this).getPropertyValue("--wardline-accent").trim(),
      }),
      page: pageAddressOf(location.href),
    }
    this.#send({ type: "configure", ...config })
  }

  #send(message: ToFrame): void {
    this.#port?.postMessage(message)
  }

  #onFrame(data: unknown): void {
    const message = parseToShell(data)
    switch (message?.type) {
      case "unread":
        this.#unread = message.count
        this.#label()
        this.dispatchEvent(new WardlineUnreadEvent(message.count))
        break
      case "state":
        this.dispatchEvent(new WardlineStateEvent(message.state))
        break
      case "error":
        this.dispatchEvent(new WardlineErrorEvent(message.code))
        break
      case "language":
        this.#chosenLanguage = message.language
        this.#label()
        break
      case "close":
        this.close()
        break
      case "exit":
        this.#exit()
        break
      case undefined:
        break
    }
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.repeat || !this.isOpen) return
    if (event.timeStamp - this.#lastEscapeMs <= ESCAPE_TWICE_MS) this.#exit()
    this.#lastEscapeMs = event.timeStamp
  }

  /** Clears the screen at once, then leaves in a way that the back button doesn't undo. */
  #exit(): void {
    this.#dropFrame()
    document.documentElement.style.display = "none"
    document.title = ""
    location.replace(exitAddress(this.getAttribute("exit-url")))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "wardline-chat": WardlineChatElement
  }
}
