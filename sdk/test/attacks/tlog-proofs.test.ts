/** A relay that shows what isn't in its log, or that its log grew when it didn't: by every proof that one can bend. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat } from "../../src/bytes.ts"
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  nodeHash,
  type ReadTile,
  verifyConsistency,
  verifyInclusion,
} from "../../src/tlog/index.ts"
import { there } from "../crypto/expect.ts"
import { hash, leafAt, MemoryTree } from "../tlog/tree.ts"

const test = suite("attacks on proofs")

const tree = MemoryTree.of(300)
const absent = leafAt(1000)
const included = async (index: number, size: number) => ({
  index,
  size,
  leafHash: leafAt(index),
  root: there(tree.roots[size]),
  proof: await inclusionProof(hash, tree.readTile, size, index),
})
const grown = async (oldSize: number, size: number) => ({
  oldSize,
  oldRoot: there(tree.roots[oldSize]),
  size,
  root: there(tree.roots[size]),
  proof: await consistencyProof(hash, tree.readTile, oldSize, size),
})

/** What somebody may do to a list of hashes. */
function bent(proof: Uint8Array[], root: Uint8Array): { name: string; proof: Uint8Array[] }[] {
  const ways = [
    { name: "empty", proof: [] as Uint8Array[] },
    { name: "one hash less", proof: proof.slice(1) },
    { name: "the last hash less", proof: proof.slice(0, -1) },
    { name: "a hash more", proof: [...proof, absent] },
    { name: "a hash before", proof: [absent, ...proof] },
    { name: "the root behind", proof: [...proof, root] },
    { name: "the root before", proof: [root, ...proof] },
    { name: "nothing behind", proof: [...proof, new Uint8Array()] },
    { name: "nothing before", proof: [new Uint8Array(), ...proof] },
    { name: "the first twice", proof: [...proof.slice(0, 1), ...proof] },
    { name: "turned", proof: proof.toReversed() },
  ]
  return ways.filter(({ proof: other }) => !sameHashes(other, proof))
}

function sameHashes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((one, i) => Buffer.compare(one, there(b[i])) === 0)
}

test("relay bends a proof of inclusion", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 300 }), fc.nat(), async (size, any) => {
      const claim = await included(any % size, size)
      assert.ok(verifyInclusion(hash, claim))
      for (const { name, proof } of bent(claim.proof, claim.root))
        assert.not(verifyInclusion(hash, { ...claim, proof }), name)
      assert.not(verifyInclusion(hash, { ...claim, leafHash: absent }), "another entry")
      assert.not(verifyInclusion(hash, { ...claim, root: EMPTY_ROOT }), "another root")
      assert.not(verifyInclusion(hash, { ...claim, index: claim.index + 1 }), "the next place")
      assert.not(verifyInclusion(hash, { ...claim, index: claim.index - 1 }), "the place before")
      assert.not(verifyInclusion(hash, { ...claim, index: size }), "a place behind the tree's end")
    }),
    { numRuns: 200 },
  )
})

test("relay bends a proof of growth", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 300 }), fc.nat(), async (size, any) => {
      const claim = await grown(1 + (any % (size - 1)), size)
      assert.ok(verifyConsistency(hash, claim))
      for (const { name, proof } of bent(claim.proof, claim.root))
        assert.not(verifyConsistency(hash, { ...claim, proof }), name)
      assert.not(verifyConsistency(hash, { ...claim, oldRoot: absent }), "another old root")
      assert.not(verifyConsistency(hash, { ...claim, root: absent }), "another root")
      const turned = { ...claim, oldRoot: claim.root, root: claim.oldRoot }
      assert.not(verifyConsistency(hash, turned), "the roots changed about")
      const shrunk = { ...turned, oldSize: size, size: claim.oldSize }
      assert.not(verifyConsistency(hash, shrunk), "a tree that shrank")
    }),
    { numRuns: 200 },
  )
})

