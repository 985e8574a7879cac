/** The audit log of a relay that worked: what is in it, and that any hand laid on the database shows. */
import { join } from "node:path"
import { equalBytes, toHex } from "@wardline/sdk/protocol"
import { type AuditEntry, decodeExportLine, isRecordAction, verifyExport } from "@wardline/sdk/tlog"
import Sqlite from "better-sqlite3"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { exportLines } from "../src/audit/export.ts"
import { verifyStore } from "../src/audit/verify.ts"
import { sha256, verify } from "../src/hashing.ts"
import { DATABASE_FILE, SqliteStore } from "../src/store/sqlite.ts"
import { TestChat } from "./support/chat.ts"
import { authFrame, logIn, TestClient } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { checkScopes, entriesOf } from "./support/entries.ts"
import { newFolder, post, removeFolder, start } from "./support/relay.ts"

const test = suite("audit")
const clinic = new TestClinic()
const other = new TestClinic()

/** A relay's working day: two clinics, two conversations, refusals. */
async function work(folder: string): Promise<TestChat> {
  const relay = await start([clinic, other], { data: folder })
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const patient = await logIn(relay.url, clinic, device)
  await patient.publishAll([...chat.beginning(), chat.message()])
  const nurse = await logIn(relay.url, clinic, clinic.nurse)
  nurse.send({ kind: "watch", id: 40, limit: 10, before: 0 })
  await nurse.nextOf("listed", 40)
  assert.is(await nurse.refusal(chat.message(clinic.nurse)), "ERR_ACCESS_REQUIRED")
  assert.is((await nurse.backlog(nurse.subscribe(chat.id))).end.kind, "error")
  await nurse.publishAll([chat.access(clinic.nurse, { purpose: "HOPERAT" })])
  await nurse.backlog(nurse.subscribe(chat.id, 2))
  await nurse.publishAll([chat.message(clinic.nurse)])
  const stranger = new TestClient(relay.url)
  const challenge = await stranger.nextOf("challenge")
  stranger.send(authFrame(newDevice(), clinic.id, { ...challenge, nonce: new Uint8Array(32) }, ""))
  await stranger.closed
  const second = newDevice()
  const foreign = await logIn(relay.url, other, second)
  await foreign.publishAll(new TestChat(other, second).beginning())
  await Promise.all([patient.close(), nurse.close(), foreign.close()])
  await new Promise((resolve) => setTimeout(resolve, 50))
  await relay.close()
  return chat
}

async function verifyFolder(folder: string): Promise<Awaited<ReturnType<typeof verifyStore>>> {
  const store = new SqliteStore(folder, { isReadOnly: true })
  try {
    return await verifyStore(store, () => {})
  } finally {
    store.close()
  }
}

test("every event has its entry, with who, in which role, why, and which record", async () => {
  const folder = newFolder()
  const chat = await work(folder)
  const entries = entriesOf(folder, clinic.name)
  checkScopes(entries)
  const named = (action: AuditEntry["action"]): AuditEntry[] =>
    entries.filter((entry) => entry.action === action)
  const counts = Object.fromEntries(
    [...new Set(entries.map(({ action }) => action))].map((action) => [action, named(action).length]),
  )
  assert.equal(counts, {
    "relay-start": 1,
    "admin-change": 1,
    "policy-change": 1,
    "consent-text": 1,
    "device-add": 2,
    "role-key": 2,
    attest: 1,
    login: 2,
    consent: 1,
    open: 1,
    epoch: 1,
    create: 2,
    list: 1,
    refusal: 2,
    access: 1,
    read: 1,
    "keys-served": 1,
    "login-failure": 1,
    delivered: 1,
    logout: 2,
    "relay-stop": 1,
  })
  const [read] = named("read")
  assert.equal(
    [toHex(read?.actor as Uint8Array), read?.actorRole, read?.purpose, read?.position],
    [toHex(clinic.nurse.id), "nursing", 4, 2],
  )
  assert.is(toHex(read?.scope as Uint8Array), toHex(chat.id))
  const records = entries.filter(({ action, scope }) => isRecordAction(action) && equalBytes(scope, chat.id))
  assert.equal(
    records.map(({ position }) => position),
    [1, 2, 3, 4, 5, 6],
  )
  assert.equal(
    records.map(({ actorRole }) => actorRole),
    ["", "", "", "", "nursing", "nursing"],
  )
  const [refusal] = named("refusal")
  assert.equal(
    [refusal?.outcome, refusal?.actorRole, toHex(refusal?.recordHash as Uint8Array)],
    ["refused", "nursing", "00".repeat(32)],
  )
  assert.is(named("login-failure")[0]?.outcome, "refused")
  assert.ok(named("relay-start").every(({ actor }) => actor.every((byte) => byte === 0)))
  assert.is(new Set(entries.map(({ salt }) => toHex(salt))).size, entries.length)
  assert.is(entries.at(-1)?.action, "relay-stop")

  const report = await verifyFolder(folder)
  assert.is(report.ok, true)
  assert.equal(
    report.clinics.map(({ clinic: name }) => name),
    [clinic.name, other.name],
  )
  assert.is(report.clinics[0]?.records, 6 + clinic.records.length)
  removeFolder(folder)
})

