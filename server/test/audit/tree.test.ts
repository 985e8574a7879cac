/** The tree that grows in transactions: the same as one computed from all leaves at once, whatever fails on the way. */
import { randomBytes, randomInt } from "node:crypto"

import {
  ENTRY_BYTES,
  entryHash,
  inclusionProof,
  RightEdge,
  rootOf,
  TileTree,
  verifyInclusion,
} from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { AuditTree } from "../../src/audit/tree.ts"
import { sha256 } from "../../src/hashing.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import type { ClinicRef, Tile } from "../../src/store/store.ts"
import { codeOf, EMPTY, newEntries, plain } from "../store-conformance.ts"
import { newFolder, removeFolder } from "../support/relay.ts"

const test = suite("audit tree")

/** A log in a store, and the tree over it by the book. */
class Log {
  readonly folder = newFolder()
  store = new SqliteStore(this.folder)
  readonly clinic: ClinicRef = this.store.openClinic(randomBytes(16), randomBytes(32))
  readonly leaves: Uint8Array[] = []
  /** By size. */
  readonly #edges = new Map<number, readonly Uint8Array[]>()
  readonly #edge = new RightEdge(sha256)
  tree!: AuditTree

  async open(): Promise<this> {
    this.tree = await AuditTree.open(this.store, this.clinic, this.leaves.length)
    return this
  }

  stage(count: number): { entries: Uint8Array; leafHashes: Uint8Array[]; tiles: Tile[] } {
    const first = this.leaves.length + 1
    const entries = newEntries(first, count, this.leaves.at(-1))
    const leafHashes = Array.from({ length: count }, (_, i) =>
      entryHash(sha256, entries.slice(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES)),
    )
    const tiles = this.tree.stage(leafHashes.map((leafHash) => Buffer.from(leafHash).toString("latin1")))
    return { entries, leafHashes, tiles }
  }

  add(count: number): void {
    const first = this.leaves.length + 1
    const { entries, leafHashes, tiles } = this.stage(count)
    this.store.commit({ ...EMPTY, audit: [{ clinic: this.clinic, first, entries, tiles }] })
    this.tree.committed()
    for (const leafHash of leafHashes) {
      this.leaves.push(leafHash)
      this.#edge.append(leafHash)
      // The others can be worked out from here.
      if (this.#edge.size % 512 === 0) this.#edges.set(this.#edge.size, this.#edge.hashes)
    }
  }

  /** The root over the first `size` leaves. */
  root(size: number): Uint8Array {
    const start = size - (size % 512)
    const edge = new RightEdge(sha256, start, this.#edges.get(start) ?? [])
    for (const leafHash of this.leaves.slice(start, size)) edge.append(leafHash)
    return edge.root()
  }

  async check(): Promise<void> {
    assert.is(this.tree.size, this.leaves.length)
    const size = this.leaves.length
    assert.is(plain(await rootOf(sha256, this.tree.read, size)), plain(this.root(size)))
  }

  async restart(): Promise<void> {
    this.store.close()
    this.store = new SqliteStore(this.folder)
    await this.open()
  }

  remove(): void {
    this.store.close()
    removeFolder(this.folder)
  }
}

async function withLog(work: (log: Log) => Promise<void>): Promise<void> {
  const log = await new Log().open()
  try {
    await work(log)
  } finally {
    log.remove()
  }
}

test("has the root of RFC 6962 at each size around a full tile, and after each restart", () =>
  withLog(async (log) => {
    for (const count of [1, 1, 252, 1, 1, 1, 255, 513, 1]) {
      log.add(count)
      await log.check()
      await log.restart()
      await log.check()
    }
  }))

test("fills three levels in batches of any size, and still knows every older tree", () =>
  withLog(async (log) => {
    while (log.leaves.length < 66_000) log.add(randomInt(1, 3000))
    await log.check()
    await log.restart()
    await log.check()
    for (const size of [1, 255, 256, 257, 65_535, 65_536, 65_537, randomInt(1, log.leaves.length)]) {
      assert.is(plain(await rootOf(sha256, log.tree.read, size)), plain(log.root(size)), `size ${size}`)
      const index = randomInt(size)
      const proof = await inclusionProof(sha256, log.tree.read, size, index)
      const leafHash = log.leaves[index] as Uint8Array
      const root = log.root(size)
      assert.ok(verifyInclusion(sha256, { index, size, leafHash, root, proof }))
    }
  }))

test("what was read for one leaf's proof serves the next one's", () =>
  withLog(async (log) => {
    log.add(66_000)
    const tree = new TileTree(sha256, log.tree.read, 65_999)
    for (let i = 0; i < 300; i++) {
      const index = i < 150 ? 65_998 - i : randomInt(65_999)
      const leafHash = log.leaves[index] as Uint8Array
      const root = log.root(65_999)
      const claim = { index, size: 65_999, leafHash, root, proof: await tree.inclusionProof(index) }
      assert.ok(verifyInclusion(sha256, claim))
    }
    assert.is(await codeOf(() => tree.inclusionProof(65_999)), "ERR_MALFORMED")
  }))

test("goes back with a transaction that fails, also one that filled tiles", () =>
  withLog(async (log) => {
    log.add(200)
    for (const count of [10, 56, 57, 600]) {
      assert.is(log.stage(count).tiles.length > 0, count >= 56)
      log.tree.rollBack()
      await log.check()
    }
    log.add(300)
    await log.check()
    log.stage(70_000)
    log.tree.rollBack()
    log.add(70_000)
    await log.check()
    await log.restart()
    await log.check()
  }))

test("shows nothing of what isn't stored yet", () =>
  withLog(async (log) => {
    log.add(10)
    log.stage(300)
    assert.is(log.tree.size, 10)
    assert.is(await codeOf(() => log.tree.read(0, 0, 11)), "ERR_NOT_FOUND")
    assert.is(await codeOf(() => log.tree.read(0, 1, 1)), "ERR_NOT_FOUND")
    assert.is(await codeOf(() => log.tree.read(1, 0, 1)), "ERR_NOT_FOUND")
    log.tree.rollBack()
  }))

test("writes for a batch only the tiles that it fills and one for each level above", () =>
  withLog(async (log) => {
    log.add(65_536 - 256)
    assert.is(log.stage(255).tiles.length, 0)
    log.tree.rollBack()
    const { tiles } = log.stage(256 + 1)
    assert.equal(
      tiles.map(({ level, index, hashes }) => [level, index, hashes.length / 32]),
      [
        [0, 255, 256],
        [1, 0, 256],
        [2, 0, 1],
      ],
    )
  }))

test("refuses to go on from a database in which tiles or entries are missing", () =>
  withLog(async (log) => {
    log.add(600)
    const open = (size: number): Promise<string> => codeOf(() => AuditTree.open(log.store, log.clinic, size))
    assert.is(await open(600), "done")
    assert.is(await open(601), "ERR_STORE")
    assert.is(await open(600 + 256), "ERR_STORE")
    assert.is(await open(65_536), "ERR_STORE")
  }))

test.run()
