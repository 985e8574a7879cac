/** Staff ask for the list of their roles' conversations, and for what changes in it; a patient's device for those that it
 * is a device of, once: a wiped browser finds them so, and subscribes. */
import { newestRoleKey } from "@wardline/sdk/directory"
import { asRole, type Frame, type Role, WardlineError } from "@wardline/sdk/protocol"
import { listedFrame } from "../delivery.ts"
import type { Request } from "../group-commit.ts"
import { checkLive } from "../identity.ts"
import { MAX_LISTED } from "../limits.ts"
import { errorFields } from "../log.ts"
import type { RelayCore } from "../relay-core.ts"
import type { Session } from "../session.ts"
import type { Awaitable, ListedConversation, PatientQuery } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"
import { eventOf, eventWith, noteRefusal } from "./note.ts"

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
    if (session.kind === "admin")
      throw new WardlineError("ERR_FORBIDDEN", "the list is for staff and patients")
    transaction.note(session.clinic, eventWith(eventOf(session, "list"), transaction.nowMs))
  }

  noteRefusal(transaction: Transaction, error: unknown): void {
    noteRefusal(transaction, this.#session, error)
  }

  done(): void {
    const session = this.#session
    if (session.isClosing) return
    const { id, before } = this.#frame
    // A page of older ones leaves the updates with the watch that has them.
    const isPage = before !== 0 && session.watch !== undefined
    const isStaff = session.kind === "staff"
    if (!isPage && isStaff) {
      session.watch = { requestId: id, listedFromMs: Number.MAX_SAFE_INTEGER, missedFromMs: 0 }
      session.clinic.watchers.add(session)
    }
    const limit = Math.max(1, Math.min(this.#frame.limit, MAX_LISTED))
    // One more than asked for, to know whether there is more.
    const query = { roles: session.roles, beforeMs: before, sinceMs: 0, limit: limit + 1 }
    const listing = isStaff
      ? this.#core.store.list(session.clinic.ref, query)
      : this.#core.store.listOf(session.clinic.ref, this.#patientQuery(before, limit + 1))
    const uses = session.roles.map((role) => this.#core.store.oldestUse(session.clinic.ref, role))
    // Answered at once where the store is: what this batch changes in the list comes after it.
    if (!(listing instanceof Promise) && !uses.some((use) => use instanceof Promise)) {
      this.#answer(listing, uses as number[], limit)
      return
    }
    this.#answerLater(listing, uses, limit).catch((error: unknown) =>
      this.#core.log.error("listing failed", errorFields(error)),
    )
  }

  async #answerLater(
    listing: Awaitable<readonly ListedConversation[]>,
    uses: readonly Awaitable<number>[],
    limit: number,
  ): Promise<void> {
    const oldest: number[] = []
    for (const use of uses) oldest.push(use instanceof Promise ? await use : use)
    this.#answer(listing instanceof Promise ? await listing : listing, oldest, limit)
    this.#core.delivery.flush()
  }

  #patientQuery(beforeMs: number, limit: number): PatientQuery {
    return { device: Buffer.from(this.#session.device, "latin1"), beforeMs, nowMs: this.#core.now(), limit }
  }

  /** @param uses - for each of the session's roles, the oldest generation that something is wrapped to; 0 if none. */
  #answer(listed: readonly ListedConversation[], uses: readonly number[], limit: number): void {
    const session = this.#session
    const page = cutBetweenTimes(listed, limit)
    const more = page.length < listed.length
    for (const item of page) session.send(listedFrame(this.#core.shredKeys, session, this.#frame.id, item))
    const needed = session.roles.map((role, i) => this.#neededOf(asRole(role), uses[i] ?? 0))
    session.sendFrame({ kind: "listed", id: this.#frame.id, more, needed })
    const oldest = page.at(-1)
    if (session.watch) session.watch.listedFromMs = more && oldest ? oldest.updatedMs : 0
  }

  /** The newest generation in any case, as whatever comes next will be wrapped to it. */
  #neededOf(role: Role, oldest: number): { role: Role; generation: number } {
    const newest = newestRoleKey(this.#session.clinic.directory, role)?.generation ?? 0
    return { role, generation: oldest === 0 ? newest : oldest }
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
