/** The browser's keystore in a real browser: what every keystore must do, and what happens when its storage is changed,
 * moved, replaced or gone. */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import type { KeystorePage } from "./indexed-db-page.ts"

const test = suite("the browser's keystore")
const ENTRY = fileURLToPath(new URL("indexed-db-page.ts", import.meta.url))
const HTML = '<!doctype html><meta charset="utf-8"><title>Keystore</title><script src="/page.js"></script>'

let server: Server
let browser: Browser
let context: BrowserContext
let page: Page
/** Each case has a database of its own. */
let database = ""
let cases = 0

/** Runs one function of the page; a page that was just opened sees only what was stored. */
async function ask<K extends keyof KeystorePage>(
  name: K,
  ...args: Parameters<KeystorePage[K]>
): Promise<Awaited<ReturnType<KeystorePage[K]>>> {
  return (await page.evaluate(
    async ([fn, list]) => {
      const { keystorePage } = globalThis as unknown as {
        keystorePage: Record<string, (...all: unknown[]) => unknown>
      }
      return await keystorePage[fn]?.(...list)
    },
    [name, args] as const,
  )) as Awaited<ReturnType<KeystorePage[K]>>
}

const address = (): string => `http://localhost:${(server.address() as AddressInfo).port}/`

test.before(async () => {
  const bundle = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    format: "iife",
    conditions: ["source"],
    logLevel: "silent",
  })
  const script = bundle.outputFiles[0]?.contents ?? new Uint8Array(0)
  server = createServer((request, response) => {
    const isScript = request.url === "/page.js"
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html")
    response.end(isScript ? script : HTML)
  })
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  browser = await launchBrowser()
  context = await browser.newContext()
})

test.after(async () => {
  await browser?.close()
  await new Promise((resolve) => server.close(resolve))
})

test.before.each(async () => {
  page = await context.newPage()
  await page.goto(address())
  database = `clinic-${++cases}`
})

test.after.each(() => page.close())

/** As when somebody comes back another day. */
const visitAgain = (): Promise<unknown> => page.reload()

test("it does what every keystore does", async () => {
  const results = await ask("conformance")
  assert.ok(results.length >= 12, `${results.length} cases`)
  assert.equal(
    results.filter(({ problem }) => problem !== undefined),
    [],
  )
})

test("nothing is stored before the first value", async () => {
  assert.is(await ask("read", database, "a"), "absent")
  assert.not.ok((await ask("databases")).includes(database))
})

test("values outlive the visit, and what is stored isn't readable", async () => {
  await ask("put", database, { device: "a secret of this device" })
  await visitAgain()
  assert.is(await ask("read", database, "device"), "a secret of this device")
  const bytes = Buffer.from(await ask("stored", database, "device"))
  assert.is(bytes[0], 1, "the format's version")
  assert.not.ok(bytes.includes("secret"))
})

test("no script can take the wrapping key out", async () => {
  await ask("put", database, { a: "one" })
  assert.equal(await ask("wrappingKey", database), { extractable: false, exported: false })
  await visitAgain()
  assert.equal(await ask("wrappingKey", database), { extractable: false, exported: false })
})

test("the same value is never stored in the same form", async () => {
  await ask("put", database, { a: "one", b: "one" })
  const forms = [await ask("stored", database, "a"), await ask("stored", database, "b")]
  await ask("put", database, { a: "one" })
  forms.push(await ask("stored", database, "a"))
  assert.is(new Set(forms.map((form) => form.join())).size, 3)
})

const CHANGED = "ERR_KEYSTORE: a stored value was changed or moved"

test("a stored value that was changed in any part is refused", async () => {
  await ask("put", database, { a: "a value of some length" })
  const whole = await ask("stored", database, "a")
  for (let i = 0; i < whole.length; i++) {
    await ask("overwrite", database, "a", whole.with(i, (whole[i] ?? 0) ^ 1))
    assert.is(await ask("read", database, "a"), CHANGED, `byte ${i}`)
  }
  await ask("overwrite", database, "a", whole)
  assert.is(await ask("read", database, "a"), "a value of some length")
})

