/** A full disk: nothing half-written, reads go on, and records again once there is space. */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { WardlineError } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { verifyStore } from "../src/audit/verify.ts"
import { DiskGuard, freeBytes } from "../src/disk-guard.ts"
import { createLog } from "../src/log.ts"
import { SqliteStore } from "../src/store/sqlite.ts"
import { beginChat } from "./support/begin.ts"
import { TestChat } from "./support/chat.ts"
import { logIn } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { newFolder, post, removeFolder, start } from "./support/relay.ts"

const test = suite("disk")
const clinic = new TestClinic()

test("when the file is full, records are refused, reads are served, and nothing acked is lost", async () => {
  const folder = newFolder()
  const relay = await start(clinic, {
    data: folder,
    maxBytes: 3_000_000,
    limits: { recordsBurst: 100_000, recordsPerSecond: 100_000, bytesBurst: 1e9, bytesPerSecond: 1e9 },
  })
  const { device, chat, patient } = await beginChat(relay.url, clinic)
  let acked = 3
  const codes = new Set<string>()
  for (let i = 0; i < 40 && !relay.isReadOnly; i++) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => patient.publish(chat.message(device, { bytes: 20_000 }))),
    )
    for (const answer of answers) {
      if (answer.kind === "error") codes.add(`${answer.code} ${answer.retryable}`)
      else acked = Math.max(acked, answer.position)
    }
  }
  assert.ok(relay.isReadOnly)
  assert.equal([...codes], ["ERR_READ_ONLY true"])
  assert.is(await patient.refusal(chat.message()), "ERR_READ_ONLY")

  // Those who are there read on, others come, the nurse lists: all of it noted from the reserve.
  const { delivered, end } = await patient.backlog(patient.subscribe(chat.id))
  assert.is(delivered.length, acked)
  assert.is(end.kind === "live" && end.position, acked)
  const nurse = await logIn(relay.url, clinic, clinic.nurse)
  nurse.send({ kind: "watch", id: 9, limit: 10, before: 0 })
  await nurse.nextOf("listed", 9)
  assert.is((await fetch(`${relay.url}/v1/clinics/${clinic.name}/directory`)).status, 200)
  assert.is((await fetch(`${relay.url}/healthz`)).status, 200)
  assert.is((await fetch(`${relay.url}/readyz`)).status, 503)
  const answer = await post(relay.url, clinic.name, [clinic.addStaff(newDevice(), "nursing")])
  assert.equal([answer.status, answer.body.code], [503, "ERR_READ_ONLY"])
  await Promise.all([patient.close(), nurse.close()])
  await relay.close()

  const store = new SqliteStore(folder, { isReadOnly: true })
  const report = await verifyStore(store, () => {})
  store.close()
  assert.is(report.fault, undefined)

  // With more space, it goes on where it was.
  const larger = await start(clinic, { data: folder, maxBytes: 30_000_000 })
  const back = await logIn(larger.url, clinic, device)
  const [next] = await back.publishAll([chat.message()])
  assert.is(next?.position, acked + 1)
  await back.close()
  await larger.close()
  removeFolder(folder)
})

test("a conversation that couldn't be begun isn't there, and can be begun later", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const patient = await logIn(relay.url, clinic, device)
  // What is checked here is a failing transaction, whatever its cause.
  const { commit } = SqliteStore.prototype
  let failures = 0
  SqliteStore.prototype.commit = function (batch) {
    if (batch.records.length > 0 && failures++ < 1) throw new Error("the disk is on fire")
    commit.call(this, batch)
  }
  try {
    const records = chat.beginning()
    const answers = await Promise.all(records.map((record) => patient.publish(record)))
    assert.equal(
      answers.map((answer) => answer.kind === "error" && answer.code),
      ["ERR_INTERNAL", "ERR_INTERNAL", "ERR_INTERNAL"],
    )
    const acks = await patient.publishAll(records)
    assert.equal(
      acks.map(({ position }) => position),
      [1, 2, 3],
    )
    const { delivered } = await patient.backlog(patient.subscribe(chat.id))
    assert.is(delivered.length, 3)
  } finally {
    SqliteStore.prototype.commit = commit
  }
  await patient.close()
  await relay.close()
  const store = new SqliteStore(folder, { isReadOnly: true })
  assert.is((await verifyStore(store, () => {})).fault, undefined)
  store.close()
  removeFolder(folder)
})

test("a disk that is nearly full makes the relay read-only before anything fails, and back", async () => {
  const folder = newFolder()
  const store = new SqliteStore(folder)
  const lines: string[] = []
  const log = createLog("info", { write: (line: string) => lines.push(line) })
  const free = await freeBytes(folder)
  const guard = new DiskGuard(store, folder, free * 2, log)
  await guard.look()
  assert.is(guard.isReadOnly, true)
  assert.match(lines.join(), /nearly full/)
  const roomy = new DiskGuard(store, folder, Math.floor(free / 4), log)
  await roomy.look()
  assert.is(roomy.isReadOnly, false)
  await roomy.failed(new WardlineError("ERR_READ_ONLY", "full"))
  assert.is(roomy.isReadOnly, true)
  await roomy.look()
  assert.is(roomy.isReadOnly, false)
  await roomy.failed(new Error("a bug"))
  assert.is(roomy.isReadOnly, false)
  store.close()
  rmSync(join(folder, "reserve"), { force: true })
  removeFolder(folder)
})

test.run()
