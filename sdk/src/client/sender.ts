/** Sends a conversation's outbox: in order, one record at a time, each exactly once (docs/protocol.md, Message). */
import { abortable, abortedError, onAbort, sleep, throwIfAborted } from "../abort.ts"
import { equalBytes, toHex } from "../bytes.ts"
import {
  composeEpoch,
  composeMessage,
  currentEpoch,
  holdsSlot,
  isEpochNeeded,
  type KnownPayload,
  lastSequence,
  membersOfTranscript,
  type TranscriptEvent,
} from "../conversation/index.ts"
import { sha256 } from "../crypto/index.ts"
import { type ErrorCode, isWardlineError, WardlineError } from "../errors.ts"
import { decodeMessage, decodeRecord, recordHash } from "../protocol/index.ts"
import type { Ack, Session } from "../transport/index.ts"
import type { OutboxEntry } from "./chat.ts"
import type { Follower } from "./follower.ts"
import { type ConversationHost, composerOf } from "./host.ts"
import { isWorthKeeping, Outbox, type OutboxItem } from "./outbox.ts"

/** How a sender tells its conversation. */
export interface SenderEvents {
  changed(): void
  /** Signs a new access record, for staff whose old one has run out; resolves to whether there is one now. */
  renewAccess(): Promise<boolean>
}

/** After so many refusals of one kind the message is shown as failed in place of being tried for ever. */
const MAX_ATTEMPTS = 8
const RETRY_MS = 1_000
const MAX_RETRY_MS = 30_000
const CONFLICT_RETRY_MS = 50
/** The read state is worth one record every so often, not one per glance. */
const RECEIPT_INTERVAL_MS = 2_000

/** Where a send stands that someone waits for. */
interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: WardlineError) => void
}

export class Sender {
  readonly outbox: Outbox
  readonly #host: ConversationHost
  readonly #follower: Follower
  readonly #events: SenderEvents
  readonly #waiting = new Map<string, Waiting>()
  /** By payload id, what this device has said in the transcript: record hashes in hexadecimal. */
  readonly #said = new Map<string, string>()
  /** Record hashes of outbox items that the relay has acked and the transcript doesn't hold yet. */
  readonly #acked = new Map<string, string>()
  /** Outbox ids by record hash, for what was sent in this run. */
  readonly localIds: Map<string, string> = new Map()
  readonly #stop = new AbortController()
  #running = false
  /** Something changed since the loop last looked. */
  #again = false
  #wakeUp: () => void = () => {}
  /** Whether the state came from storage or replay since this device last made an epoch. */
  #restored: boolean
  #waitingFor: WardlineError | undefined
  #receiptWanted = 0
  #receiptSent = 0
  #receiptDueMs = 0

  /** @param fresh - the conversation was begun in this run, so its first epoch is this run's. */
  constructor(
    host: ConversationHost,
    id: string,
    follower: Follower,
    options: { readonly fresh: boolean; readonly events: SenderEvents },
  ) {
    this.#host = host
    this.#follower = follower
    this.#events = options.events
    this.#restored = !options.fresh
    this.outbox = new Outbox(host.storage, id)
  }

