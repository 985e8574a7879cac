/** What a witness keeps of a log that contradicts itself: a file for each contradiction, that a third person can check
 * (docs/evidence.md). */
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { toHex } from "../bytes.ts"
import { encodeLogEvidence, LOG_EVIDENCE_FORMAT, type LogEvidence } from "../client/audit/log-evidence.ts"
import { isWardlineError } from "../errors.ts"
import { decodePolicy, decodeRecord, recordPart } from "../protocol/index.ts"
import {
  consistencyProof,
  parseCheckpoint,
  parseNote,
  type ReadTile,
  rootOf,
  verifyConsistency,
} from "../tlog/index.ts"
import { writeNewFile } from "./files.ts"
import { type Contradiction, WITNESS_CRYPTO } from "./witness.ts"

/** A relay that makes forks without end would fill the disk; a few show all that there is to show. */
const MAX_FILES = 50

export interface EvidenceSource {
  /** 64 hexadecimal characters. */
  readonly clinicKey: string
  /** The clinic's directory as far as the witness has it; empty if it doesn't. */
  readonly directory: readonly Uint8Array[]
  /** The relay's tiles, where there is a relay to ask. */
  readonly readTile: ReadTile | undefined
}

export interface KeptEvidence {
  /** Undefined if there are enough of its kind already. */
  readonly path: string | undefined
  /** Whether the file is a proof; otherwise it is a reason to ask. */
  readonly isProof: boolean
  readonly isNew: boolean
}

/** Writes the file, unless it is there.
 * @throws {WardlineError} ERR_CONFIG if it can't be written. */
export async function keepContradiction(
  folder: string,
  { known, shown }: Contradiction,
  source: EvidenceSource,
): Promise<KeptEvidence> {
  const [smaller, larger] = [readTree(known.note), readTree(shown.note)].sort((a, b) => a.size - b.size) as [
    Tree,
    Tree,
  ]
  const bridge = await bridgeOf(smaller, larger, source.readTile)
  const isProof = smaller.size === larger.size || (bridge !== null && toHex(smaller.root) !== bridge.root)
  const files = await readdir(folder)
  const name = `${[smaller, larger].map(({ size, root }) => `${size}-${toHex(root).slice(0, 8)}`).join("-")}${isProof ? "" : "-unexplained"}.json`
  const path = join(folder, name)
  if (files.includes(name)) return { path, isProof, isNew: false }
  if (files.length >= MAX_FILES) return { path: undefined, isProof, isNew: false }
  const evidence: LogEvidence = {
    format: LOG_EVIDENCE_FORMAT,
    clinicKey: source.clinicKey,
    notes: [smaller.note, larger.note],
    bridge,
    directory: source.directory.filter(isCertificate).map((record) => toHex(recordPart(record))),
  }
  await writeNewFile(path, encodeLogEvidence(evidence))
  return { path, isProof, isNew: true }
}

interface Tree {
  readonly note: string
  readonly size: number
  readonly root: Uint8Array
}

const readTree = (note: string): Tree => ({ note, ...parseCheckpoint(parseNote(note).body) })

/** What the larger tree began with, by the relay's own tiles; null if they don't say. */
async function bridgeOf(
  smaller: Tree,
  { size, root }: Tree,
  readTile: ReadTile | undefined,
): Promise<LogEvidence["bridge"]> {
  const oldSize = smaller.size
  if (readTile === undefined || oldSize === size || oldSize === 0) return null
  const { hash } = WITNESS_CRYPTO
  try {
    const [oldRoot, proof] = await Promise.all([
      rootOf(hash, readTile, oldSize),
      consistencyProof(hash, readTile, oldSize, size),
    ])
    if (!verifyConsistency(hash, { oldSize, oldRoot, size, root, proof })) return null
    return { root: toHex(oldRoot), proof: proof.map(toHex) }
  } catch (error) {
    // A relay that gives wrong tiles, or none, is no reason to lose the two notes.
    if (isWardlineError(error)) return null
    throw error
  }
}

/** Of administrators and policies: by these anybody sees whose the log's key is. */
function isCertificate(bytes: Uint8Array): boolean {
  const { type, body } = decodeRecord(bytes)
  return type === "admin-add" || (type === "policy" && decodePolicy(body).logKey !== undefined)
}
