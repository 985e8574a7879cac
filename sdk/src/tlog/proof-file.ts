/** Proofs as files (c2sp.org/tlog-proof): an entry, its place, the way up to the root, and the checkpoint with its
 * cosignatures. Whoever has the clinic's log key and its witnesses checks it years later, offline. */
import { WardlineError } from "../errors.ts"
import { fromBase64, toBase64 } from "./base64.ts"
import {
  type NoteCrypto,
  type OpenedCheckpoint,
  openCheckpoint,
  parseDecimal,
  type Witness,
} from "./checkpoint.ts"
import { type AuditEntry, decodeEntry, entryHash } from "./entry.ts"
import { MAX_PROOF_HASHES, verifyInclusion } from "./merkle.ts"

const FIRST_LINE = "c2sp.org/tlog-proof@v1"

export interface LogProof {
  /** The entry's bytes, in the file as `extra`. */
  readonly entry: Uint8Array
  /** Of its leaf, from 0: sequence − 1. */
  readonly index: number
  /** Hashes from the leaf's sibling up. */
  readonly proof: readonly Uint8Array[]
  /** A signed note, verbatim. */
  readonly checkpoint: string
}

/** A proof file's text; by custom its name ends in `.tlog-proof`. */
export function formatProof({ entry, index, proof, checkpoint }: LogProof): string {
  const hashes = proof.map((hash) => `${toBase64(hash)}\n`).join("")
  return `${FIRST_LINE}\nextra ${toBase64(entry)}\nindex ${index}\n${hashes}\n${checkpoint}`
}

/** Takes a proof file apart; checks nothing of what it says.
 * @throws {WardlineError} ERR_MALFORMED; ERR_UNSUPPORTED for another format's first line. */
export function parseProof(text: string): LogProof {
  const gap = text.indexOf("\n\n")
  const [first, extra, index, ...hashes] = text.slice(0, Math.max(gap, 0)).split("\n")
  if (first !== FIRST_LINE)
    throw new WardlineError("ERR_UNSUPPORTED", `the file doesn't begin with ${FIRST_LINE}`)
  if (!extra?.startsWith("extra ") || !index?.startsWith("index ") || hashes.length > MAX_PROOF_HASHES)
    throw new WardlineError(
      "ERR_MALFORMED",
      "a proof of an audit entry has an extra line, an index line and hashes",
    )
  return {
    entry: fromBase64(extra.slice("extra ".length)),
    index: parseDecimal(index.slice("index ".length)),
    proof: hashes.map(fromBase64),
    checkpoint: text.slice(gap + 2),
  }
}

/** Checks a proof: the log signed the checkpoint, enough witnesses cosigned it, and the entry is in its tree at the place
 * that its sequence says.
 * @param trusted - `quorum`: how many of the witnesses must have cosigned.
 * @throws {WardlineError} ERR_SIGNATURE; ERR_FORK if the entry isn't in the tree; what {@link parseProof} and
 * decodeEntry throw. */
export function verifyProof(
  text: string,
  trusted: NoteCrypto & {
    readonly origin: string
    readonly logKey: Uint8Array
    readonly witnesses: readonly Witness[]
    readonly quorum: number
  },
): { entry: AuditEntry; checkpoint: OpenedCheckpoint } {
  const { entry: bytes, index, proof, checkpoint: note } = parseProof(text)
  const checkpoint = openCheckpoint(note, trusted)
  if (checkpoint.cosigned.length < trusted.quorum)
    throw new WardlineError(
      "ERR_SIGNATURE",
      `${count(checkpoint.cosigned.length)} cosigned the checkpoint, ${trusted.quorum} must have`,
    )
  const entry = decodeEntry(bytes)
  const { size, root } = checkpoint
  const leafHash = entryHash(trusted.hash, bytes)
  if (!verifyInclusion(trusted.hash, { index, size, leafHash, root, proof }))
    throw new WardlineError("ERR_FORK", "the entry isn't in the checkpoint's tree")
  if (entry.sequence !== index + 1)
    throw new WardlineError("ERR_FORK", "the entry's sequence isn't its place in the tree")
  return { entry, checkpoint }
}

function count(witnesses: number): string {
  return `${witnesses} witness${witnesses === 1 ? "" : "es"}`
}
