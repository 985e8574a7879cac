/** Connections break, relays restart, devices restart: nothing is lost, nothing comes twice. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Conversation, type Keystore, memoryKeystore } from "../../src/index.ts"
import { type EvilRelay, startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("lost connections")
let clinic: LiveClinic
let proxy: EvilRelay
test.before(async () => {
  clinic = await startClinic()
  proxy = await startEvilRelay(clinic.url)
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

const texts = (conversation: Conversation, mine?: boolean): string[] =>
  conversation.view.messages
    .filter((message) => message.kind === "text" && (mine === undefined || message.mine === mine))
    .map(({ text }) => text)
const refused = (conversation: Conversation): number =>
  conversation.view.messages.filter(({ kind }) => kind === "refused").length

/** What a device's storage holds, as another device restored from it would have. */
async function copyOf(keystore: Keystore): Promise<Keystore> {
  const copy = memoryKeystore()
  for (const key of await keystore.keys("")) await copy.set({ [key]: await keystore.get(key) })
  return copy
}

test("after the relay restarts, both sides go on where they were", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("before")
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
  await clinic.stopRelay()
  await until(patient, "connection", () => patient.connection.kind === "offline")
  const waiting = conversation.send("while it was down")
  assert.is(conversation.view.messages.at(-1)?.state, "sending")
  await clinic.restartRelay()
  patient.retryNow()
  nurse.retryNow()
  await waiting
  await until(open, "change", () => texts(open).length === 2)
  await open.send("after")
  await until(conversation, "change", () => texts(conversation).length === 3)
  assert.equal(texts(conversation), ["before", "while it was down", "after"])
  await patient.close()
  await nurse.close()
})

test("what is in the outbox is sent by the next client on the same keystore", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  const conversation = await begin(patient)
  await conversation.send("one")
  proxy.reachable = false
  proxy.killAll()
  await until(patient, "connection", () => patient.connection.kind === "offline")
  const lost = [conversation.send("two"), conversation.send("three")]
  await until(conversation, "change", () => texts(conversation).length === 3)
  await patient.close()
  for (const sending of lost) await rejects(sending, "ERR_CLOSED")

  // Offline, from the stored directory: the outbox shows.
  const offline = await clinic.patient(keystore, proxy.url)
  assert.equal(texts(offline.conversations[0] as Conversation), ["two", "three"])
  await offline.close()

  proxy.reachable = true
  const again = await clinic.patient(keystore, proxy.url)
  const [restored] = again.conversations
  assert.is(restored?.id, conversation.id)
  assert.is(restored?.view.topic, "refill")
  const both = restored as Conversation
  await until(
    both,
    "change",
    () => both.view.messages.every(({ state }) => state === "sent") && texts(both).length === 3,
  )
  assert.equal(texts(both), ["one", "two", "three"])
  assert.is((await keystore.keys("")).filter((key) => key.includes("/outbox/")).length, 0)
  await again.close()
})

test("an ack that was lost doesn't double the message", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  const conversation = await begin(patient)
  await until(conversation, "change", () => conversation.view.live)
  // The relay stores the message; the client learns nothing of it.
  proxy.hooks.toClient = (frame) => (frame.kind === "ack" || frame.kind === "deliver" ? [] : undefined)
  const sending = rejects(conversation.send("once"), "ERR_CLOSED")
  for (let i = 0; i < 100 && (await clinicRecords(conversation.id)) < 4; i++) await pause(20)
  assert.is(await clinicRecords(conversation.id), 4)
  await patient.close()
  await sending
  delete proxy.hooks.toClient
  const again = await clinic.patient(keystore, proxy.url)
  const [restored] = again.conversations as [Conversation]
  await until(restored, "change", () => restored.view.live && texts(restored).length === 1)
  await restored.send("twice")
  assert.equal(texts(restored), ["once", "twice"])
  assert.is(refused(restored), 0)
  await again.close()
})

