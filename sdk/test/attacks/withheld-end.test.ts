/** A relay that withholds the end of a conversation and signs true heads all the while (docs/model.md, heads.pml). */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { type Conversation, memoryKeystore, type PatientClient } from "../../src/index.ts"
import type { Frame } from "../../src/protocol/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { type EvilRelay, startEvilRelay } from "./evil-relay.ts"

const test = suite("a relay that withholds the end")
let clinic: LiveClinic
let proxy: EvilRelay

test.before.each(async () => {
  clinic = await startClinic()
  await clinic.admin.setPolicy({ logKey: toHex(clinic.relay.logKey) })
  proxy = await startEvilRelay(clinic.url)
})
test.after.each(async () => {
  await proxy.close()
  await clinic.close()
})

const texts = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function reconnect(patient: PatientClient): Promise<void> {
  proxy.killAll()
  await until(patient, "connection", () => patient.connection.kind !== "online")
  patient.retryNow()
  await until(patient, "connection", () => patient.connection.kind === "online")
}

test("what a signed head says is there must come before the conversation is called live again", async () => {
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient)
  await conversation.send("hello")
  let live: Extract<Frame, { kind: "live" }> | undefined
  const heads: number[] = []
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "live") live = frame
    return undefined
  }
  await reconnect(patient)
  await until(conversation, "change", () => live !== undefined && conversation.view.live)

  // The nurse's answer is never delivered; the backlog ends where it did before; the relay's heads are true.
  const end = live
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "deliver" && frame.position > (end?.position ?? 0)) return []
    if (frame.kind === "live" && end !== undefined) return [{ ...end, id: frame.id }]
    if (frame.kind === "head") heads.push(frame.position)
    return undefined
  }
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(conversation.id)
  await open.send("come in today")
  await reconnect(patient)
  while (heads.length === 0) await pause(20)
  assert.ok((heads[0] ?? 0) > (end?.position ?? 0), "the head covers the answer")

  await reconnect(patient)
  while (heads.length < 2) await pause(20)
  await pause(200)
  assert.not(conversation.view.live)
  assert.equal(texts(conversation), ["hello"])

  proxy.hooks.toClient = () => undefined
  await reconnect(patient)
  await until(conversation, "change", () => conversation.view.live)
  assert.equal(texts(conversation), ["hello", "come in today"])
  await nurse.close()
  await patient.close()
})

test("a signed head of records that don't come is no sign of life: the connection is given up", async () => {
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient)
  await conversation.send("hello")
  let live: Extract<Frame, { kind: "live" }> | undefined
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "live") live = frame
    return undefined
  }
  await reconnect(patient)
  await until(conversation, "change", () => live !== undefined && conversation.view.live)

  // What the relay signs for the doctor the patient gets at once, and not in half a minute.
  const [patientSide] = proxy.connections
  const id = live?.id ?? 0
  proxy.hooks.toClient = (frame, connection) => {
    if (connection === patientSide) return frame.kind === "deliver" ? [] : undefined
    if (frame.kind === "head") patientSide?.tellClient({ ...frame, id })
    return undefined
  }
  const doctor = await clinic.staff("doctor", proxy.url)
  const open = await doctor.open(conversation.id, { role: "nursing" })
  await open.send("come in today")
  assert.ok(conversation.view.live)
  await until(patient, "connection", () => patient.connection.kind !== "online", 25_000)
  await doctor.close()
  await patient.close()
})

test.run()
