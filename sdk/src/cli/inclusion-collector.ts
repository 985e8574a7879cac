/** The inclusion proof of one leaf, collected while a tree's leaves go by: a log of millions is read once and needs no
 * more memory than a proof. */
import { type Hash, nodeHash } from "../tlog/index.ts"

/** A perfect subtree that is complete: its root, how many leaves it has, and where the first is. */
interface Subtree {
  readonly hash: Uint8Array
  readonly leaves: number
  readonly start: number
}

export class InclusionCollector {
  readonly #hash: Hash
  readonly #index: number
  /** Largest first, as they stand in the tree. */
  readonly #edge: Subtree[] = []
  /** Siblings within the largest perfect subtree that has the leaf, from below. */
  readonly #siblings: Uint8Array[] = []
  #size = 0

  /** @param index - of the leaf, from 0. */
  constructor(hash: Hash, index: number) {
    this.#hash = hash
    this.#index = index
  }

  /** How many leaves were added. */
  get size(): number {
    return this.#size
  }

  /** Adds the next leaf's hash, 32 bytes; kept. */
  add(leafHash: Uint8Array): void {
    let node: Subtree = { hash: leafHash, leaves: 1, start: this.#size }
    for (let left = this.#edge.at(-1); left?.leaves === node.leaves; left = this.#edge.at(-1)) {
      this.#edge.pop()
      if (this.#holds(left)) this.#siblings.push(node.hash)
      else if (this.#holds(node)) this.#siblings.push(left.hash)
      node = { hash: nodeHash(this.#hash, left.hash, node.hash), leaves: 2 * left.leaves, start: left.start }
    }
    this.#edge.push(node)
    this.#size++
  }

  /** The proof in the tree of the leaves so far (RFC 6962, 2.1.1): hashes from the leaf's sibling up; undefined if the
   * leaf isn't among them. */
  proof(): Uint8Array[] | undefined {
    const at = this.#edge.findIndex((subtree) => this.#holds(subtree))
    if (at === -1) return undefined
    const smaller = this.#edge.slice(at + 1).map(({ hash }) => hash)
    let right = smaller.pop()
    while (right !== undefined && smaller.length > 0)
      right = nodeHash(this.#hash, smaller.pop() as Uint8Array, right)
    const larger = this.#edge.slice(0, at).map(({ hash }) => hash)
    return [...this.#siblings, ...(right === undefined ? [] : [right]), ...larger.reverse()]
  }

  #holds({ start, leaves }: Subtree): boolean {
    return this.#index >= start && this.#index < start + leaves
  }
}
