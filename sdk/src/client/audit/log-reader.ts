/** The clinic's whole audit log, for whoever may read it: entry by entry from a sequence on, each held to the one before,
 * to its scope's entry before, and to the witnessed checkpoint. */
import { abortable } from "../../abort.ts"
import { equalBytes, toHex } from "../../bytes.ts"
import { type Device, sha256 } from "../../crypto/index.ts"
import { isWardlineError, WardlineError } from "../../errors.ts"
import { purposeOf } from "../../protocol/index.ts"
import {
  type AuditEntry,
  type AuditHead,
  decodeEntry,
  EMPTY_AUDIT,
  entryHash,
  formatProof,
  isRecordAction,
  nextHead,
  RightEdge,
  verifyInclusion,
} from "../../tlog/index.ts"
import type { AuditPage, Session } from "../../transport/index.ts"
import { type AuditBookHost, auditBookOf, type LogState } from "./book.ts"
import { askAudit, fetchInclusion } from "./fetch.ts"
import { actorOf } from "./names.ts"
import type { AuditLogEntry, AuditLogState, AuditOptions, AuditProblem } from "./types.ts"
import type { Tree } from "./walk.ts"

/** As many as a frame holds without proofs, with room to spare. */
const PAGE_ENTRIES = 400
/** More conversations than that are held to their chains by the tree alone. */
const MAX_SCOPES = 500_000

export interface LogReaderHost extends AuditBookHost {
  readonly device: Device
  /** Does `work` on a live session, again on the next one if the connection is lost meanwhile. */
  readonly onSession: <T>(
    signal: AbortSignal | undefined,
    work: (session: Session) => Promise<T>,
  ) => Promise<T>
}

export interface ReadLogOptions extends AuditOptions {
  /** Called with each page, in order, before the next is asked for. */
  readonly onEntries: (entries: readonly AuditLogEntry[]) => void
}

/** Reads on from where it stands, as often as it is asked. */
export class AuditLogReader {
  readonly #host: LogReaderHost
  readonly #from: number
  /** The last entry that was read; undefined before the first where it isn't the log's own first. */
  #head: AuditHead | undefined
  /** The tree of the entries up to the checkpoint; only of a log that is read from its beginning. */
  readonly #edge: RightEdge | undefined
  /** Leaf hash of the newest entry up to the checkpoint. */
  #last: Uint8Array | undefined
  /** How far the two have come. */
  #reached: number
  /** Leaf hashes of the entries after it. */
  #after: Uint8Array[] = []
  #provenTo = 0
  /** Each scope's newest entry. */
  readonly #newest = new Map<string, number>()
  #problem: AuditProblem | undefined
  #log: LogState | undefined
  #work: Promise<unknown> = Promise.resolve()

  /** @param from - the first sequence to read; 1 unless given. */
  constructor(host: LogReaderHost, from = 1) {
    this.#host = host
    this.#from = from
    this.#head = from === 1 ? EMPTY_AUDIT : undefined
    this.#edge = from === 1 ? new RightEdge(sha256) : undefined
    this.#reached = from - 1
  }

  get state(): AuditLogState {
    const log = this.#log?.problem === undefined ? [] : [{ kind: this.#log.problem }]
    const found = this.#problem === undefined ? [] : [this.#problem]
    return {
      read: this.#head?.sequence ?? this.#from - 1,
      provenTo: this.#provenTo,
      checkpoint: this.#log?.info,
      problems: [...log, ...found],
    }
  }

