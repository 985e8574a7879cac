import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Outbox } from "../../src/client/outbox.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import type { KnownPayload } from "../../src/conversation/index.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { type Keystore, memoryKeystore } from "../../src/index.ts"
import { rejects } from "../support/errors.ts"

const test = suite("outbox")
await cryptoReady()
const CLINIC = new Uint8Array(16).fill(1)
const text = (value: string): KnownPayload => ({ v: 1, type: "text", text: value })
const open = async (keystore: Keystore, id = "c1"): Promise<Outbox> => {
  const outbox = new Outbox(new ClinicStorage(keystore, CLINIC), id)
  await outbox.load()
  return outbox
}

test("keeps the order over a restart, and goes on counting", async () => {
  const keystore = memoryKeystore()
  const first = await open(keystore)
  for (const word of ["one", "two", "three"]) await first.add(text(word), 5)
  await first.remove(first.items[2]?.localId as string)
  const again = await open(keystore)
  assert.equal(again.items, first.items)
  const added = await again.add(text("four"), 6)
  assert.equal(
    again.items.map(({ localId }) => localId),
    [...first.items.map(({ localId }) => localId), added.localId],
  )
  assert.is(new Set(again.items.map(({ localId }) => localId)).size, 3)
})

test("gives each message an id of its own, and takes none against its schema", async () => {
  const keystore = memoryKeystore()
  const outbox = await open(keystore)
  const ids = [await outbox.add(text("one"), 5), await outbox.add(text("one"), 5)].map(
    ({ payload }) => payload.id,
  )
  assert.ok(ids.every((id) => /^[0-9a-f]{32}$/.test(id ?? "")))
  assert.is(new Set(ids).size, 2)
  assert.equal(
    (await open(keystore)).items.map(({ payload }) => payload.id),
    ids,
  )
  await rejects(outbox.add(text(""), 5), "ERR_MALFORMED")
  assert.is(outbox.items.length, 2)
})

test("keeps the sealed bytes and why a message failed", async () => {
  const keystore = memoryKeystore()
  const outbox = await open(keystore)
  const item = await outbox.add(text("one"), 5)
  await outbox.replace({ ...item, sealed: { sequence: 7, record: new Uint8Array(900).fill(3) } })
  const other = await outbox.add(text("two"), 6)
  await outbox.replace({ ...other, failed: "ERR_CLOSED" })
  const [sealed, failed] = (await open(keystore)).items
  assert.is(sealed?.sealed?.sequence, 7)
  assert.equal(sealed?.sealed?.record, new Uint8Array(900).fill(3))
  assert.is(sealed?.failed, undefined)
  assert.is(failed?.failed, "ERR_CLOSED")
})

test("conversations don't see each other's", async () => {
  const keystore = memoryKeystore()
  await (await open(keystore, "c1")).add(text("one"), 5)
  assert.equal((await open(keystore, "c2")).items, [])
})

test("a message that couldn't be stored isn't in it", async () => {
  const keystore = memoryKeystore()
  const outbox = await open(keystore)
  await keystore.close()
  await rejects(outbox.add(text("one"), 5), "ERR_LOCKED")
  assert.equal(outbox.items, [])
})

test("a replaced item that is gone doesn't come back", async () => {
  const keystore = memoryKeystore()
  const outbox = await open(keystore)
  const item = await outbox.add(text("one"), 5)
  await outbox.remove(item.localId)
  await outbox.replace({ ...item, failed: "ERR_CLOSED" })
  assert.equal((await open(keystore)).items, [])
})

test("a stored item of another layout is ERR_KEYSTORE", async () => {
  const keystore = memoryKeystore()
  const outbox = await open(keystore)
  await outbox.add(text("one"), 5)
  const [key] = await keystore.keys("")
  const stored = (await keystore.get(key as string)) as Uint8Array
  await keystore.set({ [key as string]: stored.subarray(0, stored.length - 1) })
  await rejects(open(keystore), "ERR_KEYSTORE")
  stored[0] = 2
  await keystore.set({ [key as string]: stored })
  await rejects(open(keystore), "ERR_KEYSTORE")
})

test.run()
