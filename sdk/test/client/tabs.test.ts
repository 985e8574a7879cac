/** Two clients on one keystore are two tabs: one owns the device, the other waits or takes over. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Conversation, memoryKeystore, type PatientClient, StaffClient } from "../../src/index.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("two tabs")
let clinic: LiveClinic
test.before(async () => {
  clinic = await startClinic()
})
test.after(() => clinic.close())

const texts = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)
const code = ({ connection }: PatientClient): string | undefined =>
  connection.kind === "closed" ? connection.error?.code : undefined

test("the second tab says so, and goes on by itself when the first is closed", async () => {
  const keystore = memoryKeystore()
  const first = await clinic.patient(keystore)
  const conversation = await begin(first)
  await conversation.send("one")
  const second = await clinic.patient(keystore)
  assert.is(code(second), "ERR_CONFLICT")
  assert.equal(second.conversations, [])
  await rejects(begin(second), "ERR_CONFLICT")
  await first.close()
  await until(second, "connection", () => second.connection.kind === "online")
  const [own] = second.conversations as [Conversation]
  await own.send("two")
  assert.equal(texts(own), ["one", "two"])
  await second.close()
})

test("taking over closes the first; taking back brings up to date", async () => {
  const keystore = memoryKeystore()
  const first = await clinic.patient(keystore)
  const conversation = await begin(first)
  await conversation.send("one")
  const second = await clinic.patient(keystore)
  second.takeOver()
  await until(second, "connection", () => second.connection.kind === "online")
  assert.is(code(first), "ERR_CONFLICT")
  await rejects(conversation.send("not here"), "ERR_CONFLICT")
  const [own] = second.conversations as [Conversation]
  await own.send("two")
  first.takeOver()
  await until(first, "connection", () => first.connection.kind === "online")
  assert.is(code(second), "ERR_CONFLICT")
  await conversation.send("three")
  assert.equal(texts(conversation), ["one", "two", "three"])
  assert.is(conversation.view.messages.filter(({ kind }) => kind === "refused").length, 0)
  await first.close()
  await until(second, "connection", () => second.connection.kind === "online")
  await until(own, "change", () => texts(own).length === 3)
  await second.close()
})

test("two tabs sending at once, the device going to and fro: everything survives, in one order", async () => {
  const keystore = memoryKeystore()
  const first = await clinic.patient(keystore)
  await begin(first)
  const second = await clinic.patient(keystore)
  const sent: string[] = []
  let takes = 0
  for (const [turn, client] of [second, first, second, first].entries()) {
    client.takeOver()
    await until(client, "connection", () => client.connection.kind === "online")
    takes += 1
    const [own] = client.conversations as [Conversation]
    // The last ones are still on their way when the other tab takes over; then they are its to send.
    const sending = ["a", "b", "c"].map((letter) => {
      const text = `${turn}${letter}`
      sent.push(text)
      return own.send(text).catch(() => {})
    })
    await sending[0]
  }
  const [last] = first.conversations as [Conversation]
  await until(last, "change", () => texts(last).length === sent.length)
  assert.is(takes, 4)
  assert.equal([...texts(last)].sort(), [...sent].sort())
  assert.is(last.view.messages.filter(({ kind }) => kind === "refused").length, 0)
  await first.close()
  await second.close()
})

test("two first visits at once make one device", async () => {
  const keystore = memoryKeystore()
  const [first, second] = [await clinic.patient(keystore), await clinic.patient(keystore)]
  const started = await Promise.allSettled([begin(first), begin(second)])
  assert.equal(started.map(({ status }) => status).sort(), ["fulfilled", "rejected"])
  const owner = started[0]?.status === "fulfilled" ? first : second
  await (owner.conversations[0] as Conversation).send("hello")
  await first.close()
  await second.close()
  const again = await clinic.patient(keystore)
  const [conversation] = again.conversations as [Conversation]
  await until(conversation, "change", () => texts(conversation).length === 1)
  await again.close()
})

test("staff: the second window waits, and takes over", async () => {
  const keystore = await clinic.staffKeystore("nurse")
  const first = await StaffClient.connect(clinic.options(keystore))
  const second = await StaffClient.connect(clinic.options(keystore))
  assert.is(second.connection.kind, "closed")
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await rejects(second.open(conversation.id), "ERR_CONFLICT")
  second.takeOver()
  await until(second, "connection", () => second.connection.kind === "online")
  const open = await second.open(conversation.id)
  await open.send("from the second window")
  await rejects(first.open(conversation.id), "ERR_CONFLICT")
  for (const client of [first, second, patient]) await client.close()
})

test.run()
