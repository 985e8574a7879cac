/** A record on its way into a conversation. */
import { decodeRecord, isWardlineError, recordPart, startLink, WardlineError } from "@wardline/sdk/protocol"
import type { AuditEvent } from "../audit-chain.ts"
import { type Access, Conversation } from "../conversation.ts"
import type { Acknowledged } from "../frames.ts"
import { judgeControl } from "../gates/control.ts"
import type { ControlChange } from "../gates/judging.ts"
import { checkIssuer, checkMessageSignature, judgeMessage } from "../gates/message.ts"
import {
  checkMessageShape,
  isMessage,
  isQuiet,
  issuerKey,
  messageSequence,
  scopeKey,
} from "../gates/shape.ts"
import type { Request } from "../group-commit.ts"
import { sha256, sha256Text } from "../hashing.ts"
import { checkLive } from "../identity.ts"
import { MAX_MALFORMED } from "../limits.ts"
import { applyChange, noteEffects } from "../records.ts"
import type { RelayCore } from "../relay-core.ts"
import { findRetried, type RetrySearch, searchRetried } from "../retries.ts"
import type { Session } from "../session.ts"
import type { Awaitable } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"
import { actionOfChange } from "./actions.ts"
import { noteRefusal } from "./note.ts"

/** Records that are somebody's turn in the conversation: opening it to read, or keys for it, are no answer. */
const ANSWERS: ReadonlySet<ControlChange["kind"]> = new Set([
  "consent",
  "open",
  "close",
  "reopen",
  "withdraw",
])

export class Publish implements Request {
  readonly isRead = false
  readonly #core: RelayCore
  readonly #session: Session
  readonly #requestId: number
  readonly #record: Buffer
  #scope = ""
  #hash = ""
  /** What the store was asked about an earlier copy, where memory couldn't tell. */
  #search: RetrySearch | undefined
  #ack: Acknowledged | undefined
  #isShred = false

  constructor(core: RelayCore, session: Session, requestId: number, record: Buffer) {
    this.#core = core
    this.#session = session
    this.#requestId = requestId
    this.#record = record
  }

  get bytes(): number {
    return this.#record.length
  }

  prepare(): Awaitable<void> {
    const record = this.#record
    // A record without even a header is refused by apply.
    if (record.length < 48) return undefined
    this.#scope = scopeKey(record)
    this.#hash = sha256Text(recordPart(record))
    const loading = this.#core.conversations.load(this.#scope)
    if (loading instanceof Promise) return loading.then(() => this.#searchStore())
    return this.#searchStore()
  }

  #searchStore(): Awaitable<void> {
    const conversation = this.#core.conversations.get(this.#scope)
    if (conversation === undefined) return undefined
    const searching = searchRetried(this.#core.store, conversation, this.#record, this.#hash)
    if (searching instanceof Promise)
      return searching.then((search) => {
        this.#search = search
      })
    this.#search = searching
    return undefined
  }

  apply(transaction: Transaction): void {
    const record = this.#record
    const isMessageRecord = isMessage(record)
    if (isMessageRecord) checkMessageShape(record)
    const control = isMessageRecord ? undefined : decodeRecord(record)
    const session = this.#session
    checkLive(session, transaction.nowMs)
    checkIssuer(issuerKey(record), session)
    const conversation = this.#core.conversations.get(this.#scope)
    const first = conversation && findRetried(conversation, record, this.#hash, this.#search)
    if (first !== undefined) {
      this.#ack = first
      this.#isShred = control?.type === "shred"
      return
    }
    if (control === undefined) this.#addMessage(conversation, transaction)
    else {
      const change = judgeControl(conversation, control, session, transaction.nowMs)
      if (conversation === undefined && !this.#core.shredKeys.isKeptBy(this.#scope, session.device))
        throw new WardlineError(
          "ERR_CONSENT_REQUIRED",
          "the conversation's shred key comes before its consent",
        )
      this.#addControl(conversation ?? this.#begin(transaction), change, transaction)
    }
  }

  #addMessage(conversation: Conversation | undefined, transaction: Transaction): void {
    const session = this.#session
    const record = this.#record
    const access = judgeMessage(conversation, record, session, transaction.nowMs)
    if (this.#core.isVerifyingMessages) checkMessageSignature(record, session.signingKey)
    // judgeMessage refuses a message that belongs to no conversation.
    const known = conversation as Conversation
    const event = this.#eventOf(access, transaction.nowMs)
    this.#ack = transaction.addToConversation(known, record, this.#hash, false, event)
    const sequence = messageSequence(record)
    if (sequence > (known.senders.get(session.device) ?? 0)) known.senders.set(session.device, sequence)
    if (!isQuiet(record)) known.lastBy = session.kind === "patient" ? "patient" : "staff"
  }

  #begin(transaction: Transaction): Conversation {
    const { clinic } = this.#session
    const id = Buffer.from(this.#scope, "latin1")
    const ref = this.#core.store.newConversation(clinic.ref, id)
    const conversation = new Conversation(clinic, this.#scope, ref, startLink(sha256, id))
    this.#core.conversations.add(conversation)
    transaction.addConversation(conversation)
    return conversation
  }

  #addControl(conversation: Conversation, change: ControlChange, transaction: Transaction): void {
    const session = this.#session
    const access = "access" in change ? change.access : undefined
    const event = { ...this.#eventOf(access, transaction.nowMs), action: actionOfChange(change) }
    if (change.kind === "access") {
      transaction.checkRoom(conversation)
      this.#core.breakGlass.access(transaction, conversation, session.device, change.access)
    }
    const placed = transaction.addToConversation(conversation, this.#record, this.#hash, true, event)
    applyChange(conversation, change, session.device, placed.position, this.#hash)
    noteEffects(conversation, change)
    if (change.kind === "shred") {
      this.#isShred = true
      transaction.shred(conversation)
    }
    if (ANSWERS.has(change.kind)) conversation.lastBy = session.kind === "patient" ? "patient" : "staff"
    this.#ack = placed
  }

  #eventOf(access: Access | undefined, nowMs: number): AuditEvent {
    return {
      action: "create",
      outcome: "success",
      purpose: access?.purpose ?? 0,
      timeMs: nowMs,
      actor: this.#session.device,
      role: access?.role ?? "",
      position: 0,
    }
  }

  noteRefusal(transaction: Transaction, error: unknown): void {
    // Sixteen bytes of a stranger's choice don't get into the log.
    noteRefusal(transaction, this.#session, error, this.#core.conversations.get(this.#scope))
  }

  done(): void {
    // A shred record is acked when nothing is left that could open the conversation.
    if (this.#isShred && !this.#core.destruction.isFinished(this.#scope))
      this.failed(
        new WardlineError("ERR_READ_ONLY", "the conversation isn't destroyed yet: its disk is failing"),
      )
    else if (this.#ack) this.#session.sendAck(this.#requestId, this.#ack)
    if (this.#ack?.position === 1) this.#core.shredKeys.begun(this.#scope)
  }

  failed(error: unknown): void {
    const session = this.#session
    session.sendError(this.#requestId, error)
    if (isWardlineError(error, "ERR_MALFORMED") && ++session.malformed >= MAX_MALFORMED)
      session.close("malformed", "too many malformed records")
  }
}
