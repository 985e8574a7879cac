import { readFileSync } from "node:fs"
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, fromHex, toHex } from "../../src/bytes.ts"
import {
  EMPTY_ROOT,
  fromBase64,
  nodeHash,
  RightEdge,
  verifyConsistency,
  verifyInclusion,
} from "../../src/tlog/index.ts"
import { flipBit, there } from "../crypto/expect.ts"
import { hasCode } from "../support/errors.ts"
import { hash, leafAt, MemoryTree, mth, path, proof, UniformTree } from "./tree.ts"

const test = suite("Merkle tree")

interface Published {
  emptyRoot: string
  leaves: string[]
  roots: string[]
  inclusion: { leaf: number; size: number; proof: string[] }[]
  consistency: { oldSize: number; size: number; proof: string[] }[]
  argon2020: {
    size: number
    root: string
    index: number
    leaf: string
    inclusion: string[]
    oldSize: number
    oldRoot: string
    consistency: string[]
  }
}
const published = JSON.parse(
  readFileSync(new URL("../vectors/rfc6962.json", import.meta.url), "utf8"),
) as Published
const leafHash = (data: Uint8Array): Uint8Array => hash(concat(Uint8Array.of(0), data))
const leaves = published.leaves.map((leaf) => leafHash(fromHex(leaf)))
const rootAt = (size: number): Uint8Array => fromHex(there(published.roots[size - 1]))

test("the empty tree's root is the published one", () => {
  assert.is(toHex(EMPTY_ROOT), published.emptyRoot)
  assert.equal(hash(new Uint8Array()), EMPTY_ROOT)
})

test("the reference tree grows through the published roots", () => {
  const edge = new RightEdge(hash)
  for (const [i, leaf] of leaves.entries()) {
    edge.append(leaf)
    assert.is(edge.size, i + 1)
    assert.is(toHex(edge.root()), published.roots[i])
  }
})

test("the published inclusion proofs verify", () => {
  for (const { leaf, size, proof } of published.inclusion) {
    const claim = { index: leaf - 1, size, leafHash: there(leaves[leaf - 1]), root: rootAt(size) }
    assert.ok(verifyInclusion(hash, { ...claim, proof: proof.map(fromHex) }), `${leaf} in ${size}`)
    assert.equal(path(leaf - 1, leaves.slice(0, size)).map(toHex), proof)
  }
})

test("the published consistency proofs verify", () => {
  for (const { oldSize, size, proof: hexes } of published.consistency) {
    const claim = { oldSize, oldRoot: rootAt(oldSize), size, root: rootAt(size) }
    assert.ok(verifyConsistency(hash, { ...claim, proof: hexes.map(fromHex) }), `${oldSize} to ${size}`)
    assert.equal(proof(oldSize, leaves.slice(0, size)).map(toHex), hexes)
  }
})

test("proofs of a Certificate Transparency log of a thousand million leaves verify", () => {
  const { argon2020: log } = published
  const { size } = log
  const root = fromBase64(log.root)
  const inclusion = {
    index: log.index,
    size,
    leafHash: leafHash(fromBase64(log.leaf)),
    root,
    proof: log.inclusion.map(fromBase64),
  }
  assert.ok(verifyInclusion(hash, inclusion))
  assert.not(verifyInclusion(hash, { ...inclusion, index: log.index + 1 }))
  const consistency = {
    oldSize: log.oldSize,
    oldRoot: fromBase64(log.oldRoot),
    size,
    root,
    proof: log.consistency.map(fromBase64),
  }
  assert.ok(verifyConsistency(hash, consistency))
  assert.not(verifyConsistency(hash, { ...consistency, oldSize: log.oldSize + 1 }))
})

