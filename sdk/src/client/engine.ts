/** What stands behind a conversation: follows the transcript, sends the outbox, builds the view. */
import { abortable, throwIfAborted } from "../abort.ts"
import type { AttachmentPayload } from "../attachments/reference.ts"
import { fromHex, toHex } from "../bytes.ts"
import {
  type KnownPayload,
  listingKeyOf,
  type ShredKey,
  type Transcript,
  type TranscriptEvent,
  verifyEvidence,
} from "../conversation/index.ts"
import { deviceAt } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { Ack, Session, Ticket } from "../transport/index.ts"
import { openReason } from "./access-reason.ts"
import type { ConversationStatus, ConversationView, MessageAuthor } from "./chat.ts"
import { loadRecords } from "./directory-store.ts"
import { Follower } from "./follower.ts"
import type { ConversationHost } from "./host.ts"
import { Sender } from "./sender.ts"
import type { TransferHost } from "./transfer-retries.ts"
import {
  attachmentOf,
  buildMessages,
  countUnread,
  EMPTY_VIEW,
  newestFromOthers,
  reduceView,
  type ViewState,
} from "./view.ts"

export interface EngineOptions {
  readonly host: ConversationHost
  /** Hexadecimal. */
  readonly id: string
  readonly side: "patient" | "staff"
  /** Begun in this run. */
  readonly fresh: boolean
  readonly topic?: string | undefined
  readonly language?: string | undefined
  /** For staff: signs a new access record when the old one has run out. */
  readonly renewAccess?: () => Promise<boolean>
  /** Why this conversation can't be trusted from the beginning. */
  readonly distrust?: WardlineError | undefined
}

export class ConversationEngine {
  readonly id: string
  /** Called after changes of the view, once for all of one turn of the event loop. */
  onChange: () => void = () => {}
  readonly #options: EngineOptions
  readonly #follower: Follower
  readonly #sender: Sender
  readonly #me: MessageAuthor
  #viewState: ViewState = EMPTY_VIEW
  #view: ConversationView | undefined
  /** What came of each record. */
  readonly #events: TranscriptEvent[] = []
  #error: WardlineError | undefined
  #isForked = false
  /** Two signed statements that can't both be true. */
  #evidence: Uint8Array | undefined
  #readUpTo = 0
  #announcing = false
  /** For the next change. */
  #waiters: (() => void)[] = []
  /** Another tab owns the device. */
  #isSuspended = false
  #isDisposed = false

