/** The clinic's directory as this device has checked it: never shorter, never forked, from the pinned key. A first
 * visitor begins from its signed snapshot; everybody else replays the whole log. */
import { sha256 } from "../crypto/hash.ts"
import { verify } from "../crypto/sign.ts"
import {
  type ApplyOptions,
  applyRecords,
  applySnapshot,
  checkExtends,
  checkFresh,
  createDirectory,
  type DirectoryState,
  grantsFor,
  newestRoleKey,
} from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { DeviceId } from "../ids.ts"
import { fetchDirectory, fetchShortDirectory, type ShortDirectory } from "./directory-fetch.ts"
import type { KeptFrom, NeededKey } from "./forgotten-keys.ts"
import { later } from "./later.ts"
import type { ClientContext } from "./options.ts"
import type { ClinicStorage } from "./storage.ts"

/** After a record named a directory position that the relay doesn't have. */
const QUIET_MS = 10_000
const CHECKS: ApplyOptions = { hash: sha256, verify }

const loadParts = (): Promise<typeof import("./directory-parts.ts")> => later(import("./directory-parts.ts"))

/** A head as the relay names it. */
interface NamedHead {
  readonly position: number
  readonly link: Uint8Array
}

export interface TrackerOptions {
  /** Begin from the snapshot where nothing is stored; the whole log follows with {@link DirectoryTracker.complete}. */
  readonly fromSnapshot?: boolean
  /** Whose wraps are fetched along. */
  readonly device?: DeviceId | undefined
}

export class DirectoryTracker {
  readonly #context: ClientContext
  readonly #storage: ClinicStorage
  readonly #options: TrackerOptions
  readonly #listeners = new Set<() => void>()
  #state: DirectoryState
  /** What the state began from, as long as it isn't the whole log's. */
  #short: ShortDirectory | undefined
  /** Records that aren't in the keystore yet. */
  #unsaved: Uint8Array[] = []
  #savedPosition = 0
  #persistent = false
  /** Whether an earlier run stored anything. */
  #isCached = false
  #keptFrom: KeptFrom = new Map()
  #refreshing: Promise<void> | undefined
  #hasAskedForWraps = false
  /** Until then no record's word is worth a fetch. */
  #quietUntilMs = 0
  /** What can't be true of this directory: nothing more is taken from it. */
  #contradiction: WardlineError | undefined

  private constructor(context: ClientContext, storage: ClinicStorage, options: TrackerOptions) {
    this.#context = context
    this.#storage = storage
    this.#options = options
    this.#state = this.#empty()
  }

  /** Replays what this device has stored; `refresh` fetches the rest.
   * @throws {WardlineError} ERR_KEYSTORE if the stored records don't give the stored head. */
  static async load(
    context: ClientContext,
    storage: ClinicStorage,
    options: TrackerOptions = {},
  ): Promise<DirectoryTracker> {
    const tracker = new DirectoryTracker(context, storage, options)
    if (options.device !== undefined) tracker.#keptFrom = await (await loadParts()).loadKeptFrom(storage)
    await tracker.#restore()
    return tracker
  }

  /** What has been checked so far. */
  get state(): DirectoryState {
    return this.#state
  }

  /** Whether anything was stored by an earlier run. */
  get isCached(): boolean {
    return this.#isCached
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
    return this.#once(() => this.#fetch())
  }