  get entries(): OutboxEntry[] {
    return this.outbox.items.map((item) => {
      const ackedAs = this.#acked.get(item.localId)
      const { localId, payload, createdMs, failed } = item
      return {
        localId,
        payload,
        at: createdMs,
        ...(failed === undefined ? {} : { failed }),
        ...(ackedAs === undefined ? {} : { ackedAs }),
        ...(this.#waitingFor === undefined ? {} : { waitingFor: this.#waitingFor }),
      }
    })
  }

  /** Puts a message into the outbox and waits until the relay has stored it.
   * @returns the outbox id.
   * @throws {WardlineError} why it failed; ERR_ABORTED: it is taken back if it wasn't sealed yet, otherwise only
   *   the wait ends. */
  async send(payload: KnownPayload, signal?: AbortSignal): Promise<string> {
    throwIfAborted(signal)
    const adding = this.outbox.add(payload, this.#host.now())
    this.#events.changed()
    const { localId } = await adding.catch((error: unknown) => {
      this.#events.changed()
      throw error
    })
    const sent = new Promise<void>((resolve, reject) => this.#waiting.set(localId, { resolve, reject }))
    const stop = onAbort(signal, () => {
      void this.#takeBack(localId)
      this.#settle(localId, abortedError(signal))
    })
    this.kick()
    await sent.finally(stop)
    return localId
  }

  /** Sends a failed message after all. */
  async retry(localId: string): Promise<void> {
    const item = this.outbox.find(localId)
    if (item?.failed === undefined) throw new WardlineError("ERR_NOT_FOUND", "no failed message with this id")
    await this.outbox.replace({ localId, payload: item.payload, createdMs: item.createdMs })
    this.#events.changed()
    this.kick()
  }

  /** Throws a failed message away. */
  async discard(localId: string): Promise<void> {
    if (this.outbox.find(localId)?.failed === undefined) {
      throw new WardlineError("ERR_NOT_FOUND", "no failed message with this id")
    }
    await this.outbox.remove(localId)
    this.#events.changed()
  }

  /** Tells the others, before long, that this device has read up to `position`. */
  wantReceipt(position: number): void {
    if (position <= this.#receiptWanted) return
    this.#receiptWanted = position
    this.kick()
  }

  /** Does what can be done now. Harmless at any time. */
  kick(): void {
    this.#again = true
    this.#wakeUp()
    if (!this.#running) void this.#loop()
  }

  async #loop(): Promise<void> {
    this.#running = true
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false
      // What fails here is the device's storage, or this sender was closed; the next kick tries again.
      await this.#run().catch(() => {})
    }
    this.#running = false
  }

  /** Waits, but not beyond the next kick. */
  async #pause(ms: number): Promise<void> {
    const wake = new AbortController()
    this.#wakeUp = () => wake.abort()
    const stop = onAbort(this.#stop.signal, () => wake.abort())
    await sleep(ms, wake.signal).catch(() => {})
    stop()
    throwIfAborted(this.#stop.signal)
  }

  close(error: WardlineError): void {
    this.#stop.abort()
    this.abandon(error)
  }

  /** Lets nobody wait any longer; the outbox stays. */
  abandon(error: WardlineError): void {
    for (const localId of [...this.#waiting.keys()]) this.#settle(localId, error)
  }

  /** Nothing can be sent any more, or not before something is done about it. */
  async failAll(code: ErrorCode): Promise<void> {
    for (const item of this.outbox.items) if (item.failed === undefined) await this.#markFailed(item, code)
  }

  /** Looks at each record of the transcript: is it one of this device's? */
  async take(event: TranscriptEvent): Promise<void> {
    if (event.kind === "epoch" && equalBytes(event.issuer, this.#host.device.id)) {
      if (this.#follower.isLive) this.#restored = false
      return
    }
    if (event.kind === "refused") {
      // This device's own record, refused by everybody: its sequence went to another. It is sealed anew.
      const item = this.#itemOf(event.hash)
      if (item !== undefined) await this.outbox.replace(withoutSeal(item))
      return
    }
    if (event.kind !== "message" || !equalBytes(event.from.device, this.#host.device.id)) return
    const { payload, hash } = event
    if (payload.type === "receipt") this.#receiptSent = Math.max(this.#receiptSent, payload.read)
    if (payload.id !== undefined && !this.#said.has(payload.id)) this.#said.set(payload.id, toHex(hash))
    const item = this.#itemOf(hash) ?? this.outbox.items.find((other) => other.payload.id === payload.id)
    if (item !== undefined) await this.#arrived(item, toHex(hash))
  }

  /** Reads the outbox as an earlier run, another tab or a backup left it. What this device has said already isn't said
   * again. */
  async load(): Promise<void> {
    await this.outbox.load()
    for (const item of this.outbox.items) {
      const hash = this.#said.get(item.payload.id as string)
      if (hash !== undefined) await this.#arrived(item, hash)
    }
  }

  #itemOf(hash: Uint8Array): OutboxItem | undefined {
    return this.outbox.items.find(
      ({ sealed }) => sealed !== undefined && equalBytes(sha256(sealed.record), hash),
    )
  }

  async #arrived(item: OutboxItem, hash: string): Promise<void> {
    this.localIds.set(hash, item.localId)
    this.#acked.delete(item.localId)
    this.#settle(item.localId)
    await this.outbox.remove(item.localId)
  }

  #settle(localId: string, error?: WardlineError): void {
    const waiting = this.#waiting.get(localId)
    this.#waiting.delete(localId)
    if (error === undefined) waiting?.resolve()
    else waiting?.reject(error)
  }

  async #takeBack(localId: string): Promise<void> {
    const item = this.outbox.find(localId)
    if (item === undefined || item.sealed !== undefined) return
    await this.outbox.remove(localId)
    this.#events.changed()
  }

  /** Sends until nothing is left or something has to come back first. */
  async #run(): Promise<void> {
    let attempts = 0
    let last: string | undefined
    while (!this.#stop.signal.aborted && this.#follower.isLive) {
      const session = this.#host.session()
      const item = this.outbox.items.find(({ failed }) => failed === undefined)
      const receiptInMs = this.#receiptInMs()
      if (session === undefined || (item === undefined && receiptInMs === undefined)) return
      attempts = item?.localId === last ? attempts + 1 : 0
      last = item?.localId
      try {
        if (attempts > 2 * MAX_ATTEMPTS) throw refusedByAll()
        if (item !== undefined) await this.#sendItem(session, item)
        else if (receiptInMs !== undefined) await this.#sendReceipt(session, receiptInMs)
        this.#setWaitingFor(undefined)
      } catch (cause) {
        const error = isWardlineError(cause) ? cause : new WardlineError("ERR_INTERNAL", "a bug", { cause })
        if (!(await this.#recover(error, item, attempts))) return
      }
    }
  }

  /** Decides what follows a failure.
   * @returns whether to go on now. */
  async #recover(error: WardlineError, item: OutboxItem | undefined, attempts: number): Promise<boolean> {
    switch (error.code) {
      case "ERR_OFFLINE":
      case "ERR_ABORTED":
        return false
      case "ERR_ACCESS_REQUIRED":
        if (attempts >= MAX_ATTEMPTS || !(await this.#events.renewAccess())) break
        // What was sealed before the new access record isn't covered by it.
        if (item !== undefined) await this.outbox.replace(withoutSeal(this.outbox.find(item.localId) ?? item))
        return true
      case "ERR_CONFLICT":
        // Somebody was faster: learn what, then seal anew.
        await this.#host.directory.refresh().catch(() => {})
        if (item !== undefined) await this.outbox.replace(withoutSeal(this.outbox.find(item.localId) ?? item))
        break
      case "ERR_STALE_DIRECTORY":
        await this.#host.directory.refresh().catch(() => {})
        break
      default:
        break
    }
    if (!error.retryable || (error.code === "ERR_CONFLICT" && attempts >= MAX_ATTEMPTS)) {
      // A receipt isn't worth a failure that someone has to look at.
      if (item === undefined) this.#receiptWanted = this.#receiptSent
      else await this.#markFailed(item, error.code)
      return true
    }
    this.#setWaitingFor(error)
    const delayMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(attempts, 5))
    await this.#pause(error.code === "ERR_CONFLICT" ? CONFLICT_RETRY_MS * (attempts + 1) : delayMs)
    return true
  }

  async #markFailed(item: OutboxItem, code: ErrorCode): Promise<void> {
    this.#acked.delete(item.localId)
    this.#settle(item.localId, new WardlineError(code, "the message could not be sent"))
    const failing = isWorthKeeping(item)
      ? this.outbox.replace({ ...withoutSeal(item), failed: code })
      : this.outbox.remove(item.localId)
    this.#events.changed()
    await failing
  }

  #setWaitingFor(error: WardlineError | undefined): void {
    if (this.#waitingFor?.code === error?.code) return
    this.#waitingFor = error
    this.#events.changed()
  }

  async #sendItem(session: Session, item: OutboxItem): Promise<void> {
    this.#host.directory.assertFresh()
    const sealed = this.#isStillGood(item) ? item.sealed : await this.#seal(session, item)
    if (sealed === undefined) return
    const recordId = toHex(sha256(sealed.record))
    this.localIds.set(recordId, item.localId)
    const ack = await session.publish(sealed.record, this.#stop.signal)
    // The delivery may have come first.
    if (this.outbox.find(item.localId) !== undefined) this.#acked.set(item.localId, recordId)
    this.#settle(item.localId)
    this.#events.changed()
    await this.#follow(ack, sealed.record)
  }

  /** Whether the bytes that were sealed earlier may be sent as they are. */
  #isStillGood(item: OutboxItem): boolean {
    if (item.sealed === undefined) return false
    const { transcript } = this.#follower
    const { device, directory, now } = this.#host
    if (item.sealed.sequence !== lastSequence(transcript, device.id) + 1) return false
    if (isEpochNeeded(transcript, directory.state, now(), false)) return false
    const { epoch } = decodeMessage(decodeRecord(item.sealed.record).body)
    return equalBytes(epoch, currentEpoch(transcript)?.hash ?? new Uint8Array(0))
  }

  /** Seals under the current epoch, a new one if need be, and stores the bytes before they are sent. */
  async #seal(session: Session, item: OutboxItem): Promise<OutboxItem["sealed"]> {
    await this.#renewEpoch(session)
    const { transcript } = this.#follower
    const sequence = lastSequence(transcript, this.#host.device.id) + 1
    const record = composeMessage(composerOf(this.#host, transcript), transcript, item.payload, sequence)
    if (this.outbox.find(item.localId) === undefined) return undefined
    await this.outbox.replace({ ...item, sealed: { sequence, record } })
    // Taken back or settled while it was stored.
    return this.outbox.find(item.localId)?.sealed
  }

  async #renewEpoch(session: Session): Promise<void> {
    const { directory, now } = this.#host
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (!isEpochNeeded(this.#follower.transcript, directory.state, now(), this.#restored)) return
      this.#assertHoldsSlot()
      const { position } = directory.state
      const { transcript, shredKey } = this.#follower
      const record = composeEpoch(composerOf(this.#host, transcript, shredKey), transcript)
      await this.#follow(await session.publish(record, this.#stop.signal), record)
      const entry = this.#follower.transcript.epochs.get(toHex(recordHash(sha256, record)))
      // Unless the directory has grown meanwhile, the next would fare no better.
      if (entry?.key === undefined && position === directory.state.position) throw refusedByAll()
    }
    throw refusedByAll()
  }

  /** An epoch that its own maker can't open would be followed by another, and that by another, for ever.
   * @throws {WardlineError} ERR_CONFLICT while this device has no grant of the newest generation. */
  #assertHoldsSlot(): void {
    const { state } = this.#host.directory
    const members = membersOfTranscript(this.#follower.transcript, state, state.position)
    if (!holdsSlot(members, this.#host.slotKeys()))
      throw new WardlineError("ERR_CONFLICT", "this device was not given the newest role key yet")
  }

  /** Waits until the transcript holds what was acked. */
  #follow(ack: Ack, record: Uint8Array): Promise<void> {
    return abortable(this.#follower.reached(ack, record), this.#stop.signal)
  }

  #receiptInMs(): number | undefined {
    if (this.#receiptWanted <= this.#receiptSent) return undefined
    return Math.max(0, this.#receiptDueMs - performance.now())
  }

  async #sendReceipt(session: Session, inMs: number): Promise<void> {
    if (inMs > 0) {
      await this.#pause(inMs)
      return
    }
    this.#host.directory.assertFresh()
    await this.#renewEpoch(session)
    const read = this.#receiptWanted
    const { transcript } = this.#follower
    const record = composeMessage(composerOf(this.#host, transcript), transcript, {
      v: 1,
      type: "receipt",
      read,
    })
    this.#receiptDueMs = performance.now() + RECEIPT_INTERVAL_MS
    await this.#follow(await session.publish(record, this.#stop.signal), record)
    this.#receiptSent = Math.max(this.#receiptSent, read)
  }
}

/** Whatever this device makes, its own check refuses: it must not go on for ever. */
function refusedByAll(): WardlineError {
  return new WardlineError("ERR_OPEN_FAILED", "this device's own records are refused")
}

function withoutSeal({ localId, payload, createdMs }: OutboxItem): OutboxItem {
  return { localId, payload, createdMs }
}
