import type { PatientClient } from "@wardline/sdk"
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
import { problemOf } from "../../strings/problems.ts"
import { controls } from "../../ui/controls.ts"
import { codeOf } from "../../ui/error-code.ts"
import { icon } from "../../ui/icons.ts"
import { copyText } from "./copy-text.ts"
import { deviceStyles } from "./styles.ts"

/** What this screen asks of the client. */
export type DeviceKeeper = Pick<
  PatientClient,
  "devices" | "removeDevice" | "createRecoveryCode" | "createPairingCode"
>
export type Device = Awaited<ReturnType<PatientClient["devices"]>>[number]

type Panel =
  | { readonly kind: "list" }
  | { readonly kind: "working" }
  | { readonly kind: "remove"; readonly device: Device }
  /** `phones`: how many devices there were before the new one. */
  | {
      readonly kind: "pair"
      readonly link: string
      readonly picture: TemplateResult
      readonly phones: number
    }
  | { readonly kind: "code"; readonly words: readonly string[] }

/** Longer than this and the patient should know. */
const WITHIN_MS = 45_000

/** The patient's devices: which there are, one more by a picture, a code on paper, one less. */
export class DevicesElement extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    strings: { attribute: false },
    keeper: { attribute: false },
    page: { attribute: false },
    changes: { attribute: false },
    devices: { state: true },
    panel: { state: true },
    said: { state: true },
    problem: { state: true },
  }
  static override readonly styles: CSSResultGroup = [controls, deviceStyles]

  declare strings: ChatStrings
  declare keeper: DeviceKeeper
  /** The address of the clinic's page, which a new phone opens too; empty where it isn't known. */
  declare page: string
  /** Something else each time that the devices may have changed. */
  declare changes: unknown
  declare devices: readonly Device[] | null
  declare panel: Panel
  /** What was just done. */
  declare said: string
  /** What went wrong, in words. */
  declare problem: string
  #seen: unknown

  constructor() {
    super()
    this.devices = null
    this.panel = { kind: "list" }
    this.said = ""
    this.problem = ""
  }

  get #words(): DeviceStrings {
    return deviceStrings(this.strings.language)
  }

  override willUpdate(): void {
    if (this.#seen === this.changes) return
    this.#seen = this.changes
    void this.#refresh()
  }

  /** A new screen takes the focus, so that a screen reader and the keyboard go with it. */
  override firstUpdated(): void {
    if (document.hasFocus()) this.renderRoot.querySelector<HTMLElement>("h1")?.focus()
  }

  override updated(changed: Map<PropertyKey, unknown>): void {
    // So does a new panel.
    if (changed.has("panel") && changed.get("panel") !== undefined)
      this.renderRoot.querySelector<HTMLElement>("h1")?.focus()
  }

  async #refresh(): Promise<void> {
    try {
      this.devices = await this.keeper.devices()
      // The link is used up by the phone that it brings.
      if (this.panel.kind === "pair" && !this.#waits() && this.#phones() > this.panel.phones)
        this.#show({ kind: "list" }, this.#words.joined)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Whether a link is still to be opened. */
  #waits(): boolean {
    return this.devices?.some(({ kind }) => kind === "pairing") ?? false
  }

  #phones(): number {
    return this.devices?.filter(({ kind }) => kind === "device").length ?? 0
  }

  #show(panel: Panel, said = ""): void {
    this.panel = panel
    this.said = said
    this.problem = ""
  }

  #fail(error: unknown): void {
    const code = codeOf(error)
    const { title, advice } = this.strings.problems[problemOf(code)]
    // Words that are shown once stay, whatever else goes wrong.
    if (this.panel.kind !== "code" && this.panel.kind !== "pair") this.panel = { kind: "list" }
    this.problem = code === "ERR_FORBIDDEN" ? this.#words.lastDevice : `${title}. ${advice}`
  }

  async #do(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#show({ kind: "working" })
    try {
      await work(AbortSignal.timeout(WITHIN_MS))
      await this.#refresh()
    } catch (error) {
      this.#fail(error)
    }
  }

  #remove(device: Device): void {
    void this.#do(async (signal) => {
      await this.keeper.removeDevice(device.id, { signal })
      this.#show({ kind: "list" }, this.#words.removed)
    })
  }

  #pair(): void {
    void this.#do(async (signal) => {
      const { qrView } = await import("./qr-view.ts")
      const link = `${this.page}#pair=${await this.keeper.createPairingCode({ signal })}`
      this.devices = await this.keeper.devices()
      const picture = qrView(link, this.#words.pairPicture)
      this.#show({ kind: "pair", link, picture, phones: this.#phones() })
    })
  }

  #makeCode(): void {
    void this.#do(async (signal) => {
      const words = (await this.keeper.createRecoveryCode({ signal })).split(" ")
      this.#show({ kind: "code", words })
    })
  }

  async #copy(text: string): Promise<void> {
    this.said = (await copyText(text)) ? this.#words.copied : this.#words.notCopied
  }

  #deviceView(device: Device): TemplateResult {
    const words = this.#words
    const names = { device: words.otherDevice, recovery: words.recoveryDevice, pairing: words.pairingDevice }
    const name = device.isThis ? words.thisDevice : names[device.kind]
    return html`<li>
      ${icon(device.kind === "device" ? "phone" : "key")}
      <span class="words">${name}</span>
      ${
        device.isThis
          ? nothing
          : html`<button class="button quiet" type="button" aria-label=${`${words.remove}: ${name}`}
              @click=${() => this.#show({ kind: "remove", device })}>${words.remove}</button>`
      }
    </li>`
  }

  #listView(): TemplateResult {
    const words = this.#words
    return html`
      <h1 tabindex="-1">${words.title}</h1>
      <p class="muted">${words.intro}</p>
      ${
        this.devices === null
          ? html`<p role="status" class="muted">${words.loading}</p>`
          : html`<ul class="devices">${this.devices.map((device) => this.#deviceView(device))}</ul>`
      }
      <div class="choices">
        ${
          this.page === ""
            ? nothing
            : html`<button class="choice" type="button" @click=${() => this.#pair()}>
                ${icon("phone")}<span class="words"><b>${words.addPhone}</b><span class="small muted">${words.addPhoneHint}</span></span>
              </button>`
        }
        <button class="choice" type="button" @click=${() => this.#makeCode()}>
          ${icon("key")}<span class="words"><b>${words.makeCode}</b><span class="small muted">${words.makeCodeHint}</span></span>
        </button>
      </div>`
  }

  #removeView(device: Device): TemplateResult {
    const words = this.#words
    const texts = { device: words.removeDevice, recovery: words.removeRecovery, pairing: words.removePairing }
    return html`
      <h1 tabindex="-1">${words.removeTitle}</h1>
      <p>${texts[device.kind]}</p>
      <div class="actions">
        <button class="button" type="button" @click=${() => this.#show({ kind: "list" })}>${this.strings.cancel}</button>
        <button class="button danger" type="button" @click=${() => this.#remove(device)}>${words.remove}</button>
      </div>`
  }

  #pairView({ link, picture }: Extract<Panel, { kind: "pair" }>): TemplateResult {
    const words = this.#words
    return html`
      <h1 tabindex="-1">${words.pairTitle}</h1>
      <ol class="steps">${words.pairSteps.map((step) => html`<li>${step}</li>`)}</ol>
      ${picture}
      <p class="notice">${icon("alert")}<span>${words.pairWarning}</span></p>
      <div class="field link">
        <label for="link">${words.pairLink}</label>
        <textarea id="link" readonly .value=${link}></textarea>
        <button class="button" type="button" @click=${() => void this.#copy(link)}>${words.copy}</button>
      </div>
      <button class="button quiet" type="button" @click=${() => this.#show({ kind: "list" })}>${words.back}</button>`
  }

  #codeView(code: readonly string[]): TemplateResult {
    const words = this.#words
    return html`
      <h1 tabindex="-1">${words.codeTitle}</h1>
      <p>${words.codeIntro}</p>
      <ol class="code" lang="en">${code.map((word, at) => html`<li><span class="small">${at + 1}</span> <span>${word}</span></li>`)}</ol>
      <p class="notice">${icon("alert")}<span>${words.codeWarning}</span></p>
      <div class="actions noprint">
        <button class="button" type="button" @click=${() => window.print()}>${words.print}</button>
        <button class="button" type="button" @click=${() => void this.#copy(code.join(" "))}>${words.copy}</button>
      </div>
      <button class="button primary noprint" type="button" @click=${() => this.#show({ kind: "list" }, words.codeKept)}>${words.writtenDown}</button>`
  }

  #panelView(): TemplateResult {
    const { panel } = this
    switch (panel.kind) {
      case "list":
        return this.#listView()
      case "working":
        return html`<h1 class="wait plain" tabindex="-1"><span class="spinner"></span><span>${this.#words.working}</span></h1>`
      case "remove":
        return this.#removeView(panel.device)
      case "pair":
        return this.#pairView(panel)
      case "code":
        return this.#codeView(panel.words)
    }
  }

  override render(): TemplateResult {
    return html`<div class="stack">
      ${this.#panelView()}
      <div role="status" class="noprint">${this.said === "" ? nothing : html`<p class="good">${icon("check")}<span>${this.said}</span></p>`}</div>
      ${this.problem === "" ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
    </div>`
  }
}
