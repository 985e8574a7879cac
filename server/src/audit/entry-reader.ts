/** Pages of a clinic's audit entries, with inclusion proofs. Nothing here judges who may read them. */
import { type ServedEntry, WardlineError } from "@wardline/sdk/protocol"
import { decodeEntry, ENTRY_BYTES, ENTRY_OFFSETS, TileTree } from "@wardline/sdk/tlog"
import type { Clinic } from "../clinic.ts"
import type { Conversation } from "../conversation.ts"
import { keyOf, sha256 } from "../hashing.ts"
import { MAX_ENTRIES_BYTES } from "../limits.ts"
import type { Store } from "../store/store.ts"
import { HASH_BYTES } from "./nodes.ts"

/** Proofs that are made before others have their turn. */
const PROOFS_AT_ONCE = 16
const { scope: SCOPE, before: BEFORE } = ENTRY_OFFSETS

export interface EntriesPage {
  /** Whether there are others after them, in the order that was asked for. */
  readonly more: boolean
  readonly entries: readonly ServedEntry[]
}

export interface PageOptions {
  /** How many entries at most; a page never has more than a frame can hold. */
  readonly limit: number
  /** The tree to prove inclusion in, not over that which is there; 0: no proofs. */
  readonly treeSize: number
}

/** Answers one request. */
export class EntryReader {
  readonly #store: Store
  readonly #clinic: Clinic
  readonly #treeSize: number
  readonly #limit: number
  readonly #tree: TileTree

  constructor(store: Store, clinic: Clinic, { limit, treeSize }: PageOptions) {
    this.#store = store
    this.#clinic = clinic
    this.#treeSize = treeSize
    this.#tree = new TileTree(sha256, clinic.tree.read, treeSize)
    const proofBytes = treeSize === 0 ? 0 : Math.ceil(Math.log2(treeSize)) * HASH_BYTES
    this.#limit = Math.min(limit, Math.floor(MAX_ENTRIES_BYTES / (ENTRY_BYTES + 1 + proofBytes)))
  }

  /** The clinic's entries from a sequence on.
   * @throws {WardlineError} ERR_ROLLBACK for one that the log is too short for. */
  async oldest(from: number): Promise<EntriesPage> {
    const { size } = this.#clinic.tree
    const first = Math.max(1, from)
    if (first > size + 1) throw tooShort()
    const last = Math.min(size, first + this.#limit - 1)
    return this.#page(await this.#range(first, last), last < size)
  }

  /** The clinic's entries from a sequence back, or from the newest.
   * @param from - 0 is the newest.
   * @throws {WardlineError} ERR_ROLLBACK for one that the log is too short for. */
  async newest(from: number): Promise<EntriesPage> {
    const { size } = this.#clinic.tree
    if (from > size) throw tooShort()
    const last = from === 0 ? size : from
    const first = Math.max(1, last - this.#limit + 1)
    return this.#page((await this.#range(first, last)).reverse(), first > 1)
  }

  /** A conversation's entries from one of them back, or from its newest.
   * @param from - 0 is the newest.
   * @throws {WardlineError} ERR_NOT_FOUND for a sequence that isn't one of its. */
  async ofConversation(conversation: Conversation, from: number): Promise<EntriesPage> {
    const entries: Uint8Array[] = []
    let sequence = from === 0 ? conversation.storedEntry : from
    while (sequence > 0 && entries.length < this.#limit) {
      const entry = sequence <= this.#clinic.tree.size ? await this.#entry(sequence) : undefined
      // Whoever names another conversation's entry learns nothing of it, not even that it is there.
      if (entry === undefined || keyOf(entry, SCOPE, SCOPE + 16) !== conversation.key)
        throw new WardlineError("ERR_NOT_FOUND", "the conversation has no such entry")
      entries.push(entry)
      sequence = Number(Buffer.from(entry.buffer, entry.byteOffset, ENTRY_BYTES).readBigUInt64BE(BEFORE))
    }
    return this.#page(entries, sequence > 0)
  }

  async #entry(sequence: number): Promise<Uint8Array | undefined> {
    return this.#store.readEntry(this.#clinic.ref, sequence)
  }

  async #range(first: number, last: number): Promise<Uint8Array[]> {
    const entries: Uint8Array[] = []
    while (first + entries.length <= last) {
      const page = await this.#store.readAudit(this.#clinic.ref, first + entries.length - 1)
      if (page.length === 0) throw new WardlineError("ERR_STORE", "the audit log has a gap")
      const count = Math.min(page.length / ENTRY_BYTES, last - first - entries.length + 1)
      for (let i = 0; i < count; i++) entries.push(page.subarray(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES))
    }
    return entries
  }

  async #page(entries: readonly Uint8Array[], more: boolean): Promise<EntriesPage> {
    const served: ServedEntry[] = []
    for (const bytes of entries) {
      const { sequence } = decodeEntry(bytes)
      const isProved = sequence <= this.#treeSize
      served.push({ bytes, proof: isProved ? await this.#tree.inclusionProof(sequence - 1) : [] })
      if (isProved && served.length % PROOFS_AT_ONCE === 0)
        await new Promise((resolve) => setImmediate(resolve))
    }
    return { more, entries: served }
  }
}

function tooShort(): WardlineError {
  return new WardlineError("ERR_ROLLBACK", "the log is shorter here than the sequence that was asked for")
}