  constructor(options: EngineOptions) {
    const { host, id } = options
    this.id = id
    this.#options = options
    this.#me = { kind: options.side, deviceId: toHex(host.device.id) }
    this.#follower = new Follower(host, id, {
      taken: (event) => this.#taken(event),
      live: () => {
        this.#error = undefined
        this.#changed()
        this.#sender.kick()
      },
      freshness: () => this.#changed(),
      stopped: (error) => this.#stopped(error),
      contradicted: () => void this.#keepEvidence(),
    })
    this.#sender = new Sender(host, id, this.#follower, {
      fresh: options.fresh,
      events: { changed: () => this.#changed(), renewAccess: () => this.#renewAccess() },
    })
    if (options.distrust !== undefined) this.#distrust(options.distrust)
  }

  /** What to show now; the same object until something changes. */
  get view(): ConversationView {
    this.#view ??= this.#buildView()
    return this.#view
  }

  get transcript(): Transcript {
    return this.#follower.transcript
  }

  get host(): ConversationHost {
    return this.#options.host
  }

  /** What came of each record of the transcript, from position 1: for whoever holds the audit log against it. */
  get events(): readonly TranscriptEvent[] {
    return this.#events
  }

  /** Where the relay serves it to this device. */
  get shredKey(): ShredKey | undefined {
    return this.#follower.shredKey
  }

  /** Resolves once the backlog is done.
   * @throws {WardlineError} why it never will be: ERR_FORK, ERR_ROLLBACK, ERR_ACCESS_REQUIRED, ERR_CLOSED; ERR_ABORTED. */
  async whenLive(signal?: AbortSignal): Promise<void> {
    for (;;) {
      throwIfAborted(signal)
      if (this.#isDisposed) throw new WardlineError("ERR_CLOSED", "the client was closed")
      if (this.#error !== undefined) throw this.#error
      if (this.#follower.isLive) return
      await abortable(new Promise<void>((resolve) => this.#waiters.push(resolve)), signal)
    }
  }

  /** The client is done with this conversation. */
  get isDisposed(): boolean {
    return this.#isDisposed
  }

  /** Puts a payload into the outbox and waits until the relay has stored it; returns the outbox id. */
  async post(payload: KnownPayload, signal: AbortSignal | undefined): Promise<string> {
    this.assertWritable()
    return await this.#sender.send(payload, signal)
  }

  /** What sending and fetching a file of this conversation takes. */
  get transfers(): TransferHost {
    const { host } = this.#options
    const conversation = fromHex(this.id)
    return {
      relay: host.relay,
      conversation,
      ticket: async (blob, size, signal) => {
        const ask = (): Promise<Ticket> =>
          host.onSession(signal, (session) => session.ticket(conversation, blob, size, signal))
        const { token } = await ask().catch(async (error: unknown) => {
          if (!isWardlineError(error, "ERR_ACCESS_REQUIRED") || !(await this.#renewAccess())) throw error
          return await ask()
        })
        return token
      },
    }
  }

  /** The payload of a message that stands for a file.
   * @throws {WardlineError} ERR_NOT_FOUND */
  attachment(messageId: string): AttachmentPayload {
    return attachmentOf(this.#viewState, messageId)
  }

  async retry(messageId: string): Promise<void> {
    this.assertWritable()
    await this.#sender.retry(messageId)
  }

  async discard(messageId: string): Promise<void> {
    await this.#sender.discard(messageId)
  }

  markRead(): void {
    const position = newestFromOthers(this.view.messages)
    if (position <= Math.max(this.#readUpTo, this.#viewState.ownRead)) return
    this.#readUpTo = position
    this.#changed()
    if (this.view.status === "open") this.#sender.wantReceipt(position)
  }

  /** Waits until the transcript holds a record that was published outside the outbox. */
  reached(ack: Ack, record: Uint8Array): Promise<void> {
    return this.#follower.reached(ack, record)
  }

  /** Holds the transcript to an ack without waiting for it: what contradicts it stops the conversation. */
  expect(ack: Ack, record: Uint8Array): void {
    this.#follower.expect(ack, record)
  }

  /** @throws {WardlineError} ERR_CLOSED, ERR_FORK, ERR_CONFLICT */
  assertWritable(): void {
    if (this.#isDisposed) throw new WardlineError("ERR_CLOSED", "the client was closed")
    if (this.#isSuspended) throw new WardlineError("ERR_CONFLICT", "open in another tab")
    const { status } = this.view
    if (status === "forked")
      throw new WardlineError("ERR_FORK", "this conversation's history can't be trusted")
    if (status !== "open") throw new WardlineError("ERR_CLOSED", `the conversation is ${status}`)
    if (this.#error !== undefined) throw this.#error
  }

  /** @throws {WardlineError} ERR_FORBIDDEN for what only the other side says. */
  assertSide(side: "patient" | "staff"): void {
    if (this.#options.side !== side) throw new WardlineError("ERR_FORBIDDEN", `only the ${side} can say that`)
  }

  /** @throws {WardlineError} ERR_NOT_FOUND where nothing contradicts the history, or nobody signed anything of it. */
  async exportEvidence(): Promise<Uint8Array> {
    return this.#evidence ?? (await this.#makeEvidence())
  }

  /** What two signatures prove is kept: a later run must not begin anew with one of the histories. */
  async #keepEvidence(): Promise<void> {
    if (this.#evidence !== undefined) return
    try {
      const evidence = await this.#makeEvidence()
      if (verifyEvidence(evidence).isOneSided) return
      this.#evidence = evidence
      await this.#options.host.storage.set({ [this.#evidenceKey]: evidence })
    } catch {
      // Nothing to keep yet, or the device's storage fails: it stays in memory.
    }
  }

  get #evidenceKey(): string {
    return this.#options.host.storage.conversationKey(this.id, "evidence")
  }

  async #makeEvidence(): Promise<Uint8Array> {
    const { storage, directory } = this.#options.host
    const stored = await loadRecords(storage)
    return this.#follower.evidence.export(
      directory.state.rootKey,
      fromHex(this.id),
      stored?.records ?? [],
      this.#follower.told,
    )
  }

  /** Reads what an earlier run, or another tab, stored. */
  async load(): Promise<void> {
    this.#evidence = await this.#options.host.storage.get(this.#evidenceKey)
    if (this.#evidence !== undefined)
      this.#distrust(new WardlineError("ERR_FORK", "two histories of this conversation exist"))
    await this.#follower.load()
    await this.#sender.load()
    this.#isSuspended = false
    this.#changed()
  }

  /** Another tab owns the device now; it sends what is in the outbox. */
  suspend(): void {
    this.#isSuspended = true
    this.detach()
    this.#sender.abandon(new WardlineError("ERR_CONFLICT", "open in another tab"))
  }

  attach(session: Session): void {
    if (this.#isDisposed || this.#isForked) return
    this.#follower.attach(session)
  }

  detach(): void {
    this.#follower.detach()
    this.#changed()
  }

  directoryGrew(): void {
    this.#follower.directoryGrew()
    this.#changed()
    this.#sender.kick()
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#sender.close(new WardlineError("ERR_CLOSED", "the client was closed"))
    await this.#follower.close()
    this.#changed()
  }

  #taken(event: TranscriptEvent): void {
    this.#events.push(event)
    const reason = event.kind === "access" ? this.#reasonOf(event) : undefined
    this.#viewState = reduceView(this.#viewState, event, this.#options.host.device.id, reason)
    // What fails here is storage; the transcript settles the outbox again at the next start.
    this.#sender.take(event).catch(() => {})
    if (this.#follower.transcript.fork !== undefined) {
      this.#distrust(new WardlineError("ERR_FORK", "two histories of this conversation exist"))
    }
    this.#changed()
  }

  /** Why somebody broke the glass, where this device holds the key of the role that did. */
  #reasonOf({ from, reason }: Extract<TranscriptEvent, { kind: "access" }>): string | undefined {
    const { shredKey } = this.#follower
    if (reason === undefined || from.kind !== "staff" || shredKey === undefined) return undefined
    const seed = this.#options.host.slotKeys().roleSeed(from.role, reason.generation)
    const conversation = fromHex(this.id)
    if (seed === undefined) return undefined
    return openReason(reason, conversation, from.role, seed, listingKeyOf(shredKey, conversation))
  }

  #stopped(error: WardlineError): void {
    if (error.code === "ERR_FORK" || error.code === "ERR_ROLLBACK") this.#distrust(error)
    else if (error.code === "ERR_ACCESS_REQUIRED") void this.#reopen(error)
    else this.#giveUp(error)
    this.#changed()
  }

  /** The relay doesn't serve this conversation to this device any more. */
  #giveUp(error: WardlineError): void {
    this.#error = error
    this.#sender.failAll(error.code).catch(() => {})
    this.#changed()
  }

  #distrust(error: WardlineError): void {
    this.#isForked = true
    this.#error = error
    this.#sender.failAll("ERR_FORK").catch(() => {})
  }

  async #reopen(error: WardlineError): Promise<void> {
    if (!(await this.#renewAccess())) {
      this.#giveUp(error)
      return
    }
    // Without one, the next session attaches by itself.
    const session = this.#options.host.session()
    if (session !== undefined) this.attach(session)
  }

  /** Whether there is a new access record now. */
  async #renewAccess(): Promise<boolean> {
    try {
      return (await this.#options.renewAccess?.()) ?? false
    } catch {
      return false
    }
  }

  #changed(): void {
    this.#view = undefined
    if (this.#announcing) return
    this.#announcing = true
    // A backlog comes as many records in one turn of the event loop: one event tells of all.
    queueMicrotask(() => {
      this.#announcing = false
      const waiters = this.#waiters
      this.#waiters = []
      for (const resolve of waiters) resolve()
      this.onChange()
    })
  }

  #buildView(): ConversationView {
    const { directory } = this.#options.host
    const { topic, language } = this.#options
    const view = this.#viewState
    const messages = buildMessages(view, {
      staffName: (deviceId) => deviceAt(directory.state, fromHex(deviceId))?.name,
      localIds: this.#sender.localIds,
      outbox: this.#sender.entries,
      me: this.#me,
    })
    return {
      id: this.id,
      status: this.#isForked ? "forked" : statusOf(this.#follower.transcript),
      messages,
      live: this.#follower.isLive && !this.#follower.isStale,
      stale: this.#follower.isStale,
      unread: countUnread(messages, Math.max(view.ownRead, this.#readUpTo)),
      ...(topic === undefined ? {} : { topic }),
      ...(language === undefined ? {} : { language }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    }
  }
}

/** What the transcript has come to: what ends more comes first. */
function statusOf(state: Transcript): ConversationStatus {
  if (state.shreddedAt !== undefined) return "destroyed"
  if (state.closedAt !== undefined && (state.archivedAt ?? 0) > state.closedAt) return "archived"
  if (state.withdrawnAt !== undefined) return "withdrawn"
  return state.closedAt === undefined ? "open" : "closed"
}
