/** One session's reading of one conversation: the backlog from the store, then live, never more than was asked for. */
import type { Access, Conversation } from "./conversation.ts"
import { buildDeliveries, buildFrame, type Deliverable } from "./frames.ts"
import { checkAccess, checkConcerns } from "./gates/authority.ts"
import { MAX_CREDIT, MAX_UNSENT_BYTES, PAGE_BYTES, PAGE_RECORDS } from "./limits.ts"
import type { Session } from "./session.ts"
import type { Store } from "./store/store.ts"

export class Subscription {
  readonly session: Session
  readonly conversation: Conversation
  readonly requestId: number
  /** By which it began; undefined for the patient. */
  readonly access: Access | undefined
  /** Position of the last record that was sent. */
  #sent: number
  #credit: number
  /** Whether it has been sent everything stored, so that new records go to it straight from memory. */
  #isLive = false
  /** Whether it was told once that it is live. */
  wasLive = false
  /** Since when something waits for it and it takes nothing; 0 if it isn't so. */
  stalledSinceMs = 0
  isEnded = false
  #isReading = false

  constructor(
    session: Session,
    conversation: Conversation,
    requestId: number,
    after: number,
    credit: number,
    access: Access | undefined,
  ) {
    this.session = session
    this.conversation = conversation
    this.requestId = requestId
    this.#sent = after
    this.#credit = Math.min(credit, MAX_CREDIT)
    this.access = access
  }

  /** Position of the last record that it was given, or of the cursor that it began at. */
  get position(): number {
    return this.#sent
  }

  get isBehind(): boolean {
    return this.#sent < this.conversation.storedPosition
  }

  get isLive(): boolean {
    return this.#isLive
  }

  addCredit(more: number): void {
    this.#credit = Math.min(this.#credit + more, MAX_CREDIT)
    if (more > 0) this.stalledSinceMs = 0
  }

  /** Whether more may be sent now. */
  get canSend(): boolean {
    return this.#credit > 0 && this.session.unsentBytes < MAX_UNSENT_BYTES
  }

  /** Sends what a batch has just added, if it is live and may take it all; otherwise it falls behind, and `refill`
   * sends it from the store.
   * @param block - the deliveries, built for another subscription with the same request id, if there was one.
   * @returns the deliveries, for the next one. */
  deliver(
    records: readonly Deliverable[],
    requestIdOfBlock: number,
    block: Buffer | undefined,
  ): Buffer | undefined {
    if (!this.#isLive || this.isEnded) return block
    if (records.length === 0) return block
    if (this.#credit < records.length || !this.canSend) {
      this.#isLive = false
      return block
    }
    const own =
      block !== undefined && requestIdOfBlock === this.requestId
        ? block
        : buildDeliveries(records, this.requestId)
    this.session.send(own)
    this.#sent += records.length
    this.#credit -= records.length
    return own
  }

  /** Sends a page of what is stored and wasn't sent.
   * @returns whether another page could be sent at once. */
  async refill(store: Store): Promise<boolean> {
    if (this.#isReading || this.isEnded || this.#isLive) return false
    const { conversation, session } = this
    if (!this.canSend && this.isBehind) return false
    if (this.isBehind) {
      const count = Math.min(PAGE_RECORDS, this.#credit)
      let page = store.read(conversation.ref, this.#sent, count, PAGE_BYTES)
      if (page instanceof Promise) {
        this.#isReading = true
        page = await page.finally(() => {
          this.#isReading = false
        })
        if (this.isEnded) return false
      }
      // Another batch may be on its way to the store: what it adds isn't delivered before it is committed.
      const last = conversation.storedPosition
      const records = page.filter(({ position }) => position <= last)
      const end = records.at(-1)
      if (end === undefined) return false
      session.send(buildDeliveries(records, this.requestId))
      this.#sent = end.position
      this.#credit -= records.length
      this.stalledSinceMs = 0
    }
    if (this.isBehind) return this.canSend
    this.#isLive = true
    if (!this.wasLive) this.#announce()
    return false
  }

  #announce(): void {
    this.wasLive = true
    const { storedPosition, storedLink } = this.conversation
    const live = { kind: "live", id: this.requestId, position: storedPosition, link: storedLink } as const
    this.session.send(buildFrame(live))
  }

  /** Whether the session may still read: as long as it takes part, and staff only while their access record lasts.
   * @throws {WardlineError} ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_ACCESS_REQUIRED */
  checkAllowed(nowMs: number): void {
    checkConcerns(this.conversation, this.session, nowMs)
    checkAccess(this.conversation, this.session, nowMs)
  }

  /** Stops it; Delivery.end does, which has it noted. */
  end(): void {
    if (this.isEnded) return
    this.isEnded = true
    removeFrom(this.conversation.subscriptions, this)
    removeFrom(this.session.subscriptions, this)
  }
}

function removeFrom(list: Subscription[], subscription: Subscription): void {
  const at = list.indexOf(subscription)
  if (at >= 0) list.splice(at, 1)
}
