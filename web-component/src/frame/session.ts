import type {
  Agreement,
  ClientOptions,
  Conversation,
  ConversationView,
  Keystore,
  PatientClient,
} from "@wardline/sdk"
import type { FrameConfig, ToShell } from "../bridge/messages.ts"
import { pickLanguage, wantedLanguages } from "../strings/languages.ts"
import { loadChatStrings } from "../strings/load-chat.ts"
import { problemOf } from "../strings/problems.ts"
import { canStore } from "../ui/can-store.ts"
import { codeOf } from "../ui/error-code.ts"
import { actLater, type Pending, UNDO_WITHIN_MS } from "../ui/undo.ts"
import {
  chatStateOf,
  emptyModel,
  type FrameActions,
  type FrameModel,
  firstScreen,
  offeredLanguages,
  type RestoreState,
  type Screen,
  type StartAnswers,
  unreadCount,
} from "./model.ts"

/** Starting waits for the connection; longer than this and the patient should know. */
const START_WITHIN_MS = 30_000
const TICK_MS = 30_000

/** Makes a client in another way than by what this device has kept. */
type Opener = (client: typeof PatientClient, options: ClientOptions) => Promise<PatientClient>

export interface SessionHost {
  readonly relay: string
  show(model: FrameModel): void
  tellShell(message: ToShell): void
  /** A text that could not be sent goes back where it was written. */
  restoreText(text: string): void
}

/** Wires the patient's client to the screens: one object, one model at a time. */
export class FrameSession implements FrameActions {
  readonly #host: SessionHost
  readonly #config: FrameConfig
  #model: FrameModel
  #client: PatientClient | null = null
  #keystore: Keystore | null = null
  #agreement: Agreement | null = null
  /** A language that the patient chose, in the place of the page's. */
  #language: string | null = null
  #isTakingOver = false
  /** The code of a link that the clinic's page was opened with, until it is used or declined. */
  #pairing: string | null = null
  #unread = -1
  #watched = new Set<Conversation>()
  /** Failed messages that were discarded a moment ago and can be brought back. */
  #discards = new Map<string, Pending>()
  #toastTimer: ReturnType<typeof setTimeout> | undefined
  #tick: ReturnType<typeof setInterval> | undefined

  private constructor(host: SessionHost, config: FrameConfig, model: FrameModel) {
    this.#host = host
    this.#config = config
    this.#model = model
  }

  /** Fetches the words, shows the loading screen and goes on from there. */
  static async begin(host: SessionHost, config: FrameConfig): Promise<FrameSession> {
    const strings = await loadChatStrings(wantedLanguages(config.language))
    const session = new FrameSession(host, config, { ...emptyModel(strings), page: config.page })
    session.#update({})
    session.#tick = setInterval(() => session.#update({ nowMs: Date.now() }), TICK_MS)
    void session.#connect()
    return session
  }

