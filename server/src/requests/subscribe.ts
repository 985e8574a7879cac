/** A device begins to read a conversation: reading is an event, so it begins once the audit log has it. */
import { type Frame, WardlineError } from "@wardline/sdk/protocol"
import type { Conversation } from "../conversation.ts"
import { checkAccess, checkConcerns, notFound } from "../gates/authority.ts"
import type { Request } from "../group-commit.ts"
import { keyOf } from "../hashing.ts"
import { checkLive } from "../identity.ts"
import type { RelayCore } from "../relay-core.ts"
import type { Session } from "../session.ts"
import type { Awaitable } from "../store/store.ts"
import { Subscription } from "../subscription.ts"
import type { Transaction } from "../transaction.ts"
import { eventOf, eventWith } from "./note.ts"

export class Subscribe implements Request {
  readonly bytes = 0
  readonly isRead = true
  readonly #core: RelayCore
  readonly #session: Session
  readonly #frame: Extract<Frame, { kind: "subscribe" }>
  readonly #scope: string
  #conversation: Conversation | undefined

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
    checkConcerns(conversation, session)
    const access = checkAccess(conversation, session, transaction.nowMs)
    if (this.#frame.after > conversation.position)
      throw new WardlineError("ERR_ROLLBACK", "the conversation is shorter here than the cursor")
    if (session.subscriptions.length >= this.#core.limits.subscriptionsPerSession)
      throw new WardlineError("ERR_RATE_LIMITED", "too many subscriptions in one session")
    transaction.note(
      session.clinic,
      eventWith(
        {
          ...eventOf(session, "read"),
          role: access?.role ?? "",
          purpose: access?.purpose ?? 0,
          scope: this.#scope,
          position: this.#frame.after,
        },
        session.clinic,
        transaction.nowMs,
      ),
    )
    this.#conversation = conversation
  }

  noteRefusal(transaction: Transaction): void {
    const { clinic } = this.#session
    if (!clinic.mayNoteRefusal(transaction.nowMs)) return
    const scope = this.#core.conversations.get(this.#scope) ? this.#scope : clinic.key
    const event = { ...eventOf(this.#session, "refusal"), outcome: "refused", scope } as const
    transaction.note(clinic, eventWith(event, clinic, transaction.nowMs))
  }

  done(): void {
    const session = this.#session
    if (this.#conversation === undefined || session.isClosing) return
    const { id, after, credit } = this.#frame
    if (session.usesRequestId(id)) {
      session.close("malformed", "a request id in use")
      return
    }
    const subscription = new Subscription(session, this.#conversation, id, after, credit)
    session.addSubscription(subscription)
    this.#conversation.subscriptions.push(subscription)
    this.#core.delivery.refill(subscription)
  }

  failed(error: unknown): void {
    this.#session.sendError(this.#frame.id, error)
  }
}
