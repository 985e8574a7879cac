/** The clinic's directory as this device has checked it: replayed from the pinned key, never shorter, never forked. */
import { equalBytes, type Writer } from "../bytes.ts"
import { sha256, verify } from "../crypto/index.ts"
import {
  applyRecords,
  checkExtends,
  checkFresh,
  createDirectory,
  type DirectoryState,
} from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { MAX_FRAME_BYTES, nextLink, recordHash } from "../protocol/index.ts"
import { fetchDirectory } from "./directory-http.ts"
import type { ClientContext } from "./options.ts"
import { type ClinicStorage, decodeHead, decodeStored, encodeHead, encodeStored } from "./storage.ts"

/** After a record named a directory position that the relay doesn't have. */
const QUIET_MS = 10_000

/** A head as the relay names it. */
interface NamedHead {
  readonly position: number
  readonly link: Uint8Array
}

export class DirectoryTracker {
  readonly #context: ClientContext
  readonly #storage: ClinicStorage
  readonly #listeners = new Set<() => void>()
  #state: DirectoryState
  /** Records that aren't in the keystore yet. */
  #unsaved: Uint8Array[] = []
  #savedPosition = 0
  #persistent = false
  #refreshing: Promise<void> | undefined
  /** Until then no record's word is worth a fetch. */
  #quietUntilMs = 0

  private constructor(context: ClientContext, storage: ClinicStorage) {
    this.#context = context
    this.#storage = storage
    this.#state = createDirectory(context.clinicKey, sha256)
  }

  /** Replays what this device has stored; `refresh` fetches the rest.
   * @throws {WardlineError} ERR_KEYSTORE if the stored records don't give the stored head. */
  static async load(context: ClientContext, storage: ClinicStorage): Promise<DirectoryTracker> {
    const tracker = new DirectoryTracker(context, storage)
    await tracker.#restore()
    return tracker
  }

  /** What has been checked so far. */
  get state(): DirectoryState {
    return this.#state
  }

  /** Whether anything was stored by an earlier run. */
  get isCached(): boolean {
    return this.#savedPosition > 0
  }

