/** After a commit: records to their readers, list updates to their watchers, everything to the sockets. */
import { isWardlineError } from "@wardline/sdk/protocol"
import { sealKey } from "./channel.ts"
import type { Conversation } from "./conversation.ts"
import { buildFrame } from "./frames.ts"
import type { Heads } from "./heads.ts"
import { MAX_LISTED, MAX_UNSENT_BYTES } from "./limits.ts"
import { errorFields, type Log } from "./log.ts"
import type { Session, Watch } from "./session.ts"
import { listingKeyOf, type ShredKeys } from "./shred-keys.ts"
import type { ListedConversation, NewRecord, Store } from "./store/store.ts"
import type { Subscription } from "./subscription.ts"

export class Delivery {
  readonly #store: Store
  readonly #shredKeys: ShredKeys
  readonly #heads: Heads
  readonly #log: Log
  readonly #now: () => number
  readonly #noteEnd: (subscription: Subscription) => void
  /** Sessions with something to send. */
  readonly flushQueue: Session[] = []
  #refilling = new Set<Subscription>()
  /** Sessions whose watch lacks something that the store has. */
  #behindWatchers = new Set<Session>()
  #isScheduled = false

  /** @param noteEnd - has the audit log say how far a subscription came that has ended. */
  constructor(
    store: Store,
    shredKeys: ShredKeys,
    heads: Heads,
    log: Log,
    now: () => number,
    noteEnd: (subscription: Subscription) => void,
  ) {
    this.#store = store
    this.#shredKeys = shredKeys
    this.#heads = heads
    this.#log = log
    this.#now = now
    this.#noteEnd = noteEnd
  }

  /** Writes what every session was given since the last time: one write for each socket. */
  flush(): void {
    if (this.#behindWatchers.size > 0) this.#catchUpWatchers()
    const queue = this.flushQueue
    for (let i = 0; i < queue.length; i++) (queue[i] as Session).flush()
    queue.length = 0
  }

  /** Hands a stored conversation's new records to whoever reads it or watches its clinic's list. */
  deliver(conversation: Conversation): void {
    const records = conversation.added
    conversation.added = []
    if (records.length === 0) return
    let block: Buffer | undefined
    let requestId = -1
    const nowMs = this.#now()
    for (const subscription of [...conversation.subscriptions]) {
      if (!this.isAllowed(subscription, nowMs, records)) continue
      const next = subscription.deliver(records, requestId, block)
      if (next !== block) {
        block = next
        requestId = subscription.requestId
      }
      if (!subscription.isLive) this.refill(subscription)
    }
    this.#updateWatchers(conversation)
  }

  /** Ends a subscription whose right to read is over, and says so to its session.
   * @param records - what was just stored: the record that ended the right is the last that it gets, so that its device
   *   has more than the relay's word for it. */
  isAllowed(subscription: Subscription, nowMs: number, records: readonly NewRecord[] = []): boolean {
    try {
      subscription.checkAllowed(nowMs)
      return true
    } catch (error) {
      const { cutPosition } = subscription.conversation
      const last = records.filter(({ position }) => position <= cutPosition)
      if (!isWardlineError(error, "ERR_ACCESS_REQUIRED")) subscription.deliver(last, -1, undefined)
      this.end(subscription)
      subscription.session.sendError(subscription.requestId, error)
      return false
    }
  }

  /** Stops a subscription, without a word to its session. */
  end(subscription: Subscription): void {
    if (subscription.isEnded) return
    subscription.end()
    this.#noteEnd(subscription)
  }

  #updateWatchers(conversation: Conversation): void {
    if (!conversation.isOpen) return
    for (const session of conversation.clinic.watchers) {
      const { watch } = session
      if (watch === undefined || !conversation.storedRoles.some((role) => session.roles.includes(role)))
        continue
      this.#update(session, watch, conversation)
    }
  }

