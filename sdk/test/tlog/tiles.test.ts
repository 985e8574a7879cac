import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat } from "../../src/bytes.ts"
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  parseTilePath,
  perfectRoot,
  type ReadTile,
  RightEdge,
  rootOf,
  TILE_WIDTH,
  TileTree,
  tilePath,
  tileWidth,
  verifyConsistency,
  verifyInclusion,
} from "../../src/tlog/index.ts"
import { there } from "../crypto/expect.ts"
import { hasCode, rejects } from "../support/errors.ts"
import { hash, leafAt, MemoryTree, mth, path, proof, UniformTree } from "./tree.ts"

const test = suite("tiles")

for (const { path, tile } of [
  { path: "0/000", tile: { level: 0, index: 0, width: 256 } },
  { path: "0/001.p/5", tile: { level: 0, index: 1, width: 5 } },
  { path: "5/x123/x456/078", tile: { level: 5, index: 123456078, width: 256 } },
  { path: "5/x123/x456/078.p/2", tile: { level: 5, index: 123456078, width: 2 } },
  { path: "0/x001/x234/067", tile: { level: 0, index: 1234067, width: 256 } },
  { path: "1/x001/000.p/255", tile: { level: 1, index: 1000, width: 255 } },
])
  test(`a tile's path: ${path}`, () => {
    assert.is(tilePath(tile), path)
    assert.equal(parseTilePath(path), tile)
  })

test("every tile comes back from its path", () => {
  const tile = fc.record({
    level: fc.nat(6),
    index: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    width: fc.integer({ min: 1, max: 256 }),
  })
  fc.assert(fc.property(tile, (tile) => assert.equal(parseTilePath(tilePath(tile)), { ...tile })))
})

for (const path of [
  "",
  "0",
  "0/",
  "/000",
  "0/1",
  "0/0001",
  "0/123/456/078",
  "0/x123/456/078",
  "0/x000/001",
  "0/x001/x002",
  "00/001",
  "-1/001",
  "7/000",
  "10/000",
  "data/001",
  "0/001.p/0",
  "0/001.p/256",
  "0/001.p/300",
  "0/001.p/05",
  "0/001.p",
  "0/001.p/5/",
  "0/001/5",
  "0/../000",
  "0/x999/x999/x999/x999/x999/999",
  "0/x001/x001/x001/x001/x001/x001/001",
  "0/001\n",
  " 0/001",
])
  test(`no tile's path: ${JSON.stringify(path)}`, () => {
    assert.throws(() => parseTilePath(path), hasCode("ERR_MALFORMED"))
  })

test("a tree of 70,000 has the tiles that the specification counts", () => {
  const widths = (level: number): number[] => {
    const found: number[] = []
    for (let index = 0; ; index++) {
      const width = tileWidth(70_000, level, index)
      if (width === 0) return found
      found.push(width)
    }
  }
  const full = (count: number): number[] => Array.from({ length: count }, () => TILE_WIDTH)
  assert.equal(widths(0), [...full(273), 112])
  assert.equal(widths(1), [256, 17])
  assert.equal(widths(2), [1])
  assert.equal(widths(3), [])
  assert.is(tileWidth(256, 0, 0), 256)
  assert.is(tileWidth(256, 1, 0), 1)
})

test("proofs from tiles are RFC 6962's, in trees of every size up to 70", async () => {
  const tree = MemoryTree.of(70)
  for (let size = 1; size <= 70; size++) {
    const leaves = tree.leaves.slice(0, size)
    assert.equal(await rootOf(hash, tree.readTile, size), tree.roots[size])
    for (let index = 0; index < size; index++)
      assert.equal(await inclusionProof(hash, tree.readTile, size, index), path(index, leaves))
    for (let oldSize = 1; oldSize < size; oldSize++)
      assert.equal(await consistencyProof(hash, tree.readTile, oldSize, size), proof(oldSize, leaves))
  }
})

const large = MemoryTree.of(66_000)

test("proofs across three levels of tiles verify, wherever the leaf and the old tree end", async () => {
  const anySize = fc.oneof(
    fc.integer({ min: 1, max: 66_000 }),
    fc.constantFrom(255, 256, 257, 65_535, 65_536, 65_537),
  )
  await fc.assert(
    fc.asyncProperty(anySize, fc.nat(), fc.nat(), async (size, anyIndex, anyOld) => {
      const index = anyIndex % size
      const oldSize = anyOld % (size + 1)
      const root = there(large.roots[size])
      assert.equal(await rootOf(hash, large.readTile, size), root)
      const inclusion = await inclusionProof(hash, large.readTile, size, index)
      assert.ok(verifyInclusion(hash, { index, size, leafHash: leafAt(index), root, proof: inclusion }))
      const consistency = await consistencyProof(hash, large.readTile, oldSize, size)
      const oldRoot = there(large.roots[oldSize])
      assert.ok(verifyConsistency(hash, { oldSize, oldRoot, size, root, proof: consistency }))
    }),
    { numRuns: 150 },
  )
})

