/** The Merkle tree of RFC 6962, section 2.1, over leaf hashes: its inner hashes, its growth, and the check of proofs.
 * Sizes and indices are whole numbers up to 2^53 - 1, so they are halved, never shifted: shifts know 32 bits. */
import { assertLength, equalBytes, fromHex } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { HASH_BYTES } from "../ids.ts"
import type { Hash } from "./entry.ts"

/** The root of the tree without leaves: SHA-256 of nothing. Not to be modified. */
export const EMPTY_ROOT: Uint8Array = fromHex(
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)

/** More than any proof has in a tree of 2^53 leaves; the limit of c2sp.org/tlog-witness. */
export const MAX_PROOF_HASHES = 63

/** 0x01, then two hashes: one buffer for all. */
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES).fill(1, 0, 1)

/** H(0x01 ‖ left ‖ right): the hash of an inner node.
 * @throws {WardlineError} ERR_MALFORMED unless both are 32 bytes. */
export function nodeHash(hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array {
  assertLength(left, HASH_BYTES, "hash")
  assertLength(right, HASH_BYTES, "hash")
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + HASH_BYTES)
  return hash(nodeInput)
}

export interface InclusionClaim {
  /** Of the leaf, from 0; for audit entries sequence − 1. */
  readonly index: number
  /** Leaves in the tree. */
  readonly size: number
  readonly leafHash: Uint8Array
  readonly root: Uint8Array
  /** Hashes from the leaf's sibling up. */
  readonly proof: readonly Uint8Array[]
}

/** Whether the proof shows that the tree with this size and root has that leaf at that index (RFC 9162, 2.1.3.2). */
export function verifyInclusion(hash: Hash, claim: InclusionClaim): boolean {
  const { index, size, leafHash, root, proof } = claim
  if (!areHashes([leafHash, root, ...proof]) || !isCount(index) || !isCount(size) || index >= size)
    return false
  const path = new Path(index, size)
  let node = leafHash
  for (const sibling of proof) {
    if (path.done) return false
    node = path.up() === "left" ? nodeHash(hash, sibling, node) : nodeHash(hash, node, sibling)
  }
  return path.done && equalBytes(node, root)
}

export interface ConsistencyClaim {
  readonly oldSize: number
  readonly oldRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Whether the proof shows that the newer tree begins with the older tree's leaves (RFC 9162, 2.1.4.2). Every tree
 * begins with the empty one; then, and for two trees of one size, the proof is empty. */
export function verifyConsistency(hash: Hash, claim: ConsistencyClaim): boolean {
  const { oldSize, oldRoot, size, root, proof } = claim
  if (!areHashes([oldRoot, root, ...proof]) || !isCount(oldSize) || !isCount(size) || oldSize > size)
    return false
  if (oldSize === 0 && !equalBytes(oldRoot, EMPTY_ROOT)) return false
  if (oldSize === size) return proof.length === 0 && equalBytes(oldRoot, root)
  if (oldSize === 0) return proof.length === 0
  const path = new Path(oldSize - 1, size)
  path.skipRightEdges()
  // The older tree's last perfect subtree; where it is the whole tree, its hash is known and not sent.
  const nodes = path.atStart ? [oldRoot, ...proof] : proof
  const [first, ...siblings] = nodes
  if (first === undefined) return false
  let old = first
  let node = first
  for (const sibling of siblings) {
    if (path.done) return false
    if (path.up() === "left") {
      old = nodeHash(hash, sibling, old)
      node = nodeHash(hash, sibling, node)
    } else {
      node = nodeHash(hash, node, sibling)
    }
  }
  return path.done && equalBytes(old, oldRoot) && equalBytes(node, root)
}

/** The way from a node to the root: `#at` is its index on its level, `#last` that of the level's last node. */
class Path {
  #at: number
  #last: number

  constructor(index: number, size: number) {
    this.#at = index
    this.#last = size - 1
  }

  /** Whether this is the root. */
  get done(): boolean {
    return this.#last === 0
  }

  get atStart(): boolean {
    return this.#at === 0
  }

  #halve(): void {
    this.#at = Math.floor(this.#at / 2)
    this.#last = Math.floor(this.#last / 2)
  }

  /** Climbs while the node is a right child: to the root of the largest perfect subtree that ends here. */
  skipRightEdges(): void {
    while (this.#at % 2 === 1) this.#halve()
  }

  /** Climbs to the next node that has a sibling's hash in it, and says on which side the sibling is. */
  up(): "left" | "right" {
    if (this.#at % 2 === 0 && this.#at < this.#last) {
      this.#halve()
      return "right"
    }
    // A level's last node without a sibling stands for itself one level up.
    while (this.#at % 2 === 0 && this.#at > 0) this.#halve()
    this.#halve()
    return "left"
  }
}

/** A tree's right edge: the roots of the perfect subtrees that its leaves fall into, largest first. All that a tree
 * needs to grow; at most 53 hashes. */
export class RightEdge {
  readonly #hash: Hash
  readonly #hashes: Uint8Array[]
  #size: number

  /** Goes on from an edge of `size` leaves, or from the empty tree.
   * @param hashes - 32 bytes each, as {@link RightEdge.hashes} gave them; not modified.
   * @throws {WardlineError} ERR_MALFORMED unless there are as many hashes as a tree of this size has. */
  constructor(hash: Hash, size = 0, hashes: readonly Uint8Array[] = []) {
    if (!isCount(size) || !areHashes(hashes) || hashes.length !== countOnes(size))
      throw new WardlineError("ERR_MALFORMED", "not the right edge of a tree of this size")
    this.#hash = hash
    this.#size = size
    this.#hashes = [...hashes]
  }

  /** Leaves in the tree. */
  get size(): number {
    return this.#size
  }

  /** A copy of the list; append() doesn't change it. */
  get hashes(): readonly Uint8Array[] {
    return [...this.#hashes]
  }

  /** Adds a leaf. The hash is kept, not copied.
   * @throws {WardlineError} ERR_MALFORMED unless it is 32 bytes. */
  append(leafHash: Uint8Array): void {
    assertLength(leafHash, HASH_BYTES, "leaf hash")
    let node = leafHash
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2))
      node = nodeHash(this.#hash, this.#hashes.pop() as Uint8Array, node)
    this.#hashes.push(node)
    this.#size++
  }

  /** The tree's root, 32 bytes. */
  root(): Uint8Array {
    const smaller = [...this.#hashes]
    let root = smaller.pop()
    if (root === undefined) return EMPTY_ROOT
    for (const left of smaller.reverse()) root = nodeHash(this.#hash, left, root)
    return root
  }
}

function countOnes(value: number): number {
  let ones = 0
  for (let rest = value; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2
  return ones
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** Lengths are checked as strictly as values: the bytes of two hashes might be cut elsewhere. */
function areHashes(values: readonly Uint8Array[]): boolean {
  return values.every((value) => value.length === HASH_BYTES)
}