test("every leaf of every tree up to 40 is proved by RFC 6962's path, and by no other leaf's", () => {
  for (let size = 1; size <= 40; size++) {
    const { leaves, root } = MemoryTree.of(size)
    assert.equal(mth(leaves), root)
    for (let index = 0; index < size; index++) {
      const claim = { index, size, leafHash: leafAt(index), root, proof: path(index, leaves) }
      assert.ok(verifyInclusion(hash, claim), `${index} of ${size}`)
      for (let other = 0; other < size + 2; other++)
        if (other !== index) assert.not(verifyInclusion(hash, { ...claim, index: other }), `as ${other}`)
    }
  }
})

test("every tree up to 40 is shown to begin with every smaller one, and with none of another root", () => {
  const { leaves, roots } = MemoryTree.of(40)
  for (let size = 2; size <= 40; size++)
    for (let oldSize = 1; oldSize < size; oldSize++) {
      const claim = {
        oldSize,
        oldRoot: there(roots[oldSize]),
        size,
        root: there(roots[size]),
        proof: proof(oldSize, leaves.slice(0, size)),
      }
      assert.ok(verifyConsistency(hash, claim), `${oldSize} to ${size}`)
      for (let other = 1; other < size; other++)
        if (other !== oldSize) {
          assert.not(verifyConsistency(hash, { ...claim, oldSize: other }), `as from ${other}`)
          assert.not(verifyConsistency(hash, { ...claim, oldRoot: there(roots[other]) }), `root of ${other}`)
        }
    }
})

test("the empty tree begins every tree; a tree continues itself", () => {
  const { root } = MemoryTree.of(5)
  const empty = { oldSize: 0, oldRoot: EMPTY_ROOT, size: 5, root, proof: [] }
  const same = { oldSize: 5, oldRoot: root, size: 5, root, proof: [] }
  for (const claim of [empty, same, { ...empty, size: 0, root: EMPTY_ROOT }]) {
    assert.ok(verifyConsistency(hash, claim))
    assert.not(verifyConsistency(hash, { ...claim, proof: [root] }), "with a proof that isn't needed")
    assert.not(verifyConsistency(hash, { ...claim, oldRoot: leafAt(1) }))
  }
  assert.not(verifyConsistency(hash, { ...same, size: 4 }), "a tree that shrank")
})

test("sizes over 2^32 are proved as exactly as small ones", () => {
  const tree = new UniformTree(leafAt(0))
  for (const size of [2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 45 + 12_345, Number.MAX_SAFE_INTEGER - 1]) {
    const grown = new RightEdge(hash, size, tree.edge(size))
    grown.append(tree.leaf)
    assert.equal(grown.hashes, tree.edge(size + 1))
    const edge = new RightEdge(hash, size, tree.edge(size))
    const old = { oldSize: size, oldRoot: edge.root() }
    const last = leafAt(1)
    edge.append(last)
    assert.is(edge.size, size + 1)
    // The last leaf's path is what the tree was before it: the old edge's hashes, smallest first.
    const claim = {
      index: size,
      size: size + 1,
      leafHash: last,
      root: edge.root(),
      proof: tree.edge(size).reverse(),
    }
    assert.ok(verifyInclusion(hash, claim), `${size}`)
    for (const other of [size - 1, size - 2 ** 31, size % 2 ** 32])
      if (other !== size) assert.not(verifyInclusion(hash, { ...claim, index: other }), `${size} as ${other}`)
    assert.not(verifyConsistency(hash, { ...old, size: size + 1, root: edge.root(), proof: [] }))
  }
})

test("numbers that are no sizes prove nothing", () => {
  const { leaves, roots } = MemoryTree.of(2)
  const inclusion = {
    index: 0,
    size: 2,
    leafHash: there(leaves[0]),
    root: there(roots[2]),
    proof: [there(leaves[1])],
  }
  assert.ok(verifyInclusion(hash, inclusion))
  const consistency = {
    oldSize: 1,
    oldRoot: there(roots[1]),
    size: 2,
    root: there(roots[2]),
    proof: inclusion.proof,
  }
  assert.ok(verifyConsistency(hash, consistency))
  for (const number of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.not(verifyInclusion(hash, { ...inclusion, index: number }))
    assert.not(verifyInclusion(hash, { ...inclusion, size: number }))
    assert.not(verifyConsistency(hash, { ...consistency, oldSize: number }))
    assert.not(verifyConsistency(hash, { ...consistency, size: number }))
  }
})

