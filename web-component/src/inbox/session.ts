import {
  type CloseReason,
  type ConversationSummary,
  decodeEnrolment,
  type Enrolment,
  type Keystore,
  type SendFileOptions,
  type StaffClient,
  type StaffConversation,
  type TransferOptions,
} from "@wardline/sdk"
import { wantedLanguages } from "../strings/languages.ts"
import { loadInboxStrings } from "../strings/load-inbox.ts"
import { problemOf } from "../strings/problems.ts"
import { codeOf } from "../ui/error-code.ts"
import { roleName } from "../ui/message-rows.ts"
import { actLater, type Pending, UNDO_WITHIN_MS } from "../ui/undo.ts"
import {
  emptyInboxModel,
  type HandOver,
  type InboxActions,
  type InboxModel,
  type InboxScreen,
  type Pane,
} from "./model.ts"
import { type LastWritten, lastWritten, refine } from "./queues.ts"

type Sdk = typeof import("./sdk.ts")
type AuditDesk = import("./audit/desk.ts").AuditDesk

const TICK_MS = 30_000
/** Nobody at the keyboard for this long: the keys leave the memory and the screen. */
const IDLE_LOCK_MS = 15 * 60_000
const KEYSTORE = "wardline-staff"
/** Beside the device's own entries: which clinic this browser was enrolled at. */
const CLINIC_KEY_ENTRY = "inbox/clinic-key"
/** A hash of the enrolment in use: the same code again changes nothing. */
const ENROLMENT_ENTRY = "inbox/enrolment"

export interface InboxHost {
  readonly relay: string
  readonly language: string | null
  /** An enrolment code that came with the page's address. */
  readonly code: string | null
  show(model: InboxModel): void
  restoreText(text: string): void
  /** The page may have come back into sight. */
  reportSeen(): void
}

/** Wires the staff's client to the screens. */
export class InboxSession implements InboxActions {
  readonly #host: InboxHost
  #model: InboxModel
  #client: StaffClient | null = null
  #keystore: Keystore | null = null
  #conversation: StaffConversation | null = null
  #desk: AuditDesk | null = null
  #pending = new Set<Pending>()
  #discarded = new Set<string>()
  /** Of each conversation opened since the page came up: who wrote last. */
  #written = new Map<string, LastWritten>()
  #toastTimer: ReturnType<typeof setTimeout> | undefined
  #idleTimer: ReturnType<typeof setTimeout> | undefined
  #tick: ReturnType<typeof setInterval> | undefined
  /** Counts connections, so that what an abandoned one still answers is ignored. */
  #run = 0

  private constructor(host: InboxHost, model: InboxModel) {
    this.#host = host
    this.#model = model
  }