  /** Calls `listener` after each growth; returns a function that stops it. */
  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Fetches and checks what is new. Calls at the same time share one fetch.
   * @throws {WardlineError} ERR_CLINIC_KEY, ERR_ROLLBACK, ERR_FORK, ERR_SIGNATURE and whatever else is wrong with
   *   the records; ERR_OFFLINE. The state is then unchanged. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#fetch().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Makes sure that the directory reaches `position`, which some record or the relay names.
   * @throws as `refresh`. It may still be shorter afterwards: the caller judges. */
  async reach(position: number): Promise<void> {
    if (this.#state.position >= position) return
    // One that began before the position was named may have missed it.
    await this.#refreshing?.catch(() => {})
    if (this.#state.position < position) await this.refresh()
  }

  /** As `reach`, for a position that stands in a record which nobody has checked yet: after one that the relay doesn't
   * have, others aren't asked for until a pause has passed. */
  async reachNamed(position: number): Promise<void> {
    if (position <= this.#state.position || performance.now() < this.#quietUntilMs) return
    await this.reach(position)
    if (this.#state.position < position) this.#quietUntilMs = performance.now() + QUIET_MS
  }

  /** Compares with the head that the relay names at login, and fetches what is new.
   * @throws {WardlineError} ERR_ROLLBACK if the relay serves less than this device has seen, or than it names;
   *   ERR_FORK if it has something else; otherwise as `refresh`. */
  async agree(head: NamedHead): Promise<void> {
    // Its head as it stood at login: another fetch may have brought more since then, or the relay has lost something.
    if (head.position < this.#state.position) await this.refresh()
    await this.reach(head.position)
    checkExtends(head, this.#state)
  }

  /** @throws {WardlineError} ERR_STALE_DIRECTORY, ERR_CLOCK */
  assertFresh(): void {
    checkFresh(this.#state, this.#context.now())
  }

  /** From now on what was seen is kept on this device. */
  async persist(): Promise<void> {
    this.#persistent = true
    await this.#save()
  }

  async #fetch(): Promise<void> {
    const { relay, clinicId, signal } = this.#context
    const known = this.#state
    // One record that is known already: the relay must show the head that this device has seen.
    const from = Math.max(0, known.position - 1)
    const fetched = await fetchDirectory({ relay, clinicId, signal }, from)
    if (known.position > 0) checkOverlap(known, fetched.shift())
    if (fetched.length > 0) await this.#grow(known, fetched)
    if (this.#state.position === 0)
      throw new WardlineError("ERR_NOT_FOUND", "the relay doesn't know this clinic")
  }

  async #grow(known: DirectoryState, records: readonly Uint8Array[]): Promise<void> {
    this.#state = replay(known, records)
    // One by one: as arguments of one call, too many overflow the stack.
    for (const record of records) this.#unsaved.push(record.slice())
    if (this.#persistent) await this.#save()
    for (const listener of this.#listeners) listener()
  }

  async #restore(): Promise<void> {
    const head = await this.#storage.get(this.#storage.directoryHeadKey)
    if (head === undefined) return
    const records: Uint8Array[] = []
    for (const key of await this.#storage.directoryChunkKeys()) {
      const chunk = (await this.#storage.get(key)) ?? new Uint8Array(0)
      const stored = decodeStored(chunk, (r) => r.list(r.u32(), (item) => item.lp32(MAX_FRAME_BYTES)))
      for (const record of stored) records.push(record)
    }
    const seen = decodeHead(head)
    try {
      this.#state = replay(this.#state, records)
      checkExtends(seen, this.#state)
    } catch (cause) {
      throw new WardlineError("ERR_KEYSTORE", "the stored directory doesn't lead to the stored head", {
        cause,
      })
    }
    this.#savedPosition = this.#state.position
    this.#persistent = true
  }

  async #save(): Promise<void> {
    if (this.#unsaved.length === 0) return
    const records = this.#unsaved
    const from = this.#savedPosition
    const { position, link } = this.#state
    this.#unsaved = []
    this.#savedPosition = position
    const chunk = (writer: Writer): Writer =>
      writer.u32(records.length).list(records, (w, record) => w.lp32(record))
    try {
      await this.#storage.set({
        [this.#storage.directoryChunkKey(from)]: encodeStored(chunk),
        [this.#storage.directoryHeadKey]: encodeHead({ position, link, directoryPosition: position }),
      })
    } catch (error) {
      this.#unsaved = [...records, ...this.#unsaved]
      this.#savedPosition = from
      throw error
    }
  }
}

/** @throws {WardlineError} ERR_CLINIC_KEY if the very first record isn't by the pinned key. */
function replay(state: DirectoryState, records: readonly Uint8Array[]): DirectoryState {
  try {
    return applyRecords(state, records, { hash: sha256, verify })
  } catch (error) {
    if (state.position === 0 && isWardlineError(error) && !startsUnder(state, records[0])) {
      throw new WardlineError("ERR_CLINIC_KEY", "the relay's directory is not the pinned clinic's", {
        cause: error,
      })
    }
    throw error
  }
}

function startsUnder(state: DirectoryState, first: Uint8Array | undefined): boolean {
  if (first === undefined) return true
  try {
    applyRecords(state, [first], { hash: sha256, verify })
    return true
  } catch {
    return false
  }
}

/** The record at the position that this device knows must be the one that it knows. */
function checkOverlap(known: DirectoryState, record: Uint8Array | undefined): void {
  if (record === undefined) throw rolledBack()
  const before = known.links[known.position - 1] as Uint8Array
  if (!equalBytes(nextLink(sha256, before, known.position, recordHash(sha256, record)), known.link))
    throw forked()
}

function rolledBack(): WardlineError {
  return new WardlineError("ERR_ROLLBACK", "the relay's directory is shorter than one seen before")
}

function forked(): WardlineError {
  return new WardlineError("ERR_FORK", "the relay's directory forks from one seen before")
}