test("a right edge goes on from what it gave, and doesn't change it", () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(40), (first, more) => {
      const edge = new RightEdge(hash)
      for (let i = 0; i < first; i++) edge.append(leafAt(i))
      const kept = edge.hashes
      const keptHexes = kept.map(toHex)
      const next = new RightEdge(hash, first, kept)
      for (let i = 0; i < more; i++) next.append(leafAt(first + i))
      assert.equal(kept.map(toHex), keptHexes)
      assert.equal(next.root(), mth(Array.from({ length: first + more }, (_, i) => leafAt(i))))
    }),
    { numRuns: 30 },
  )
})

for (const { name, size, hashes } of [
  { name: "too few hashes", size: 3, hashes: [leafAt(0)] },
  { name: "too many hashes", size: 4, hashes: [leafAt(0), leafAt(1)] },
  { name: "a hash of another length", size: 1, hashes: [new Uint8Array(31)] },
  { name: "a size that is none", size: -1, hashes: [] },
  { name: "half a leaf", size: 0.5, hashes: [] },
])
  test(`a right edge refuses ${name}`, () => {
    assert.throws(() => new RightEdge(hash, size, hashes), hasCode("ERR_MALFORMED"))
  })

test("every bit flipped in a claim or its proof is noticed", () => {
  const { leaves, roots } = MemoryTree.of(7)
  const inclusion = { index: 2, size: 7, leafHash: leafAt(2), root: there(roots[7]), proof: path(2, leaves) }
  const consistency = {
    oldSize: 3,
    oldRoot: there(roots[3]),
    size: 7,
    root: there(roots[7]),
    proof: proof(3, leaves),
  }
  assert.ok(verifyInclusion(hash, inclusion) && verifyConsistency(hash, consistency))
  for (let bit = 0; bit < 256; bit++) {
    assert.not(verifyInclusion(hash, { ...inclusion, leafHash: flipBit(inclusion.leafHash, bit) }))
    assert.not(verifyInclusion(hash, { ...inclusion, root: flipBit(inclusion.root, bit) }))
    assert.not(verifyConsistency(hash, { ...consistency, oldRoot: flipBit(consistency.oldRoot, bit) }))
    assert.not(verifyConsistency(hash, { ...consistency, root: flipBit(consistency.root, bit) }))
    for (const { proof, check } of [
      {
        proof: inclusion.proof,
        check: (proof: Uint8Array[]) => verifyInclusion(hash, { ...inclusion, proof }),
      },
      {
        proof: consistency.proof,
        check: (proof: Uint8Array[]) => verifyConsistency(hash, { ...consistency, proof }),
      },
    ])
      for (const [i, sibling] of proof.entries()) assert.not(check(proof.with(i, flipBit(sibling, bit))))
  }
})

test("what isn't 32 bytes is neither a leaf nor a node", () => {
  for (const length of [0, 31, 33, 64]) {
    const wrong = new Uint8Array(length)
    assert.throws(() => new RightEdge(hash).append(wrong), hasCode("ERR_MALFORMED"))
    assert.throws(() => nodeHash(hash, wrong, leafAt(0)), hasCode("ERR_MALFORMED"))
    assert.throws(() => nodeHash(hash, leafAt(0), wrong), hasCode("ERR_MALFORMED"))
  }
})

test("nodes are hashed with their prefix, left before right", () => {
  const [left, right] = [leafAt(1), leafAt(2)]
  assert.equal(nodeHash(hash, left, right), hash(concat(Uint8Array.of(1), left, right)))
})

test.run()