test("relay shows an inner node as if it were an entry", async () => {
  const { leaves } = MemoryTree.of(8)
  const pair = nodeHash(hash, there(leaves[0]), there(leaves[1]))
  const { proof, root } = await included(0, 8)
  // The size comes with the root, in one signed text: it isn't the relay's to choose.
  for (let index = 0; index < 8; index++)
    assert.not(verifyInclusion(hash, { index, size: 8, leafHash: pair, root, proof: proof.slice(1) }))
})

test("relay calls a part of the tree the whole: a proof with hashes to spare", () => {
  const root = (size: number): Uint8Array => there(tree.roots[size])
  const one = { index: 0, size: 1, leafHash: leafAt(1), root: root(2), proof: [leafAt(0)] }
  assert.not(verifyInclusion(hash, one))
  // Trees of 7 and 8 leaves, whose right halves are said to be trees of 3 and 4.
  const [left, pair] = [root(4), nodeHash(hash, leafAt(4), leafAt(5))]
  const half = {
    oldSize: 3,
    oldRoot: root(7),
    size: 4,
    root: root(8),
    proof: [leafAt(6), leafAt(7), pair, left],
  }
  assert.not(verifyConsistency(hash, half))
  assert.ok(verifyConsistency(hash, { ...half, oldSize: 7, size: 8 }))
})

test("relay says that the log has shrunk to the same root", () => {
  for (let oldSize = 1; oldSize <= 20; oldSize++)
    for (let size = 0; size < oldSize; size++) {
      const root = there(tree.roots[oldSize])
      assert.not(verifyConsistency(hash, { oldSize, oldRoot: root, size, root, proof: [] }))
    }
})

test("relay shows an entry's bytes that are two hashes: entries and nodes are hashed apart", () => {
  const [left, right] = [leafAt(0), leafAt(1)]
  const entry = concat(left, right)
  assert.is.not(
    Buffer.from(hash(concat(Uint8Array.of(0), entry))).toString("hex"),
    Buffer.from(nodeHash(hash, left, right)).toString("hex"),
  )
})

test("relay cuts two hashes elsewhere: 31 and 33 bytes hash alike, and prove nothing", async () => {
  const claim = await included(1, 2)
  const joined = concat(there(claim.proof[0]), claim.leafHash)
  for (const at of [0, 1, 31, 33, 64]) {
    const moved = { ...claim, proof: [joined.subarray(0, at)], leafHash: joined.subarray(at) }
    assert.not(verifyInclusion(hash, moved), `cut at ${at}`)
  }
  const growth = await grown(1, 2)
  const both = concat(growth.oldRoot, there(growth.proof[0]))
  const moved = { ...growth, oldRoot: both.subarray(0, 31), proof: [both.subarray(31)] }
  assert.not(verifyConsistency(hash, moved))
})

test("relay calls any tree the empty one's growth, but no other root empty", () => {
  assert.not(
    verifyConsistency(hash, {
      oldSize: 0,
      oldRoot: absent,
      size: 12,
      root: there(tree.roots[12]),
      proof: [],
    }),
  )
  assert.not(verifyConsistency(hash, { oldSize: 0, oldRoot: absent, size: 0, root: absent, proof: [] }))
})

test("relay serves one wrong tile: whatever is computed from it fails", async () => {
  const large = MemoryTree.of(66_000)
  const root = there(large.roots[66_000])
  for (const { spoilt, index } of [
    { spoilt: "0/1", index: 300 },
    { spoilt: "1/0", index: 300 },
    { spoilt: "2/0", index: 65_800 },
  ]) {
    const readTile: ReadTile = async (level, at, width) => {
      const tile = Uint8Array.from(await large.readTile(level, at, width))
      if (`${level}/${at}` === spoilt) tile.set(absent)
      return tile
    }
    const claim = { index, size: 66_000, leafHash: leafAt(index), root }
    const proof = await inclusionProof(hash, readTile, 66_000, index)
    assert.not(verifyInclusion(hash, { ...claim, proof }), spoilt)
    const truth = await inclusionProof(hash, large.readTile, 66_000, index)
    assert.ok(verifyInclusion(hash, { ...claim, proof: truth }))
  }
})

test.run()
