/** What a session's subscriptions and lists hold the relay to: order of frames, credits, ends (docs/protocol.md, Wire). */
import { equalBytes } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import type { Frame, FrameKind } from "../protocol/index.ts"

/** Records that the relay may send ahead of what this device has worked through. */
export const SUBSCRIPTION_CREDIT = 256
/** A page of the list is taken up to so many times the length that was asked for. */
const WATCH_SLACK = 4

type FrameOf<K extends FrameKind> = Extract<Frame, { kind: K }>
/** How far the relay signs that a conversation goes. */
export type SignedHead = Omit<FrameOf<"head">, "kind" | "id">
/** The listing key as it came out of the channel; undefined in an update, and where it is gone. */
export type ListedConversation = Omit<FrameOf<"conversation">, "kind" | "id" | "listingKey"> & {
  readonly listingKey: Uint8Array | undefined
}

export interface SubscriptionHandler {
  /** The conversation's shred key, before the first record; undefined where it is gone. */
  keys(shredKey: Uint8Array | undefined): void
  /** The next record. The relay may send more once the returned promise is done. */
  deliver(position: number, record: Uint8Array): Promise<void>
  /** How far the conversation goes, by the relay's signature; nothing of it is checked yet. */
  head(head: SignedHead): void
  /** The backlog is done; called again never. */
  live(head: { position: number; link: Uint8Array }): void
  /** The subscription was refused or has ended; nothing follows. */
  failed(error: WardlineError): void
}

export interface WatchHandler {
  conversation(item: ListedConversation): void
  /** The list as it stood is done; `more`: there are older ones; `needed`: the oldest generation of each role's key that
   * a conversation outside the vault still needs. */
  listed(more: boolean, needed: FrameOf<"listed">["needed"]): void
  failed(error: WardlineError): void
}

/** A list of conversations: no longer than it was asked for, until it is done. */
export class Watch {
  readonly handler: WatchHandler
  #left: number

  constructor(handler: WatchHandler, limit: number) {
    this.handler = handler
    // Those of the last one's millisecond belong to the same page, and changes may come in between.
    this.#left = WATCH_SLACK * limit
  }

  /** @throws {WardlineError} ERR_MALFORMED beyond what was asked for. */
  conversation(item: ListedConversation): void {
    this.#left -= 1
    if (this.#left < 0) throw protocolError("more conversations than it was asked for")
    this.handler.conversation(item)
  }

  listed({ more, needed }: FrameOf<"listed">): void {
    this.#left = Number.POSITIVE_INFINITY
    this.handler.listed(more, needed)
  }
}

/** A conversation's stream of records, with credits so that the relay never runs far ahead of this device. */
export class Subscription {
  readonly handler: SubscriptionHandler
  readonly #conversation: Uint8Array
  readonly #wire: { credit(more: number): void; unsubscribe(): void }
  /** Worked through and not yet credited. */
  #done = 0
  /** What the relay may still send. */
  #credits = SUBSCRIPTION_CREDIT
  #hasKeys = false
  #isLive = false

  constructor(
    conversation: Uint8Array,
    handler: SubscriptionHandler,
    wire: { credit(more: number): void; unsubscribe(): void },
  ) {
    this.#conversation = conversation
    this.handler = handler
    this.#wire = wire
  }

  /** @throws {WardlineError} ERR_MALFORMED the second time, and for another conversation's. */
  keys(conversation: Uint8Array, shredKey: Uint8Array | undefined): void {
    if (this.#hasKeys || !equalBytes(conversation, this.#conversation))
      throw protocolError("keys out of place")
    this.#hasKeys = true
    this.handler.keys(shredKey)
  }

  /** @throws {WardlineError} ERR_MALFORMED for another conversation's. */
  head(head: SignedHead): void {
    if (!equalBytes(head.conversation, this.#conversation)) throw protocolError("a head out of place")
    this.handler.head(head)
  }

  /** @throws {WardlineError} ERR_MALFORMED beyond its credit: sockets have no back-pressure of their own. */
  take(position: number, record: Uint8Array): void {
    this.#credits -= 1
    if (this.#credits < 0) throw protocolError("more records than it was asked for")
    this.handler.deliver(position, record).then(
      () => this.#credit(),
      // The handler reports its own failures; it only gets no further records.
      () => this.end(),
    )
  }

  /** @throws {WardlineError} ERR_MALFORMED the second time. */
  live(head: { position: number; link: Uint8Array }): void {
    if (this.#isLive) throw protocolError("live twice")
    this.#isLive = true
    this.handler.live(head)
  }

  end(): void {
    this.#wire.unsubscribe()
  }

  #credit(): void {
    this.#done += 1
    if (this.#done < SUBSCRIPTION_CREDIT / 2) return
    this.#wire.credit(this.#done)
    this.#credits += this.#done
    this.#done = 0
  }
}

export function protocolError(what: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", `the relay broke the protocol: ${what}`)
}
