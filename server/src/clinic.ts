/** One clinic: its directory, its audit chain, and who watches it. */
import { applyRecords, createDirectory, type DirectoryState } from "@wardline/sdk/directory"
import { toHex, WardlineError } from "@wardline/sdk/protocol"
import { AuditTree } from "./audit/tree.ts"
import { AuditChain, type AuditScope } from "./audit-chain.ts"
import { Bucket } from "./buckets.ts"
import { keyOf, sha256, verify } from "./hashing.ts"
import { PAGE_BYTES, PAGE_RECORDS, REFUSAL_NOTES } from "./limits.ts"
import { ServedDirectory } from "./served-directory.ts"
import type { Session } from "./session.ts"
import type { ClinicRef, Store } from "./store/store.ts"

export class Clinic implements AuditScope {
  readonly ref: ClinicRef
  /** 16 bytes. */
  readonly id: Uint8Array
  /** The id in hexadecimal: public, and in URLs. */
  readonly name: string
  /** The id as a key. */
  readonly key: string
  readonly audit: AuditChain
  readonly tree: AuditTree
  /** Of the entries that are about no conversation. */
  entry: number
  storedEntry: number
  directory: DirectoryState
  /** Sessions that watch the list of conversations. */
  readonly watchers: Set<Session> = new Set()
  /** Of the directory's devices, and of all others: a flood by strangers doesn't hide what staff tried. */
  readonly #knownRefusals: Bucket
  readonly #otherRefusals: Bucket
  #unnoted = 0
  #served: { readonly directory: DirectoryState; readonly made: Promise<ServedDirectory> } | undefined

  constructor(ref: ClinicRef, directory: DirectoryState, log: ClinicLog, nowMs: number) {
    this.ref = ref
    this.id = ref.id
    this.name = toHex(ref.id)
    this.key = keyOf(ref.id)
    this.directory = directory
    this.audit = log.chain
    this.tree = log.tree
    this.entry = log.entry
    this.storedEntry = log.entry
    this.#knownRefusals = new Bucket(REFUSAL_NOTES, nowMs)
    this.#otherRefusals = new Bucket(REFUSAL_NOTES, nowMs)
  }

  /** Whether one more refusal may be noted in the audit log; counts it if not.
   * @param actor - a device's id as a key, proved; or NOBODY. */
  mayNoteRefusal(actor: string, nowMs: number): boolean {
    const isKnown = this.directory.devices.has(toHex(Buffer.from(actor, "latin1")))
    const bucket = isKnown ? this.#knownRefusals : this.#otherRefusals
    if (bucket.take(REFUSAL_NOTES, 1, nowMs)) return true
    this.countUnnoted(1)
    return false
  }

  countUnnoted(count: number): void {
    this.#unnoted += count
  }

  /** How many refusals weren't noted since the last call. */
  takeUnnoted(): number {
    const count = this.#unnoted
    this.#unnoted = 0
    return count
  }

  /** The directory as it is served. Made once for each change, however many visitors ask for it at once.
   * @throws {WardlineError} ERR_OVERLOADED in the moment before a change is stored. */
  served(store: Store): Promise<ServedDirectory> {
    const { directory } = this
    if (this.#served?.directory !== directory) {
      const made = serveDirectory(store, this.ref, directory)
      this.#served = { directory, made }
      made.catch(() => {
        if (this.#served?.made === made) this.#served = undefined
      })
    }
    return this.#served.made
  }
}

async function serveDirectory(
  store: Store,
  ref: ClinicRef,
  directory: DirectoryState,
): Promise<ServedDirectory> {
  const records: Uint8Array[] = []
  for await (const record of readDirectory(store, ref, directory.position)) records.push(record)
  if (records.length !== directory.position)
    throw new WardlineError("ERR_OVERLOADED", "the directory is being changed; ask again")
  return new ServedDirectory(directory, records)
}

/** Reads a clinic's stored directory and replays it, every signature checked.
 * @throws {WardlineError} if the stored directory was changed. */
export async function openClinic(
  store: Store,
  id: Uint8Array,
  rootKey: Uint8Array,
  nowMs: number,
): Promise<Clinic> {
  const ref = await store.openClinic(id, rootKey)
  const records: Uint8Array[] = []
  for await (const record of readDirectory(store, ref, Number.POSITIVE_INFINITY)) records.push(record)
  const directory = applyRecords(createDirectory(rootKey, sha256), records, { hash: sha256, verify })
  return new Clinic(ref, directory, await openLog(store, ref), nowMs)
}

/** A clinic's audit log: its entries grow by the one, and the tree over them by the other. */
export interface ClinicLog {
  readonly chain: AuditChain
  readonly tree: AuditTree
  /** Sequence of the newest stored entry about the clinic itself, and no conversation; 0 if there is none. */
  readonly entry: number
}

/** Goes on where the stored log ends.
 * @throws {WardlineError} ERR_STORE where the stored log isn't whole. */
export async function openLog(store: Store, ref: ClinicRef): Promise<ClinicLog> {
  const chain = new AuditChain(await store.lastAudit(ref))
  const tree = await AuditTree.open(store, ref, chain.sequence)
  return { chain, tree, entry: await store.newestEntry(ref) }
}

async function* readDirectory(store: Store, ref: ClinicRef, last: number): AsyncGenerator<Uint8Array> {
  let position = 0
  while (position < last) {
    const page = await store.read(ref, position, PAGE_RECORDS, PAGE_BYTES)
    for (const record of page) {
      if (record.position > last) return
      yield record.bytes
    }
    const end = page.at(-1)
    if (end === undefined) return
    position = end.position
  }
}