  static async begin(host: InboxHost): Promise<InboxSession> {
    const session = new InboxSession(
      host,
      emptyInboxModel(await loadInboxStrings(wantedLanguages(host.language))),
    )
    session.#update({})
    document.addEventListener("visibilitychange", session.#onVisibility)
    session.#tick = setInterval(() => session.#onTick(), TICK_MS)
    if (host.code === null) void session.#connect()
    else session.enrol(host.code)
    return session
  }

  /** The page is going away. */
  async end(): Promise<void> {
    document.removeEventListener("visibilitychange", this.#onVisibility)
    clearInterval(this.#tick)
    clearTimeout(this.#toastTimer)
    clearTimeout(this.#idleTimer)
    await this.#release()
  }

  #onTick(): void {
    const nowMs = Date.now()
    this.#update({ nowMs })
    this.#desk?.update({ nowMs })
  }

  readonly #onVisibility = (): void => {
    this.#update({ isVisible: document.visibilityState === "visible" })
    this.#host.reportSeen()
  }

  /** Somebody is there: the idle lock starts anew. */
  noticeActivity(): void {
    clearTimeout(this.#idleTimer)
    if (this.#client !== null) this.#idleTimer = setTimeout(() => this.lock(), IDLE_LOCK_MS)
  }

  /** Lets go of everything in memory: client, keys, conversations. */
  async #release(): Promise<void> {
    this.#run += 1
    clearTimeout(this.#idleTimer)
    for (const pending of this.#pending) pending.drop()
    this.#pending.clear()
    this.#discarded.clear()
    this.#written.clear()
    this.#desk?.end()
    this.#desk = null
    const client = this.#client
    const keystore = this.#keystore
    this.#client = null
    this.#keystore = null
    this.#conversation = null
    await client?.close()
    await keystore?.close()
  }

  #update(changes: Partial<InboxModel>): void {
    this.#model = { ...this.#model, ...changes }
    this.#host.show(this.#model)
  }

  #go(screen: InboxScreen): void {
    this.#update({ screen })
  }

  /** Shows a door and nothing of what was behind it. */
  #shut(screen: InboxScreen): void {
    const pane: Pane = { kind: "none" }
    this.#update({ screen, me: null, list: [], pane, toast: null, audit: null, connection: null })
  }

  async #connect(enrolment?: Enrolment, mayReplace = false): Promise<void> {
    this.#shut({ kind: "loading" })
    await this.#release()
    const run = this.#run
    try {
      const sdk = await import("./sdk.ts").catch(() => null)
      if (sdk === null) {
        this.#go({ kind: "problem", code: "ERR_OFFLINE" })
        return
      }
      const keystore = await sdk.openIndexedDbKeystore(KEYSTORE)
      this.#keystore = keystore
      if (enrolment !== undefined && !(await this.#install(sdk, keystore, enrolment, mayReplace))) {
        // A link from anybody must not quietly turn this device into another one.
        this.#go({ kind: "replace", enrolment })
        return
      }
      const clinicKey = await keystore.get(CLINIC_KEY_ENTRY)
      if (clinicKey === undefined) {
        this.#go({ kind: "enrol", failed: false })
        return
      }
      const { relay } = this.#host
      const client = await sdk.StaffClient.connect({
        relay,
        clinicKey: new TextDecoder().decode(clinicKey),
        keystore,
      })
      // Locked or tried again meanwhile.
      if (run !== this.#run) await client.close()
      else this.#use(client)
    } catch (error) {
      if (run === this.#run) this.#shut({ kind: "problem", code: codeOf(error) })
    }
  }

  /** Makes this browser the device of the enrolment; false if it is another one and may not be replaced. */
  async #install(sdk: Sdk, keystore: Keystore, enrolment: Enrolment, mayReplace: boolean): Promise<boolean> {
    const { clinicKey, signingSeed, wrappingSeed } = enrolment
    const key = new TextEncoder().encode(clinicKey)
    const whole = Uint8Array.of(...key, ...signingSeed, ...wrappingSeed)
    const mark = new Uint8Array(await crypto.subtle.digest("SHA-256", whole))
    const before = await keystore.get(ENROLMENT_ENTRY)
    if (before !== undefined && String(before) === String(mark)) return true
    if (before !== undefined && !mayReplace) return false
    await keystore.clear()
    await sdk.enrolDevice(keystore, clinicKey, enrolment)
    await keystore.set({ [CLINIC_KEY_ENTRY]: key, [ENROLMENT_ENTRY]: mark })
    return true
  }

  #use(client: StaffClient): void {
    this.#client = client
    const whileUsed = (act: () => void) => (): void => {
      if (client === this.#client) act()
    }
    client.addEventListener(
      "connection",
      whileUsed(() => this.#onConnection(client)),
    )
    client.addEventListener(
      "list",
      whileUsed(() => this.#update({ list: this.#list(client) })),
    )
    client.addEventListener(
      "clock",
      whileUsed(() => this.#toast(this.#model.strings.problems.clock.advice)),
    )
    this.#update({
      screen: { kind: "inbox" },
      me: client.me,
      clinic: client.clinic,
      list: this.#list(client),
    })
    this.#onConnection(client)
    this.noticeActivity()
  }

  #list(client: StaffClient): ConversationSummary[] {
    const openId = this.#conversation?.id
    return client.list.map((summary) => refine(summary, this.#written.get(summary.id), summary.id === openId))
  }

  #onConnection(client: StaffClient): void {
    const { connection } = client
    this.#update({ connection, me: client.me, clinic: client.clinic })
    if (connection.kind === "closed" && connection.error !== undefined) {
      const { code } = connection.error
      this.#go(code === "ERR_CONFLICT" ? { kind: "elsewhere" } : { kind: "problem", code })
    } else if (this.#model.screen.kind !== "inbox" && this.#model.screen.kind !== "audit")
      this.#go({ kind: "inbox" })
  }

  #toast(text: string, undo?: () => void): void {
    clearTimeout(this.#toastTimer)
    this.#update({ toast: undo === undefined ? { text } : { text, undo } })
    this.#toastTimer = setTimeout(() => this.#update({ toast: null }), UNDO_WITHIN_MS)
  }

  /** Does something in a moment, unless it is undone from the toast. */
  #later(text: string, act: () => void, undone: () => void): void {
    const pending = actLater(() => {
      this.#pending.delete(pending)
      act()
    })
    this.#pending.add(pending)
    this.#toast(text, () => {
      this.#pending.delete(pending)
      if (pending.undo()) undone()
      this.#update({ toast: null })
    })
  }

  enrol(code: string): void {
    const enrolment = decodeEnrolment(code)
    if (enrolment === undefined) this.#shut({ kind: "enrol", failed: true })
    else void this.#connect(enrolment)
  }

  replaceDevice(enrolment: Enrolment): void {
    void this.#connect(enrolment, true)
  }

  retry(): void {
    void this.#connect()
  }

  unlock(): void {
    void this.#connect()
  }

  lock(): void {
    this.#shut({ kind: "locked" })
    void this.#release()
  }

  signOut(): void {
    void this.#signOut()
  }

  async #signOut(): Promise<void> {
    const keystore = this.#keystore
    this.#shut({ kind: "loading" })
    try {
      await this.#client?.close()
      await keystore?.clear()
      await this.#release()
      this.#shut({ kind: "enrol", failed: false })
    } catch (error) {
      this.#shut({ kind: "problem", code: codeOf(error) })
    }
  }

  useHere(): void {
    this.#go({ kind: "loading" })
    this.#client?.takeOver()
  }

  setLanguage(tag: string): void {
    void loadInboxStrings([tag]).then((strings) => {
      this.#update({ strings })
      this.#desk?.update({ strings })
    })
  }

  showAudit(): void {
    void this.#showAudit()
  }

  async #showAudit(): Promise<void> {
    const client = this.#client
    if (client === null) return
    const audit = await import("./audit/audit.ts").catch(() => null)
    if (client !== this.#client) return
    if (audit === null) {
      const { title, advice } = this.#model.strings.problems.offline
      this.#toast(`${title}. ${advice}`)
      return
    }
    audit.defineAuditElement()
    this.#leave()
    this.#desk?.end()
    const desk: AuditDesk = new audit.AuditDesk({
      client,
      relay: this.#host.relay,
      strings: this.#model.strings,
      isVisible: () => this.#model.isVisible,
      show: (model) => this.#update({ audit: { model, actions: desk } }),
      close: () => this.#closeAudit(),
    })
    this.#desk = desk
    desk.begin()
    this.#update({ pane: { kind: "none" }, screen: { kind: "audit" } })
  }

  #closeAudit(): void {
    this.#desk?.end()
    this.#desk = null
    this.#update({ screen: { kind: "inbox" }, audit: null })
  }

  open(id: string): void {
    void this.#open(id)
  }

  async #open(id: string): Promise<void> {
    const client = this.#client
    if (client === null || (this.#conversation?.id === id && this.#model.pane.kind === "open")) return
    this.#leave()
    this.#update({ pane: { kind: "opening", id } })
    const isWanted = (): boolean =>
      client === this.#client && this.#model.pane.kind === "opening" && this.#model.pane.id === id
    try {
      const conversation = await this.#openAsMember(client, id)
      if (conversation === null) {
        if (isWanted()) this.#update({ pane: { kind: "glass", id } })
        return
      }
      if (!isWanted()) {
        if (this.#conversation?.id !== id) conversation.leave()
        return
      }
      this.#follow(conversation)
    } catch (error) {
      if (isWanted()) this.#update({ pane: { kind: "failed", id, code: codeOf(error) } })
    }
  }

  #follow(conversation: StaffConversation): void {
    this.#conversation = conversation
    conversation.addEventListener("change", () => this.#onView(conversation))
    this.#onView(conversation)
  }

  /** By the first of my roles that takes part; the list doesn't say of a conversation that was handed over which one
   * that is. Null where it can only be opened from the archive. */
  async #openAsMember(client: StaffClient, id: string): Promise<StaffConversation | null> {
    const { archiveRole } = client.clinic
    const { roles } = client.me
    const addressed = client.list.find((one) => one.id === id)?.roles ?? []
    const members = roles.filter((role) => role !== archiveRole)
    const ordered = [...members].sort((a, b) => Number(addressed.includes(b)) - Number(addressed.includes(a)))
    let refusal: Error | undefined
    for (const role of ordered) {
      try {
        return await client.open(id, { role })
      } catch (error) {
        const isRefusal = ["ERR_FORBIDDEN", "ERR_CLOSED", "ERR_ACCESS_REQUIRED"].includes(codeOf(error))
        if (!isRefusal || !(error instanceof Error)) throw error
        refusal ??= error
      }
    }
    if (archiveRole !== undefined && roles.includes(archiveRole)) return null
    if (refusal !== undefined) throw refusal
    return await client.open(id)
  }

  breakGlass(id: string, reason: string): void {
    void this.#breakGlass(id, reason)
  }

  async #breakGlass(id: string, reason: string): Promise<void> {
    const client = this.#client
    const role = client?.clinic.archiveRole
    if (client === null || role === undefined) return
    this.#update({ pane: { kind: "opening", id } })
    const isWanted = (): boolean =>
      client === this.#client && this.#model.pane.kind === "opening" && this.#model.pane.id === id
    try {
      const conversation = await client.open(id, { role, purpose: "BTG", reason })
      if (isWanted()) this.#follow(conversation)
      else conversation.leave()
    } catch (error) {
      if (isWanted()) this.#update({ pane: { kind: "failed", id, code: codeOf(error) } })
    }
  }

  #onView(conversation: StaffConversation): void {
    if (conversation !== this.#conversation) return
    const { view } = conversation
    const messages = view.messages.filter(({ id }) => !this.#discarded.has(id))
    const pane: Pane = {
      kind: "open",
      id: view.id,
      view: messages.length === view.messages.length ? view : { ...view, messages },
      roles: conversation.roles,
      addable: view.status === "open" ? conversation.addableRoles : [],
    }
    const written = lastWritten(view)
    if (written !== null) this.#written.set(view.id, written)
    const client = this.#client
    this.#update(client === null ? { pane } : { pane, list: this.#list(client) })
  }

  #leave(): void {
    const left = this.#conversation
    this.#conversation = null
    left?.leave()
  }

  back(): void {
    this.#leave()
    this.#update({ pane: { kind: "none" } })
  }

  send(text: string): void {
    const conversation = this.#conversation
    conversation?.send(text).catch((error: unknown) => {
      const isShown = conversation.view.messages.some((message) => message.mine && message.text === text)
      if (!isShown) this.#host.restoreText(text)
      this.#explain(error)
    })
  }

  async sendFile(file: File, options: SendFileOptions): Promise<void> {
    if (this.#conversation === null) throw new Error("the conversation was left")
    await this.#conversation.sendFile(file, options)
  }

  async openFile(messageId: string, options: TransferOptions): Promise<Blob> {
    if (this.#conversation === null) throw new Error("the conversation was left")
    return await this.#conversation.openFile(messageId, options)
  }

  #explain(error: unknown): void {
    const code = codeOf(error)
    if (code === "ERR_ABORTED" || code === "ERR_CONFLICT") return
    const { title, advice } = this.#model.strings.problems[problemOf(code)]
    this.#toast(`${title}. ${advice}`)
  }

  retryMessage(messageId: string): void {
    this.#conversation?.retry(messageId).catch((error: unknown) => this.#explain(error))
  }

  discardMessage(messageId: string): void {
    const conversation = this.#conversation
    if (conversation === null) return
    this.#discarded.add(messageId)
    this.#onView(conversation)
    const show = (): void => {
      this.#discarded.delete(messageId)
      this.#onView(conversation)
    }
    const discard = (): void => {
      conversation
        .discard(messageId)
        .catch((error: unknown) => this.#explain(error))
        .finally(show)
    }
    this.#later(this.#model.strings.discarded, discard, show)
  }

  markRead(): void {
    const conversation = this.#conversation
    if (conversation === null || !this.#model.isVisible || conversation.view.unread === 0) return
    void conversation.markRead()
  }

  closeConversation(reason: CloseReason): void {
    const conversation = this.#conversation
    if (conversation === null) return
    const close = (): void => {
      conversation.close(reason).catch((error: unknown) => this.#explain(error))
    }
    this.#later(this.#model.strings.closing, close, () => undefined)
  }

  reopen(): void {
    const conversation = this.#conversation
    if (conversation === null) return
    void this.#reopen(conversation).catch((error: unknown) => this.#explain(error))
  }

  async #reopen(conversation: StaffConversation): Promise<void> {
    const isArchived = conversation.view.status === "archived"
    // Whoever goes on with it needs what the archive alone has kept.
    if (isArchived) for (const role of conversation.roles) await conversation.grantHistory(role)
    await conversation.reopen(isArchived ? "break-glass" : "follow-up")
  }

  handOver(order: HandOver): void {
    const conversation = this.#conversation
    if (conversation === null) return
    void this.#handOver(conversation, order).catch((error: unknown) => this.#explain(error))
  }

  async #handOver(conversation: StaffConversation, { role, history, leaving }: HandOver): Promise<void> {
    await conversation.addRole(role, { history })
    if (leaving !== null) {
      await conversation.removeRole(leaving)
      if (conversation === this.#conversation) this.back()
    }
    const { strings } = this.#model
    this.#toast(strings.handedOver(roleName(role, strings.roles)))
  }
}
