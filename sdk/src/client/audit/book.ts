/** What a device remembers of the clinic's audit log: the newest checkpoint that it believes. It believes a newer one only
 * once the log has shown that the newer tree begins with the older, and keeps what contradicts that. */
import { fromUtf8, toHex, utf8 } from "../../bytes.ts"
import { sha256, verify } from "../../crypto/index.ts"
import type { DirectoryState } from "../../directory/index.ts"
import { isWardlineError, WardlineError } from "../../errors.ts"
import { HASH_BYTES } from "../../ids.ts"
import {
  auditOrigin,
  EMPTY_ROOT,
  type OpenedCheckpoint,
  openCheckpoint,
  verifyConsistency,
} from "../../tlog/index.ts"
import { loadRecords } from "../directory-store.ts"
import { type ClinicStorage, decodeStored, encodeStored } from "../storage.ts"
import { type AuditRequest, fetchConsistency, fetchNote, fetchTile } from "./fetch.ts"
import { encodeLogEvidence, makeLogEvidence, verifyLogEvidence } from "./log-evidence.ts"
import { witnessDeviceName } from "./names.ts"
import type { AuditProblemKind, CheckpointInfo } from "./types.ts"

/** A checkpoint that this device took. */
export interface KnownCheckpoint {
  readonly size: number
  readonly root: Uint8Array
  /** As it came, with its signatures. */
  readonly note: string
  /** When this device first saw it, milliseconds since 1970. */
  readonly seenMs: number
}

const NO_CHECKPOINT: Pick<KnownCheckpoint, "size" | "root"> = { size: 0, root: EMPTY_ROOT }
const MAX_STORED_NOTE_BYTES = 1024 * 1024

export interface AuditBookHost {
  readonly storage: ClinicStorage
  readonly directory: { readonly state: DirectoryState }
  readonly relay: URL
  readonly now: () => number
}

/** What the clinic's log came to. */
export interface LogState {
  /** Undefined while there is none that the policy's quorum of witnesses signed. */
  readonly checkpoint: KnownCheckpoint | undefined
  readonly info: CheckpointInfo | undefined
  readonly problem: Extract<AuditProblemKind, `log-${string}` | "checkpoint-refused"> | undefined
}

const books = new WeakMap<ClinicStorage, AuditBook>()

/** One for each client, so that two views of one log aren't held against different memories. */
export function auditBookOf(host: AuditBookHost): AuditBook {
  const known = books.get(host.storage)
  if (known !== undefined) return known
  const book = new AuditBook(host)
  books.set(host.storage, book)
  return book
}

export class AuditBook {
  readonly #host: AuditBookHost
  #work: Promise<unknown> = Promise.resolve()
  #evidence: Uint8Array | undefined
  /** Whether the evidence is of a fork: then it stays for good. */
  #isForked = false

  constructor(host: AuditBookHost) {
    this.#host = host
  }

  /** A file that shows others that the log has two histories, or that it didn't explain itself; see `verifyLogEvidence`.
   * @throws {WardlineError} ERR_KEYSTORE, ERR_LOCKED */
  async evidence(): Promise<Uint8Array | undefined> {
    const { storage } = this.#host
    this.#evidence ??= await storage.get(storage.auditKey("evidence"))
    return this.#evidence
  }

  /** Whether there is evidence that the log has two histories. */
  get isForked(): boolean {
    return this.#isForked
  }

