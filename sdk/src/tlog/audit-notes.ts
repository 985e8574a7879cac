/** Signed roots against a log as it is read: the log's newest checkpoint, the one that its witnesses signed, and those
 * that somebody kept. */
import { equalBytes, toHex } from "../bytes.ts"
import { isWardlineError } from "../errors.ts"
import { AuditError } from "./audit-fault.ts"
import { type Cosignature, type NoteCrypto, openCheckpoint, parseCheckpoint } from "./checkpoint.ts"
import type { ClinicDirectory } from "./clinic-directory.ts"
import { EMPTY_ROOT, type RightEdge } from "./merkle.ts"
import { parseNote } from "./note.ts"

/** The notes of one clinic's log, each as text. */
export interface AuditNotes {
  /** The log's newest. */
  readonly checkpoint?: string | undefined
  /** The newest with the quorum's cosignatures. */
  readonly witnessed?: string | undefined
  /** What others kept. */
  readonly kept?: readonly string[]
}

/** A signed root that the log was found to have. */
export interface SignedRoot {
  /** Entries below the root. */
  readonly size: number
  /** Hexadecimal. */
  readonly root: string
}

export interface WitnessedRoot extends SignedRoot {
  readonly quorum: number
  readonly witnesses: readonly { readonly name: string; readonly timeSeconds: number }[]
}

export interface SignedRoots {
  checkpoint?: SignedRoot
  witnessed?: WitnessedRoot
  kept: SignedRoot[]
  /** Whether there is a key to check signatures by. */
  hasLogKey: boolean
}

/** A relay signs its first checkpoint some seconds after a policy names its key. */
const FIRST_CHECKPOINT_MS = 60_000

type Kind = "checkpoint" | "witnessed" | "kept"

interface Watched {
  readonly kind: Kind
  readonly text: string
  readonly size: number
  readonly root: Uint8Array
  /** The log's own root of that size, once it was that long. */
  actual: Uint8Array | undefined
}

const TITLES: Readonly<Record<Kind, string>> = {
  checkpoint: "the log's checkpoint",
  witnessed: "the witnessed checkpoint",
  kept: "the checkpoint that was kept",
}

export class NoteWatch {
  readonly #origin: string
  readonly #crypto: NoteCrypto
  /** In the order in which they are judged. */
  readonly #watched: readonly Watched[]
  /** Sizes still to come, the next one last. */
  readonly #sizes: number[]

