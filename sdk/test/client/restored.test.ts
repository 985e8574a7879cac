/** One person, several devices, restored backups and wrong clocks: nothing is lost, nothing comes twice, and nothing is
 * begun anew unseen. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  type Conversation,
  type Keystore,
  memoryKeystore,
  PatientClient,
  StaffClient,
} from "../../src/index.ts"
import { decodeRecord } from "../../src/protocol/index.ts"
import { type EvilRelay, startEvilRelay } from "../attacks/evil-relay.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("backups, clocks and devices")
let clinic: LiveClinic
let proxy: EvilRelay
test.before(async () => {
  clinic = await startClinic()
  proxy = await startEvilRelay(clinic.url)
})
test.before.each(() => {
  proxy.reachable = true
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

const texts = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)
const refused = (conversation: Conversation): number =>
  conversation.view.messages.filter(({ kind }) => kind === "refused").length
const messagesOf = (conversation: Conversation): number =>
  conversation.view.messages.filter(({ kind }) => kind !== "system").length

async function copyOf(keystore: Keystore): Promise<Keystore> {
  const copy = memoryKeystore()
  for (const key of await keystore.keys("")) await copy.set({ [key]: await keystore.get(key) })
  return copy
}

/** A conversation with one message sent and one in the outbox that was never sealed, and a backup of that. */
async function backedUp(): Promise<{ keystore: Keystore; backup: Keystore; id: string }> {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  const conversation = await begin(patient)
  await conversation.send("one")
  proxy.reachable = false
  proxy.killAll()
  await until(patient, "connection", () => patient.connection.kind === "offline")
  const sending = conversation.send("two")
  await until(conversation, "change", () => texts(conversation).length === 2)
  const backup = await copyOf(keystore)
  assert.is((await backup.keys("")).filter((key) => key.includes("/outbox/")).length, 1)
  proxy.reachable = true
  patient.retryNow()
  await sending
  await patient.close()
  return { keystore, backup, id: conversation.id }
}

test("a message that wasn't sealed when the backup was made, and was sent since, isn't sent again", async () => {
  const { backup, id } = await backedUp()
  const restored = await clinic.patient(backup)
  const [old] = restored.conversations as [Conversation]
  await until(old, "change", () => old.view.live)
  await until(old, "change", () => old.view.messages.every(({ state }) => state !== "sending"))
  assert.equal(texts(old), ["one", "two"])
  assert.is((await backup.keys("")).filter((key) => key.includes("/outbox/")).length, 0)
  await old.send("three")
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(id)
  await until(open, "change", () => open.view.live)
  assert.equal(texts(open), ["one", "two", "three"])
  assert.is(refused(open), 0)
  await restored.close()
  await nurse.close()
})

test("a device and its own backup, both online: every message once, in one order", async () => {
  const { keystore, backup, id } = await backedUp()
  // Two machines: no lock of one browser keeps them apart.
  const first = await clinic.patient(keystore)
  const second = await clinic.patient(backup)
  const [a] = first.conversations as [Conversation]
  const [b] = second.conversations as [Conversation]
  await Promise.all([
    (async () => {
      for (let i = 0; i < 4; i++) await a.send(`a${i}`)
    })(),
    (async () => {
      for (let i = 0; i < 4; i++) await b.send(`b${i}`)
    })(),
  ])
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(id)
  const all = (side: Conversation): boolean => side.view.live && texts(side).length === 10
  for (const side of [a, b, open]) await until(side, "change", () => all(side))
  assert.equal(texts(a), texts(b))
  assert.equal(texts(a), texts(open))
  // Where both said something at the same moment one was refused, and said again: none is lost or heard twice.
  assert.is(new Set(texts(open)).size, 10)
  await first.close()
  await second.close()
  await nurse.close()
})

test("a backup from before the conversation's newest messages says so by no reset: they are all there", async () => {
  const { backup } = await backedUp()
  const restored = await clinic.patient(backup)
  assert.is(restored.conversations.length, 1)
  const [old] = restored.conversations as [Conversation]
  await until(old, "change", () => old.view.live)
  assert.is(old.view.status, "open")
  assert.is(messagesOf(old), 2)
  await restored.close()
})

test("a tab that takes over sends nothing that it has said before, whatever the outbox holds", async () => {
  const keystore = memoryKeystore()
  const first = await clinic.patient(keystore, proxy.url)
  const conversation = await begin(first)
  await until(conversation, "change", () => conversation.view.live)
  proxy.reachable = false
  proxy.killAll()
  const sending = conversation.send("once")
  await until(conversation, "change", () => texts(conversation).length === 1)
  const name = (await keystore.keys("")).find((key) => key.includes("/outbox/")) as string
  const stored = await keystore.get(name)
  proxy.reachable = true
  first.retryNow()
  await sending
  await until(conversation, "change", () =>
    conversation.view.messages.some(({ position }) => position !== undefined),
  )
  const second = await clinic.patient(keystore)
  second.takeOver()
  await until(second, "connection", () => second.connection.kind === "online")
  await keystore.set({ [name]: stored })
  let published = 0
  proxy.hooks.toRelay = (frame) => {
    if (frame.kind === "publish" && decodeRecord(frame.record).type === "message") published += 1
    return undefined
  }
  first.takeOver()
  await until(first, "connection", () => first.connection.kind === "online")
  await conversation.send("twice")
  assert.equal(texts(conversation), ["once", "twice"])
  assert.is((await keystore.keys("")).filter((key) => key.includes("/outbox/")).length, 0)
  assert.is(published, 1, "only the second message")
  delete proxy.hooks.toRelay
  await first.close()
  await second.close()
})

const HOURS = 60 * 60 * 1000
for (const { name, patientMs, nurseMs } of [
  {
    name: "the patient's a day ahead, the nurse's a day behind",
    patientMs: 23.9 * HOURS,
    nurseMs: -23.9 * HOURS,
  },
  {
    name: "the patient's a day behind, the nurse's a day ahead",
    patientMs: -23.9 * HOURS,
    nurseMs: 23.9 * HOURS,
  },
]) {
  test(`clocks that are wrong, ${name}: everything arrives, once and in order`, async () => {
    const at = await startClinic()
    const patient = await PatientClient.connect({ ...at.options(), now: () => Date.now() + patientMs })
    const conversation = await begin(patient)
    await conversation.send("one")
    const keystore = await at.staffKeystore("nurse")
    const nurse = await StaffClient.connect({ ...at.options(keystore), now: () => Date.now() + nurseMs })
    const open = await nurse.open(conversation.id)
    await open.send("two")
    await conversation.send("three")
    await open.send("four")
    await conversation.send("five")
    const all = ["one", "two", "three", "four", "five"]
    for (const side of [conversation, open]) {
      await until(side, "change", () => texts(side).length === 5)
      assert.equal(texts(side), all)
      assert.is(refused(side), 0)
    }
    await conversation.markRead()
    await until(open, "change", () => open.view.messages.some(({ state, mine }) => mine && state === "read"))
    await patient.close()
    await nurse.close()
    await at.close()
  })
}

test.run()