for (const { name, change } of [
  { name: "cut short", change: (whole: number[]) => whole.slice(0, -1) },
  { name: "with something behind it", change: (whole: number[]) => [...whole, 0] },
  { name: "without anything sealed", change: (whole: number[]) => whole.slice(0, 13) },
  { name: "empty", change: () => [] },
  { name: "of an older form, before there was a version", change: (whole: number[]) => whole.slice(1) },
  { name: "of version 0", change: (whole: number[]) => whole.with(0, 0) },
  { name: "of a later version", change: (whole: number[]) => whole.with(0, 2) },
]) {
  test(`a stored value ${name} is refused`, async () => {
    await ask("put", database, { a: "one" })
    await ask("overwrite", database, "a", change(await ask("stored", database, "a")))
    await visitAgain()
    assert.is(await ask("read", database, "a"), CHANGED)
  })
}

test("a stored value under another name is refused", async () => {
  await ask("put", database, { mine: "my draft", device: "my keys" })
  const [mine, device] = [await ask("stored", database, "mine"), await ask("stored", database, "device")]
  await ask("overwrite", database, "mine", device)
  await ask("overwrite", database, "device", mine)
  assert.is(await ask("read", database, "mine"), CHANGED)
  assert.is(await ask("read", database, "device"), CHANGED)
})

test("what no keystore stored is refused", async () => {
  await ask("put", database, { a: "one" })
  for (const odd of [null, 7, "text", { 0: 1 }]) {
    await ask("overwriteOddly", database, "a", odd)
    assert.is(await ask("read", database, "a"), CHANGED, JSON.stringify(odd))
  }
})

test("a stored value in another database is refused, even with its key carried there", async () => {
  const other = `${database}-other`
  await ask("put", database, { a: "this clinic's" })
  await ask("put", other, { a: "that clinic's" })
  await ask("copyWrappingKey", database, other)
  await ask("overwrite", other, "a", await ask("stored", database, "a"))
  assert.is(await ask("read", other, "a"), CHANGED)
})

test("a wrapping key that a script could take out is refused, even where nothing is stored yet", async () => {
  await ask("put", database, { a: "one" })
  await ask("replaceWrappingKey", database, true)
  await visitAgain()
  assert.is(await ask("read", database, "a"), "ERR_KEYSTORE: the stored wrapping key was replaced")
  const prepared = `${database}-prepared`
  await ask("put", prepared, { a: "one" })
  await ask("put", prepared, {})
  await ask("replaceWrappingKey", prepared, true)
  assert.match(await ask("read", prepared, "other"), /^ERR_KEYSTORE/)
})

test("another wrapping key opens nothing", async () => {
  await ask("put", database, { a: "one" })
  await ask("replaceWrappingKey", database, false)
  await visitAgain()
  assert.is(await ask("read", database, "a"), CHANGED)
})

const EVICTED = "ERR_KEYSTORE: the browser removed this device's keys"

test("values without their wrapping key are said to be lost, and no new key is made for them", async () => {
  await ask("put", database, { a: "one" })
  await ask("removeWrappingKey", database)
  await visitAgain()
  assert.is(await ask("read", database, "a"), EVICTED)
  await visitAgain()
  assert.is(await ask("read", database, "a"), EVICTED, "at the next visit, too")
})

test("a database that the browser removed is said to be lost; nothing new begins unasked", async () => {
  await ask("put", database, { device: "my keys" })
  await ask("evict", database)
  await visitAgain()
  assert.is(await ask("read", database, "device"), EVICTED)
  assert.not.ok((await ask("databases")).includes(database), "no new database")
  await visitAgain()
  assert.is(await ask("read", database, "device"), EVICTED, "at the next visit, too")
})

test("what a person forgot is not called lost", async () => {
  await ask("put", database, { device: "my keys" })
  await ask("clear", database)
  await visitAgain()
  assert.is(await ask("read", database, "device"), "absent")
  assert.not.ok((await ask("databases")).includes(database))
})

test("a tab that forgets everything doesn't wait for another that has it open, and that one notices", async () => {
  await ask("put", database, { device: "my keys" })
  const mine = page
  const other = await context.newPage()
  await other.goto(address())
  page = other
  assert.is(await ask("hold", database, "device"), "my keys")
  page = mine
  await ask("clear", database)
  page = other
  assert.is(await ask("readHeld", "device"), "absent")
  page = mine
  await other.close()
})

test.run()
