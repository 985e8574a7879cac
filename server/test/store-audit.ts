/** What every store must do for the audit log's tree and checkpoints. Part of the suite in store-conformance.ts. */
import { randomBytes } from "node:crypto"
import { ENTRY_BYTES } from "@wardline/sdk/tlog"
import type { Test } from "uvu"
import * as assert from "uvu/assert"
import type { ClinicRef, Store, Tile } from "../src/store/store.ts"
import { codeOf, EMPTY, newEntries, newRecord, plain, type WithStore } from "./store-conformance.ts"

function newTile(level: number, index: number, width: number): Tile {
  return { level, index, hashes: randomBytes(width * 32) }
}

export function testAudit(test: Test, withStore: WithStore): void {
  test("one audit entry is found by its sequence, each clinic's its own", async () => {
    await withStore(async (store, clinic) => {
      const other = await store.openClinic(randomBytes(16), randomBytes(32))
      const entries = newEntries(1, 9)
      const part = (from: number, to: number): Uint8Array =>
        entries.slice(from * ENTRY_BYTES, to * ENTRY_BYTES)
      const foreign = newEntries(1, 2)
      for (const [from, to] of [
        [0, 1],
        [1, 6],
        [6, 9],
      ] as const)
        await store.commit({
          ...EMPTY,
          audit: [{ clinic, first: from + 1, entries: part(from, to), tiles: [] }],
        })
      await store.commit({ ...EMPTY, audit: [{ clinic: other, first: 1, entries: foreign, tiles: [] }] })
      for (let sequence = 1; sequence <= 9; sequence++)
        assert.is(plain(await store.readEntry(clinic, sequence)), plain(part(sequence - 1, sequence)))
      assert.is(plain(await store.readEntry(other, 2)), plain(foreign.slice(ENTRY_BYTES)))
      for (const sequence of [0, 10, 11, 5000]) assert.is(await store.readEntry(clinic, sequence), undefined)
      assert.is(await store.readEntry(other, 3), undefined)
    })
  })

  const add = (store: Store, clinic: ClinicRef, first: number, tiles: readonly Tile[]): unknown =>
    store.commit({ ...EMPTY, audit: [{ clinic, first, entries: newEntries(first, 1), tiles }] })

  test("tiles are kept by clinic, level and index, the newest in the place of those before", async () => {
    await withStore(async (store, clinic, harness) => {
      const other = await store.openClinic(randomBytes(16), randomBytes(32))
      const tiles = [newTile(0, 0, 256), newTile(0, 1, 256), newTile(1, 0, 2), newTile(2, 1, 1)]
      const longer = newTile(1, 0, 256)
      const far = newTile(0, 2 ** 30 - 1, 256)
      const foreign = newTile(0, 0, 256)
      await add(store, clinic, 1, tiles)
      assert.is(plain(await store.readTile(clinic, 1, 0)), plain(tiles[2]?.hashes))
      await add(store, clinic, 2, [longer, far])
      await add(store, other, 1, [foreign])
      const check = async (from: Store): Promise<void> => {
        assert.is(plain(await from.readTile(clinic, 0, 0)), plain(tiles[0]?.hashes))
        assert.is(plain(await from.readTile(clinic, 0, 1)), plain(tiles[1]?.hashes))
        assert.is(plain(await from.readTile(clinic, 1, 0)), plain(longer.hashes))
        assert.is(plain(await from.readTile(clinic, 2, 1)), plain(tiles[3]?.hashes))
        assert.is(plain(await from.readTile(clinic, 0, far.index)), plain(far.hashes))
        assert.is(plain(await from.readTile(other, 0, 0)), plain(foreign.hashes))
        for (const [level, index] of [
          [0, 2],
          [1, 1],
          [2, 0],
          [3, 0],
        ] as const)
          assert.is(await from.readTile(clinic, level, index), undefined)
        assert.is(await from.readTile(other, 1, 0), undefined)
      }
      await check(store)
      await store.close()
      const reopened = await harness.open()
      await check(reopened)
      await reopened.close()
    })
  })

  test("a batch that fails leaves every tile as it was", async () => {
    await withStore(async (store, clinic) => {
      const short = newTile(1, 0, 1)
      await add(store, clinic, 1, [short])
      const scope = store.newConversation(clinic, randomBytes(16))
      await store.commit({ ...EMPTY, newConversations: [scope], records: [newRecord(scope, 1)] })
      const failing = codeOf(() =>
        store.commit({
          ...EMPTY,
          // A position that is taken.
          records: [newRecord(scope, 1)],
          audit: [
            {
              clinic,
              first: 2,
              entries: newEntries(2, 1),
              tiles: [newTile(1, 0, 2), newTile(0, 0, 256)],
            },
          ],
        }),
      )
      assert.is(await failing, "ERR_STORE")
      assert.is(plain(await store.readTile(clinic, 1, 0)), plain(short.hashes))
      assert.is(await store.readTile(clinic, 0, 0), undefined)
    })
  })

  test("checkpoints are kept by clinic and kind, the newest in the place of the one before", async () => {
    await withStore(async (store, clinic, harness) => {
      const other = await store.openClinic(randomBytes(16), randomBytes(32))
      assert.is(await store.checkpoint(clinic, "newest"), undefined)
      await store.saveCheckpoints([{ clinic, kind: "newest", note: "first\n\n— dash\n" }])
      await store.saveCheckpoints([
        { clinic, kind: "newest", note: "second\n\n— dash\n" },
        { clinic, kind: "witnessed", note: "first, seen\n\n— dash\n" },
        { clinic: other, kind: "newest", note: "another's\n\n— dash\n" },
      ])
      const check = async (from: Store): Promise<void> => {
        assert.is(await from.checkpoint(clinic, "newest"), "second\n\n— dash\n")
        assert.is(await from.checkpoint(clinic, "witnessed"), "first, seen\n\n— dash\n")
        assert.is(await from.checkpoint(other, "newest"), "another's\n\n— dash\n")
        assert.is(await from.checkpoint(other, "witnessed"), undefined)
      }
      await check(store)
      await store.close()
      const reopened = await harness.open()
      await check(reopened)
      await reopened.close()
    })
  })
}
