/** A relay that withholds the end of a conversation and signs true heads all the while (docs/model.md, heads.pml). */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { type Conversation, memoryKeystore } from "../../src/index.ts"
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
  proxy.killAll()
  patient.retryNow()
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
  proxy.killAll()
  patient.retryNow()
  while (heads.length === 0) await pause(20)
  assert.ok((heads[0] ?? 0) > (end?.position ?? 0), "the head covers the answer")

  proxy.killAll()
  patient.retryNow()
  await until(patient, "connection", () => patient.connection.kind === "online")
  await pause(1_000)
  assert.not(conversation.view.live)
  assert.equal(texts(conversation), ["hello"])

  proxy.hooks.toClient = () => undefined
  proxy.killAll()
  patient.retryNow()
  await until(conversation, "change", () => conversation.view.live)
  assert.equal(texts(conversation), ["hello", "come in today"])
  await nurse.close()
  await patient.close()
})

test.run()
