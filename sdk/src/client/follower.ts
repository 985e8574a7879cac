/** Follows one conversation's transcript: subscribes, verifies each record, and remembers the head. */
import { equalBytes, fromHex, toHex } from "../bytes.ts"
import {
  applyRecord,
  headLink,
  namedDirectoryPosition,
  raiseFloor,
  type ShredKey,
  type Statement,
  startTranscript,
  type Transcript,
  type TranscriptEvent,
} from "../conversation/index.ts"
import { sha256 } from "../crypto/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { Link, RecordHash } from "../ids.ts"
import { CLOSE_CODES, nextLink, recordHash } from "../protocol/index.ts"
import type { Ack, Session, SignedHead, Subscription } from "../transport/index.ts"
import { EvidenceBook, headStatement, memory } from "./evidence-book.ts"
import {
  decodeSignedHead,
  encodeSignedHead,
  isNear,
  isOlder,
  isShorter,
  isSigned,
  MAX_HEAD_AGE_MS,
} from "./heads.ts"
import type { ConversationHost } from "./host.ts"
import { decodeHead, encodeHead, type SeenHead } from "./storage.ts"

export interface FollowerEvents {
  /** A record was taken; the transcript has moved on. */
  taken(event: TranscriptEvent): void
  /** The backlog is done. */
  live(): void
  /** The relay began, or ceased, to sign for how far the conversation goes. */
  freshness(): void
  /** Nothing follows: the subscription was refused, or the history can't be true. */
  stopped(error: WardlineError): void
  /** More is known of what contradicts the history. */
  contradicted(): void
}

/** A caller that waits for the transcript to reach a position. */
interface Waiter {
  readonly position: number
  readonly resolve: () => void
  readonly reject: (error: WardlineError) => void
}

/** What an ack, or a head, says of a position. */
interface Promised {
  readonly link: Uint8Array
  /** The hash of the record that was acked there. */
  readonly record?: Uint8Array | undefined
  /** Where it is signed. */
  readonly statement?: Statement | undefined
}

/** After an ack the record itself must follow within this time, or the connection is renewed. */
const DELIVERY_LIMIT_MS = 20_000
const RETRY_AFTER_MS = 2_000

export class Follower {
  readonly #host: ConversationHost
  readonly #id: string
  readonly #events: FollowerEvents
  readonly evidence: EvidenceBook = new EvidenceBook()
  #transcript: Transcript
  /** As the relay serves it; the same for as long as it serves any. */
  #shredKey: ShredKey | undefined
  #subscription: Subscription | undefined
  #session: Session | undefined
  /** Deliveries are worked through one after the other. */
  #work: Promise<void> = Promise.resolve()
  /** The head that this device has stored. */
  #seen: SeenHead | undefined
  #saving: Promise<void> | undefined
  #closed = false
  #isLive = false
  #waiters: Waiter[] = []
  /** What the relay said stands at a position: what it delivers there must be the same. */
  readonly #promised = new Map<number, Promised>()
  /** The newest head of this session that is signed and timely. */
  #head: SignedHead | undefined
  /** The newest head of any session that agreed with the transcript, and what is stored of it. */
  #vouched: SignedHead | undefined
  #storedVouched: SignedHead | undefined
  /** The links of a history that isn't believed any more: it is followed until the relay has signed for it. */
  #disbelieved: Link[] | undefined
  /** A state that contradicted what this device knew. */
  #diverged: Transcript | undefined
  #headTimer: ReturnType<typeof setTimeout> | undefined
  #isStale = false

  constructor(host: ConversationHost, id: string, events: FollowerEvents) {
    this.#host = host
    this.#id = id
    this.#events = events
    this.#transcript = startTranscript(fromHex(id))
  }

  get transcript(): Transcript {
    return this.#transcript
  }

  /** Once the relay has given it. */
  get shredKey(): ShredKey | undefined {
    return this.#shredKey
  }

