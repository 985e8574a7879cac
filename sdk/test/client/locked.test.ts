/** Messages from before somebody could read along: shown as locked, and opened in their places by a grant. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Conversation } from "../../src/index.ts"
import { begin, startClinic, until } from "../support/live-clinic.ts"

const test = suite("locked messages")

const shown = ({ view }: Conversation): string[] =>
  view.messages.map(({ kind, text, system }) =>
    kind === "system" ? `(${system?.type})` : `${kind}: ${text}`,
  )

test("a role that is brought in without the past sees that there is one, and then what it was", async () => {
  const clinic = await startClinic()
  const patient = await clinic.patient()
  const chat = await begin(patient, "refill", { name: "Ana" })
  const { id } = await chat.send("What do I ow?")
  const nurse = await clinic.staff("nurse")
  const atNurse = await nurse.open(chat.id)
  await until(atNurse, "change", () => atNurse.view.live)
  await chat.edit(id, "What do I owe?")
  await until(atNurse, "change", () => atNurse.view.messages.some(({ edited }) => edited !== undefined))
  await atNurse.markRead()
  await until(chat, "change", () => chat.view.messages.some(({ state, mine }) => mine && state === "read"))
  await atNurse.addRole("billing", { history: false })
  await atNurse.send("I ask billing.")

  const biller = await clinic.staff("biller")
  const atBiller = await biller.open(chat.id, { role: "billing", purpose: "HPAYMT" })
  await until(atBiller, "change", () => shown(atBiller).includes("text: I ask billing."))
  const locked = atBiller.view.messages.filter(({ kind }) => kind === "locked")
  assert.is(locked.length, 3, "the profile, the text and its edit; the receipt is nothing to miss")
  assert.ok(locked.every(({ from, text }) => from.kind === "patient" && text !== ""))
  assert.is(atBiller.view.unread, 1)
  const positions = locked.map(({ position }) => position)

  await atNurse.grantHistory("billing")
  await until(atBiller, "change", () => atBiller.view.messages.every(({ kind }) => kind !== "locked"))
  assert.equal(shown(atBiller), [
    "profile: ",
    "text: What do I owe?",
    "(access)",
    "(role-added)",
    "text: I ask billing.",
    "(access)",
    "(granted)",
  ])
  const [profile, question] = atBiller.view.messages
  assert.is(profile?.from.name, "Ana")
  assert.equal([profile?.position, question?.position], positions.slice(0, 2))
  assert.equal(
    question?.edited?.map(({ text }) => text),
    ["What do I ow?"],
  )
  await until(chat, "change", () => chat.view.messages.some(({ system }) => system?.type === "granted"))
  const granted = chat.view.messages.find(({ system }) => system?.type === "granted")
  assert.equal(granted?.system, { type: "granted", to: { kind: "role", id: "billing" } })
  await atBiller.react(question?.id as string, "👍")
  await until(chat, "change", () => chat.view.messages.some(({ reactions }) => reactions?.length === 1))
  for (const client of [patient, nurse, biller]) await client.close()
  await clinic.close()
})

test.run()
