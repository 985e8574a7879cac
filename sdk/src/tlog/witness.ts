/** A witness's part (c2sp.org/tlog-witness): it takes a checkpoint only if the log's key signed it and if it continues the
 * last one that it took. Pure: the caller keeps the state and signs. */
import { equalBytes } from "../bytes.ts"
import { type ErrorCode, WardlineError } from "../errors.ts"
import { fromBase64, toBase64 } from "./base64.ts"
import {
  type NoteCrypto,
  type OpenedCheckpoint,
  parseCheckpoint,
  parseDecimal,
  verifyLogSignature,
} from "./checkpoint.ts"
import { EMPTY_ROOT, MAX_PROOF_HASHES, verifyConsistency } from "./merkle.ts"
import { parseNote } from "./note.ts"

/** What a witness answers to a checkpoint that it won't cosign; `status` is HTTP's. */
export class WitnessRefusal extends WardlineError {
  readonly status: 400 | 403 | 404 | 409 | 422
  /** With 409 for a wrong old size: the size that the witness has; the body of the answer. */
  readonly size: number | undefined

  constructor(status: WitnessRefusal["status"], code: ErrorCode, message: string, size?: number) {
    super(code, message)
    this.status = status
    this.size = size
  }
}

/** The largest tree of a log that a witness has cosigned. */
export interface WitnessedTree {
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** The body of a POST to `<submission prefix>/add-checkpoint`. */
export interface AddCheckpoint {
  /** Of the tree that the log believes the witness has; 0 if none. */
  readonly oldSize: number
  /** From that tree to the checkpoint's, 32 bytes each; empty from size 0. */
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint. */
  readonly note: string
}

/** Judges a checkpoint. The caller persists the result and only then cosigns its body; both, from reading `known` on, as
 * one step for each log, or of two requests at once the smaller tree would be the last.
 * @param known - what was persisted last; undefined if nothing.
 * @param log - the log that has the checkpoint's origin; undefined if none is known.
 * @returns the tree to persist, and the body to cosign.
 * @throws {WitnessRefusal} ERR_MALFORMED 400, ERR_SIGNATURE 403, ERR_NOT_FOUND 404, ERR_CONFLICT 409 (another old size),
 * ERR_FORK 409 (one size, two roots) or 422 (no consistency). After ERR_FORK with a valid signature, keep the note: it
 * and the last one cosigned are what shows that the log has two histories. */
export function addCheckpoint(
  known: WitnessedTree | undefined,
  log: { readonly origin: string; readonly key: Uint8Array } | undefined,
  request: AddCheckpoint,
  crypto: NoteCrypto,
): Omit<OpenedCheckpoint, "cosigned"> {
  const note = wellFormed(() => parseNote(request.note))
  const checkpoint = wellFormed(() => parseCheckpoint(note.body))
  if (log === undefined || checkpoint.origin !== log.origin)
    throw new WitnessRefusal(404, "ERR_NOT_FOUND", "this witness doesn't know the log")
  try {
    verifyLogSignature(note, log, crypto)
  } catch {
    throw new WitnessRefusal(403, "ERR_SIGNATURE", "the checkpoint isn't signed by the log's key")
  }
  if (request.oldSize > checkpoint.size)
    throw new WitnessRefusal(400, "ERR_MALFORMED", "the old size is over the checkpoint's")
  const last = known ?? { size: 0, root: EMPTY_ROOT }
  if (request.oldSize !== last.size)
    throw new WitnessRefusal(409, "ERR_CONFLICT", `the last tree has size ${last.size}`, last.size)
  if (checkpoint.size === known?.size && !equalBytes(checkpoint.root, known.root))
    throw new WitnessRefusal(
      409,
      "ERR_FORK",
      "the log has another root for the size of the last tree",
      last.size,
    )
  const isConsistent = verifyConsistency(crypto.hash, {
    oldSize: last.size,
    oldRoot: last.root,
    size: checkpoint.size,
    root: checkpoint.root,
    proof: request.proof,
  })
  if (!isConsistent)
    throw new WitnessRefusal(422, "ERR_FORK", "the tree isn't shown to continue the last one")
  return { ...checkpoint, body: note.body }
}

/** Encodes the body of an add-checkpoint request. */
export function encodeAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  return `old ${oldSize}\n${proof.map((hash) => `${toBase64(hash)}\n`).join("")}\n${note}`
}

/** Parses it; the proof's hashes and the note as far as lines go.
 * @throws {WitnessRefusal} ERR_MALFORMED, 400. */
export function parseAddCheckpoint(text: string): AddCheckpoint {
  const gap = text.indexOf("\n\n")
  const [old, ...hashes] = text.slice(0, Math.max(gap, 0)).split("\n")
  if (!old?.startsWith("old ") || hashes.length > MAX_PROOF_HASHES)
    throw new WitnessRefusal(400, "ERR_MALFORMED", "it has a line with the old size, then at most 63 hashes")
  return wellFormed(() => ({
    oldSize: parseDecimal(old.slice("old ".length)),
    proof: hashes.map(fromBase64),
    note: text.slice(gap + 2),
  }))
}

function wellFormed<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof WardlineError)) throw error
    throw new WitnessRefusal(400, "ERR_MALFORMED", error.message)
  }
}
