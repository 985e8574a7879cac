/** The conversations that address a staff device's roles, listed without opening them. */
import { toHex } from "../bytes.ts"
import {
  applyRecord,
  type ListingKey,
  namedDirectoryPosition,
  openSummary,
  type Summary,
  startTranscript,
  type TranscriptEvent,
} from "../conversation/index.ts"
import { sha256 } from "../crypto/index.ts"
import { policyAt } from "../directory/index.ts"
import { isWardlineError, type WardlineError } from "../errors.ts"
import { decodeRecord, decodeSummaries, detachedOf, type OpenBody } from "../protocol/index.ts"
import type { ListedConversation, Session } from "../transport/index.ts"
import type { DirectoryTracker } from "./directory-tracker.ts"
import type { NeededKey } from "./forgotten-keys.ts"
import type { RoleSeeds } from "./role-seeds.ts"

export interface ConversationSummary {
  /** Hexadecimal. */
  readonly id: string
  /** Sealed by the patient to the addressed roles. */
  readonly topic?: string
  readonly language?: string
  readonly priority?: "routine" | "urgent"
  /** The addressed roles. */
  readonly roles: readonly string[]
  /** Milliseconds since 1970, by the relay's clock. */
  readonly updatedAt: number
  /** By the patient's clock. */
  readonly startedAt: number
  readonly closed: boolean
  readonly lastBy: "patient" | "staff"
  /** Records in its transcript. */
  readonly count: number
}

/** How many conversations one page of the list has. */
const PAGE = 200

/** What a listed conversation's first two records say, once they have been checked. */
type Opening = Pick<ConversationSummary, "topic" | "language" | "priority" | "roles" | "startedAt">

/** What the patient told one role, as far as it can be believed. */
type Told = Pick<Summary, "language" | "priority"> & Partial<Pick<Summary, "topic">>

export class ConversationList {
  readonly #directory: DirectoryTracker
  readonly #roleSeeds: RoleSeeds
  readonly #onChange: () => void
  readonly #onNeeded: (needed: readonly NeededKey[]) => void
  readonly #openings = new Map<string, Opening>()
  readonly #items = new Map<string, ConversationSummary>()
  readonly #listingKeys = new Map<string, ListingKey>()
  #sorted: readonly ConversationSummary[] | undefined
  #work: Promise<void> = Promise.resolve()
  #hasMore = false

  constructor(
    directory: DirectoryTracker,
    roleSeeds: RoleSeeds,
    onChange: () => void,
    onNeeded: (needed: readonly NeededKey[]) => void,
  ) {
    this.#onNeeded = onNeeded
    this.#directory = directory
    this.#roleSeeds = roleSeeds
    this.#onChange = onChange
  }

  /** Newest first. */
  get items(): readonly ConversationSummary[] {
    this.#sorted ??= [...this.#items.values()].sort((a, b) => b.updatedAt - a.updatedAt)
    return this.#sorted
  }

  /** Whether the relay has older ones. */
  get hasMore(): boolean {
    return this.#hasMore
  }

  find(id: string): ConversationSummary | undefined {
    return this.#items.get(id)
  }

  /** What the reason of a break-glass access is masked with. */
  listingKey(id: string): ListingKey | undefined {
    return this.#listingKeys.get(id)
  }

