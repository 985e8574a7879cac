/** Entries of the audit log with their proofs: a conversation's for those who take part in it, any for auditors
 * (docs/protocol.md, Reading the log). That an auditor begins to read is an event itself. */
import { type Frame, WardlineError } from "@wardline/sdk/protocol"
import { EntryReader } from "../audit/entry-reader.ts"
import type { Conversation } from "../conversation.ts"
import { checkConcerns, notFound } from "../gates/authority.ts"
import type { Request } from "../group-commit.ts"
import { keyOf } from "../hashing.ts"
import { checkLive } from "../identity.ts"
import { MAX_UNSENT_BYTES } from "../limits.ts"
import { errorFields } from "../log.ts"
import type { RelayCore } from "../relay-core.ts"
import type { Session } from "../session.ts"
import type { Awaitable } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"
import { eventOf, eventWith, noteRefusal } from "./note.ts"

type AuditFrame = Extract<Frame, { kind: "audit" }>

export class ReadAudit implements Request {
  readonly bytes = 0
  readonly isRead = true
  readonly #core: RelayCore
  readonly #session: Session
  readonly #frame: AuditFrame
  readonly #scope: string
  #conversation: Conversation | undefined

  constructor(core: RelayCore, session: Session, frame: AuditFrame) {
    this.#core = core
    this.#session = session
    this.#frame = frame
    this.#scope = keyOf(frame.scope)
  }

  get #isOfClinic(): boolean {
    return this.#scope === this.#session.clinicKey
  }

  prepare(): Awaitable<void> {
    return this.#isOfClinic ? undefined : this.#core.conversations.load(this.#scope)
  }

  apply(transaction: Transaction): void {
    const session = this.#session
    const { clinic } = session
    checkLive(session, transaction.nowMs)
    if (this.#frame.limit === 0) throw new WardlineError("ERR_MALFORMED", "it asks for no entry")
    const isAuditor = mayAudit(session)
    if (this.#isOfClinic) {
      if (!isAuditor)
        throw new WardlineError("ERR_FORBIDDEN", "the clinic's log is for administrators and its audit role")
    } else {
      const conversation = this.#core.conversations.get(this.#scope)
      if (conversation?.clinic !== clinic) throw notFound()
      if (!isAuditor) checkConcerns(conversation, session, transaction.nowMs)
      // Only now: whoever may not know of it learns nothing by how it is refused.
      if (this.#frame.order === "oldest")
        throw new WardlineError("ERR_MALFORMED", "a conversation's entries come newest first")
      this.#conversation = conversation
    }
    if (this.#frame.treeSize > clinic.tree.size)
      throw new WardlineError("ERR_ROLLBACK", "the log is shorter here than the tree to prove in")
    if (session.unsentBytes > MAX_UNSENT_BYTES)
      throw new WardlineError("ERR_RATE_LIMITED", "take what was sent first")
    if (isAuditor) this.#noteOnce(transaction)
  }

  #noteOnce(transaction: Transaction): void {
    const session = this.#session
    if (session.isAuditing) return
    session.isAuditing = true
    transaction.onRollBack(() => {
      session.isAuditing = false
    })
    const role = session.kind === "admin" ? "" : auditRoleOf(session)
    const event = { ...eventOf(session, "audit-read"), role: role ?? "" }
    transaction.note(session.clinic, eventWith(event, transaction.nowMs))
  }

  noteRefusal(transaction: Transaction, error: unknown): void {
    noteRefusal(transaction, this.#session, error, this.#core.conversations.get(this.#scope))
  }

  done(): void {
    this.#send().catch((error: unknown) => {
      this.#core.log.error("a request failed", errorFields(error))
    })
  }

  async #send(): Promise<void> {
    const session = this.#session
    const { id, from, order, limit, treeSize } = this.#frame
    try {
      const reader = new EntryReader(this.#core.store, session.clinic, { limit, treeSize })
      const conversation = this.#conversation
      const page = await (conversation !== undefined
        ? reader.ofConversation(conversation, from)
        : order === "oldest"
          ? reader.oldest(from)
          : reader.newest(from))
      if (session.isClosing) return
      session.sendFrame({ kind: "entries", id, ...page })
    } catch (error) {
      if (session.isClosing) return
      session.sendError(id, error)
    }
    this.#core.delivery.flush()
  }

  failed(error: unknown): void {
    this.#session.sendError(this.#frame.id, error)
  }
}

/** Whether a device may read the whole log. */
function mayAudit(session: Session): boolean {
  return session.kind === "admin" || auditRoleOf(session) !== undefined
}

/** The policy's audit role, if the device holds it. */
function auditRoleOf({ roles, clinic }: Session): string | undefined {
  const auditRole = clinic.directory.policy?.auditRole
  return auditRole !== undefined && roles.includes(auditRole) ? auditRole : undefined
}