test("an export verifies offline and counts the same", async () => {
  const folder = newFolder()
  await work(folder)
  const store = new SqliteStore(folder, { isReadOnly: true })
  const lines: string[] = []
  for await (const line of exportLines(store, 1)) lines.push(line)
  store.close()
  const report = await verifyExport([Buffer.from(lines.join("\n"))], { hash: sha256, verify })
  assert.is(report.fault, undefined)
  assert.equal(report.clinics, (await verifyFolder(folder)).clinics)
  // Ciphertexts stay with the relay: of a message there is its hash, of other records what isn't detached.
  const parsed = lines.flatMap((line) => {
    const decoded = decodeExportLine(line)
    return decoded.kind === "entry" && decoded.record ? [{ ...decoded, record: decoded.record }] : []
  })
  assert.ok(parsed.every(({ bytes, record }) => (record.bytes === undefined) === (bytes[1] === 7)))
  assert.ok(parsed.every(({ record }) => record.bytes === undefined || record.bytes.length < 3000))
  removeFolder(folder)
})

const ATTACKS: readonly { name: string; sql: string; message: RegExp }[] = [
  {
    name: "a record's byte changed",
    sql: "UPDATE records SET bytes = CAST(x'00' || substr(bytes, 2) AS BLOB) WHERE row = 14",
    message: /record was changed/,
  },
  {
    name: "a link changed",
    sql: "UPDATE records SET link = zeroblob(32) WHERE row = 14",
    message: /link stored/,
  },
  { name: "a record deleted", sql: "DELETE FROM records WHERE row = 14", message: /record is missing/ },
  {
    name: "the newest record deleted",
    sql: "DELETE FROM records WHERE row = (SELECT max(row) FROM records)",
    message: /record is missing/,
  },
  {
    name: "two records swapped",
    sql: "UPDATE records SET bytes = (SELECT bytes FROM records WHERE row = 14) WHERE row = 15",
    message: /record was changed/,
  },
  {
    name: "a record slipped in",
    sql: "INSERT INTO records (key, audit, time, link, bytes) SELECT max(key) + 1, 1, 1, zeroblob(32), zeroblob(900) FROM records",
    message: /has no entry/,
  },
  {
    name: "a record that points to another entry",
    sql: "UPDATE records SET audit = audit + 1 WHERE row = 14",
    message: /record is missing/,
  },
  {
    name: "an entry edited",
    sql: "UPDATE audit SET entries = CAST(substr(entries, 1, 20) || x'11111111111111111111111111111111' || substr(entries, 37) AS BLOB) WHERE key = (SELECT min(key) FROM audit WHERE length(entries) = 212)",
    message: /continue|don't fit/,
  },
  {
    name: "an entry removed",
    sql: "DELETE FROM audit WHERE key = (SELECT key FROM audit ORDER BY key LIMIT 1 OFFSET 2)",
    message: /is missing: entry/,
  },
  {
    name: "the log's tail cut",
    sql: "DELETE FROM audit WHERE key >= (SELECT key FROM audit ORDER BY key LIMIT 1 OFFSET 3) AND key < (SELECT min(key) + 200 FROM audit)",
    message: /has no entry/,
  },
]

for (const { name, sql, message } of ATTACKS)
  test(`${name} is found`, async () => {
    const folder = newFolder()
    await work(folder)
    const db = new Sqlite(join(folder, DATABASE_FILE))
    assert.ok(db.prepare(sql).run().changes > 0)
    db.close()
    const report = await verifyFolder(folder)
    assert.is(report.ok, false)
    assert.match(report.fault?.message ?? "", message)
    assert.is(report.fault?.clinic, report.fault?.clinic === clinic.name ? clinic.name : other.name)
    removeFolder(folder)
  })

test("a directory that was rewritten with its links and entries is found by its signatures", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  await relay.close()
  const db = new Sqlite(join(folder, DATABASE_FILE))
  // Another root key for the clinic: everything else fits, and nothing is signed by it.
  db.prepare("UPDATE clinics SET root_key = ?").run(other.root.publicKey)
  db.close()
  const report = await verifyFolder(folder)
  assert.is(report.ok, false)
  removeFolder(folder)
})

test("refusals can't flood the log", async () => {
  const folder = newFolder()
  const relay = await start(clinic, {
    data: folder,
    limits: { recordsBurst: 10_000, recordsPerSecond: 10_000 },
  })
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const patient = await logIn(relay.url, clinic, device)
  for (let i = 0; i < 10; i++)
    await Promise.all(Array.from({ length: 100 }, () => patient.refusal(chat.message())))
  await patient.close()
  await relay.close()
  const refusals = entriesOf(folder, clinic.name).filter(({ action }) => action === "refusal").length
  assert.ok(refusals >= 200 && refusals < 300, `${refusals}`)
  removeFolder(folder)
})

test("two hundred writers at once make one chain", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder, limits: { loginsBurst: 1000, httpBurst: 1000 } })
  const written = Array.from({ length: 200 }, () => {
    const device = newDevice()
    const chat = new TestChat(clinic, device)
    return { device, records: [...chat.beginning(), chat.message(), chat.message()] }
  })
  const change = clinic.addStaff(newDevice(), "nursing")
  const writers = written.map(async ({ device, records }) => {
    const client = await logIn(relay.url, clinic, device)
    await client.publishAll(records)
    await client.close()
  })
  await Promise.all([...writers, post(relay.url, clinic.name, [change])])
  await relay.close()
  const report = await verifyFolder(folder)
  assert.is(report.fault, undefined)
  assert.is(report.clinics[0]?.chains, 201)
  assert.is(report.clinics[0]?.records, 1000 + clinic.records.length)
  removeFolder(folder)
})

test.run()
