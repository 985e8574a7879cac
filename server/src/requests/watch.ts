/** Staff ask for the list of their roles' conversations, and for what changes in it. */
import { type Frame, WardlineError } from "@wardline/sdk/protocol"
import { listedFrame } from "../delivery.ts"
import type { Request } from "../group-commit.ts"
import { checkLive } from "../identity.ts"
import { MAX_LISTED } from "../limits.ts"
import { errorFields } from "../log.ts"
import type { RelayCore } from "../relay-core.ts"
import type { Session } from "../session.ts"
import type { ListedConversation } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"
import { eventOf, eventWith } from "./note.ts"

export class WatchList implements Request {
  readonly bytes = 0
  readonly isRead = true
  readonly #core: RelayCore
  readonly #session: Session
  readonly #frame: Extract<Frame, { kind: "watch" }>

  constructor(core: RelayCore, session: Session, frame: Extract<Frame, { kind: "watch" }>) {
    this.#core = core
    this.#session = session
    this.#frame = frame
  }

  apply(transaction: Transaction): void {
    const session = this.#session
    checkLive(session, transaction.nowMs)
    if (session.kind !== "staff") throw new WardlineError("ERR_FORBIDDEN", "the list is for staff")
    transaction.note(session.clinic, eventWith(eventOf(session, "list"), session.clinic, transaction.nowMs))
  }

  noteRefusal(transaction: Transaction): void {
    const { clinic } = this.#session
    if (!clinic.mayNoteRefusal(transaction.nowMs)) return
    const event = { ...eventOf(this.#session, "refusal"), outcome: "refused" } as const
    transaction.note(clinic, eventWith(event, clinic, transaction.nowMs))
  }

  done(): void {
    const session = this.#session
    if (session.isClosing) return
    const { id, before } = this.#frame
    // A page of older ones leaves the updates with the watch that has them.
    const isPage = before !== 0 && session.watch !== undefined
    if (!isPage) {
      session.watch = { requestId: id, listedFromMs: Number.MAX_SAFE_INTEGER, missedFromMs: 0 }
      session.clinic.watchers.add(session)
    }
    const limit = Math.max(1, Math.min(this.#frame.limit, MAX_LISTED))
    // One more than asked for, to know whether there is more.
    const query = { roles: session.roles, beforeMs: before, sinceMs: 0, limit: limit + 1 }
    const listing = this.#core.store.list(session.clinic.ref, query)
    if (!(listing instanceof Promise)) {
      this.#answer(listing, limit)
      return
    }
    listing
      .then((listed) => {
        this.#answer(listed, limit)
        this.#core.delivery.flush()
      })
      .catch((error: unknown) => this.#core.log.error("listing failed", errorFields(error)))
  }

  #answer(listed: readonly ListedConversation[], limit: number): void {
    const session = this.#session
    const page = cutBetweenTimes(listed, limit)
    const more = page.length < listed.length
    for (const item of page) session.send(listedFrame(this.#frame.id, item))
    session.sendFrame({ kind: "listed", id: this.#frame.id, more })
    const oldest = page.at(-1)
    if (session.watch) session.watch.listedFromMs = more && oldest ? oldest.updatedMs : 0
  }

  failed(error: unknown): void {
    this.#session.sendError(this.#frame.id, error)
  }
}

/** The first `limit`, and those after them of the same time: the next page begins before that time. */
function cutBetweenTimes(
  listed: readonly ListedConversation[],
  limit: number,
): readonly ListedConversation[] {
  const last = listed[limit - 1]
  if (last === undefined) return listed
  let end = limit
  while (listed[end]?.updatedMs === last.updatedMs) end++
  return listed.slice(0, end)
}