  /** Forgets everything: what this device may be shown has changed. */
  clear(): void {
    this.#enqueue(async () => {
      this.#openings.clear()
      this.#listingKeys.clear()
      this.#items.clear()
      this.#hasMore = false
      this.#changed()
    })
  }

  /** Lists on a new session, and follows what changes. Resolves when the list as it stands is done.
   * @throws {WardlineError} why the relay doesn't list. */
  watch(session: Session): Promise<void> {
    return this.#ask(session, 0)
  }

  /** Lists the next older page. */
  more(session: Session): Promise<void> {
    return this.#ask(session, this.items.at(-1)?.updatedAt ?? 0)
  }

  #ask(session: Session, before: number): Promise<void> {
    return new Promise((resolve, reject: (error: WardlineError) => void) => {
      session.watch(PAGE, before, {
        conversation: (item) => this.#enqueue(() => this.#take(item)),
        listed: (more, needed) => {
          this.#onNeeded(needed)
          this.#enqueue(async () => {
            this.#hasMore = more
            this.#changed()
            resolve()
          })
        },
        failed: reject,
      })
    })
  }

  #enqueue(work: () => Promise<void>): void {
    // An item that can't be checked, or a directory that can't be fetched now, leaves the item out.
    this.#work = this.#work.then(work).catch(() => {})
  }

  async #take(item: ListedConversation): Promise<void> {
    const id = toHex(item.conversation)
    if (item.listingKey !== undefined) this.#listingKeys.set(id, item.listingKey)
    const opening = this.#openings.get(id) ?? (await this.#check(item))
    if (opening === undefined) return
    this.#openings.set(id, opening)
    const { updated, closed, lastBy, position } = item
    this.#items.set(id, { id, ...opening, updatedAt: updated, closed, lastBy, count: position })
    this.#changed()
  }

  /** The relay only relays: consent and open must stand by themselves. */
  async #check(item: ListedConversation): Promise<Opening | undefined> {
    const { conversation, consent, open, listingKey } = item
    if (consent.length === 0 || open.length === 0) return undefined
    await this.#directory.reachNamed(Math.max(namedDirectoryPosition(consent), namedDirectoryPosition(open)))
    const context = { directory: this.#directory.state, keys: { roleSeed: () => undefined } }
    const [consented, consentEvent] = applyRecord(startTranscript(conversation), consent, context)
    const [, openEvent] = applyRecord(consented, open, context)
    if (consentEvent.kind !== "consent" || openEvent.kind !== "open") return undefined
    const sealed = sealedSummaries(open, openEvent.open.roles.length)
    const opening = this.#openSummary(conversation, openEvent, sealed, listingKey)
    return { ...opening, startedAt: consentEvent.issued }
  }

  #openSummary(
    conversation: Uint8Array,
    event: Extract<TranscriptEvent, { kind: "open" }>,
    sealed: readonly Uint8Array[],
    listingKey: ListingKey | undefined,
  ): Omit<Opening, "startedAt"> {
    const roles = event.open.roles.map(({ role }) => role)
    const topics = policyAt(this.#directory.state, event.open.directory.position)?.topics ?? []
    const summaries = event.open.roles.flatMap((addressed, i): Told[] => {
      const summary = this.#trySummary(conversation, addressed, sealed[i], listingKey)
      if (summary === undefined) return []
      const { topic, language, priority } = summary
      // A patient may write any word there: a topic is one that the clinic answers by this role.
      const isTopic = topics.some(({ id, roles: by }) => id === topic && by.includes(addressed.role))
      return [isTopic ? { topic, language, priority } : { language, priority }]
    })
    const [first] = summaries
    if (first === undefined) return { roles }
    // Sealed apart, they may differ: what one role is told isn't everybody's.
    const { topic, language, priority } = first
    return {
      roles,
      language,
      ...(topic !== undefined && summaries.every((told) => told.topic === topic) ? { topic } : {}),
      ...(summaries.every((told) => told.priority === priority) ? { priority } : {}),
    }
  }

  #trySummary(
    conversation: Uint8Array,
    addressed: OpenBody["roles"][number],
    sealed: Uint8Array | undefined,
    listingKey: ListingKey | undefined,
  ): Summary | undefined {
    const { role, generation } = addressed
    const seed = this.#roleSeeds.get(role, generation)
    if (seed === undefined || sealed === undefined || listingKey === undefined) return undefined
    try {
      return openSummary(sealed, { conversation, role, generation }, seed, listingKey)
    } catch (error) {
      if (isWardlineError(error, "ERR_OPEN_FAILED")) return undefined
      throw error
    }
  }

  #changed(): void {
    this.#sorted = undefined
    this.#onChange()
  }
}

/** The summaries behind an open record, in the order of its roles; none where they were dropped or aren't its own. */
function sealedSummaries(open: Uint8Array, roles: number): Uint8Array[] {
  const detached = detachedOf(sha256, decodeRecord(open))
  try {
    return detached === undefined ? [] : decodeSummaries(detached, roles)
  } catch {
    return []
  }
}