  #update(session: Session, watch: Watch, conversation: Conversation): void {
    const { listedBeforeMs, isRelisted } = conversation
    const isNew = isRelisted || listedBeforeMs === 0 || listedBeforeMs < watch.listedFromMs
    const isFull = session.unsentBytes >= MAX_UNSENT_BYTES
    if (watch.missedFromMs !== 0 || isFull || isNew) {
      if (watch.missedFromMs === 0) watch.missedFromMs = conversation.updatedMs
      if (isFull) this.#awaitDrain(session)
      else this.#behindWatchers.add(session)
      return
    }
    session.send(
      buildFrame({
        kind: "conversation",
        id: watch.requestId,
        conversation: conversation.ref.id,
        position: conversation.storedPosition,
        updated: conversation.updatedMs,
        closed: conversation.isClosed || conversation.isShredded,
        lastBy: conversation.lastBy,
        consent: NOTHING,
        open: NOTHING,
        listingKey: NOTHING,
      }),
    )
  }

  /** Once the socket has taken what it was given, goes on with whatever waits for it. */
  #awaitDrain(session: Session): void {
    if (session.isAwaitingDrain) return
    session.isAwaitingDrain = true
    session.onDrain(() => {
      session.isAwaitingDrain = false
      for (const subscription of session.subscriptions) if (subscription.isBehind) this.refill(subscription)
      if (session.watch && session.watch.missedFromMs !== 0) this.#behindWatchers.add(session)
      this.flush()
    })
  }

  #catchUpWatchers(): void {
    const sessions = this.#behindWatchers
    this.#behindWatchers = new Set()
    for (const session of sessions) {
      if (session.watch && !session.isClosing) this.#inBackground(this.#catchUp(session, session.watch))
    }
  }

  /** Sends what a watcher missed, whole: also what was never listed to it. */
  async #catchUp(session: Session, watch: Watch): Promise<void> {
    const sinceMs = watch.missedFromMs
    watch.missedFromMs = 0
    let beforeMs = 0
    for (;;) {
      const query = { roles: session.roles, beforeMs, sinceMs, limit: MAX_LISTED }
      const listing = this.#store.list(session.clinic.ref, query)
      const listed = listing instanceof Promise ? await listing : listing
      for (const item of listed) session.send(listedFrame(this.#shredKeys, session, watch.requestId, item))
      const last = listed.at(-1)
      if (listed.length < MAX_LISTED || last === undefined) return
      beforeMs = last.updatedMs
    }
  }

  /** Sends a subscription what it lacks, page by page, others getting their turn in between. */
  refill(subscription: Subscription): void {
    this.#refilling.add(subscription)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#inBackground(this.#refillAll())
    })
  }

  async #refillAll(): Promise<void> {
    const now = this.#refilling
    this.#refilling = new Set()
    for (const subscription of now) {
      if (subscription.isEnded || !this.isAllowed(subscription, this.#now())) continue
      const { wasLive } = subscription
      const hasMore = await subscription.refill(this.#store)
      if (subscription.wasLive && !wasLive) this.#heads.begin(subscription, this.#now())
      if (hasMore) this.refill(subscription)
      else if (subscription.isBehind && subscription.session.unsentBytes >= MAX_UNSENT_BYTES)
        this.#awaitDrain(subscription.session)
    }
    this.flush()
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.#log.error("reading failed", errorFields(error)))
  }
}

const NOTHING = new Uint8Array(0)

/** One conversation of a list, with the key that opens its summaries, as long as there is one. */
export function listedFrame(
  shredKeys: ShredKeys,
  session: Session,
  requestId: number,
  item: ListedConversation,
): Buffer {
  const shredKey = shredKeys.get(item.id)
  const listingKey =
    shredKey === undefined ? NOTHING : sealKey(session.channel, item.id, listingKeyOf(shredKey, item.id))
  shredKey?.fill(0)
  return buildFrame({
    kind: "conversation",
    id: requestId,
    conversation: item.id,
    position: item.position,
    updated: item.updatedMs,
    closed: item.isClosed,
    lastBy: item.lastBy,
    consent: item.consent,
    open: item.open,
    listingKey,
  })
}
