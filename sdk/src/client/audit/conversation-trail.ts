/** Who has read a conversation: asks the relay for every entry of the audit log about it, and checks on this device that
 * none is left out, that each is in the witnessed log, and that they say what the conversation says. Fetched when somebody
 * asks. */
import { abortable, sleep, throwIfAborted } from "../../abort.ts"
import { equalBytes } from "../../bytes.ts"
import { isWardlineError, WardlineError } from "../../errors.ts"
import type { AuditPage, AuditQuery, Session } from "../../transport/index.ts"
import type { ConversationEngine } from "../engine.ts"
import { auditBookOf, type LogState } from "./book.ts"
import { factsOf } from "./facts.ts"
import { askAudit } from "./fetch.ts"
import { type Finding, judgeTrail } from "./judge.ts"
import { actorOf } from "./names.ts"
import { readingsOf } from "./readings.ts"
import { ShownEntries } from "./shown.ts"
import type { AuditActor, AuditOptions, AuditProblem, WhoHasRead } from "./types.ts"
import { type TrailEntry, TrailWalk } from "./walk.ts"

/** As many as a frame holds with their proofs. */
const PAGE_ENTRIES = 100
/** This device's own newest reading is the end of what can be shown to be whole: an older one is made anew. */
const PIN_MS = 60_000
const PIN_LIMIT_MS = 15_000
/** How far the relay's clock may have been set back meanwhile. */
const PIN_SLACK_MS = 30_000
/** An entry that isn't in a witnessed checkpoint after this time is late. */
const LATE_MS = 60 * 60 * 1000
/** A record that is in the log may still be on its way to this device. */
const DELIVERY_MS = 5_000
const LOOK_AGAIN_MS = 100

/** A reading of this device that the log must show. */
interface Pin {
  readonly session: Session
  readonly position: number
  /** By the relay's clock. */
  readonly sinceMs: number
}

interface Asked {
  readonly log: LogState
  readonly pin: Pin
  /** Records up to here were there before. */
  readonly mustHave: number
}

/** What was found in one conversation, kept while it is open: what is proven once isn't asked for again. */
export class ConversationTrail {
  readonly #engine: ConversationEngine
  readonly #shown: ShownEntries
  #entries: readonly TrailEntry[] = []
  #pin: Pin | undefined
  #work: Promise<unknown> = Promise.resolve()

  constructor(engine: ConversationEngine) {
    this.#engine = engine
    this.#shown = new ShownEntries(engine.host.storage, engine.id)
  }

