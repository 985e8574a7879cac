/** Attacks on the audit log by devices that ask for entries: others', too many, out of range. */
import { asRole, encodeFrame, equalBytes } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { AuditBench, MANY, withLog } from "../support/audit-bench.ts"
import { readLog, refusedLog } from "../support/audit-log.ts"
import { TestChat } from "../support/chat.ts"
import { logIn, TestClient } from "../support/client.ts"
import { keysOf, newDevice, TestClinic } from "../support/clinic.ts"
import { entriesOf } from "../support/entries.ts"
import { post } from "../support/relay.ts"

const test = suite("audit entry attacks")
const bench = new AuditBench(test)
const { clinic, other } = bench

test("a patient reads neither the clinic's log nor another conversation's entries", async () => {
  const { patient, another } = bench
  for (const question of [{}, { order: "oldest" as const, from: 1 }, { from: 3 }])
    assert.is(await refusedLog(patient, clinic.id, question), "ERR_FORBIDDEN")
  // However it is asked, one that is there looks like one that isn't.
  for (const id of [another.id, newDevice().id])
    for (const question of [
      {},
      { order: "oldest" as const },
      { from: 3 },
      { treeSize: Number.MAX_SAFE_INTEGER },
    ])
      assert.is(await refusedLog(patient, id, question), "ERR_NOT_FOUND")
})

test("a patient can't come to another's entries by a sequence within the own conversation", async () => {
  const { patient, chat, entries } = bench
  for (const { sequence, scope } of entries) {
    const answer = await refusedLog(patient, chat.id, { from: sequence, limit: 1 })
    assert.is(answer, equalBytes(scope, chat.id) ? "1 entries" : "ERR_NOT_FOUND", `from ${sequence}`)
  }
  for (const from of [entries.length + 1000, 2 ** 38, Number.MAX_SAFE_INTEGER])
    assert.is(await refusedLog(patient, chat.id, { from }), "ERR_NOT_FOUND")
})

test("a patient's removed device reads no more entries", async () => {
  const { patient, chat } = bench
  const phone = newDevice()
  const add = { change: "add-device", keys: keysOf(phone), kind: "device", until: 0 } as const
  await patient.publishAll([chat.member(add)])
  const client = await bench.as(phone)
  assert.match(await refusedLog(client, chat.id), /entries$/)
  await patient.publishAll([chat.member({ change: "remove-device", device: phone.id })])
  assert.is(await refusedLog(client, chat.id), "ERR_NOT_FOUND")
  await client.close()
})

test("staff of other roles read neither the clinic's log nor the conversation's entries", async () => {
  const biller = await bench.as(clinic.biller)
  assert.is(await refusedLog(biller, clinic.id), "ERR_FORBIDDEN")
  assert.is(await refusedLog(biller, bench.chat.id), "ERR_FORBIDDEN")
  const nurse = await bench.as(clinic.nurse)
  assert.is(await refusedLog(nurse, clinic.id), "ERR_FORBIDDEN")
  assert.is(await refusedLog(nurse, clinic.id, { order: "oldest", from: 1 }), "ERR_FORBIDDEN")
  await Promise.all([biller.close(), nurse.close()])
})

test("another clinic's administrator reads nothing here", async () => {
  const admin = await bench.as(other.admin, other)
  const refusals = (): number =>
    entriesOf(bench.folder, other.name).filter(({ action }) => action === "refusal").length
  const before = refusals()
  assert.is(await refusedLog(admin, clinic.id), "ERR_NOT_FOUND")
  assert.is(await refusedLog(admin, bench.chat.id), "ERR_NOT_FOUND")
  assert.is(refusals(), before + 2)
  assert.match(await refusedLog(admin, bench.foreign.id), /entries$/)
  const { entries } = await readLog(admin, other.id)
  const isHere = ({ scope }: { scope: Uint8Array }): boolean =>
    equalBytes(scope, clinic.id) || equalBytes(scope, bench.chat.id)
  assert.not.ok(entries.some(isHere))
  await admin.close()
})

test("an officer whose role was taken reads no more, in the same session", async () => {
  const own = new TestClinic()
  const auditor = newDevice()
  own.addStaff(auditor, "compliance")
  own.setPolicy({ auditRole: asRole("compliance") })
  await withLog(own, {}, async ({ relay }) => {
    const client = await logIn(relay.url, own, auditor)
    assert.match(await refusedLog(client, own.id), /entries$/)
    const record = own.setPolicy({ auditRole: asRole("billing") })
    assert.is((await post(relay.url, own.name, [record])).status, 200)
    assert.is(await refusedLog(client, own.id), "ERR_FORBIDDEN")
  })
})

test("without an audit role in the policy no staff reads the log", async () => {
  const own = new TestClinic()
  await withLog(own, {}, async ({ relay }) => {
    const client = await logIn(relay.url, own, own.nurse)
    assert.is(await refusedLog(client, own.id), "ERR_FORBIDDEN")
  })
})

