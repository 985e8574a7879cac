/** Proofs of random leaves and of growth from random sizes, made from tiles in memory and checked. */
import { randomBytes, randomInt } from "node:crypto"
import { type Spread, spreadOf } from "../../../server/bench/statistics.ts"
import { sha256 } from "../../src/crypto/index.ts"
import {
  consistencyProof,
  cosignatureLine,
  formatCheckpoint,
  formatNote,
  formatProof,
  type Hash,
  inclusionProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../src/tlog/index.ts"
import { type LargeTree, nodeSha256 } from "./large-tree.ts"

const PROOFS = 300
const WITNESSES = 2

/** Microseconds of processor time for one. */
export interface ProofTimes {
  readonly inclusionMade: number
  readonly inclusionChecked: number
  /** With the hash that browsers use: JavaScript alone. */
  readonly inclusionCheckedByBrowser: number
  readonly consistencyMade: number
  readonly consistencyChecked: number
}

export interface ProofFigures {
  /** Hashes of a proof, from all rounds. */
  readonly inclusion: Spread
  readonly consistency: Spread
  /** A proof file of the longest proof, with two witnesses. */
  readonly fileBytes: number
  /** What one proof of inclusion reads, the median. */
  readonly tileBytes: number
  readonly rounds: readonly ProofTimes[]
}

/** @param size - of the tree whose proofs are measured: the first leaves of `tree`.
 * @throws {Error} if a proof doesn't verify. */
export async function measureProofs(tree: LargeTree, size: number, rounds: number): Promise<ProofFigures> {
  const root = await rootOf(nodeSha256, tree.readTile, size)
  const lengths = { inclusion: [] as number[], consistency: [] as number[], tileBytes: [] as number[] }
  const times: ProofTimes[] = []
  for (let round = 0; round <= rounds; round++) {
    const leaves: { index: number; proof: Uint8Array[] }[] = []
    const inclusionMade = await perItem(async () => {
      const index = randomInt(size)
      tree.bytesRead = 0
      const proof = await inclusionProof(nodeSha256, tree.readTile, size, index)
      lengths.tileBytes.push(tree.bytesRead)
      leaves.push({ index, proof })
    })
    const checkWith = (hash: Hash) => (i: number) => {
      const { index, proof } = leaves[i] as (typeof leaves)[0]
      expect(verifyInclusion(hash, { index, size, leafHash: tree.leaf(index), root, proof }))
    }
    const olds: { oldSize: number; oldRoot: Uint8Array; proof: Uint8Array[] }[] = []
    for (let i = 0; i < PROOFS; i++) {
      const oldSize = 1 + randomInt(size - 1)
      olds.push({ oldSize, oldRoot: await rootOf(nodeSha256, tree.readTile, oldSize), proof: [] })
    }
    const consistencyMade = await perItem(async (i) => {
      const old = olds[i] as (typeof olds)[0]
      old.proof = await consistencyProof(nodeSha256, tree.readTile, old.oldSize, size)
    })
    const consistencyChecked = await perItem((i) => {
      expect(verifyConsistency(nodeSha256, { ...(olds[i] as (typeof olds)[0]), size, root }))
    })
    lengths.inclusion.push(...leaves.map(({ proof }) => proof.length))
    lengths.consistency.push(...olds.map(({ proof }) => proof.length))
    const inclusionChecked = await perItem(checkWith(nodeSha256))
    const inclusionCheckedByBrowser = await perItem(checkWith(sha256))
    // In the first round compilers learn.
    if (round > 0)
      times.push({
        inclusionMade,
        inclusionChecked,
        inclusionCheckedByBrowser,
        consistencyMade,
        consistencyChecked,
      })
  }
  const inclusion = spreadOf(lengths.inclusion)
  return {
    inclusion,
    consistency: spreadOf(lengths.consistency),
    fileBytes: fileBytes(size, inclusion.max),
    tileBytes: spreadOf(lengths.tileBytes).median,
    rounds: times,
  }
}

/** Of processor time: on a busy machine the clock tells of others' work. */
async function perItem(act: (i: number) => unknown): Promise<number> {
  const start = process.cpuUsage()
  for (let i = 0; i < PROOFS; i++) await act(i)
  const { user, system } = process.cpuUsage(start)
  return (user + system) / PROOFS
}

/** Whose signatures stand in it matters to nobody here. */
function fileBytes(size: number, hashes: number): number {
  const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
  const body = formatCheckpoint({ origin: `wardline/audit/${"0".repeat(32)}`, size, root: bytes(32) })
  const lines = Array.from({ length: 1 + WITNESSES }, () =>
    cosignatureLine({
      name: `wardline/device/${"0".repeat(32)}`,
      key: bytes(32),
      hash: nodeSha256,
      timeSeconds: 1_790_000_000,
      signature: bytes(64),
    }),
  )
  return Buffer.byteLength(
    formatProof({
      entry: bytes(212),
      index: size - 1,
      proof: Array.from({ length: hashes }, () => bytes(32)),
      checkpoint: formatNote(body, lines),
    }),
  )
}

function expect(holds: boolean): void {
  if (!holds) throw new Error("a proof that doesn't verify")
}
