/** What becomes of a message that can't be sent: waiting, failed, sent after all, thrown away, taken back. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Conversation, type Keystore, memoryKeystore, type PatientClient } from "../../src/index.ts"
import { decodeRecord, type ErrorCode } from "../../src/protocol/index.ts"
import { type EvilRelay, startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("the outbox")
let clinic: LiveClinic
let proxy: EvilRelay
test.before(async () => {
  clinic = await startClinic()
  proxy = await startEvilRelay(clinic.url)
})
test.before.each(() => {
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

const states = (conversation: Conversation): string[] =>
  conversation.view.messages
    .filter(({ kind }) => kind === "text")
    .map(({ text, state }) => `${text}: ${state}`)

async function talking(keystore: Keystore = memoryKeystore()): Promise<[PatientClient, Conversation]> {
  const patient = await clinic.patient(keystore, proxy.url)
  const conversation = await begin(patient)
  await until(conversation, "change", () => conversation.view.live)
  return [patient, conversation]
}

/** The relay answers the next messages with this error. */
function refuseMessages(
  code: ErrorCode,
  retryable: boolean,
  times = Number.POSITIVE_INFINITY,
): { count: number } {
  const refused = { count: 0 }
  proxy.hooks.toRelay = (frame, connection) => {
    if (frame.kind !== "publish" || decodeRecord(frame.record).type !== "message") return undefined
    if (refused.count >= times) return undefined
    refused.count += 1
    connection.tellClient({ kind: "error", id: frame.id, code, retryable, message: "" })
    return []
  }
  return refused
}

test("a refusal for good shows as failed, survives a restart, and doesn't hold up the next message", async () => {
  const keystore = memoryKeystore()
  const [patient, conversation] = await talking(keystore)
  refuseMessages("ERR_FORBIDDEN", false, 1)
  await rejects(conversation.send("one"), "ERR_FORBIDDEN")
  await conversation.send("two")
  assert.equal(states(conversation), ["two: sent", "one: failed"])
  assert.is(conversation.view.messages.find(({ text }) => text === "one")?.error?.code, "ERR_FORBIDDEN")
  await patient.close()

  const again = await clinic.patient(keystore, proxy.url)
  const [restored] = again.conversations as [Conversation]
  await until(restored, "change", () => restored.view.live)
  assert.equal(states(restored), ["two: sent", "one: failed"])
  const failed = restored.view.messages.find(({ state }) => state === "failed")
  await restored.retry(failed?.id as string)
  await until(restored, "change", () => states(restored).join() === "two: sent,one: sent")
  await rejects(restored.retry(failed?.id as string), "ERR_NOT_FOUND")
  await again.close()
})

test("a failed message can be thrown away", async () => {
  const keystore = memoryKeystore()
  const [patient, conversation] = await talking(keystore)
  refuseMessages("ERR_TOO_LARGE", false, 1)
  await rejects(conversation.send("one"), "ERR_TOO_LARGE")
  const [failed] = conversation.view.messages
  await conversation.discard(failed?.id as string)
  assert.equal(states(conversation), [])
  await rejects(conversation.discard(failed?.id as string), "ERR_NOT_FOUND")
  assert.is((await keystore.keys("")).filter((key) => key.includes("/outbox/")).length, 0)
  await patient.close()
})

for (const code of ["ERR_RATE_LIMITED", "ERR_OVERLOADED", "ERR_READ_ONLY", "ERR_CONFLICT"] as const) {
  test(`${code} is waited out, and the message says what it waits for`, async () => {
    const [patient, conversation] = await talking()
    const refused = refuseMessages(code, true, 1)
    const seen = new Set<string | undefined>()
    conversation.addEventListener("change", () => seen.add(conversation.view.messages[0]?.error?.code))
    const sent = await conversation.send("patience")
    assert.is(refused.count, 1)
    assert.is(sent.state, "sent")
    assert.ok(seen.has(code))
    await patient.close()
  })
}

