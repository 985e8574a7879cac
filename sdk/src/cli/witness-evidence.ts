/** What a witness keeps of a log that contradicts itself: a file for each contradiction, that a third person can check
 * (docs/evidence.md). */
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { fromHex, toHex } from "../bytes.ts"
import { encodeLogEvidence, makeLogEvidence } from "../client/audit/log-evidence.ts"
import { isWardlineError } from "../errors.ts"
import { parseCheckpoint, parseNote, type ReadTile } from "../tlog/index.ts"
import { reason, writeNewFile } from "./files.ts"
import type { Contradiction } from "./witness.ts"

/** A relay that makes forks without end would fill the disk; a few show all that there is to show. */
const MAX_PROOFS = 50
/** Anybody can bring a note that the log has signed with a wrong proof. They don't take the proofs' places. */
const MAX_UNEXPLAINED = 10
const UNEXPLAINED = "-unexplained.json"

export interface EvidenceSource {
  /** 64 hexadecimal characters. */
  readonly clinicKey: string
  /** The clinic's directory as far as the witness has it; empty if it doesn't. */
  readonly directory: readonly Uint8Array[]
  /** The relay's tiles, where there is a relay to ask. */
  readonly readTile: ReadTile | undefined
}

export interface KeptEvidence {
  /** Undefined if there are enough of its kind already, or if it can't be kept. */
  readonly path: string | undefined
  /** Why it can't be kept. */
  readonly problem?: string
  /** Whether the file is a proof; otherwise it is a reason to ask. */
  readonly isProof: boolean
  readonly isNew: boolean
}

/** Writes the file, unless it is there.
 * @returns undefined if the relay's tiles show that the two are of one log: then only the proof was wrong. */
export async function keepContradiction(
  folder: string,
  { known, shown }: Contradiction,
  source: EvidenceSource,
): Promise<KeptEvidence | undefined> {
  const evidence = await makeLogEvidence({
    clinicKey: fromHex(source.clinicKey),
    notes: [known.note, shown.note],
    readTile: source.readTile,
    directory: source.directory,
  })
  const { bridge } = evidence
  const trees = evidence.notes.map((note) => parseCheckpoint(parseNote(note).body))
  const isOneSize = trees[0]?.size === trees[1]?.size
  if (!isOneSize && bridge?.root === toHex(trees[0]?.root ?? new Uint8Array())) return undefined
  const isProof = isOneSize || bridge !== null
  const name = `${trees.map(({ size, root }) => `${size}-${toHex(root).slice(0, 8)}`).join("-")}${isProof ? ".json" : UNEXPLAINED}`
  const path = join(folder, name)
  try {
    const files = await readdir(folder)
    if (files.includes(name)) return { path, isProof, isNew: false }
    const unexplained = files.filter((file) => file.endsWith(UNEXPLAINED)).length
    const isFull = isProof ? files.length - unexplained >= MAX_PROOFS : unexplained >= MAX_UNEXPLAINED
    if (isFull) return { path: undefined, isProof, isNew: false }
    await writeNewFile(path, encodeLogEvidence(evidence))
    return { path, isProof, isNew: true }
  } catch (error) {
    // Such as a full disk: whoever watches must hear of the contradiction all the same.
    const problem = isWardlineError(error) ? error.message : `${folder} can't be read (${reason(error)})`
    return { path: undefined, problem, isProof, isNew: false }
  }
}
