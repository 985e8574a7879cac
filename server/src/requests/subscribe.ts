/** A device begins to read a conversation: reading is an event, so it begins once the audit log has it. */
import { type Frame, WardlineError } from "@wardline/sdk/protocol"
import { sealKey } from "../channel.ts"
import type { Access, Conversation } from "../conversation.ts"
import { checkAccess, checkConcerns, notFound } from "../gates/authority.ts"
import type { Request } from "../group-commit.ts"
import { keyOf } from "../hashing.ts"
import { checkLive } from "../identity.ts"
import type { RelayCore } from "../relay-core.ts"
import type { Session } from "../session.ts"
import type { Awaitable } from "../store/store.ts"
import { Subscription } from "../subscription.ts"
import type { Transaction } from "../transaction.ts"
import { eventOf, eventWith, noteRefusal } from "./note.ts"

const NO_KEY = new Uint8Array(0)

export class Subscribe implements Request {
  readonly bytes = 0
  readonly isRead = true
  readonly #core: RelayCore
  readonly #session: Session
  readonly #frame: Extract<Frame, { kind: "subscribe" }>
  readonly #scope: string
  #conversation: Conversation | undefined
  #access: Access | undefined
  #shredKey: Buffer | undefined

  constructor(core: RelayCore, session: Session, frame: Extract<Frame, { kind: "subscribe" }>) {
    this.#core = core
    this.#session = session
    this.#frame = frame
    this.#scope = keyOf(frame.conversation)
  }

  prepare(): Awaitable<void> {
    return this.#core.conversations.load(this.#scope)
  }

  apply(transaction: Transaction): void {
    const session = this.#session
    checkLive(session, transaction.nowMs)
    const conversation = this.#core.conversations.get(this.#scope)
    if (conversation === undefined) throw notFound()
    checkConcerns(conversation, session, transaction.nowMs)
    const access = checkAccess(conversation, session, transaction.nowMs)
    if (this.#frame.after > conversation.position)
      throw new WardlineError("ERR_ROLLBACK", "the conversation is shorter here than the cursor")
    if (session.subscriptions.length >= this.#core.limits.subscriptionsPerSession)
      throw new WardlineError("ERR_RATE_LIMITED", "too many subscriptions in one session")
    this.#conversation = conversation
    this.#access = access
    this.#note("read", transaction)
    this.#shredKey = this.#core.shredKeys.get(conversation.ref.id)
    if (this.#shredKey !== undefined) this.#note("keys-served", transaction)
  }

  #note(action: "read" | "keys-served", transaction: Transaction): void {
    const access = this.#access
    const event = {
      ...eventOf(this.#session, action),
      role: access?.role ?? "",
      purpose: access?.purpose ?? 0,
      position: this.#frame.after,
    }
    transaction.note(this.#session.clinic, eventWith(event, transaction.nowMs), this.#conversation)
  }

  noteRefusal(transaction: Transaction, error: unknown): void {
    noteRefusal(transaction, this.#session, error, this.#core.conversations.get(this.#scope))
  }

  done(): void {
    const session = this.#session
    if (this.#conversation === undefined) return
    const { id, after, credit } = this.#frame
    const subscription = new Subscription(session, this.#conversation, id, after, credit, this.#access)
    if (session.isClosing || session.usesRequestId(id)) {
      this.#shredKey?.fill(0)
      // The log has its beginning: without its end it would go on for ever.
      this.#core.delivery.end(subscription)
      if (!session.isClosing) session.close("malformed", "a request id in use")
      return
    }
    this.#sendKey(this.#conversation)
    session.addSubscription(subscription)
    this.#conversation.subscriptions.push(subscription)
    this.#core.delivery.refill(subscription)
  }

  /** The shred key, or that there is none any more; before the first record. */
  #sendKey({ ref, isShredded }: Conversation): void {
    const { channel } = this.#session
    const key = isShredded ? undefined : this.#shredKey
    const shredKey = key === undefined ? NO_KEY : sealKey(channel, ref.id, key)
    this.#shredKey?.fill(0)
    this.#session.sendFrame({ kind: "keys", id: this.#frame.id, conversation: ref.id, shredKey })
  }

  failed(error: unknown): void {
    this.#session.sendError(this.#frame.id, error)
  }
}