  /** Where the relay's history of this conversation ends for this device, whether it is believed or not. */
  get told(): { readonly position: number; readonly link: Link } {
    const links = this.#disbelieved ?? this.#transcript.links.slice(0, this.#transcript.position + 1)
    return { position: links.length - 1, link: links.at(-1) as Link }
  }

  /** Caught up on a live connection. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** Connected, and the relay hasn't signed a head for too long. */
  get isStale(): boolean {
    return this.#isStale
  }

  /** Reads the head that an earlier run saw. */
  async load(): Promise<void> {
    const stored = await this.#host.storage.get(this.#headKey)
    this.#seen = stored === undefined ? undefined : decodeHead(stored)
    const storedVouched = await this.#host.storage.get(this.#vouchedKey)
    if (storedVouched === undefined) return
    const vouched = decodeSignedHead(storedVouched)
    this.#vouched = vouched
    this.#storedVouched = vouched
    try {
      this.#promise(vouched.position, { link: vouched.link, statement: headStatement(vouched) })
    } catch {
      // Another tab has seen another history: reported.
    }
  }

  /** Continues from where the transcript stands, on a new session. */
  attach(session: Session): void {
    this.detach()
    this.#disbelieved = undefined
    this.#session = session
    const mine = (): boolean => this.#session === session
    this.#subscription = session.subscribe(this.#transcript.conversation, this.#transcript.position, {
      keys: (shredKey) => void this.#enqueue(mine, async () => this.#takeKey(shredKey)),
      deliver: (position, record) => this.#enqueue(mine, () => this.#take(position, record)),
      head: (head) => {
        // As it came: what came before it may take a while to work through.
        const isTimely = isNear(head, session.relayNow())
        void this.#enqueue(mine, async () => this.#takeHead(session, head, isTimely))
      },
      live: (head) => void this.#enqueue(mine, async () => this.#caughtUp(head)),
      failed: (error) => {
        if (!mine()) return
        this.detach()
        if (error.retryable) this.#retryLater(session)
        else this.#events.stopped(error)
      },
    })
  }

  /** The relay was too busy for this subscription. After a lost connection the next session attaches by itself. */
  #retryLater(session: Session): void {
    setTimeout(() => {
      const isUnused = !this.#closed && this.#session === undefined
      if (isUnused && this.#host.session() === session) this.attach(session)
    }, RETRY_AFTER_MS)
  }

  /** Stops for good; resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.detach()
    await this.#saving
  }

  /** Lets go of the session. The transcript stays. */
  detach(): void {
    this.#session = undefined
    this.#isLive = false
    this.#head = undefined
    clearTimeout(this.#headTimer)
    this.#subscription?.end()
    this.#subscription = undefined
    const waiters = this.#waiters
    this.#waiters = []
    for (const { reject } of waiters) reject(new WardlineError("ERR_OFFLINE", "the connection was lost"))
  }

  /** Remembers what an ack says, so that the transcript is held to it.
   * @param record - the bytes that were acked.
   * @throws {WardlineError} ERR_FORK if it contradicts the transcript or an earlier ack; following then stops. */
  expect({ position, link }: Ack, record: Uint8Array): void {
    this.#promise(position, { link, record: recordHash(sha256, record) })
  }

  /** Resolves when the transcript holds an acked record.
   * @throws as `expect`; ERR_OFFLINE if the connection is lost before. */
  async reached(ack: Ack, record: Uint8Array): Promise<void> {
    this.expect(ack, record)
    await this.#arrival(ack.position)
  }

  #promise(position: number, promised: Promised): void {
    const earlier = this.#promised.get(position)
    try {
      if (earlier !== undefined && !isSamePromise(earlier, promised)) {
        this.evidence.contradictedBy(statementOf(position, promised), statementOf(position, earlier))
        throw forked("two acks for one position")
      }
      // The array may hold links beyond this state's position.
      if (position <= this.#transcript.position) checkPromise(this.#transcript.links, position, promised)
      else this.#promised.set(position, { ...earlier, ...promised })
    } catch (error) {
      this.evidence.contradictedBy(statementOf(position, promised))
      this.#fail(error)
      throw error
    }
  }

  #arrival(position: number): Promise<void> {
    if (position <= this.#transcript.position) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const session = this.#session
      const timer = setTimeout(() => session?.end(CLOSE_CODES.timeout), DELIVERY_LIMIT_MS)
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer)
          how(value)
        }
      this.#waiters.push({ position, resolve: settle(resolve), reject: settle(reject) })
    })
  }

  /** The directory grew: what comes after the head that was seen is judged by no older one. */
  directoryGrew(): void {
    void this.#enqueue(
      () => this.#isLive,
      async () => this.#raiseFloor(),
    )
  }

  get #vouchedKey(): string {
    return this.#host.storage.conversationKey(this.#id, "signed-head")
  }

  get #headKey(): string {
    return this.#host.storage.conversationKey(this.#id, "head")
  }

  #enqueue(isCurrent: () => boolean, work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(async () => {
      if (!isCurrent()) return
      try {
        await work()
      } catch (error) {
        this.#fail(error)
      }
    })
    return this.#work
  }

  #fail(error: unknown): void {
    if (isWardlineError(error) && error.retryable) {
      // Such as a directory that couldn't be fetched: begin again here on the next connection.
      this.#session?.end(
        CLOSE_CODES.timeout,
        new WardlineError("ERR_OFFLINE", "the connection was given up", { cause: error }),
      )
      return
    }
    this.#stop(isWardlineError(error) ? error : new WardlineError("ERR_INTERNAL", "a bug", { cause: error }))
  }

  #stop(error: WardlineError): void {
    if (this.#disbelieved !== undefined) return
    const isLie = error.code === "ERR_FORK" || error.code === "ERR_ROLLBACK"
    if (isLie && this.#session !== undefined && this.#logKey !== undefined) this.#disbelieve(this.#session)
    else this.detach()
    this.#events.stopped(error)
    if (isLie) this.#events.contradicted()
  }

  /** Nothing of what follows is believed or shown. The relay's signature under it is worth having. */
  #disbelieve(session: Session): void {
    const { links, position } = this.#diverged ?? this.#transcript
    this.#isLive = false
    this.#disbelieved = links.slice(0, position + 1)
    clearTimeout(this.#headTimer)
    this.#headTimer = setTimeout(() => {
      if (this.#session === session) this.detach()
    }, this.#host.maxHeadAgeMs ?? MAX_HEAD_AGE_MS)
  }

  #followDisbelieved(links: Link[], position: number, bytes: Uint8Array): void {
    if (position !== links.length) {
      this.detach()
      return
    }
    const hash = recordHash(sha256, bytes)
    links.push(nextLink(sha256, links[position - 1] as Link, position, hash))
    this.evidence.followed(position, hash)
  }

  get #logKey(): Uint8Array | undefined {
    return this.#host.directory.state.policy?.logKey
  }

  /** A conversation has one shred key. With another, whatever this device said next nobody could read. */
  #takeKey(shredKey: ShredKey | undefined): void {
    if (this.#shredKey !== undefined && shredKey !== undefined && !equalBytes(this.#shredKey, shredKey))
      throw new WardlineError("ERR_OPEN_FAILED", "the relay gives another shred key than before")
    this.#shredKey = shredKey ?? this.#shredKey
  }

  /** Holds the transcript to what the relay signs. What can't be checked, or is old, doesn't count. */
  #takeHead(session: Session, head: SignedHead, isTimely: boolean): void {
    const { clinicId } = this.#host.directory.state
    if (this.#logKey === undefined || !isSigned(head, clinicId, this.#logKey)) return
    if (this.#disbelieved !== undefined) {
      const link = this.#disbelieved[head.position]
      if (link === undefined || !equalBytes(link, head.link)) return
      this.evidence.agreed(headStatement(head))
      this.#events.contradicted()
      this.detach()
      return
    }
    if (!isTimely || isOlder(head, this.#head)) return
    if (this.#head !== undefined && isShorter(head, this.#head)) {
      this.evidence.contradictedBy(headStatement(head), headStatement(this.#head))
      throw new WardlineError("ERR_ROLLBACK", "the relay signed for a shorter conversation than before")
    }
    this.#promise(head.position, { link: head.link, statement: headStatement(head) })
    this.#head = head
    if (head.position <= this.#transcript.position) this.#agreed(head)
    // A true head of records that don't come would hide them as well as a false one: they must follow.
    else this.#arrival(head.position).catch(() => {})
    if (this.#isStale) {
      this.#isStale = false
      this.#events.freshness()
    }
    this.#expectHead(session)
  }

  /** Where the clinic names a log key, its relay signs heads for as long as a conversation is followed. */
  #expectHead(session: Session): void {
    clearTimeout(this.#headTimer)
    if (this.#logKey === undefined) return
    this.#headTimer = setTimeout(() => {
      this.#isStale = true
      this.#events.freshness()
      session.end(CLOSE_CODES.timeout, new WardlineError("ERR_OFFLINE", "the relay signs no heads"))
    }, this.#host.maxHeadAgeMs ?? MAX_HEAD_AGE_MS)
  }

  #agreed(head: SignedHead): void {
    this.evidence.agreed(headStatement(head))
    this.#vouched = head
    this.#remember()
    if (this.evidence.isContradicted) this.#events.contradicted()
  }

  async #take(position: number, bytes: Uint8Array): Promise<void> {
    if (this.#disbelieved !== undefined) {
      this.#followDisbelieved(this.#disbelieved, position, bytes)
      return
    }
    if (position !== this.#transcript.position + 1)
      throw forked("a record is missing, repeated or out of order")
    await this.#host.directory.reachNamed(namedDirectoryPosition(bytes))
    const context = {
      directory: this.#host.directory.state,
      keys: { ...this.#host.slotKeys(), shredKey: this.#shredKey },
    }
    const [next, event] = applyRecord(this.#transcript, bytes, context)
    this.#checkLink(position, next, event.hash)
    this.#transcript = next
    if (this.#seen?.position === position) this.#transcript = raiseFloor(next, this.#seen.directoryPosition)
    if (this.#isLive) this.#raiseFloor()
    this.evidence.took(position, bytes, event)
    const { fork } = this.#transcript
    if (fork !== undefined && !this.evidence.isContradicted) {
      this.evidence.contradictedBy({ kind: "record", record: toHex(fork.record) })
      this.#events.contradicted()
    }
    if (this.#head?.position === position) this.#agreed(this.#head)
    this.#remember()
    this.#events.taken(event)
    this.#wake()
  }

  /** The chain must run through the head that this device stored, and through what acks promised. */
  #checkLink(position: number, next: Transcript, hash: RecordHash): void {
    const promised = this.#promised.get(position)
    try {
      if (promised !== undefined) checkPromise(next.links, position, promised)
      if (this.#seen?.position === position && !equalBytes(this.#seen.link, headLink(next)))
        throw forked("the conversation forks from what this device saw before")
    } catch (error) {
      // What is signed says more than what this device remembers.
      const link = promised?.link ?? this.#seen?.link
      if (link !== undefined) this.evidence.contradictedBy(promised?.statement ?? memory(position, link))
      this.#diverged = next
      this.evidence.followed(position, hash)
      throw error
    }
    // One of an earlier visit, kept on this device.
    if (promised?.statement?.kind === "head") this.evidence.agreed(promised.statement)
    this.#promised.delete(position)
  }

  #caughtUp(head: { position: number; link: Uint8Array }): void {
    if (this.#disbelieved !== undefined) return
    const { position } = this.#transcript
    const vouched = this.#vouched
    const known = Math.max(position, this.#seen?.position ?? 0, vouched?.position ?? 0)
    if (head.position < known) {
      if (vouched !== undefined && vouched.position > head.position)
        this.evidence.contradictedBy(headStatement(vouched))
      throw new WardlineError("ERR_ROLLBACK", "the conversation is shorter than this device saw before")
    }
    if (head.position > position) {
      this.#promise(head.position, { link: head.link })
      this.#becomeLiveWhenHere()
      return
    }
    if (!equalBytes(head.link, headLink(this.#transcript))) throw forked("the relay names another history")
    this.#becomeLiveWhenHere()
  }

  /** What was announced, now or by any ack or signed head before, must come before anything is called live. */
  #becomeLiveWhenHere(): void {
    const announced = Math.max(this.#transcript.position, ...this.#promised.keys())
    if (announced === this.#transcript.position) {
      this.#becomeLive()
      return
    }
    const session = this.#session
    this.#arrival(announced).then(
      () => {
        if (this.#session === session && session !== undefined) this.#becomeLive()
      },
      () => {},
    )
  }

  #becomeLive(): void {
    this.#isLive = true
    if (this.#session !== undefined) this.#expectHead(this.#session)
    this.#raiseFloor()
    this.#remember()
    this.#events.live()
  }

  #raiseFloor(): void {
    this.#transcript = raiseFloor(this.#transcript, this.#host.directory.state.position)
  }

  #wake(): void {
    const reached = this.#waiters.filter(({ position }) => position <= this.#transcript.position)
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter))
    for (const { resolve } of reached) resolve()
  }

  /** Stores the head when it is ahead of the stored one, and the newest that is signed; one write at a time, always the
   * newest. */
  #remember(): void {
    const vouched = this.#vouched
    const isVouchedNew = vouched !== undefined && vouched !== this.#storedVouched
    if (this.#saving !== undefined || this.#closed || !(isVouchedNew || this.#isAhead())) return
    const { position, directoryFloor } = this.#transcript
    const head = this.#isAhead()
      ? { position, link: headLink(this.#transcript), directoryPosition: directoryFloor }
      : undefined
    const entries = {
      ...(head === undefined ? {} : { [this.#headKey]: encodeHead(head) }),
      ...(isVouchedNew ? { [this.#vouchedKey]: encodeSignedHead(vouched) } : {}),
    }
    this.#saving = this.#host.storage.set(entries).then(
      () => {
        this.#seen = head ?? this.#seen
        this.#storedVouched = vouched
        this.#saving = undefined
        this.#remember()
      },
      () => {
        // Not stored: the next record tries again, and until then an older head protects.
        this.#saving = undefined
      },
    )
  }

  #isAhead(): boolean {
    const { position, directoryFloor } = this.#transcript
    const seen = this.#seen
    if (seen === undefined) return position > 0
    return position > seen.position || (position === seen.position && directoryFloor > seen.directoryPosition)
  }
}

/** A link commits to its record: a relay can't ack one record and put another in its place.
 * @param links - of a transcript that holds `position`.
 * @throws {WardlineError} ERR_FORK */
function checkPromise(links: readonly Uint8Array[], position: number, { link, record }: Promised): void {
  if (!equalBytes(links[position] as Uint8Array, link)) throw forked("an ack names another history")
  if (record === undefined) return
  const before = links[position - 1]
  if (before === undefined || !equalBytes(nextLink(sha256, before, position, record), link))
    throw forked("another record stands where one was acked")
}

/** What was promised, as somebody's word: the relay's where it is signed, this device's where it isn't. */
function statementOf(position: number, { link, statement }: Promised): Statement {
  return statement ?? memory(position, link)
}

function isSamePromise(a: Promised, b: Promised): boolean {
  const isSameRecord = a.record === undefined || b.record === undefined || equalBytes(a.record, b.record)
  return isSameRecord && equalBytes(a.link, b.link)
}

function forked(message: string): WardlineError {
  return new WardlineError("ERR_FORK", message)
}
