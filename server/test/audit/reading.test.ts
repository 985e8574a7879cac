/** Who reads which entries of the log, in which order, with proofs that hold. */
import type { Device } from "@wardline/sdk/crypto"
import { asRole, equalBytes, toHex } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { isProved, readLog, TestLog } from "../support/audit-log.ts"
import { TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { entriesOf } from "../support/entries.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("reading the log")

interface Scene {
  log: TestLog
  chat: TestChat
  folder: string
  patient: TestClient
  officer: Device
  as(device: Device): Promise<TestClient>
}

/** A conversation among others, which a nurse has read; the clinic has a compliance officer. */
async function inScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const clinic = new TestClinic()
  const officer = newDevice()
  clinic.addStaff(officer, "compliance")
  clinic.setPolicy({ auditRole: asRole("compliance") })
  const folder = newFolder()
  const relay = await start(clinic, {
    data: folder,
    limits: { checkpointMs: 1, entriesBurst: 1e6, recordsBurst: 1e4 },
  })
  const log = new TestLog(relay, clinic)
  try {
    const device = newDevice()
    const chat = new TestChat(clinic, device)
    const patient = await logIn(relay.url, clinic, device)
    const other = newDevice()
    const another = new TestChat(clinic, other)
    const stranger = await logIn(relay.url, clinic, other)
    await patient.publishAll(chat.beginning())
    await stranger.publishAll(another.beginning())
    const nurse = await logIn(relay.url, clinic, clinic.nurse)
    await nurse.publishAll([chat.access(clinic.nurse), another.access(clinic.nurse)])
    await nurse.backlog(nurse.subscribe(chat.id))
    await patient.publishAll(Array.from({ length: 300 }, () => chat.message()))
    const as = (who: Device): Promise<TestClient> => logIn(relay.url, clinic, who)
    await work({ log, chat, folder, patient, officer, as })
  } finally {
    await relay.close()
    removeFolder(folder)
  }
}

test("a patient reads every entry of the conversation, each naming the one before, proved in a checkpoint", async () => {
  await inScene(async ({ log, chat, patient, folder }) => {
    const { size } = await log.grownTo(300)
    const id = patient.subscribe(chat.id, 300)
    await patient.backlog(id)
    const checkpoint = await log.grownTo(size + 1)
    const all = entriesOf(folder).filter(({ scope }) => equalBytes(scope, chat.id))
    const read = []
    let from = 0
    for (;;) {
      const page = await readLog(patient, chat.id, { from, limit: 100, treeSize: checkpoint.size })
      read.push(...page.entries)
      for (const served of page.served) assert.ok(isProved(served, checkpoint))
      from = page.entries.at(-1)?.before ?? 0
      assert.is(page.more, from > 0)
      if (!page.more) break
    }
    assert.equal(
      read.map(({ sequence }) => sequence),
      all.map(({ sequence }) => sequence).reverse(),
    )
    const actions = read.map(({ action }) => action)
    for (const action of ["read", "access", "create", "epoch", "open", "consent"] as const)
      assert.ok(actions.includes(action), action)
    const nurses = read.find(
      ({ action, actor }) => action === "read" && equalBytes(actor, log.clinic.nurse.id),
    )
    assert.is(nurses?.actorRole, "nursing")
  })
})

test("an entry newer than the tree comes without a proof; without a tree none has one", async () => {
  await inScene(async ({ chat, patient, log }) => {
    const { size } = await log.grownTo(300)
    await patient.publishAll([chat.message()])
    const page = await readLog(patient, chat.id, { limit: 5, treeSize: size })
    const [newest, ...older] = page.served
    assert.is(newest?.proof.length, 0)
    assert.ok(older.every(({ proof }) => proof.length > 0))
    const plain = await readLog(patient, chat.id, { limit: 5 })
    assert.ok(plain.served.every(({ proof }) => proof.length === 0))
  })
})

test("an officer and an administrator read the whole log from either end; that they began is noted once", async () => {
  await inScene(async (scene) => {
    const { log, officer, folder } = scene
    const scope = log.clinic.id
    for (const device of [officer, log.clinic.admin]) {
      const reader = await scene.as(device)
      const sequences: number[] = []
      for (;;) {
        const page = await readLog(reader, scope, { order: "oldest", from: sequences.length + 1 })
        sequences.push(...page.entries.map(({ sequence }) => sequence))
        if (!page.more) break
      }
      const { size } = await log.grownTo(sequences.length)
      assert.equal(
        sequences,
        [...sequences.keys()].map((index) => index + 1),
      )
      const back: number[] = []
      for (;;) {
        const from = back.length === 0 ? sequences.length : (back.at(-1) as number) - 1
        const page = await readLog(reader, scope, { from, treeSize: size })
        back.push(...page.entries.map(({ sequence }) => sequence))
        if (!page.more) break
      }
      assert.equal(back, [...sequences].reverse())
      await reader.close()
    }
    const noted = entriesOf(folder).filter(({ action }) => action === "audit-read")
    assert.equal(
      noted.map(({ actor, actorRole, scope: about }) => [toHex(actor), actorRole, toHex(about)]),
      [
        [toHex(officer.id), "compliance", log.clinic.name],
        [toHex(log.clinic.admin.id), "", log.clinic.name],
      ],
    )
  })
})

test("an officer reads a conversation's entries too, and doesn't come to its messages by that", async () => {
  await inScene(async (scene) => {
    const { chat, officer, folder } = scene
    const reader = await scene.as(officer)
    const { entries } = await readLog(reader, chat.id, { limit: 10 })
    assert.is(entries.length, 10)
    assert.ok(entries.every(({ scope }) => equalBytes(scope, chat.id)))
    assert.is(entriesOf(folder).filter(({ action }) => action === "audit-read").length, 1)
    const { end } = await reader.backlog(reader.subscribe(chat.id))
    assert.is(end.kind === "error" && end.code, "ERR_FORBIDDEN")
    await reader.close()
  })
})

test("staff of the conversation's roles read who has read it", async () => {
  await inScene(async (scene) => {
    const { log, chat } = scene
    const nurse = await scene.as(log.clinic.nurse)
    assert.is((await readLog(nurse, chat.id, { limit: 3 })).entries.length, 3)
    await nurse.close()
  })
})

test("a page is as long as a frame can hold, with proofs and without", async () => {
  await inScene(async ({ log, chat, patient }) => {
    await patient.publishAll(Array.from({ length: 300 }, () => chat.message()))
    const { size } = await log.grownTo(600)
    const without = await readLog(patient, chat.id, { limit: 65_535 })
    assert.is(without.entries.length, 464)
    assert.ok(without.more)
    const withProofs = await readLog(patient, chat.id, { limit: 65_535, treeSize: size })
    assert.ok(withProofs.entries.length > 150 && withProofs.entries.length < 300)
  })
})

test("whoever asks from the end on gets nothing, and what comes next later", async () => {
  await inScene(async (scene) => {
    const { log } = scene
    const admin = await scene.as(log.clinic.admin)
    const { entries } = await readLog(admin, log.clinic.id, { limit: 1 })
    const next = (entries[0]?.sequence ?? 0) + 1
    assert.equal((await readLog(admin, log.clinic.id, { order: "oldest", from: next })).entries, [])
    const second = await scene.as(log.clinic.admin)
    const more = await readLog(admin, log.clinic.id, { order: "oldest", from: next })
    assert.is(more.entries[0]?.sequence, next)
    assert.is(more.entries[0]?.action, "login")
    await second.close()
    await admin.close()
  })
})

test.run()