  /** Reads every entry that is new since the last time.
   * @throws {WardlineError} ERR_FORBIDDEN for a device that may not read the log; ERR_OFFLINE, ERR_ABORTED and what the
   *   relay answers. What is wrong with the log is in the state. */
  read(options: ReadLogOptions): Promise<AuditLogState> {
    const done = this.#work.then(() =>
      this.#host.onSession(options.signal, (session) => this.#read(session, options)),
    )
    this.#work = done.catch(() => {})
    return abortable(done, options.signal)
  }

  /** A file that proves an entry to anybody, by the checkpoint that this reader holds the log against (docs/protocol.md,
   * Proof files).
   * @returns its text; undefined while no checkpoint covers the entry.
   * @throws {WardlineError} ERR_FORK if the relay doesn't prove it; ERR_OFFLINE, ERR_MALFORMED, ERR_ABORTED. */
  async proofOf({ sequence, bytes }: AuditLogEntry, signal?: AbortSignal): Promise<string | undefined> {
    const tree = this.#log?.checkpoint
    if (tree === undefined || sequence > tree.size) return undefined
    const { size, root, note } = tree
    const index = sequence - 1
    const proof = await fetchInclusion(auditBookOf(this.#host).request(signal), index, size)
    if (!verifyInclusion(sha256, { index, size, root, leafHash: entryHash(sha256, bytes), proof }))
      throw new WardlineError("ERR_FORK", "the entry isn't shown to be in the log's tree")
    return formatProof({ entry: bytes, index, proof, checkpoint: note })
  }

  async #read(session: Session, options: ReadLogOptions): Promise<AuditLogState> {
    const scope = this.#host.directory.state.clinicId
    this.#log = await auditBookOf(this.#host).update(options.signal)
    this.#after = this.#after.filter((leafHash) => !this.#reach(leafHash))
    while (this.#problem === undefined) {
      const from = this.state.read + 1
      const asked = { scope, from, order: "oldest", limit: PAGE_ENTRIES, treeSize: 0 } as const
      const page = await askAudit(session, asked, options.signal)
      const entries = this.#take(page)
      if (entries.length > 0) options.onEntries(entries)
      const { size } = this.#log.checkpoint ?? { size: undefined }
      options.onProgress?.({ done: this.state.read, of: size })
      if (!page.more || entries.length === 0) break
    }
    if (this.#problem === undefined) await this.#prove(session, options.signal)
    return this.state
  }

  #take(page: AuditPage): AuditLogEntry[] {
    const taken: AuditLogEntry[] = []
    for (const { bytes: view } of page.entries) {
      const bytes = view.slice()
      const entry = this.#follow(bytes)
      if (entry === undefined) break
      taken.push(this.#shown(entry, bytes))
    }
    return taken
  }

  /** @returns undefined once something is wrong. */
  #follow(bytes: Uint8Array): AuditEntry | undefined {
    const sequence = this.state.read + 1
    let entry: AuditEntry
    let head: AuditHead
    try {
      entry = decodeEntry(bytes)
      if (this.#head === undefined && entry.sequence !== this.#from) return this.#stop("gap", sequence)
      const before = this.#head ?? { sequence: entry.sequence - 1, leafHash: entry.previous }
      head = nextHead(sha256, before, bytes, entry)
    } catch (error) {
      if (!isWardlineError(error)) throw error
      return this.#stop(error.code === "ERR_FORK" ? "gap" : "unreadable", sequence)
    }
    if (!this.#isLed(entry)) return this.#stop("gap", sequence)
    this.#head = head
    const leafHash = entryHash(sha256, bytes)
    if (!this.#reach(leafHash)) this.#after.push(leafHash)
    return entry
  }

  /** Whether it names its scope's entry before, as far as that was read. */
  #isLed({ scope, sequence, before }: AuditEntry): boolean {
    const name = toHex(scope)
    const newest = this.#newest.get(name)
    const isFull = this.#newest.size >= MAX_SCOPES
    if (newest !== undefined || !isFull) this.#newest.set(name, sequence)
    if (newest !== undefined) return before === newest
    return isFull || before < this.#from
  }

  /** Takes the next entry into the tree, unless it is beyond the checkpoint. */
  #reach(leafHash: Uint8Array): boolean {
    if (this.#reached >= this.#size) return false
    this.#reached += 1
    this.#last = leafHash
    this.#edge?.append(leafHash)
    return true
  }

  get #size(): number {
    return this.#log?.checkpoint?.size ?? 0
  }

  /** Holds what was read against the checkpoint's tree. */
  async #prove(session: Session, signal: AbortSignal | undefined): Promise<void> {
    const tree = this.#log?.checkpoint
    if (tree === undefined || tree.size < this.#from || tree.size <= this.#provenTo) return
    // The end that witnesses have seen is kept back.
    if (this.#reached < tree.size) this.#stop("gap", this.#reached + 1)
    else if (!(await this.#isTree(tree, session, signal))) this.#stop("not-proven", tree.size)
    else this.#provenTo = tree.size
  }

  /** The whole log has the tree's root. Of a part, the last entry must be in the tree: each holds the hash of the one
   * before. */
  async #isTree(tree: Tree, session: Session, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#edge !== undefined) return equalBytes(this.#edge.root(), tree.root)
    const { size, root } = tree
    const scope = this.#host.directory.state.clinicId
    const asked = { scope, from: size, order: "oldest", limit: 1, treeSize: size } as const
    const [served] = (await askAudit(session, asked, signal)).entries
    if (served === undefined || this.#last === undefined) return false
    return verifyInclusion(sha256, { index: size - 1, size, root, leafHash: this.#last, proof: served.proof })
  }

  #stop(kind: "gap" | "unreadable" | "not-proven", sequence: number): undefined {
    this.#problem = { kind, sequence }
    return undefined
  }

  #shown(entry: AuditEntry, bytes: Uint8Array): AuditLogEntry {
    const { directory, device } = this.#host
    const { state } = directory
    const { sequence, time, action, outcome, purpose, actorRole, position } = entry
    return {
      sequence,
      time,
      action,
      outcome,
      ...(purpose === 0 ? {} : { purpose: purposeOf(purpose) }),
      who: actorOf(state, device.id, entry.actor),
      ...(actorRole === "" ? {} : { role: actorRole }),
      ...(equalBytes(entry.scope, state.clinicId) ? {} : { conversation: toHex(entry.scope) }),
      position,
      ...(isRecordAction(action) ? { recordHash: toHex(entry.recordHash) } : {}),
      bytes,
    }
  }
}
