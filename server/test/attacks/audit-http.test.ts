/** Attacks on the audit log's addresses, and on its database by the host. */
import { cpSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import Sqlite from "better-sqlite3"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { DATABASE_FILE, SqliteStore } from "../../src/store/sqlite.ts"
import type { CheckpointKind, ClinicRef } from "../../src/store/store.ts"
import { AuditBench, withLog } from "../support/audit-bench.ts"
import { TestLog } from "../support/audit-log.ts"
import { TestChat } from "../support/chat.ts"
import { logIn } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("audit log addresses")
const bench = new AuditBench(test)

for (const path of [
  "inclusion",
  "inclusion?index=0",
  "inclusion?index=-1&size=1",
  "inclusion?index=1&size=1",
  "inclusion?index=01&size=2",
  "inclusion?index=0&size=1e3",
  "inclusion?index=0&size=0",
  "consistency?from=2&to=1",
  "consistency?from=&to=1",
  "consistency?from=0x1&to=1",
  "tile/0/0",
  "tile/0/000.p/0",
  "tile/0/000.p/257",
  "tile/7/000",
  "tile/0/x000/000",
  "tile/0/000.p/01",
  "tile/entries/000",
  "tile/",
])
  test(`GET ${path} is malformed`, async () => {
    const { status, text } = await bench.log.fetch(path)
    assert.is(status, 400, text)
  })

for (const path of [
  "inclusion?index=0&size=9007199254740991",
  "consistency?from=1&to=9007199254740991",
  "tile/0/999",
  "tile/6/000.p/1",
  "tile/0/x009/x007/x199/x254/x740/991",
  "entries",
  "checkpoint/",
])
  test(`GET ${path} isn't there`, async () => {
    assert.is((await bench.log.fetch(path)).status, 404)
  })

test("a proof isn't made for the leaf that comes next, though all its siblings are there", async () => {
  const clinic = new TestClinic()
  await withLog(clinic, { recordsBurst: 1000 }, async (log) => {
    const device = newDevice()
    const chat = new TestChat(clinic, device)
    const client = await logIn(log.relay.url, clinic, device)
    await client.publishAll(chat.beginning())
    // It would begin a tile of its own.
    let size = 0
    while (size < 256) size = (await client.publishAll([chat.message()]))[0]?.auditSequence ?? 256
    assert.is((await log.fetch("inclusion?index=255&size=256")).status, 200)
    assert.is((await log.fetch("inclusion?index=256&size=257")).status, 404)
  })
})

test("the log is read and cosigned, nothing else", async () => {
  for (const [path, method, allowed] of [
    ["checkpoint", "POST", "GET, HEAD, OPTIONS"],
    ["tile/0/000", "DELETE", "GET, HEAD, OPTIONS"],
    ["cosignatures", "GET", "POST, OPTIONS"],
    ["cosignatures", "PUT", "POST, OPTIONS"],
  ] as const) {
    const { status, headers } = await bench.log.fetch(path, { method })
    assert.is(status, 405)
    assert.is(headers.get("allow"), allowed)
  }
})

test("a body that never ends is cut off", async () => {
  const { port } = new URL(bench.relay.url)
  const status = await new Promise((resolve, reject) => {
    const path = `/v1/clinics/${bench.clinic.name}/audit/cosignatures`
    const headers = { "Transfer-Encoding": "chunked" }
    const sent = request({ port, path, method: "POST", headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on("error", reject)
    for (let i = 0; i < 3; i++) sent.write("x".repeat(40_000))
  })
  assert.is(status, 413)
})

test("tiles, proofs and cosignatures of one address are counted like its other requests", async () => {
  const limits = { httpPerSecond: 0.001, httpBurst: 6, postsPerSecond: 0.001, postsBurst: 4 }
  await withLog(new TestClinic(), limits, async (log) => {
    const statuses: number[] = []
    for (const path of ["checkpoint", "witnessed", "tile/0/000.p/1", "inclusion?index=0&size=1"])
      for (let i = 0; i < 3; i++) statuses.push((await log.fetch(path)).status)
    assert.is(statuses.filter((status) => status === 429).length, 6)
    const posts: number[] = []
    for (let i = 0; i < 6; i++) posts.push((await log.post("x")).status)
    assert.equal(posts.slice(-2), [429, 429])
  })
})

/** The store of a relay that doesn't run, and its clinic. */
async function inStore<T>(
  data: string,
  work: (store: SqliteStore, clinic: ClinicRef) => T | Promise<T>,
): Promise<T> {
  const store = new SqliteStore(data)
  try {
    return await work(store, store.clinics()[0] as ClinicRef)
  } finally {
    store.close()
  }
}

test("a log that was put back to an older copy, with the newer one's checkpoint, is signed no further", async () => {
  const clinic = new TestClinic()
  const data = newFolder()
  const copy = newFolder()
  const live = async (folder: string): Promise<void> => {
    const relay = await start(clinic, { data: folder, limits: { checkpointMs: 1 } })
    await (await logIn(relay.url, clinic, newDevice())).close()
    await relay.close()
  }
  await live(data)
  cpSync(data, copy, { recursive: true })
  await live(copy)
  const noteIn = (folder: string, kind: CheckpointKind): Promise<string> =>
    inStore(folder, (store, ref) => store.checkpoint(ref, kind) ?? "")
  const note = await noteIn(copy, "newest")
  await inStore(data, (store, ref) => store.saveCheckpoints([{ clinic: ref, kind: "newest", note }]))
  const said: string[] = []
  const error = (event: string): unknown => said.push(event)
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error }
  const relay = await start(clinic, { data, log: silent, limits: { checkpointMs: 1 } })
  assert.match(said.join("\n"), /isn't the one that this relay has signed/)
  // It grows beyond the size that was signed, and people are served.
  for (let i = 0; i < 9; i++) await (await logIn(relay.url, clinic, newDevice())).close()
  await new Promise((resolve) => setTimeout(resolve, 1200))
  assert.is((await new TestLog(relay, clinic).fetch("checkpoint")).text, note)
  await relay.close()
  assert.is(await noteIn(data, "newest"), note)
  for (const folder of [data, copy]) removeFolder(folder)
})

test("a log of whose tree a part was taken out is signed no further, and people are served", async () => {
  const clinic = new TestClinic()
  const data = newFolder()
  const limits = { checkpointMs: 1, recordsBurst: 10_000 }
  await (await start(clinic, { data, limits })).close()
  const note = await inStore(data, (store, ref) => store.checkpoint(ref, "newest") ?? "")
  const long = await start(clinic, { data, limits })
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const client = await logIn(long.url, clinic, device)
  await client.publishAll([...chat.beginning(), ...Array.from({ length: 300 }, () => chat.message())])
  await long.close()
  // The first tile, and the checkpoint that says so.
  await inStore(data, (store, ref) => store.saveCheckpoints([{ clinic: ref, kind: "newest", note }]))
  const db = new Sqlite(join(data, DATABASE_FILE))
  db.exec("DELETE FROM tiles WHERE key = (SELECT min(key) FROM tiles)")
  db.close()
  const said: string[] = []
  const error = (event: string): unknown => said.push(event)
  const relay = await start(clinic, {
    data,
    limits,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error },
  })
  assert.match(said.join("\n"), /isn't the one that this relay has signed/)
  await (await logIn(relay.url, clinic, newDevice())).close()
  await relay.close()
  assert.is(await inStore(data, (store, ref) => store.checkpoint(ref, "newest") ?? ""), note)
  removeFolder(data)
})

test.run()