test("a question before the login ends the connection", async () => {
  const client = new TestClient(bench.relay.url)
  await client.nextOf("challenge")
  client.send({ kind: "audit", id: 1, scope: clinic.id, from: 0, order: "newest", limit: 1, treeSize: 0 })
  assert.is((await client.nextOf("error")).code, "ERR_UNAUTHENTICATED")
  assert.is((await client.closed).code, 4401)
})

test("questions out of range are refused, and nothing breaks", async () => {
  const admin = await bench.as(clinic.admin)
  const end = Number.MAX_SAFE_INTEGER
  for (const [question, code] of [
    [{ limit: 0 }, "ERR_MALFORMED"],
    [{ treeSize: end }, "ERR_ROLLBACK"],
    [{ from: end }, "ERR_ROLLBACK"],
    [{ from: end, order: "oldest" as const }, "ERR_ROLLBACK"],
    [{ from: 2 ** 38 + 1 }, "ERR_ROLLBACK"],
  ] as const)
    assert.is(await refusedLog(admin, clinic.id, question), code, JSON.stringify(question))
  assert.is(await refusedLog(admin, bench.chat.id, { order: "oldest" }), "ERR_MALFORMED")
  const question = { scope: clinic.id, from: 0, order: "newest", limit: 1, treeSize: 0 } as const
  const frame = encodeFrame({ kind: "audit", id: 9, ...question })
  admin.socket.send(frame.subarray(0, frame.length - 1))
  assert.is((await admin.closed).code, 4400)
})

test("what is refused stands in the log, and an officer's reading before it is answered", async () => {
  const { officer, chat, patient } = bench
  const before = bench.entries.length
  await refusedLog(patient, clinic.id)
  const client = await bench.as(officer)
  await Promise.all([
    readLog(client, chat.id, { limit: 1 }),
    readLog(client, clinic.id, { order: "oldest", from: before, limit: 1 }),
    readLog(client, clinic.id, { from: before, limit: 1 }),
  ])
  const added = bench.entries.slice(before)
  const by = (device: { id: Uint8Array }): string[] =>
    added.filter(({ actor }) => equalBytes(actor, device.id)).map(({ action }) => action)
  assert.equal(by(chat.patient), ["refusal"])
  assert.equal(by(officer), ["login", "audit-read"])
  await client.close()
})

test("a device that asks for all proofs again and again is slowed down, and the others aren't", async () => {
  const own = new TestClinic()
  await withLog(own, { entriesPerSecond: 0.001, entriesBurst: 5000 }, async (log) => {
    const admin = await logIn(log.relay.url, own, own.admin)
    const { size } = await log.checkpoint()
    const flood = await Promise.all(
      Array.from({ length: 30 }, () => refusedLog(admin, own.id, { limit: 100, treeSize: size })),
    )
    assert.is(flood.filter((answer) => answer.endsWith("entries")).length, 10)
    assert.is(flood.filter((answer) => answer === "ERR_RATE_LIMITED").length, 20)
    const device = newDevice()
    const visitor = await logIn(log.relay.url, own, device)
    const chat = new TestChat(own, device)
    await visitor.publishAll(chat.beginning())
    assert.match(await refusedLog(visitor, chat.id, { limit: 10, treeSize: size }), /entries$/)
  })
})

test("many devices of one address are slowed down together", async () => {
  const own = new TestClinic()
  const limits = { addressEntriesPerSecond: 0.001, addressEntriesBurst: 500 }
  await withLog(own, limits, async ({ relay }) => {
    const answers: string[] = []
    for (let i = 0; i < 4; i++) {
      const client = await logIn(relay.url, own, newDevice())
      answers.push(await refusedLog(client, newDevice().id, { limit: 200 }))
    }
    assert.equal(answers, ["ERR_NOT_FOUND", "ERR_NOT_FOUND", "ERR_RATE_LIMITED", "ERR_RATE_LIMITED"])
  })
})

test("a reader that takes nothing is given no more pages", async () => {
  const own = new TestClinic()
  const limits = { entriesBurst: MANY, addressEntriesBurst: MANY, requestsBurst: MANY, recordsBurst: MANY }
  await withLog(own, limits, async ({ relay }) => {
    const device = newDevice()
    const busy = new TestChat(own, device)
    const sender = await logIn(relay.url, own, device)
    await sender.publishAll([...busy.beginning(), ...Array.from({ length: 500 }, () => busy.message())])
    const admin = await logIn(relay.url, own, own.admin)
    admin.socket.pause()
    for (let id = 1; id <= 400; id++) {
      admin.send({ kind: "audit", id, scope: own.id, from: 0, order: "newest", limit: 464, treeSize: 0 })
      if (id % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
    admin.socket.resume()
    const refusal = await admin.nextOf("error")
    assert.is(refusal.code, "ERR_RATE_LIMITED")
    assert.match(refusal.message, /take what was sent/)
  })
})

test.run()