test("a conflict that never ends is a failure in the end", async () => {
  const [patient, conversation] = await talking()
  refuseMessages("ERR_CONFLICT", true)
  await rejects(conversation.send("hopeless"), "ERR_CONFLICT")
  await patient.close()
})

test("aborting takes a message back that hasn't been sealed", async () => {
  const keystore = memoryKeystore()
  const [patient, conversation] = await talking(keystore)
  proxy.reachable = false
  proxy.killAll()
  await until(patient, "connection", () => patient.connection.kind === "offline")
  const controller = new AbortController()
  const sending = conversation.send("never mind", { signal: controller.signal })
  assert.equal(states(conversation), ["never mind: sending"])
  controller.abort()
  await rejects(sending, "ERR_ABORTED")
  await until(conversation, "change", () => states(conversation).length === 0)
  await rejects(conversation.send("not at all", { signal: controller.signal }), "ERR_ABORTED")
  proxy.reachable = true
  patient.retryNow()
  await conversation.send("this one")
  assert.equal(states(conversation), ["this one: sent"])
  await patient.close()
})

test("what has been sent can't be taken back: only the wait ends", async () => {
  const [patient, conversation] = await talking()
  const controller = new AbortController()
  proxy.hooks.toRelay = async (frame) => {
    if (frame.kind === "publish") {
      controller.abort()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return undefined
  }
  await rejects(conversation.send("said", { signal: controller.signal }), "ERR_ABORTED")
  await until(conversation, "change", () => states(conversation).join() === "said: sent")
  await patient.close()
})

test("messages() and start() end with their signal", async () => {
  const [patient, conversation] = await talking()
  const controller = new AbortController()
  const reading = (async () => {
    for await (const _message of conversation.messages({ signal: controller.signal })) assert.unreachable()
  })()
  controller.abort()
  await rejects(reading, "ERR_ABORTED")
  await rejects(begin(patient, "refill", { signal: controller.signal }), "ERR_ABORTED")
  await patient.close()
})

test("aborting the client's own signal closes it", async () => {
  const controller = new AbortController()
  const { PatientClient } = await import("../../src/index.ts")
  const options = { ...clinic.options(memoryKeystore(), proxy.url), signal: controller.signal }
  const patient = await PatientClient.connect(options)
  const conversation = await begin(patient)
  controller.abort()
  await until(patient, "connection", () => patient.connection.kind === "closed")
  await patient.close()
  await rejects(conversation.send("too late"), "ERR_CLOSED")
  await rejects(PatientClient.connect(options), "ERR_ABORTED")
})

test("nothing, too much, and after the close: refused before they reach the outbox", async () => {
  const [patient, conversation] = await talking()
  await rejects(conversation.send(" \n "), "ERR_MALFORMED")
  await rejects(conversation.send("x".repeat(16_001)), "ERR_TOO_LARGE")
  await conversation.send("x".repeat(16_000))
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(conversation.id)
  await open.close("no-reply")
  await rejects(open.send("after"), "ERR_CLOSED")
  await until(conversation, "change", () => conversation.view.status === "closed")
  await rejects(conversation.send("after"), "ERR_CLOSED")
  assert.is(conversation.view.messages.filter(({ state }) => state === "sending").length, 0)
  await patient.close()
  await nurse.close()
})

test("a message that waits while the conversation is closed has failed", async () => {
  const [patient, conversation] = await talking()
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
  proxy.hooks.toRelay = (frame) => (frame.kind === "publish" ? [] : undefined)
  const sending = rejects(conversation.send("too late"), "ERR_CLOSED")
  await open.close()
  await until(conversation, "change", () => conversation.view.status === "closed")
  delete proxy.hooks.toRelay
  proxy.killAll()
  patient.retryNow()
  await sending
  assert.ok(states(conversation).includes("too late: failed"))
  await patient.close()
  await nurse.close()
})

test.run()