  /** Fetches the newest witnessed checkpoint, and believes it if it continues the one that this device knows.
   * @throws {WardlineError} ERR_OFFLINE and other retryable failures; ERR_KEYSTORE, ERR_LOCKED, ERR_ABORTED. */
  update(signal: AbortSignal | undefined): Promise<LogState> {
    return this.alone(() => this.#update(signal))
  }

  /** One at a time: two would each begin from what the other is about to change. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => {})
    return done
  }

  async load(part: "witnessed" | "cosigned"): Promise<KnownCheckpoint | undefined> {
    const { storage } = this.#host
    const stored = await storage.get(storage.auditKey(part))
    if (stored === undefined) return undefined
    return decodeStored(stored, (r) => ({
      size: r.u64(),
      root: r.bytes(HASH_BYTES),
      seenMs: r.u64(),
      note: fromUtf8(r.lp32(MAX_STORED_NOTE_BYTES)),
    }))
  }

  async save(part: "witnessed" | "cosigned", checkpoint: KnownCheckpoint): Promise<void> {
    const { size, root, seenMs, note } = checkpoint
    const { storage } = this.#host
    await storage.set({
      [storage.auditKey(part)]: encodeStored((w) => w.u64(size).bytes(root).u64(seenMs).lp32(utf8(note))),
    })
  }

  /** @throws {WardlineError} ERR_SIGNATURE, ERR_MALFORMED, ERR_TOO_LARGE; ERR_CONFIG while the policy names no log key. */
  open(note: string): OpenedCheckpoint {
    const { clinicId, policy } = this.#host.directory.state
    if (policy?.logKey === undefined)
      throw new WardlineError("ERR_CONFIG", "the clinic's policy names no log key")
    const { logKey, witnesses } = policy
    return openCheckpoint(note, { origin: auditOrigin(clinicId), logKey, witnesses, hash: sha256, verify })
  }

  request(signal: AbortSignal | undefined): AuditRequest {
    return { relay: this.#host.relay, clinicId: this.#host.directory.state.clinicId, signal }
  }

  async #update(signal: AbortSignal | undefined): Promise<LogState> {
    const known = await this.load("witnessed")
    const evidence = await this.evidence()
    this.#isForked ||= evidence !== undefined && isFork(evidence)
    if (this.#host.directory.state.policy?.logKey === undefined)
      return { checkpoint: undefined, info: undefined, problem: this.#isForked ? "log-forked" : undefined }
    const shown = await this.#fetch(signal)
    if (shown === undefined) return this.#stateOf(known, undefined)
    if (shown === "refused") return this.#stateOf(known, "checkpoint-refused")
    const problem = await this.#compare(known, shown, signal)
    return problem === undefined ? this.#stateOf(shown, undefined) : this.#stateOf(known, problem)
  }

  /** @returns undefined where the log has none that is witnessed yet. */
  async #fetch(signal: AbortSignal | undefined): Promise<KnownCheckpoint | "refused" | undefined> {
    try {
      const note = await fetchNote(this.request(signal), "witnessed")
      const opened = this.open(note)
      if (!this.#hasQuorum(opened)) return "refused"
      return { size: opened.size, root: opened.root, note, seenMs: this.#host.now() }
    } catch (error) {
      if (!isWardlineError(error)) throw error
      if (error.code === "ERR_NOT_FOUND") return undefined
      if (["ERR_SIGNATURE", "ERR_MALFORMED", "ERR_TOO_LARGE"].includes(error.code)) return "refused"
      throw error
    }
  }

  /** Holds a checkpoint against the one that is known, and remembers it if it continues that.
   * @returns what is wrong with it. */
  async #compare(
    known: KnownCheckpoint | undefined,
    shown: KnownCheckpoint,
    signal: AbortSignal | undefined,
  ): Promise<LogState["problem"]> {
    const { size, root } = known ?? NO_CHECKPOINT
    if (shown.size < size) return "log-older"
    if (!(await this.continues({ size, root }, shown, signal))) {
      await this.contradicted(known, shown.note, signal)
      return this.#isForked ? "log-forked" : "log-unexplained"
    }
    // The same checkpoint may have come with more cosignatures.
    const seenMs = known !== undefined && shown.size === size ? known.seenMs : shown.seenMs
    await this.save("witnessed", { ...shown, seenMs })
    return undefined
  }

  /** Whether the log shows that its tree began as the one that is known.
   * @throws {WardlineError} where it can't be asked now. */
  async continues(
    known: Pick<KnownCheckpoint, "size" | "root">,
    shown: Pick<KnownCheckpoint, "size" | "root">,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const proof = await this.consistency(known.size, shown.size, signal)
    return (
      proof !== undefined &&
      verifyConsistency(sha256, {
        oldSize: known.size,
        oldRoot: known.root,
        size: shown.size,
        root: shown.root,
        proof,
      })
    )
  }

  /** @returns undefined if the log won't say.
   * @throws {WardlineError} where it can't be asked now. */
  async consistency(
    from: number,
    to: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array[] | undefined> {
    if (from === 0 || from === to) return []
    return await unlessRefused(() => fetchConsistency(this.request(signal), from, to))
  }

  /** Keeps two checkpoints that contradict each other; what proves that stays for good. */
  async contradicted(
    known: Pick<KnownCheckpoint, "note"> | undefined,
    note: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (known === undefined || this.#isForked) return
    const { storage, directory } = this.#host
    const stored = await loadRecords(storage)
    const request = this.request(signal)
    const parts = await makeLogEvidence({
      clinicKey: directory.state.rootKey,
      notes: [known.note, note],
      readTile: (...tile) => fetchTile(request, ...tile),
      directory: stored?.records ?? [],
    })
    const evidence = encodeLogEvidence(parts)
    this.#isForked = isFork(evidence)
    this.#evidence = evidence
    await storage.set({ [storage.auditKey("evidence")]: evidence })
  }

  #hasQuorum({ cosigned }: OpenedCheckpoint): boolean {
    return cosigned.length >= (this.#host.directory.state.policy?.quorum ?? 0)
  }

  #stateOf(known: KnownCheckpoint | undefined, problem: LogState["problem"]): LogState {
    const info = known && this.#describe(known)
    // Such as one of before the clinic demanded more witnesses.
    const checkpoint = info === undefined ? undefined : known
    return { checkpoint, info, problem: this.#isForked ? "log-forked" : problem }
  }

  #describe({ note, seenMs }: KnownCheckpoint): CheckpointInfo | undefined {
    const { state } = this.#host.directory
    let opened: OpenedCheckpoint
    try {
      opened = this.open(note)
    } catch (error) {
      if (isWardlineError(error)) return undefined
      throw error
    }
    if (!this.#hasQuorum(opened)) return undefined
    const quorum = state.policy?.quorum ?? 0
    const times = opened.cosigned.map(({ timeSeconds }) => timeSeconds * 1000).sort((a, b) => a - b)
    const witnesses = opened.cosigned.map(({ name, timeSeconds }) => {
      const deviceName = witnessDeviceName(state, name)
      return { name, at: timeSeconds * 1000, ...(deviceName === undefined ? {} : { deviceName }) }
    })
    return {
      size: opened.size,
      root: toHex(opened.root),
      at: quorum === 0 ? seenMs : (times[quorum - 1] as number),
      witnesses,
      quorum,
    }
  }
}

/** @returns undefined where the log refuses for good, or answers what nobody can read.
 * @throws {WardlineError} where it may answer later. */
async function unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!isWardlineError(error) || error.retryable || error.code === "ERR_ABORTED") throw error
    return undefined
  }
}

/** Not of one by a log key that isn't the clinic's any more: nobody else could make anything of it. */
function isFork(evidence: Uint8Array): boolean {
  try {
    return verifyLogEvidence(evidence).proves === "fork"
  } catch (error) {
    if (isWardlineError(error)) return false
    throw error
  }
}
