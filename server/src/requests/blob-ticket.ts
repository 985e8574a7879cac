/** A device asks for a ticket to upload or download a blob. Fetching is an event, so a download's ticket leaves once the
 * audit log has it; an upload is noted when it is whole. */
import { type Frame, WardlineError } from "@wardline/sdk/protocol"
import { TICKET_MS, type TicketKind } from "../blobs/tickets.ts"
import type { Access } from "../conversation.ts"
import { notFound } from "../gates/authority.ts"
import { judgeDownload, judgeUpload } from "../gates/blob.ts"
import type { Request } from "../group-commit.ts"
import { keyOf } from "../hashing.ts"
import { checkLive } from "../identity.ts"
import type { RelayCore } from "../relay-core.ts"
import type { Session } from "../session.ts"
import type { Awaitable } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"
import { eventOf, eventWith, noteRefusal } from "./note.ts"

type TicketFrame = Extract<Frame, { kind: TicketKind }>

export class BlobTicket implements Request {
  readonly bytes = 0
  readonly isRead: boolean
  readonly #core: RelayCore
  readonly #session: Session
  readonly #frame: TicketFrame
  readonly #scope: string
  readonly #blob: string
  #expiresMs = 0

  constructor(core: RelayCore, session: Session, frame: TicketFrame) {
    this.#core = core
    this.#session = session
    this.#frame = frame
    this.#scope = keyOf(frame.conversation)
    this.#blob = keyOf(frame.blob)
    this.isRead = frame.kind === "download"
  }

  prepare(): Awaitable<void> {
    return this.#core.conversations.load(this.#scope)
  }

  apply(transaction: Transaction): void {
    const session = this.#session
    const { nowMs } = transaction
    checkLive(session, nowMs)
    const conversation = this.#core.conversations.get(this.#scope)
    if (this.#frame.kind === "upload") {
      judgeUpload(conversation, session, nowMs)
      this.#reserve(this.#frame.size, nowMs)
    } else this.#noteRead(judgeDownload(conversation, session, nowMs), transaction)
    this.#expiresMs = nowMs + TICKET_MS
  }

  #reserve(size: number, nowMs: number): void {
    const { device, kind, address } = this.#session
    const { blobs } = this.#core
    const request = {
      conversation: this.#scope,
      blob: this.#blob,
      size,
      device,
      isPatient: kind === "patient",
    }
    const isNew = blobs.folder.find(this.#scope, this.#blob) === undefined
    if (isNew && !address.takeBlob(size, nowMs))
      throw new WardlineError("ERR_RATE_LIMITED", "too much was uploaded from this address")
    blobs.reserve(request)
  }

  #noteRead(access: Access | undefined, transaction: Transaction): void {
    const blob = this.#core.blobs.folder.find(this.#scope, this.#blob)
    if (blob === undefined || blob.upload !== undefined) throw notFound()
    const session = this.#session
    const event = {
      ...eventOf(session, "blob-read"),
      role: access?.role ?? "",
      purpose: access?.purpose ?? 0,
    }
    const conversation = this.#core.conversations.get(this.#scope)
    transaction.note(session.clinic, eventWith(event, transaction.nowMs), conversation)
  }

  noteRefusal(transaction: Transaction, error: unknown): void {
    noteRefusal(transaction, this.#session, error, this.#core.conversations.get(this.#scope))
  }

  done(): void {
    const session = this.#session
    if (session.isClosing) return
    const token = this.#core.blobs.tickets.issue({
      kind: this.#frame.kind,
      clinic: session.clinicKey,
      conversation: this.#scope,
      blob: this.#blob,
      device: session.device,
      size: this.#frame.kind === "upload" ? this.#frame.size : 0,
      expiresMs: this.#expiresMs,
    })
    session.sendFrame({ kind: "ticket", id: this.#frame.id, expires: this.#expiresMs, token })
  }

  failed(error: unknown): void {
    this.#session.sendError(this.#frame.id, error)
  }
}