/** How many records the relay has of a conversation. */
async function clinicRecords(id: string): Promise<number> {
  const nurse = await clinic.staff("nurse")
  const count = nurse.list.find((item) => item.id === id)?.count ?? 0
  await nurse.close()
  return count
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test("200 messages both ways while connections are killed at random: each arrives once, in order", async () => {
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient)
  const nurse = await clinic.staff("nurse", proxy.url)
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
  let isDone = false
  const killing = (async () => {
    while (!isDone) {
      await pause(20 + Math.random() * 120)
      const [...connections] = proxy.connections
      connections[Math.floor(Math.random() * connections.length)]?.kill()
      patient.retryNow()
      nurse.retryNow()
    }
  })()
  const numbers = Array.from({ length: 100 }, (_, i) => i)
  const send = async (by: Conversation, name: string): Promise<void> => {
    await Promise.all(
      numbers.map(async (i) => {
        await pause(Math.random() * 1500)
        await by.send(`${name} ${i}`)
      }),
    )
  }
  await Promise.all([send(conversation, "patient"), send(open, "nurse")])
  isDone = true
  await killing
  const whole = (side: Conversation): boolean => side.view.live && texts(side).length === 200
  await until(conversation, "change", () => whole(conversation), 60_000)
  await until(open, "change", () => whole(open), 60_000)
  assert.equal(texts(conversation), texts(open))
  for (const name of ["patient", "nurse"]) {
    const own = texts(conversation).filter((text) => text.startsWith(name))
    assert.equal(new Set(own).size, 100)
  }
  assert.is(refused(conversation) + refused(open), 0)
  await patient.close()
  await nurse.close()
})

test("a restored old backup catches up before it sends: no sequence number is used twice", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore)
  const conversation = await begin(patient)
  await conversation.send("one")
  const backup = await copyOf(keystore)
  await conversation.send("two")
  await conversation.send("three")
  await patient.close()
  const restored = await clinic.patient(backup)
  const [old] = restored.conversations as [Conversation]
  const before = await clinicRecords(old.id)
  await old.send("four")
  assert.is(await clinicRecords(old.id), before + 2, "a new epoch after restoring, and the message")
  assert.equal(texts(old), ["one", "two", "three", "four"])
  assert.is(refused(old), 0)
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
  assert.equal(texts(open), ["one", "two", "three", "four"])
  assert.is(refused(open), 0)
  await restored.close()
  await nurse.close()
})

test("a backup with a message that was sent since doesn't send it again", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  const conversation = await begin(patient)
  proxy.hooks.toRelay = (frame) => (frame.kind === "publish" ? [] : undefined)
  const sending = conversation.send("once")
  for (let i = 0; i < 50; i++) {
    await pause(10)
    const stored = (await keystore.keys("")).find((key) => key.includes("/outbox/"))
    const bytes = stored === undefined ? undefined : await keystore.get(stored)
    // Sealed: the record is in the outbox.
    if ((bytes?.length ?? 0) > 700) break
  }
  const backup = await copyOf(keystore)
  delete proxy.hooks.toRelay
  // With a new role key it is sealed anew, so that what is sent isn't what the backup holds.
  await clinic.admin.rotateRole("nursing")
  proxy.killAll()
  patient.retryNow()
  await sending
  await patient.close()
  const restored = await clinic.patient(backup)
  const [old] = restored.conversations as [Conversation]
  await until(old, "change", () => old.view.live)
  await old.send("twice")
  assert.equal(texts(old), ["once", "twice"])
  await restored.close()
})

test("a record that names a directory which can't be fetched now is taken when it can", async () => {
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient)
  await until(conversation, "change", () => conversation.view.live)
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(conversation.id)
  await until(conversation, "change", () => conversation.view.messages.length === 1)
  proxy.hooks.toClient = (frame) => (frame.kind === "directory" ? [] : undefined)
  proxy.hooks.http = () => ({ status: 502, headers: {}, body: new Uint8Array(0) })
  await clinic.admin.rotateRole("nursing")
  await open.send("under a new key")
  await until(patient, "connection", () => patient.connection.kind === "offline")
  assert.equal(texts(conversation), [])
  delete proxy.hooks.toClient
  delete proxy.hooks.http
  patient.retryNow()
  await until(conversation, "change", () => texts(conversation).length === 1)
  assert.is(refused(conversation), 0)
  await patient.close()
  await nurse.close()
})

test.run()