  /** @throws {AuditError} ERR_MALFORMED for a text that is no checkpoint. */
  constructor(origin: string, notes: AuditNotes, crypto: NoteCrypto) {
    this.#origin = origin
    this.#crypto = crypto
    this.#watched = [
      ...(notes.checkpoint === undefined ? [] : [read("checkpoint", notes.checkpoint)]),
      ...(notes.witnessed === undefined ? [] : [read("witnessed", notes.witnessed)]),
      ...(notes.kept ?? []).map((text) => read("kept", text)),
    ]
    this.#sizes = [...new Set(this.#watched.map(({ size }) => size))].sort((a, b) => b - a)
    if (this.next === 0) this.#keep(0, EMPTY_ROOT)
  }

  /** The size at which {@link reached} wants to be told. */
  get next(): number {
    return this.#sizes.at(-1) ?? Number.POSITIVE_INFINITY
  }

  /** The log is now as long as `next` says. */
  reached(tree: RightEdge): void {
    this.#keep(tree.size, tree.root())
  }

  #keep(size: number, root: Uint8Array): void {
    this.#sizes.pop()
    for (const watched of this.#watched) if (watched.size === size) watched.actual = root
  }

  /** Judges signatures by the directory, then roots, the shortest log's first.
   * @param entries - how many the log has.
   * @param signableMs - how long a log key was named while entries came.
   * @throws {AuditError} at the first thing that is wrong. */
  judge(directory: ClinicDirectory, entries: number, signableMs: number): SignedRoots {
    const roots = this.#judgeSignatures(directory)
    if (roots.hasLogKey && roots.checkpoint === undefined && signableMs > FIRST_CHECKPOINT_MS)
      throw new AuditError("the log has no checkpoint, although the clinic's policy names a key for it")
    // Up to where entries are known to be those that others saw. What the log's key alone says of a log can't tell where
    // that key was used to sign another one.
    const sound = [0]
    const bySize = [...this.#watched].sort((a, b) => a.size - b.size)
    for (const { kind, size, root, actual } of bySize) {
      if (kind !== "kept" && !roots.hasLogKey) continue
      if (actual === undefined)
        throw new AuditError(`is missing: ${TITLES[kind]} is of ${size} entries`, { sequence: entries + 1 })
      if (!equalBytes(actual, root)) {
        const from = 1 + Math.max(...sound.filter((before) => before < size))
        throw new AuditError(
          `${TITLES[kind]} is of other entries: of ${from} to ${size}, some were changed since`,
          { from, sequence: size },
        )
      }
      if (kind === "kept" || (kind === "witnessed" && (roots.witnessed?.witnesses.length ?? 0) > 0))
        sound.push(size)
    }
    return roots
  }

  #judgeSignatures(directory: ClinicDirectory): SignedRoots {
    const { policy, logKeys } = directory
    const quorum = policy?.quorum ?? 0
    const roots: SignedRoots = { kept: [], hasLogKey: policy?.logKey !== undefined }
    for (const watched of this.#watched) {
      const { kind, size } = watched
      const root = { size, root: toHex(watched.root) }
      if (kind === "kept") {
        this.#openKept(watched, logKeys)
        roots.kept.push(root)
      } else if (policy?.logKey !== undefined) {
        const cosigned = this.#open(watched, policy.logKey, policy.witnesses)
        if (kind === "checkpoint") roots.checkpoint = root
        else roots.witnessed = { ...root, quorum, witnesses: witnessesOf(cosigned) }
      }
    }
    const count = roots.witnessed?.witnesses.length ?? 0
    if (roots.hasLogKey && count < quorum)
      throw new AuditError(
        `the clinic's policy asks for ${quorum} witnesses; of those that it names, ${count} have signed the log's tree`,
      )
    return roots
  }

  #open(
    { kind, text }: Watched,
    logKey: Uint8Array,
    witnesses: Parameters<typeof openCheckpoint>[1]["witnesses"],
  ): readonly Cosignature[] {
    try {
      return openCheckpoint(text, { ...this.#crypto, origin: this.#origin, logKey, witnesses }).cosigned
    } catch (error) {
      if (!isWardlineError(error)) throw error
      throw new AuditError(`${TITLES[kind]} doesn't hold: ${error.message}`, {}, error.code, error)
    }
  }

  /** What was kept may be old: any key that the clinic ever named may have signed it. */
  #openKept(watched: Watched, logKeys: readonly Uint8Array[]): void {
    let refused = new AuditError(`${TITLES.kept} can't be judged: no policy of the clinic names a log key`)
    for (const logKey of logKeys) {
      try {
        this.#open(watched, logKey, [])
        return
      } catch (error) {
        if (!(error instanceof AuditError)) throw error
        refused = error
      }
    }
    throw refused
  }
}

function read(kind: Kind, text: string): Watched {
  try {
    const { size, root } = parseCheckpoint(parseNote(text).body)
    return { kind, text, size, root, actual: undefined }
  } catch (error) {
    if (!isWardlineError(error)) throw error
    throw new AuditError(`${TITLES[kind]} can't be read: ${error.message}`, {}, error.code, error)
  }
}

function witnessesOf(cosigned: readonly Cosignature[]): WitnessedRoot["witnesses"] {
  return cosigned.map(({ name, timeSeconds }) => ({ name, timeSeconds }))
}