test("a proof reads each tile once, and no more than the tree has of it", async () => {
  const read: string[] = []
  const readTile: ReadTile = (level, index, width) => {
    assert.is(width, tileWidth(66_000, level, index))
    read.push(tilePath({ level, index, width }))
    return large.readTile(level, index, width)
  }
  await inclusionProof(hash, readTile, 66_000, 300)
  assert.equal(read.sort(), ["0/001", "0/257.p/208", "1/000", "1/001.p/1"])
  read.length = 0
  await consistencyProof(hash, readTile, 65_536, 66_000)
  assert.is(new Set(read).size, read.length)
})

test("trees of 2^45 leaves and more have proofs of some hundred hashes' work", async () => {
  const tree = new UniformTree(leafAt(0))
  for (const size of [2 ** 45 + 12_345, Number.MAX_SAFE_INTEGER]) {
    const root = await rootOf(hash, tree.readTile, size)
    assert.equal(root, new RightEdge(hash, size, tree.edge(size)).root())
    for (const index of [0, 1, 2 ** 44, size - 2, size - 1]) {
      const found = await inclusionProof(hash, tree.readTile, size, index)
      assert.ok(found.length <= 53)
      assert.ok(verifyInclusion(hash, { index, size, leafHash: tree.leaf, root, proof: found }), `${index}`)
    }
    for (const oldSize of [1, 2 ** 32, 2 ** 32 + 1, 2 ** 44, size - 1]) {
      const oldRoot = new RightEdge(hash, oldSize, tree.edge(oldSize)).root()
      const found = await consistencyProof(hash, tree.readTile, oldSize, size)
      assert.ok(found.length <= 54)
      assert.ok(verifyConsistency(hash, { oldSize, oldRoot, size, root, proof: found }), `${oldSize}`)
    }
  }
})

test("no tile is read where nothing is to prove", async () => {
  const readTile: ReadTile = () => {
    throw new Error("read a tile")
  }
  assert.equal(await rootOf(hash, readTile, 0), EMPTY_ROOT)
  assert.equal(await inclusionProof(hash, readTile, 1, 0), [])
  assert.equal(await consistencyProof(hash, readTile, 0, 9), [])
  assert.equal(await consistencyProof(hash, readTile, 9, 9), [])
})

test("what the tree doesn't have isn't proved", async () => {
  const tree = MemoryTree.of(5)
  for (const [size, index] of [
    [5, 5],
    [0, 0],
    [5, -1],
    [5, 0.5],
    [-1, 0],
  ] as const)
    await rejects(inclusionProof(hash, tree.readTile, size, index), "ERR_MALFORMED")
  await rejects(consistencyProof(hash, tree.readTile, 6, 5), "ERR_MALFORMED")
  await rejects(consistencyProof(hash, tree.readTile, -1, 5), "ERR_MALFORMED")
  await rejects(rootOf(hash, tree.readTile, 2 ** 53), "ERR_MALFORMED")
})

test("only perfect trees have a root of their hashes alone", () => {
  for (const count of [1, 2, 4, 256]) {
    const leaves = Array.from({ length: count }, (_, i) => leafAt(i))
    assert.equal(perfectRoot(hash, concat(...leaves)), mth(leaves))
  }
  for (const length of [0, 31, 33, 96, 255 * 32])
    assert.throws(() => perfectRoot(hash, new Uint8Array(length)), hasCode("ERR_MALFORMED"))
})

test("many proofs of one tree read each tile once", async () => {
  let reads = 0
  const tiles = new TileTree(
    hash,
    (level, index, width) => {
      reads++
      return large.readTile(level, index, width)
    },
    66_000,
  )
  const root = there(large.roots[66_000])
  assert.equal(await tiles.root(), root)
  for (let index = 512; index < 768; index++) {
    const claim = {
      index,
      size: 66_000,
      leafHash: leafAt(index),
      root,
      proof: await tiles.inclusionProof(index),
    }
    assert.ok(verifyInclusion(hash, claim))
  }
  assert.is(reads, 5)
})

test("a tile of another width is refused, and what a store throws comes through", async () => {
  const tree = MemoryTree.of(5)
  const short: ReadTile = async (level, index, width) =>
    (await tree.readTile(level, index, width)).subarray(32)
  await rejects(rootOf(hash, short, 5), "ERR_MALFORMED")
  const long: ReadTile = (level, index) => tree.readTile(level, index, 5)
  assert.equal(await rootOf(hash, long, 5), tree.root)
  await rejects(rootOf(hash, long, 4), "ERR_MALFORMED")
  const failing: ReadTile = () => Promise.reject(new Error("disk"))
  const reason = await rootOf(hash, failing, 5).catch((error: Error) => error.message)
  assert.is(reason, "disk")
})

test.run()
