/** A patient's device gives a new conversation's shred key into the relay's keeping, before its consent. The first one
 * stays; nothing is answered unless it is refused. */
import { type Frame, WardlineError } from "@wardline/sdk/protocol"
import { openKey } from "../channel.ts"
import type { Request } from "../group-commit.ts"
import { keyOf } from "../hashing.ts"
import { checkLive } from "../identity.ts"
import { MAX_KEPT_PER_SESSION } from "../limits.ts"
import type { RelayCore } from "../relay-core.ts"
import type { Session } from "../session.ts"
import type { Awaitable } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"
import { noteRefusal } from "./note.ts"

export class Keep implements Request {
  readonly bytes = 64
  readonly isRead = false
  readonly #core: RelayCore
  readonly #session: Session
  readonly #frame: Extract<Frame, { kind: "keep" }>
  readonly #scope: string

  constructor(core: RelayCore, session: Session, frame: Extract<Frame, { kind: "keep" }>) {
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
    const { shredKeys, conversations } = this.#core
    checkLive(session, transaction.nowMs)
    if (session.kind !== "patient")
      throw new WardlineError("ERR_FORBIDDEN", "a patient's device gives a conversation its key")
    const key = openKey(session.channel, this.#frame.conversation, this.#frame.shredKey)
    // A conversation that has begun has its key, or is to have none any more.
    if (conversations.get(this.#scope) !== undefined || shredKeys.isPending(this.#scope)) return
    if (session.kept >= MAX_KEPT_PER_SESSION)
      throw new WardlineError("ERR_RATE_LIMITED", "too many keys in one session")
    session.kept++
    transaction.keep(shredKeys, {
      conversation: this.#frame.conversation.slice(),
      device: Buffer.from(session.device, "latin1"),
      keptMs: transaction.nowMs,
      key,
    })
  }

  noteRefusal(transaction: Transaction, error: unknown): void {
    noteRefusal(transaction, this.#session, error)
  }

  done(): void {
    // The consent's ack says it.
  }

  failed(error: unknown): void {
    this.#session.sendError(this.#frame.id, error)
  }
}