  /** @throws {WardlineError} as `Conversation.whoHasRead`. */
  update(options: AuditOptions): Promise<WhoHasRead> {
    const done = this.#work.then(async () => {
      await this.#engine.whenLive(options.signal)
      return await this.#engine.host.onSession(options.signal, (session) => this.#update(session, options))
    })
    this.#work = done.catch(() => {})
    return abortable(done, options.signal)
  }

  async #update(session: Session, options: AuditOptions): Promise<WhoHasRead> {
    const { host, transcript } = this.#engine
    const log = await auditBookOf(host).update(options.signal)
    const pin = await this.#pinEnd(session, options.signal)
    const mustHave = transcript.position
    try {
      return await this.#read(session, { log, pin, mustHave }, options)
    } catch (error) {
      if (!isWardlineError(error, "ERR_ROLLBACK") || log.checkpoint === undefined) throw error
      // It has lost what it signed: its entries are worth seeing all the same.
      const lost = { ...log, checkpoint: undefined, problem: log.problem ?? "log-older" } as const
      return await this.#read(session, { log: lost, pin, mustHave }, options)
    }
  }

  async #read(session: Session, at: Asked, { signal, onProgress }: AuditOptions): Promise<WhoHasRead> {
    const scope = this.#engine.transcript.conversation
    const { checkpoint } = at.log
    const proven = checkpoint === undefined ? [] : provenPrefix(this.#entries)
    const walk = new TrailWalk(scope, proven.at(-1)?.entry.sequence ?? 0, checkpoint)
    const asked = { scope, order: "newest", limit: PAGE_ENTRIES, treeSize: checkpoint?.size ?? 0 } as const
    while (walk.next !== undefined) {
      walk.take(await askPage(session, { ...asked, from: walk.next }, signal))
      onProgress?.({ done: proven.length + walk.count, of: undefined })
    }
    const entries = [...proven, ...walk.entries]
    const gone = walk.isWhole ? await this.#shown.firstGone(entries) : undefined
    if (walk.isWhole && gone === undefined) {
      await this.#shown.remember(entries)
      this.#entries = entries
    }
    await this.#arrived(entries, signal)
    const report = this.#report(entries, walk, at, session.relayNow())
    if (gone === undefined) return report
    return { ...report, problems: [...report.problems, { kind: "gap", sequence: gone }] }
  }

  /** Reads the conversation's end once more, unless that was done just now: whatever the log has about it before that must
   * come before the entry of this reading. */
  async #pinEnd(session: Session, signal: AbortSignal | undefined): Promise<Pin> {
    const sinceMs = session.relayNow()
    if (this.#pin?.session === session && sinceMs - this.#pin.sinceMs < PIN_MS) return this.#pin
    const { conversation, position } = this.#engine.transcript
    await abortable(readEnd(session, conversation, position), signal)
    this.#pin = { session, position, sinceMs }
    return this.#pin
  }

  /** Waits for records that the log names and that may be on their way. */
  async #arrived(entries: readonly TrailEntry[], signal: AbortSignal | undefined): Promise<void> {
    const newest = Math.max(0, ...entries.slice(-PAGE_ENTRIES).map(({ entry }) => recordPosition(entry)))
    for (let waited = 0; waited < DELIVERY_MS; waited += LOOK_AGAIN_MS) {
      throwIfAborted(signal)
      if (this.#engine.transcript.position >= newest) return
      await sleep(LOOK_AGAIN_MS, signal)
    }
  }

  #report(
    entries: readonly TrailEntry[],
    walk: TrailWalk,
    { log, pin, mustHave }: Asked,
    nowMs: number,
  ): WhoHasRead {
    const { host, transcript, events, view } = this.#engine
    const facts = factsOf(events)
    const actor = (device: Uint8Array): AuditActor =>
      actorOf(host.directory.state, host.device.id, device, (id) => transcript.devices.has(id))
    const reasons = new Map(
      view.messages.flatMap(({ position, system }) =>
        system?.type === "access" && system.reason !== undefined ? [[position, system.reason]] : [],
      ),
    )
    const own = entries.filter(({ entry }) => equalBytes(entry.actor, host.device.id))
    const findings = judgeTrail({ entries, facts, links: transcript.links, isWhole: walk.isWhole, mustHave })
    return {
      readings: readingsOf(entries, facts, { actor, reasonAt: (position) => reasons.get(position) }),
      checkpoint: log.info,
      problems: [
        ...(log.problem === undefined ? [] : [{ kind: log.problem }]),
        ...walk.problems,
        ...(own.some((item) => isPinned(item, pin)) ? [] : [{ kind: "end-missing" } as const]),
        // Without a log key nothing is ever sealed, and nobody said that it would be.
        ...(host.directory.state.policy?.logKey === undefined ? [] : lateOnes(entries, nowMs)),
        ...findings.map((finding) => problemOf(finding, actor)),
      ],
      entries: entries.length,
      completeTo: own.findLast(({ proof }) => proof === "proven")?.entry.time,
    }
  }
}

/** A page; an empty one where the relay doesn't know the entry that it named itself. */
async function askPage(
  session: Session,
  query: AuditQuery,
  signal: AbortSignal | undefined,
): Promise<Pick<AuditPage, "entries">> {
  try {
    return await askAudit(session, query, signal)
  } catch (error) {
    if (query.from === 0 || !isWardlineError(error, "ERR_NOT_FOUND")) throw error
    return { entries: [] }
  }
}

/** A subscription from where this device stands, and at once its end. */
function readEnd(session: Session, conversation: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: WardlineError): void => {
      clearTimeout(timer)
      subscription.end()
      if (error === undefined) resolve()
      else reject(error)
    }
    const timer = setTimeout(
      () => end(new WardlineError("ERR_OFFLINE", "the relay didn't answer")),
      PIN_LIMIT_MS,
    )
    const subscription = session.subscribe(conversation, position, {
      keys: () => {},
      deliver: async () => {},
      head: () => {},
      live: () => end(),
      failed: end,
    })
  })
}

function isPinned({ entry }: TrailEntry, { position, sinceMs }: Pin): boolean {
  return entry.action === "read" && entry.position === position && entry.time >= sinceMs - PIN_SLACK_MS
}

function provenPrefix(entries: readonly TrailEntry[]): readonly TrailEntry[] {
  const open = entries.findIndex(({ proof }) => proof !== "proven")
  return open === -1 ? entries : entries.slice(0, open)
}

/** The oldest of them says how late. */
function lateOnes(entries: readonly TrailEntry[], nowMs: number): AuditProblem[] {
  const late = entries.find(({ entry, proof }) => proof === "pending" && nowMs - entry.time > LATE_MS)
  return late === undefined ? [] : [{ kind: "late", sequence: late.entry.sequence, at: late.entry.time }]
}

function recordPosition({ position, recordHash }: TrailEntry["entry"]): number {
  return recordHash.some((byte) => byte !== 0) ? position : 0
}

function problemOf({ device, ...problem }: Finding, actor: (device: Uint8Array) => AuditActor): AuditProblem {
  return device === undefined ? problem : { ...problem, who: actor(device) }
}
