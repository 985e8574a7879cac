import { spawn } from "node:child_process"
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromUtf8, utf8 } from "../../src/bytes.ts"
import { openFileKeystore } from "../../src/keystore/file.ts"
import { rejects } from "../support/errors.ts"
import { keystoreConformance } from "./conformance.ts"

const folder = await mkdtemp(join(tmpdir(), "wardline-keystore-"))
const shared = join(folder, "shared.keys")

const test = suite("file keystore")
keystoreConformance(() => openFileKeystore(shared, "correct horse"), test, true)

/** A closed keystore file with one value. */
async function storedFile(name: string): Promise<{ path: string; bytes: Buffer }> {
  const path = join(folder, name)
  const store = await openFileKeystore(path, "pass")
  await store.set({ "seed/1": utf8("the nurse's seed") })
  await store.close()
  return { path, bytes: await readFile(path) }
}

test("the file and nothing beside it is left, for its owner alone, and holds no plain text", async () => {
  const { path, bytes } = await storedFile("private.keys")
  assert.is((await stat(path)).mode & 0o777, 0o600)
  assert.not.ok(bytes.includes("nurse") || bytes.includes("seed/1"))
  const beside = (await readdir(folder)).filter((name) => name.startsWith("private.keys"))
  assert.equal(beside, ["private.keys"])
})

test("a wrong passphrase is ERR_LOCKED and changes nothing", async () => {
  const { path, bytes } = await storedFile("locked.keys")
  await rejects(openFileKeystore(path, "Pass"), "ERR_LOCKED")
  assert.equal(await readFile(path), bytes)
  const again = await openFileKeystore(path, "pass")
  assert.is(fromUtf8((await again.get("seed/1")) as Uint8Array), "the nurse's seed")
  await again.close()
})

test("one passphrase in two Unicode forms is the same", async () => {
  const path = join(folder, "unicode.keys")
  await (await openFileKeystore(path, "caf\u00e9")).close()
  await (await openFileKeystore(path, "cafe\u0301")).close()
})

test("an empty passphrase is refused", async () => {
  await rejects(openFileKeystore(join(folder, "none.keys"), ""), "ERR_CONFIG")
})

test("a file that was changed on disk is refused, and opens again once it is put right", async () => {
  const { path, bytes } = await storedFile("changed.keys")
  for (const at of [5, bytes.length - 1]) {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] as number) ^ 1
    await writeFile(path, changed)
    await rejects(openFileKeystore(path, "pass"), "ERR_KEYSTORE")
  }
  await writeFile(path, bytes)
  await (await openFileKeystore(path, "pass")).close()
})

test("two openers of one file: the second is ERR_CONFLICT until the first closes", async () => {
  const path = join(folder, "twice.keys")
  const first = await openFileKeystore(path, "pass")
  await rejects(openFileKeystore(path, "pass"), "ERR_CONFLICT")
  await first.close()
  await (await openFileKeystore(path, "pass")).close()
})

test("the lock of a living process holds, that of a dead one doesn't", async () => {
  const { path } = await storedFile("crashed.keys")
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"])
  await writeFile(`${path}.lock`, String(child.pid))
  await rejects(openFileKeystore(path, "pass"), "ERR_CONFLICT")
  const ended = new Promise((resolve) => child.once("exit", resolve))
  child.kill()
  await ended
  await (await openFileKeystore(path, "pass")).close()
})

test("an empty lock holds for a moment, and no longer: its process died before it wrote", async () => {
  const { path } = await storedFile("unfinished.keys")
  await writeFile(`${path}.lock`, "")
  await rejects(openFileKeystore(path, "pass"), "ERR_CONFLICT")
  const before = new Date(Date.now() - 11_000)
  await utimes(`${path}.lock`, before, before)
  await (await openFileKeystore(path, "pass")).close()
})

test("a dead process's lock is removed by one opener at a time", async () => {
  const { path } = await storedFile("raced.keys")
  // Larger than any process id.
  const dead = "99999999"
  await writeFile(`${path}.lock`, dead)
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"])
  await writeFile(`${path}.lock.removing`, String(child.pid))
  await rejects(openFileKeystore(path, "pass"), "ERR_CONFLICT")
  assert.is(await readFile(`${path}.lock`, "utf8"), dead)
  const ended = new Promise((resolve) => child.once("exit", resolve))
  child.kill()
  await ended
  // What a dead remover left is cleared by the one try and out of the way of the next.
  await rejects(openFileKeystore(path, "pass"), "ERR_CONFLICT")
  await (await openFileKeystore(path, "pass")).close()
  const beside = (await readdir(folder)).filter((name) => name.startsWith("raced.keys"))
  assert.equal(beside, ["raced.keys"])
})

test("a write that fails leaves the file and the values in memory as they were", async () => {
  if (process.getuid?.() === 0) return // root writes into read-only folders
  const inner = await mkdtemp(join(folder, "inner-"))
  const path = join(inner, "full.keys")
  const store = await openFileKeystore(path, "pass")
  await store.set({ a: utf8("1") })
  const before = await readFile(path)
  await chmod(inner, 0o500)
  await rejects(store.set({ a: utf8("2") }), "ERR_KEYSTORE")
  await chmod(inner, 0o700)
  assert.equal(await store.get("a"), utf8("1"))
  assert.equal(await readFile(path), before)
  await store.close()
})

test("killed at any moment of its writes, the file holds the state before or after", async () => {
  const path = join(folder, "killed.keys")
  const script = join(folder, "writer.ts")
  const source = new URL("../../src/keystore/file.ts", import.meta.url).href
  await writeFile(
    script,
    `import { openFileKeystore } from ${JSON.stringify(source)}
const store = await openFileKeystore(${JSON.stringify(path)}, "pass")
for (let i = 0; ; i++) {
  await store.set({ a: Uint8Array.of(i >> 8, i & 255), b: Uint8Array.of(i >> 8, i & 255) })
  process.stdout.write(i + "\\n")
}`,
  )
  for (let round = 0; round < 3; round++) {
    const acked = await runAndKill(script, 20 + round * 13)
    const store = await openFileKeystore(path, "pass")
    const [a, b] = [await store.get("a"), await store.get("b")]
    assert.equal(a, b)
    const value = a === undefined ? -1 : (a[0] as number) * 256 + (a[1] as number)
    assert.ok(value >= acked, `acked ${acked}, found ${value}`)
    await store.close()
  }
})

test("aborting while the key is derived is ERR_ABORTED and frees the file", async () => {
  const { path } = await storedFile("aborted.keys")
  const controller = new AbortController()
  const opening = openFileKeystore(path, "pass", { signal: controller.signal })
  setTimeout(() => controller.abort(), 100)
  await rejects(opening, "ERR_ABORTED")
  await (await openFileKeystore(path, "pass")).close()
})

test.after(() => rm(folder, { recursive: true, force: true }))
test.run()

/** Runs the writer until it has reported `writes` of them, kills it, and returns the last one reported. */
function runAndKill(script: string, writes: number): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [
      "--conditions=source",
      "--import",
      import.meta.resolve("tsx"),
      script,
    ])
    let last = -1
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      const lines = text.split("\n")
      text = lines.pop() ?? ""
      if (lines.length > 0) last = Number(lines.at(-1))
      if (last >= writes) child.kill("SIGKILL")
    })
    child.once("exit", () => resolve(last))
  })
}
