/** Trees, keys and signed checkpoints for tests, and RFC 6962's definitions written as they stand there, which the
 * sources must agree with. */
import { createHash, createPrivateKey, createPublicKey, sign, verify as verifyByNode } from "node:crypto"
import { concat, fromHex, utf8 } from "../../src/bytes.ts"
import {
  checkpointLine,
  cosignatureLine,
  cosignatureMessage,
  EMPTY_ROOT,
  formatCheckpoint,
  formatNote,
  type Hash,
  perfectRoot,
  type ReadTile,
  RightEdge,
  type VerifyEd25519,
} from "../../src/tlog/index.ts"

export const hash: Hash = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest())

export const verify: VerifyEd25519 = (publicKey, message, signature) => {
  const der = concat(fromHex("302a300506032b6570032100"), publicKey)
  const key = createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" })
  return verifyByNode(null, message, key, signature)
}

/** Somebody who signs, with the same key for the same seed. */
export class Signer {
  readonly key: Uint8Array
  readonly #private: ReturnType<typeof createPrivateKey>

  constructor(seed: string) {
    const der = concat(fromHex("302e020100300506032b657004220420"), hash(utf8(seed)))
    this.#private = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" })
    this.key = new Uint8Array(
      createPublicKey(this.#private).export({ format: "der", type: "spki" }).subarray(-32),
    )
  }

  sign(message: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, message, this.#private))
  }
}

/** A log's note for a tree. */
export function signCheckpoint(
  log: Signer,
  checkpoint: { origin: string; size: number; root: Uint8Array },
  cosigners: readonly { name: string; signer: Signer; timeSeconds: number }[] = [],
): string {
  const body = formatCheckpoint(checkpoint)
  const line = checkpointLine({
    origin: checkpoint.origin,
    key: log.key,
    hash,
    signature: log.sign(utf8(body)),
  })
  return formatNote(body, [line, ...cosigners.map((cosigner) => cosign(body, cosigner))])
}

export function cosign(
  body: string,
  { name, signer, timeSeconds }: { name: string; signer: Signer; timeSeconds: number },
): string {
  const signature = signer.sign(cosignatureMessage(body, timeSeconds))
  return cosignatureLine({ name, key: signer.key, hash, timeSeconds, signature })
}

/** A tree in memory, with the tiles that a log would store. */
export class MemoryTree {
  readonly leaves: Uint8Array[] = []
  /** roots[n] is that of the first n leaves. */
  readonly roots: Uint8Array[] = [EMPTY_ROOT]
  readonly #levels: Uint8Array[][] = [[]]
  readonly #edge = new RightEdge(hash)

  constructor(leaves: Iterable<Uint8Array> = []) {
    for (const leaf of leaves) this.append(leaf)
  }

  static of(size: number): MemoryTree {
    return new MemoryTree(Array.from({ length: size }, (_, i) => leafAt(i)))
  }

  get size(): number {
    return this.leaves.length
  }

  get root(): Uint8Array {
    return this.#edge.root()
  }

  append(leaf: Uint8Array): void {
    this.leaves.push(leaf)
    this.#edge.append(leaf)
    this.roots.push(this.#edge.root())
    this.#push(0, leaf)
  }

  #push(level: number, node: Uint8Array): void {
    const row = this.#levels[level] ?? []
    this.#levels[level] = row
    row.push(node)
    if (row.length % 256 === 0) this.#push(level + 1, perfectRoot(hash, concat(...row.slice(-256))))
  }

  readonly readTile: ReadTile = (level, index, width) =>
    concat(...(this.#levels[level] ?? []).slice(index * 256, index * 256 + width))
}

export function leafAt(index: number): Uint8Array {
  return hash(utf8(`leaf ${index}`))
}

const node = (left: Uint8Array, right: Uint8Array): Uint8Array => hash(concat(Uint8Array.of(1), left, right))

/** The largest power of two smaller than n. */
function k(n: number): number {
  return 2 ** (Math.ceil(Math.log2(n)) - 1)
}

/** RFC 6962, 2.1: MTH(D[n]), over leaf hashes. */
export function mth(d: readonly Uint8Array[]): Uint8Array {
  if (d.length === 0) return hash(new Uint8Array())
  if (d.length === 1) return d[0] as Uint8Array
  return node(mth(d.slice(0, k(d.length))), mth(d.slice(k(d.length))))
}

/** RFC 6962, 2.1.1: PATH(m, D[n]). */
export function path(m: number, d: readonly Uint8Array[]): Uint8Array[] {
  if (d.length === 1) return []
  const half = k(d.length)
  if (m < half) return [...path(m, d.slice(0, half)), mth(d.slice(half))]
  return [...path(m - half, d.slice(half)), mth(d.slice(0, half))]
}

/** RFC 6962, 2.1.2: PROOF(m, D[n]) for 0 < m < n. */
export function proof(m: number, d: readonly Uint8Array[]): Uint8Array[] {
  return subproof(m, d, true)
}

function subproof(m: number, d: readonly Uint8Array[], b: boolean): Uint8Array[] {
  if (m === d.length) return b ? [] : [mth(d)]
  const half = k(d.length)
  if (m <= half) return [...subproof(m, d.slice(0, half), b), mth(d.slice(half))]
  return [...subproof(m - half, d.slice(half), false), mth(d.slice(0, half))]
}

/** A tree of any size whose leaves are all alike, without holding them: its perfect subtrees are, too. */
export class UniformTree {
  /** perfect[h] is the root over 2^h leaves. */
  readonly #perfect: Uint8Array[]

  constructor(leaf: Uint8Array) {
    this.#perfect = [leaf]
    for (let h = 0; h < 53; h++) this.#perfect.push(node(this.#at(h), this.#at(h)))
  }

  #at(height: number): Uint8Array {
    return this.#perfect[height] as Uint8Array
  }

  get leaf(): Uint8Array {
    return this.#at(0)
  }

  readonly readTile: ReadTile = (level, _index, width) =>
    concat(...Array.from({ length: width }, () => this.#at(8 * level)))

  /** The hashes of a right edge of that many leaves. */
  edge(size: number): Uint8Array[] {
    const hashes: Uint8Array[] = []
    for (let h = 0, rest = size; rest > 0; h++, rest = Math.floor(rest / 2))
      if (rest % 2 === 1) hashes.unshift(this.#at(h))
    return hashes
  }
}