  /** Makes sure that the directory is the whole log's and what it began from is the truth: to be called when a
   * conversation has begun.
   * @throws {WardlineError} ERR_FORK or ERR_ROLLBACK, now and from then on, if the log contradicts the snapshot;
   *   otherwise as `refresh`. */
  async complete(): Promise<void> {
    await this.#refreshing?.catch(() => {})
    if (this.#state.base > 0) await this.#once(() => this.#fetchWhole())
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
   * have, others aren't asked for until a pause has passed. The directory is whole afterwards, since who may have
   * issued the record isn't in a snapshot. */
  async reachNamed(position: number): Promise<void> {
    await this.complete()
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
    if (head.position < this.#state.base) await this.complete()
    checkExtends(head, this.#state)
  }

  /** Holds what the relay shows to first visitors against this device's own log.
   * @throws {WardlineError} ERR_FORK if that is something else, or older than what this device has seen; otherwise as
   *   `refresh`. */
  async checkSnapshot(): Promise<void> {
    const { checkShown } = await loadParts()
    await checkShown(this.#context, this.#storage, this)
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

  /** Gives up this device's role keys that are older than any that is needed, on this device for good.
   * @returns whether any were given up. */
  async forgetKeys(needed: readonly NeededKey[]): Promise<boolean> {
    const { device } = this.#options
    const { keptFromEntry, raiseKeptFrom, rewriteRecords, withoutForgottenGrants, withoutForgottenWrap } =
      await loadParts()
    const raised = raiseKeptFrom(this.#keptFrom, needed, this.#state)
    if (device === undefined || raised === undefined) return false
    await this.#refreshing?.catch(() => {})
    this.#keptFrom = raised
    this.#state = withoutForgottenGrants(this.#state, raised)
    if (!this.#persistent) return true
    await this.#save()
    await rewriteRecords(
      this.#storage,
      (record) => withoutForgottenWrap(record, device, raised),
      keptFromEntry(this.#storage, raised),
    )
    return true
  }

  /** Up to which generation this device has given a role's keys up. */
  get keptFrom(): KeptFrom {
    return this.#keptFrom
  }

  #empty(): DirectoryState {
    return createDirectory(this.#context.clinicKey, sha256)
  }

  #once(work: () => Promise<void>): Promise<void> {
    this.#refreshing ??= work().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #fetch(): Promise<void> {
    if (this.#contradiction !== undefined) throw this.#contradiction
    const known = this.#state
    if (known.base > 0 && this.#isCached) return await this.#fetchWhole()
    if (known.position === 0 && this.#options.fromSnapshot === true && (await this.#fetchShort())) return
    // One record that is known already: the relay must show the head that this device has seen.
    const from = Math.max(0, known.position - 1)
    const fetched = await fetchDirectory(this.#context, from, this.#options.device)
    if (known.position > 0) (await loadParts()).checkOverlap(known, fetched.shift())
    if (fetched.length > 0) await this.#grow(known, fetched)
    if (this.#state.position === 0)
      throw new WardlineError("ERR_NOT_FOUND", "the relay doesn't know this clinic")
    if (this.#lacksWraps()) await this.#fetchWhole()
  }

  /** Whether the relay has left out a wrap of a role's newest key, and wasn't asked for it again in this run. Older ones
   * it may have dropped for good. */
  #lacksWraps(): boolean {
    const { device } = this.#options
    if (device === undefined || this.#hasAskedForWraps) return false
    this.#hasAskedForWraps = grantsFor(this.#state, device).some(
      ({ role, generation, wrap }) =>
        wrap === undefined && generation === newestRoleKey(this.#state, role)?.generation,
    )
    return this.#hasAskedForWraps
  }

  async #grow(known: DirectoryState, records: readonly Uint8Array[]): Promise<void> {
    const grown = await this.#replay(known, records)
    if (grown === undefined) return await this.#fetchWhole()
    this.#state = grown
    const copies = records.map((record) => record.slice())
    if (this.#short !== undefined) this.#short = { ...this.#short, tail: [...this.#short.tail, ...copies] }
    // One by one: as arguments of one call, too many overflow the stack.
    else for (const record of copies) this.#unsaved.push(record)
    await this.#grown()
  }

  async #grown(): Promise<void> {
    if (this.#persistent) await this.#save()
    for (const listener of this.#listeners) listener()
  }

  /** @returns undefined where a snapshot's directory can't judge a record: the whole one must. */
  async #replay(known: DirectoryState, records: readonly Uint8Array[]): Promise<DirectoryState | undefined> {
    if (known.base === 0) return (await loadParts()).replay(known, records, CHECKS)
    try {
      return applyRecords(known, records, CHECKS)
    } catch {
      return undefined
    }
  }

  /** @returns false where nobody has attested yet, hence nobody can begin from a snapshot. */
  async #fetchShort(): Promise<boolean> {
    try {
      const short = await fetchShortDirectory(this.#context)
      this.#begin(short)
      await this.#grow(this.#state, short.tail)
      return true
    } catch (error) {
      if (this.#short === undefined && isWardlineError(error, "ERR_NOT_FOUND")) return false
      throw error
    }
  }

  #begin(short: ShortDirectory): void {
    this.#state = applySnapshot(this.#state, short.snapshot, short.attest, CHECKS)
    this.#short = { ...short, tail: [] }
  }

  async #fetchWhole(): Promise<void> {
    if (this.#contradiction !== undefined) throw this.#contradiction
    const known = this.#state
    const { keepEvidence, replayInSteps, withoutForgottenWrap } = await loadParts()
    const { device } = this.#options
    const fetched = await fetchDirectory(this.#context, 0, device)
    const records = fetched.map((record) =>
      (device === undefined ? record : withoutForgottenWrap(record, device, this.#keptFrom)).slice(),
    )
    try {
      const whole = await replayInSteps(this.#empty(), records, CHECKS)
      checkExtends(known, whole)
      this.#state = whole
    } catch (error) {
      if (isWardlineError(error, "ERR_FORK") || isWardlineError(error, "ERR_ROLLBACK")) {
        this.#contradiction = error
        await keepEvidence(this.#storage, this.#short?.attest, records)
      }
      throw error
    }
    this.#short = undefined
    this.#unsaved = records
    this.#savedPosition = 0
    await this.#grown()
  }

  async #restore(): Promise<void> {
    const { directoryHeadKey, directoryShortKey } = this.#storage
    const stored = (await this.#storage.get(directoryHeadKey)) ?? (await this.#storage.get(directoryShortKey))
    if (stored === undefined) return
    const { loadRecords, loadShort, replay } = await loadParts()
    const records = await loadRecords(this.#storage)
    const short = records === undefined ? await loadShort(this.#storage) : undefined
    try {
      if (short !== undefined) {
        this.#begin(short)
        this.#state = applyRecords(this.#state, short.tail, CHECKS)
        this.#short = short
      } else if (records !== undefined) {
        this.#state = replay(this.#state, records.records, CHECKS)
        checkExtends(records.head, this.#state)
        this.#savedPosition = this.#state.position
      }
    } catch (cause) {
      throw new WardlineError("ERR_KEYSTORE", "the stored directory doesn't lead to the stored head", {
        cause,
      })
    }
    this.#persistent = true
    this.#isCached = true
  }

  async #save(): Promise<void> {
    const { saveRecords, saveShort } = await loadParts()
    if (this.#short !== undefined) return await saveShort(this.#storage, this.#short)
    if (this.#unsaved.length === 0) return
    const records = this.#unsaved
    const from = this.#savedPosition
    const { position, link } = this.#state
    this.#unsaved = []
    this.#savedPosition = position
    try {
      await saveRecords(this.#storage, from, records, { position, link, directoryPosition: position })
    } catch (error) {
      this.#unsaved = [...records, ...this.#unsaved]
      this.#savedPosition = from
      throw error
    }
  }
}