  /** Whether the panel is in sight: only what is seen is marked as read. */
  setVisible(visible: boolean): void {
    if (visible !== this.#model.isVisible) this.#update({ isVisible: visible })
  }

  /** Ends everything; nothing more is shown. */
  async end(): Promise<void> {
    clearInterval(this.#tick)
    clearTimeout(this.#toastTimer)
    for (const pending of this.#discards.values()) pending.drop()
    await this.#close()
  }

  async #close(): Promise<void> {
    const client = this.#client
    const keystore = this.#keystore
    this.#client = null
    this.#keystore = null
    this.#watched = new Set()
    await client?.close()
    await keystore?.close()
  }

  /** A link of another device was opened: asks before it is followed. */
  offerPairing(code: string): void {
    this.#pairing = code
    if (this.#client !== null) this.#go(this.#landing())
  }

  #landing(): Screen {
    if (this.#pairing !== null) return { kind: "restore", code: this.#pairing, progress: { kind: "ready" } }
    return firstScreen(this.#model.conversations)
  }

  /** @param open - makes the client; then the screen stays as it is meanwhile, and what fails is thrown.
   * @param landing - where to go then. */
  async #connect(open?: Opener, landing?: Screen): Promise<void> {
    if (open === undefined) this.#go({ kind: "loading" })
    try {
      await this.#close()
      const sdk = await import("./sdk.ts").catch(() => null)
      if (sdk === null) {
        this.#fail("ERR_OFFLINE")
        return
      }
      const isEphemeral = !(await canStore())
      const keystore = isEphemeral
        ? sdk.memoryKeystore()
        : await sdk.openIndexedDbKeystore(`wardline-chat-${this.#config.clinicKey}`)
      this.#keystore = keystore
      this.#update({ isEphemeral })
      const { relay } = this.#host
      const options = { relay, clinicKey: this.#config.clinicKey, keystore }
      const client = await (open?.(sdk.PatientClient, options) ?? sdk.PatientClient.connect(options))
      this.#client = client
      client.addEventListener("connection", () => this.#onConnection(client))
      client.addEventListener("conversations", () => this.#onConversations(client))
      client.addEventListener("clock", () => this.#toast(this.#model.strings.problems.clock.advice))
      const language = client.conversations[0]?.view.language
      if (language !== undefined && this.#config.language === "auto") this.#language ??= language
      await this.#applyLanguage()
      this.#onConversations(client)
      this.#go(landing ?? this.#landing())
      this.#onConnection(client)
    } catch (error) {
      if (open !== undefined) throw error
      this.#fail(codeOf(error))
    }
  }

  #fail(code: string): void {
    this.#go({ kind: "problem", code })
    this.#host.tellShell({ type: "error", code })
  }

  #onConnection(client: PatientClient): void {
    if (client !== this.#client) return
    const { connection } = client
    this.#update({ connection })
    if (connection.kind !== "closed" || connection.error === undefined) {
      if (this.#model.screen.kind === "elsewhere" || this.#isTakingOver) {
        this.#go(this.#landing())
      }
      this.#isTakingOver = false
    } else if (connection.error.code === "ERR_CONFLICT") this.#go({ kind: "elsewhere" })
    else this.#fail(connection.error.code)
  }

  #onConversations(client: PatientClient): void {
    if (client !== this.#client) return
    for (const conversation of client.conversations) {
      if (this.#watched.has(conversation)) continue
      this.#watched.add(conversation)
      conversation.addEventListener("change", () => this.#onViews(client))
    }
    this.#onViews(client)
  }

  #onViews(client: PatientClient): void {
    if (client !== this.#client) return
    const conversations = client.conversations.map((conversation) =>
      this.#withoutDiscarded(conversation.view),
    )
    this.#update({ conversations })
    const unread = unreadCount(conversations)
    if (unread !== this.#unread) this.#host.tellShell({ type: "unread", count: unread })
    this.#unread = unread
  }

  #withoutDiscarded(view: ConversationView): ConversationView {
    if (this.#discards.size === 0) return view
    return { ...view, messages: view.messages.filter(({ id }) => !this.#discards.has(id)) }
  }

  #update(changes: Partial<FrameModel>): void {
    this.#model = { ...this.#model, ...changes }
    this.#host.show(this.#model)
  }

  #go(screen: Screen): void {
    const before = chatStateOf(this.#model.screen)
    this.#update({ screen })
    const state = chatStateOf(screen)
    if (state !== before) this.#host.tellShell({ type: "state", state })
  }

  #toast(text: string, undo?: () => void): void {
    clearTimeout(this.#toastTimer)
    this.#update({ toast: undo === undefined ? { text } : { text, undo } })
    this.#toastTimer = setTimeout(() => this.#update({ toast: null }), UNDO_WITHIN_MS)
  }

  /** Chooses among the clinic's languages and ours, and shows everything in it as far as there are words. */
  async #applyLanguage(): Promise<void> {
    const wanted = wantedLanguages(this.#language ?? this.#config.language)
    const consent = this.#client?.consent() ?? null
    const [first, ...rest] = offeredLanguages(consent)
    const language = pickLanguage(wanted, [first, ...rest])
    const strings = await loadChatStrings([language, ...wanted])
    const client = this.#client
    if (client === null) this.#update({ strings, language })
    else this.#update({ strings, language, clinic: client.clinic, consent: client.consent(language) })
  }

  patient(): PatientClient | null {
    return this.#client
  }

  conversation(id: string): Conversation | undefined {
    return this.#client?.conversations.find((conversation) => conversation.id === id)
  }

  retry(): void {
    void this.#connect()
  }

  close(): void {
    this.#host.tellShell({ type: "close" })
  }

  exit(): void {
    this.#host.tellShell({ type: "exit" })
  }

  useHere(): void {
    this.#isTakingOver = true
    this.#go({ kind: "loading" })
    this.#client?.takeOver()
  }

  setLanguage(tag: string): void {
    this.#language = tag
    this.#host.tellShell({ type: "language", language: tag })
    void this.#applyLanguage()
  }

  agree(): void {
    this.#agreement = this.#model.consent?.agree() ?? null
    if (this.#agreement !== null) this.#go({ kind: "topics" })
  }

  start(answers: StartAnswers): void {
    void this.#start(answers)
  }

  async #start({ topic, name, answer }: StartAnswers): Promise<void> {
    const client = this.#client
    const consent = this.#agreement
    if (client === null || consent === null || this.#model.starting) return
    this.#update({ starting: true, startProblem: null })
    const signal = AbortSignal.timeout(START_WITHIN_MS)
    const { language } = this.#model
    try {
      const conversation = await client.start({ topic, consent, language, name, answer, signal })
      this.#agreement = null
      this.#onConversations(client)
      this.#go({ kind: "conversation", id: conversation.id })
    } catch (error) {
      const code = codeOf(error)
      if (code === "ERR_CONSENT_REQUIRED") {
        await this.#applyLanguage()
        this.#toast(this.#model.strings.problems.consent.advice)
        this.#go({ kind: "consent" })
      } else this.#update({ startProblem: code })
    } finally {
      this.#update({ starting: false })
    }
  }

  showList(): void {
    this.#go({ kind: "list" })
  }

  showDevices(): void {
    this.#go({ kind: "devices" })
  }

  showReaders(id: string): void {
    this.#go({ kind: "readers", id })
  }

  showRestore(): void {
    this.#go({ kind: "restore", code: null, progress: { kind: "ready" } })
  }

  home(): void {
    this.#pairing = null
    this.#go(firstScreen(this.#model.conversations))
  }

  restore(code: string): void {
    void this.#restore(code)
  }

  async #restore(code: string): Promise<void> {
    const { screen } = this.#model
    if (screen.kind !== "restore") return
    const show = (progress: RestoreState): void => this.#go({ ...screen, progress })
    show({ kind: "working", done: 0, of: 0 })
    const pairing = this.#pairing
    this.#pairing = null
    try {
      await this.#connect((client, options) =>
        client.restore(options, code, (done, of) => show({ kind: "working", done, of })),
      )
    } catch (error) {
      this.#pairing = pairing
      const reason = error instanceof Error ? error.message : ""
      const failed: Screen = { ...screen, progress: { kind: "failed", code: codeOf(error), reason } }
      // As it was before; what the code couldn't do changes nothing of that.
      await this.#connect((client, options) => client.connect(options), failed).catch((again: unknown) =>
        this.#fail(codeOf(again)),
      )
    }
  }

  withdraw(id: string): void {
    this.#client
      ?.withdraw(id, { signal: AbortSignal.timeout(START_WITHIN_MS) })
      .catch((error: unknown) => this.#tell(error))
  }

  answerForm(id: string, messageId: string, answers: { name: string; value: string }[]): void {
    this.conversation(id)
      ?.answerForm(messageId, answers)
      .catch((error: unknown) => this.#tell(error))
  }

  /** Says in words what didn't work. */
  #tell(error: unknown): void {
    const { title, advice } = this.#model.strings.problems[problemOf(codeOf(error))]
    this.#toast(`${title}. ${advice}`)
    this.#explain(error)
  }

  startNew(): void {
    this.#update({ startProblem: null })
    this.#go({ kind: "consent" })
  }

  openConversation(id: string): void {
    this.#go({ kind: "conversation", id })
  }

  send(id: string, text: string): void {
    this.conversation(id)
      ?.send(text)
      .catch((error: unknown) => {
        // What entered the outbox is shown there as failed; what didn't goes back to the composer.
        const isShown = this.conversation(id)?.view.messages.some(
          (message) => message.mine && message.text === text,
        )
        if (isShown !== true) this.#host.restoreText(text)
        this.#explain(error)
      })
  }

  #explain(error: unknown): void {
    const code = codeOf(error)
    if (code === "ERR_ABORTED" || code === "ERR_CONFLICT") return
    this.#host.tellShell({ type: "error", code })
  }

  retryMessage(id: string, messageId: string): void {
    this.conversation(id)
      ?.retry(messageId)
      .catch((error: unknown) => this.#explain(error))
  }

  discardMessage(id: string, messageId: string): void {
    const refresh = (): void => {
      if (this.#client !== null) this.#onViews(this.#client)
    }
    const pending = actLater(() => {
      const discarded = this.conversation(id)?.discard(messageId)
      void discarded
        ?.catch((error: unknown) => this.#explain(error))
        .finally(() => this.#discards.delete(messageId))
    })
    this.#discards.set(messageId, pending)
    refresh()
    this.#toast(this.#model.strings.discarded, () => {
      if (pending.undo()) this.#discards.delete(messageId)
      this.#update({ toast: null })
      refresh()
    })
  }

  markRead(id: string): void {
    if (!this.#model.isVisible) return
    const conversation = this.conversation(id)
    if (conversation !== undefined && conversation.view.unread > 0) void conversation.markRead()
  }

  forget(id: string | null): void {
    void this.#forget(id)
  }

  async #forget(id: string | null): Promise<void> {
    const client = this.#client
    if (client === null) return
    const isLast = client.conversations.every((conversation) => conversation.id === id)
    this.#go({ kind: "loading" })
    try {
      // The last one takes the device's keys with it: nothing stays behind.
      await client.forget(id === null || isLast ? undefined : id)
      this.#toast(this.#model.strings.forgotten)
      if (id === null || isLast) await this.#connect()
      else this.#go({ kind: "list" })
    } catch (error) {
      this.#fail(codeOf(error))
    }
  }
}
