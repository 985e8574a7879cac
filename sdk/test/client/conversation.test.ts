import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ChatMessage, Conversation } from "../../src/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("a conversation over a real relay")
let clinic: LiveClinic
test.before(async () => {
  clinic = await startClinic()
})
test.after(() => clinic.close())

const texts = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)
const stateOf = (conversation: Conversation, text: string): string | undefined =>
  conversation.view.messages.find((message) => message.text === text)?.state

test("patient and nurse talk, from consent to the close", async () => {
  const patient = await clinic.patient()
  assert.equal(patient.connection, { kind: "closed" })
  assert.is(patient.clinic.name.en, "Elm Street Clinic")
  assert.is(patient.consent("es-MX").text, "Acepto.")
  const conversation = await begin(patient, "refill", { name: "Ana", answer: "my inhaler" })
  assert.is(patient.connection.kind, "online")
  assert.equal(patient.conversations, [conversation])
  const sent = await conversation.send("I need a refill")
  assert.is(sent.state, "sent")
  assert.ok(sent.mine)

  const nurse = await clinic.staff("nurse")
  const [item] = nurse.list
  assert.is(item?.id, conversation.id)
  assert.equal([item?.topic, item?.language, item?.roles, item?.closed], ["refill", "en", ["nursing"], false])
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
  assert.equal(texts(open), ["I need a refill"])
  assert.is(open.view.messages.find(({ kind }) => kind === "profile")?.text, "my inhaler")
  assert.is(open.view.messages.find(({ kind }) => kind === "text")?.from.name, "Ana")
  assert.is(open.view.unread, 2)
  await open.markRead()
  assert.is(open.view.unread, 0)
  await until(conversation, "change", () => stateOf(conversation, "I need a refill") === "read")

  await open.send("Ready at noon")
  await until(conversation, "change", () => texts(conversation).length === 2)
  const reply = conversation.view.messages.at(-1) as ChatMessage
  assert.equal(
    [reply.text, reply.mine, reply.from.name, reply.from.role],
    ["Ready at noon", false, "Nurse Kim", "nursing"],
  )
  assert.is(conversation.view.unread, 1)
  await conversation.markRead()
  await until(open, "change", () => stateOf(open, "Ready at noon") === "read")

  await open.close("resolved")
  await until(conversation, "change", () => conversation.view.status === "closed")
  await until(nurse, "list", () => nurse.list[0]?.closed === true)
  assert.is(
    conversation.view.messages.some(({ kind }) => kind === "refused"),
    false,
  )
  await patient.close()
  await nurse.close()
})

test("messages() gives history, then what comes, and ends with the client", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("one")
  await conversation.send("two")
  const seen: string[] = []
  const reading = (async () => {
    for await (const message of conversation.messages()) if (message.kind === "text") seen.push(message.text)
  })()
  await conversation.send("three")
  await until(conversation, "change", () => texts(conversation).length === 3)
  await patient.close()
  await reading
  assert.equal(seen, ["one", "two", "three"])
})

test.run()
