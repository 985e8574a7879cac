/** A scope's entries from its newest back to its first, page by page: each must be the one that the entry after it names,
 * so that none can be left out, and each within the checkpoint's tree must be proven to be there. Pure but for the hash. */
import { equalBytes } from "../../bytes.ts"
import { sha256 } from "../../crypto/index.ts"
import { isWardlineError } from "../../errors.ts"
import { type AuditEntry, decodeEntry, entryHash, mayFail, verifyInclusion } from "../../tlog/index.ts"
import type { AuditPage } from "../../transport/index.ts"
import type { KnownCheckpoint } from "./book.ts"
import type { AuditProblem, Proof } from "./types.ts"

/** An entry, and what shows that it is in the log. */
export interface TrailEntry {
  readonly entry: AuditEntry
  readonly proof: Proof
}

export type Tree = Pick<KnownCheckpoint, "size" | "root">

/** A page that leaves something over has at least so many: the wire has room for a hundred with their proofs. A relay
 * that gives one at a time would keep this device asking. */
const MIN_PAGE = 16
/** Beyond this nobody would look at them: some ten thousand messages with everything around them. */
const MAX_ENTRIES = 200_000

export class TrailWalk {
  readonly #scope: Uint8Array
  readonly #until: number
  readonly #tree: Tree | undefined
  readonly #entries: TrailEntry[] = []
  readonly #problems: AuditProblem[] = []
  /** The sequence that comes next; 0 at first, for the newest. */
  #next = 0
  #isDone = false

  /** @param until - the sequence at which what is known already begins; 0 for everything.
   * @param tree - to prove entries in. */
  constructor(scope: Uint8Array, until: number, tree: Tree | undefined) {
    this.#scope = scope
    this.#until = until
    this.#tree = tree
  }

  /** What to ask from next; undefined when nothing is left to ask. */
  get next(): number | undefined {
    return this.#isDone ? undefined : this.#next
  }

  get count(): number {
    return this.#entries.length
  }

  /** Ascending. */
  get entries(): readonly TrailEntry[] {
    return this.#entries.toReversed()
  }

  get problems(): readonly AuditProblem[] {
    return this.#problems
  }

  /** Whether it came to the end without a gap. */
  get isWhole(): boolean {
    return this.#isDone && !this.#problems.some(({ kind }) => kind === "gap" || kind === "unreadable")
  }

  /** Takes the page that was asked from {@link TrailWalk.next}. */
  take(page: Pick<AuditPage, "entries">): void {
    const isFirst = this.#next === 0
    for (const { bytes, proof } of page.entries) {
      if (this.#isDone) return
      this.#add(bytes, proof)
    }
    if (this.#isDone) return
    if (page.entries.length === 0) {
      // A scope without any entry: whoever asks knows better, and says so.
      if (isFirst) this.#isDone = true
      else this.#stop("gap", this.#entries.at(-1)?.entry.sequence)
    } else if (page.entries.length < MIN_PAGE || this.#entries.length > MAX_ENTRIES)
      this.#stop("unreadable", this.#next)
  }

  #add(bytes: Uint8Array, proof: readonly Uint8Array[]): void {
    const entry = decode(bytes)
    if (entry === undefined || !equalBytes(entry.scope, this.#scope) || entry.before >= entry.sequence) {
      this.#stop("unreadable", entry?.sequence ?? this.#next)
      return
    }
    const isFirst = this.#entries.length === 0
    if (!isFirst && entry.sequence !== this.#next) {
      this.#stop("gap", this.#entries.at(-1)?.entry.sequence)
      return
    }
    if (isFirst && entry.sequence <= this.#until) {
      // Nothing new: what is known already ends where it did, or it would be shorter.
      if (entry.sequence < this.#until) this.#stop("gap", this.#until)
      this.#isDone = true
      return
    }
    this.#entries.push({ entry, proof: this.#prove(entry, bytes, proof) })
    this.#next = entry.before
    if (entry.before === this.#until) this.#isDone = true
    // It leads past what is known already.
    else if (entry.before < this.#until) this.#stop("gap", entry.sequence)
  }

  #prove(entry: AuditEntry, bytes: Uint8Array, proof: readonly Uint8Array[]): Proof {
    const tree = this.#tree
    if (tree === undefined || entry.sequence > tree.size) return "pending"
    const leafHash = entryHash(sha256, bytes)
    const claim = { index: entry.sequence - 1, size: tree.size, root: tree.root, leafHash, proof }
    if (verifyInclusion(sha256, claim)) return "proven"
    this.#problems.push({ kind: "not-proven", sequence: entry.sequence, at: entry.time })
    return "unproven"
  }

  #stop(kind: "gap" | "unreadable", sequence: number | undefined): void {
    this.#problems.push({ kind, ...(sequence === undefined ? {} : { sequence }) })
    this.#isDone = true
  }
}

function decode(bytes: Uint8Array): AuditEntry | undefined {
  try {
    // Its own: a view would keep the whole frame.
    const entry = decodeEntry(bytes.slice())
    // Nothing reads on from a reading that is called refused, and nothing else would show it.
    return entry.outcome === "success" || mayFail(entry.action) ? entry : undefined
  } catch (error) {
    if (isWardlineError(error)) return undefined
    throw error
  }
}
