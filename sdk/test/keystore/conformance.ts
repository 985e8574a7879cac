/** What every keystore must do. Registers named cases; needs no test library, so that a page can run it too. */
import { utf8 } from "../../src/bytes.ts"
import { isWardlineError } from "../../src/errors.ts"
import type { Keystore } from "../../src/keystore/keystore.ts"

/** @param open - opens the store; each call after a `close` opens the same one again.
 * @param run - registers or executes one case.
 * @param durable - whether values outlive a `close`. */
export function keystoreConformance(
  open: () => Promise<Keystore>,
  run: (name: string, body: () => Promise<void>) => void,
  durable: boolean,
): void {
  // One store for most cases: opening one derives a key, which takes its time.
  let shared: Promise<Keystore> | undefined
  const withStore = (body: (store: Keystore) => Promise<void>) => async (): Promise<void> => {
    shared ??= open()
    const store = await shared
    await store.clear()
    await body(store)
  }

  run(
    "an absent key is undefined",
    withStore(async (store) => {
      expect((await store.get("a")) === undefined, "value of an absent key")
      expectList(await store.keys(""), [])
    }),
  )
  run(
    "a value comes back as it was set, the empty one too",
    withStore(async (store) => {
      await store.set({ a: utf8("one"), b: new Uint8Array(0), "ü/π": utf8("three") })
      expectBytes(await store.get("a"), utf8("one"))
      expectBytes(await store.get("b"), new Uint8Array(0))
      expectBytes(await store.get("ü/π"), utf8("three"))
    }),
  )
  run(
    "set overwrites, and deletes where the value is undefined",
    withStore(async (store) => {
      await store.set({ a: utf8("one"), b: utf8("two") })
      await store.set({ a: utf8("three"), b: undefined, c: undefined })
      expectBytes(await store.get("a"), utf8("three"))
      expectList(await store.keys(""), ["a"])
    }),
  )
  run(
    "keys are filtered by prefix and sorted",
    withStore(async (store) => {
      const one = utf8("1")
      await store.set({ "x/2": one, "x/10": one, "x/1": one, y: one, xy: one })
      expectList(await store.keys("x/"), ["x/1", "x/10", "x/2"])
      expectList(await store.keys("z"), [])
    }),
  )
  run(
    "values are copied in and out",
    withStore(async (store) => {
      const given = utf8("secret")
      const storing = store.set({ a: given })
      given.fill(0)
      await storing
      const got = await store.get("a")
      got?.fill(0)
      expectBytes(await store.get("a"), utf8("secret"))
    }),
  )
  run(
    "set writes all entries or none",
    withStore(async (store) => {
      await expectCode(store.set({ good: utf8("1"), "": utf8("2") }), "ERR_MALFORMED")
      await expectCode(store.set({ good: utf8("1"), ["k".repeat(513)]: utf8("2") }), "ERR_MALFORMED")
      expectList(await store.keys(""), [])
    }),
  )
  run(
    "concurrent sets all take effect, the last on one key wins",
    withStore(async (store) => {
      const writes = Array.from({ length: 50 }, (_, i) =>
        store.set({ [`item/${String(i).padStart(2, "0")}`]: Uint8Array.of(i), last: Uint8Array.of(i) }),
      )
      await Promise.all(writes)
      expect((await store.keys("item/")).length === 50, "number of items")
      expectBytes(await store.get("last"), Uint8Array.of(49))
    }),
  )
  run(
    "a large value comes back",
    withStore(async (store) => {
      const large = new Uint8Array(300_000).map((_, i) => (i * 31) & 0xff)
      await store.set({ large })
      expectBytes(await store.get("large"), large)
    }),
  )
  run(
    "clear forgets everything, and the store can be used again",
    withStore(async (store) => {
      await store.set({ a: utf8("one") })
      await store.clear()
      expectList(await store.keys(""), [])
      await store.set({ b: utf8("two") })
      expectList(await store.keys(""), ["b"])
    }),
  )
  run("after close every call is ERR_LOCKED, and close may be repeated", async () => {
    const store = await (shared ?? open())
    await store.close()
    await store.close()
    await expectCode(store.get("a"), "ERR_LOCKED")
    await expectCode(store.set({ a: utf8("1") }), "ERR_LOCKED")
    await expectCode(store.keys(""), "ERR_LOCKED")
    await expectCode(store.clear(), "ERR_LOCKED")
  })
  if (!durable) return
  run("values are there when the store is opened again", async () => {
    const first = await open()
    await first.clear()
    await first.set({ a: utf8("one"), b: utf8("two") })
    await first.set({ b: undefined })
    await first.close()
    const second = await open()
    expectBytes(await second.get("a"), utf8("one"))
    expectList(await second.keys(""), ["a"])
    await second.close()
  })
  run("close waits for what was being written", async () => {
    const first = await open()
    const writing = first.set({ late: utf8("1") })
    await first.close()
    await writing
    const second = await open()
    expectBytes(await second.get("late"), utf8("1"))
    await second.close()
  })
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`unexpected: ${what}`)
}

function expectList(actual: readonly string[], expected: readonly string[]): void {
  expect(JSON.stringify(actual) === JSON.stringify(expected), `${JSON.stringify(actual)}`)
}

function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual?.length === expected.length, `length ${actual?.length}`)
  expect(actual?.every((byte, i) => byte === expected[i]) === true, "bytes differ")
}

async function expectCode(work: Promise<unknown>, code: string): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(isWardlineError(error) && error.code === code, `outcome ${String(error)} instead of ${code}`)
}
