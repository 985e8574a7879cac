/** Beginning a conversation: with consent or not at all, once, whatever breaks in between. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Conversation, type Keystore, memoryKeystore } from "../../src/index.ts"
import { decodeRecord, type RecordType } from "../../src/protocol/index.ts"
import { type EvilRelay, startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("beginning a conversation")
let clinic: LiveClinic
let proxy: EvilRelay
test.before(async () => {
  clinic = await startClinic()
  proxy = await startEvilRelay(clinic.url)
})
test.before.each(() => {
  proxy.reachable = true
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

const kinds = (conversation: Conversation): string[] =>
  conversation.view.messages.map(({ kind, text }) => `${kind} ${text}`.trim())

/** How many conversations the clinic has. */
async function listed(): Promise<number> {
  const nurse = await clinic.staff("nurse")
  const { length } = nurse.list
  await nurse.close()
  return length
}

/** Cuts the connection at the record of this type: before the relay gets it, or after, when the ack is on its way. */
function cutAt(type: RecordType, when: "before" | "after"): { happened: boolean } {
  const cut = { happened: false }
  const ids = new Set<number>()
  proxy.hooks.toRelay = (frame, connection) => {
    if (cut.happened || frame.kind !== "publish" || decodeRecord(frame.record).type !== type) return undefined
    if (when === "after") {
      ids.add(frame.id)
      return undefined
    }
    cut.happened = true
    proxy.reachable = false
    connection.kill()
    return []
  }
  proxy.hooks.toClient = (frame, connection) => {
    if (cut.happened || frame.kind !== "ack" || !ids.has(frame.id)) return undefined
    cut.happened = true
    proxy.reachable = false
    connection.kill()
    return []
  }
  return cut
}

for (const type of ["consent", "open", "epoch"] as const) {
  for (const when of ["before", "after"] as const) {
    test(`a client that dies ${when} its ${type} record is stored: the next one finishes it, once`, async () => {
      const before = await listed()
      const keystore = memoryKeystore()
      const patient = await clinic.patient(keystore, proxy.url)
      const cut = cutAt(type, when)
      const starting = begin(patient, "refill", { name: "Ana", answer: "my inhaler" })
      const lost = starting.catch(() => {})
      await until(patient, "connection", () => patient.connection.kind === "offline")
      assert.ok(cut.happened)
      await patient.close()
      await lost
      proxy.reachable = true
      const again = await clinic.patient(keystore, proxy.url)
      await until(again, "conversations", () => again.conversations.length === 1)
      const [conversation] = again.conversations as [Conversation]
      await until(conversation, "change", () => conversation.view.live && kinds(conversation).length === 1)
      await conversation.send("hello")
      assert.equal(kinds(conversation), ["profile my inhaler", "text hello"])
      assert.is(await listed(), before + 1)
      await again.close()
    })
  }
}

test("a connection that breaks in between is nothing that start's caller sees", async () => {
  const before = await listed()
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const cut = cutAt("open", "after")
  const starting = begin(patient)
  await until(patient, "connection", () => patient.connection.kind === "offline")
  assert.ok(cut.happened)
  proxy.reachable = true
  patient.retryNow()
  const conversation = await starting
  await conversation.send("hello")
  assert.is(await listed(), before + 1)
  await patient.close()
})

test("two starts at once in one client are two conversations of one device", async () => {
  const before = await listed()
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore)
  const both = await Promise.all([begin(patient, "refill"), begin(patient, "question")])
  for (const conversation of both) await conversation.send("hello")
  assert.is(await listed(), before + 2)
  await patient.close()
})

test("aborting before anything was sent leaves nothing of the conversation", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  const controller = new AbortController()
  proxy.hooks.toClient = () => []
  const starting = begin(patient, "refill", { signal: controller.signal })
  setTimeout(() => controller.abort(), 100)
  await rejects(starting, "ERR_ABORTED")
  assert.equal(await conversationKeys(keystore), [])
  assert.equal(patient.conversations, [])
  await rejects(begin(patient, "refill", { signal: controller.signal }), "ERR_ABORTED")
  await patient.close()
})

