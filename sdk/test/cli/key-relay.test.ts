/** Split keys of a clinic whose relay is running: the record of a recovery reaches everybody before the key is made. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { type Relay, startRelay } from "@wardline/relay"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { decodeRootKey } from "../../src/cli/root-key-file.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { type Desk, makeDesk, type Ran, wardline } from "./wardline.ts"

const test = suite("split keys and the relay")
let desk: Desk
let relay: Relay
let clinicKey: string

const dir = (): string[] => ["--dir", desk.path("clinic")]
const unlocked = (...args: string[]): Promise<Ran> =>
  wardline([...args, ...dir(), "--passphrase-file", desk.passphraseFile])
const combineRoot = (out: string, ...more: string[]): Promise<Ran> =>
  wardline([
    ...["key", "combine", "root", "--root-key", desk.path(out), "--reason", "Dana left"],
    ...["--share", desk.path("shares/share-1-of-3.txt"), "--share", desk.path("shares/share-3-of-3.txt")],
    ...more,
  ])

function assertCode(ran: Ran, code: number): void {
  assert.is(ran.code, code, `${ran.stdout}\n${ran.stderr}`)
}

interface Shown {
  readonly position: number
  readonly recoveries: readonly { readonly key: string; readonly by: string; readonly reason: string }[]
}
const shown = async (): Promise<Shown> => {
  const ran = await wardline(["directory", "show", "--json", ...dir()])
  assertCode(ran, 0)
  return JSON.parse(ran.stdout) as Shown
}

test.before(async () => {
  await cryptoReady()
  desk = makeDesk()
  const setup = JSON.parse((await wardline(["init", "--print-setup"])).stdout) as Record<string, unknown>
  writeFileSync(desk.path("setup.json"), JSON.stringify({ ...setup, archiveRole: "vault" }))
  const init = ["--name", "Juniper Street", "--admin", "Dana", "--setup", desk.path("setup.json")]
  assertCode(await unlocked("init", ...init, "--root-key", desk.path("root.txt")), 0)
  clinicKey = /clinic key: (\w+)/.exec(readFileSync(desk.path("root.txt"), "utf8"))?.[1] ?? ""
  const data = desk.path("relay")
  relay = await startRelay({ data, clinicKeys: [clinicKey], port: 0, webRoot: desk.path("none") })
  assertCode(await wardline(["directory", "push", "--relay", `http://localhost:${relay.port}`, ...dir()]), 0)
  const split = ["--root-key", desk.path("root.txt"), "--shares", "3", "--needed", "2", "--files"]
  assertCode(await wardline(["key", "split", "root", ...split, "--out", desk.path("shares")]), 0)
})

test.after(async () => {
  await relay?.close()
  desk.clear()
})

test("the root key is put together with the clinic's folder, and the relay has the record", async () => {
  const before = await shown()
  assertCode(await combineRoot("first.txt", ...dir()), 0)
  const after = await shown()
  assert.is(after.position, before.position + 1)
  assert.equal(after.recoveries.at(-1)?.by, "the root key")
  assert.equal([after.recoveries.length, after.recoveries[0]?.reason], [1, "Dana left"])
  const [made, kept] = ["first.txt", "root.txt"].map((name) => readFileSync(desk.path(name), "utf8")) as [
    string,
    string,
  ]
  assert.equal(decodeRootKey(made), decodeRootKey(kept))
  assert.match(made, "clinic: Juniper Street")
})

test("where the folder is lost, the clinic key and the relay are enough", async () => {
  const url = `http://localhost:${relay.port}`
  assertCode(await combineRoot("second.txt", "--clinic-key", clinicKey, "--relay", url), 0)
  assert.is((await shown()).recoveries.length, 2)
  const without = await combineRoot("third.txt", "--clinic-key", clinicKey)
  assertCode(without, 2)
  assert.match(without.stderr, "which relay?")
  const malformed = await combineRoot("third.txt", "--clinic-key", clinicKey.slice(2), "--relay", url)
  assertCode(malformed, 2)
})

test("without the relay there is no record, and so no key", async () => {
  const ran = await combineRoot("offline.txt", "--clinic-key", clinicKey, "--relay", "http://127.0.0.1:1")
  assertCode(ran, 3)
  assert.not.ok(existsSync(desk.path("offline.txt")))
})

test("the archive's key is split and put together by an administrator, on record", async () => {
  const split = await unlocked(
    ...["key", "split", "archive", "--shares", "3", "--needed", "2", "--files", "--out", desk.path("vault")],
  )
  assertCode(split, 0)
  assert.match(split.stdout, "Key of the role vault, generation 1: any 2 of 3")
  const share = (n: number): string[] => ["--share", desk.path(`vault/share-${n}-of-3.txt`)]
  const combine = ["key", "combine", "archive", "--reason", "the vault's laptop burned"]
  const few = await unlocked(...combine, ...share(1))
  assertCode(few, 5)
  const roots = await unlocked(...combine, ...share(1), "--share", desk.path("shares/share-1-of-3.txt"))
  assertCode(roots, 1)
  assert.match(roots.stderr, "share 1 is of another clinic, another key")
  const before = (await shown()).recoveries.length
  const ran = await unlocked(...combine, ...share(1), ...share(2))
  assertCode(ran, 0)
  assert.match(ran.stdout, /wardline staff add .* --role vault:keeper/)
  const { recoveries } = await shown()
  assert.is(recoveries.length, before + 1)
  assert.equal(recoveries.at(-1), {
    ...recoveries.at(-1),
    key: "archive",
    by: "Dana",
    reason: "the vault's laptop burned",
  })
})

test("sheets of an older generation still open what was archived then, and are found to be of it", async () => {
  assertCode(await unlocked("role", "rotate", "vault"), 0)
  const share = (n: number): string[] => ["--share", desk.path(`vault/share-${n}-of-3.txt`)]
  const combine = ["key", "combine", "archive", "--reason", "an old case", ...share(2), ...share(3)]
  const ran = await unlocked(...combine, "--json")
  assertCode(ran, 0)
  assert.is((JSON.parse(ran.stdout) as { generation: number }).generation, 1)
  const newest = await unlocked(...combine, "--generation", "2")
  assertCode(newest, 1)
  assert.match(newest.stderr, "another generation of it")
})

test("a role that there isn't, or no archive role, is said at once", async () => {
  const args = ["--shares", "3", "--needed", "2", "--out", desk.path("none")]
  const unknown = await unlocked("key", "split", "archive", ...args, "--role", "valut")
  assertCode(unknown, 5)
  assert.match(unknown.stderr, "no such generation")
  const generation = await unlocked("key", "combine", "archive", "--reason", "x", "--generation", "9")
  assertCode(generation, 2)
  assert.match(generation.stderr, "has no key of generation 9")
})

test.run()