test("agreement to a text that has changed since is ERR_CONSENT_REQUIRED, and nothing is sent", async () => {
  const own = await startClinic()
  const keystore = memoryKeystore()
  const patient = await own.patient(keystore)
  const consent = patient.consent().agree()
  await own.admin.setConsentText({ id: "chat", texts: { en: "I agree to more." } })
  await rejects(patient.start({ topic: "refill", consent }), "ERR_CONSENT_REQUIRED")
  assert.equal(await keystore.keys(""), await deviceKeys(keystore))
  assert.is(patient.consent().version, 2)
  await (await begin(patient)).send("hello")
  await patient.close()
  await own.close()
})

test("agreement with a forged text or in a language that isn't there is ERR_CONSENT_REQUIRED", async () => {
  const patient = await clinic.patient()
  const consent = patient.consent().agree()
  const forged = [
    { ...consent, textHash: new Uint8Array(32) },
    { ...consent, language: "fr" },
    { ...consent, version: 2 },
    { ...consent, consentId: "other" },
  ]
  for (const agreement of forged) {
    await rejects(patient.start({ topic: "refill", consent: agreement }), "ERR_CONSENT_REQUIRED")
  }
  await patient.close()
})

test("an unknown topic is ERR_NOT_FOUND", async () => {
  const patient = await clinic.patient()
  await rejects(begin(patient, "surgery"), "ERR_NOT_FOUND")
  await patient.close()
})

test("offline, start says so at once and stores nothing", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  proxy.reachable = false
  await rejects(begin(patient), "ERR_OFFLINE")
  assert.equal(await keystore.keys(""), [])
  await patient.close()
})

test("an interrupted start whose text has changed meanwhile is dropped: it was never consented to", async () => {
  const own = await startClinic()
  const ownProxy = await startEvilRelay(own.url)
  const keystore = memoryKeystore()
  const patient = await own.patient(keystore, ownProxy.url)
  ownProxy.hooks.toRelay = (frame) => (frame.kind === "publish" ? [] : undefined)
  const lost = begin(patient).catch(() => {})
  await until(patient, "connection", () => patient.connection.kind === "online")
  await pause(100)
  assert.ok((await conversationKeys(keystore)).length > 0)
  await patient.close()
  await lost
  delete ownProxy.hooks.toRelay
  await own.admin.setConsentText({ id: "chat", texts: { en: "I agree to more." } })
  const again = await own.patient(keystore, ownProxy.url)
  for (let i = 0; i < 100 && (await conversationKeys(keystore)).length > 0; i++) await pause(20)
  assert.equal(await conversationKeys(keystore), [])
  assert.equal(again.conversations, [])
  await again.close()
  await ownProxy.close()
  await own.close()
})

test("several conversations, newest first; each is forgotten alone", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore)
  const first = await begin(patient, "refill")
  await pause(5)
  const second = await begin(patient, "question")
  await Promise.all([first.send("one"), second.send("two")])
  assert.equal(patient.conversations, [second, first])
  await patient.close()
  const again = await clinic.patient(keystore)
  assert.equal(
    again.conversations.map(({ id, view }) => [id, view.topic]),
    [
      [second.id, "question"],
      [first.id, "refill"],
    ],
  )
  const [newest, older] = again.conversations as [Conversation, Conversation]
  await until(older, "change", () => older.view.live)
  await again.forget(first.id)
  assert.equal(again.conversations, [newest])
  await pause(50)
  assert.ok((await conversationKeys(keystore)).every((key) => !key.includes(first.id)))
  await newest.send("still here")
  await again.forget()
  assert.equal(await keystore.keys(""), [])
  assert.equal(again.connection, { kind: "closed" })
  const stranger = await clinic.patient(keystore)
  assert.equal(stranger.conversations, [])
  await stranger.close()
})

test.run()

async function conversationKeys(keystore: Keystore): Promise<string[]> {
  return (await keystore.keys("")).filter((key) => key.includes("/conversation/"))
}

async function deviceKeys(keystore: Keystore): Promise<string[]> {
  return (await keystore.keys("")).filter((key) => !key.includes("/conversation/"))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
