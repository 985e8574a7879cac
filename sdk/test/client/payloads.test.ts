/** What people say beside plain texts, between a patient and a nurse over a real relay. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ChatMessage } from "../../src/client/chat.ts"
import type { Conversation, PatientClient, StaffClient, StaffConversation } from "../../src/index.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("payloads")
let clinic: LiveClinic
let patient: PatientClient
let nurse: StaffClient
let conversation: Conversation
let open: StaffConversation
test.before(async () => {
  clinic = await startClinic()
})
test.before.each(async () => {
  patient = await clinic.patient()
  conversation = await begin(patient, "refill", { name: "Ana" })
  nurse = await clinic.staff("nurse")
  open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
})
test.after.each(async () => {
  await patient.close()
  await nurse.close()
})
test.after(() => clinic.close())

const said = ({ view }: Conversation): ChatMessage[] =>
  view.messages.filter(({ kind }) => kind !== "system" && kind !== "profile")
const last = (side: Conversation): ChatMessage | undefined => said(side).at(-1)

async function hears(side: Conversation, holds: (message: ChatMessage) => boolean): Promise<ChatMessage> {
  const found = (): ChatMessage | undefined => said(side).findLast(holds)
  await until(side, "change", () => found() !== undefined)
  return found() as ChatMessage
}

test("a text is changed by who said it, and the other side sees both wordings", async () => {
  const { id } = await conversation.send("I take two tablets")
  await conversation.edit(id, "I take one tablet")
  const changed = await hears(open, ({ text }) => text === "I take one tablet")
  assert.equal(
    changed.edited?.map(({ text }) => text),
    ["I take two tablets"],
  )
  assert.is(said(open).length, 1)
  await rejects(open.edit(changed.id, "three tablets"), "ERR_FORBIDDEN")
  await rejects(conversation.edit("no such message", "x"), "ERR_NOT_FOUND")
  await rejects(conversation.edit(id, "  "), "ERR_MALFORMED")
  const own = said(conversation)[0]
  assert.is(own?.text, "I take one tablet")
  assert.is(own?.editing, undefined)
})

test("a reaction shows on both sides, is replaced, is taken back, and is nobody's answer", async () => {
  await conversation.send("thank you")
  const heard = await hears(open, ({ text }) => text === "thank you")
  await until(nurse, "list", () => nurse.list.find(({ id }) => id === open.id)?.lastBy === "patient")
  await open.react(heard.id, "👍")
  await hears(conversation, ({ reactions }) => reactions?.[0]?.emoji === "👍" && !reactions[0].mine)
  await open.react(heard.id, "❤️")
  await hears(conversation, ({ reactions }) => reactions?.length === 1 && reactions[0]?.emoji === "❤️")
  await open.react(heard.id, "")
  await until(conversation, "change", () => last(conversation)?.reactions === undefined)
  assert.is(nurse.list.find(({ id }) => id === open.id)?.lastBy, "patient")
  await rejects(open.react(heard.id, "ok"), "ERR_MALFORMED")
  const line = open.view.messages.find(({ kind }) => kind === "system")
  await rejects(open.react(line?.id as string, "👍"), "ERR_FORBIDDEN")
})

test("a form is asked by staff and answered by the patient", async () => {
  const form = {
    form: "intake",
    title: "Before your visit",
    fields: [
      { name: "pain", label: "Pain from 0 to 10", kind: "number" as const, required: true },
      { name: "since", label: "Since when?", kind: "date" as const },
      { name: "where", label: "Where?", kind: "choice" as const, options: ["Left knee", "Right knee"] },
      { name: "alone", label: "Do you live alone?", kind: "yes-no" as const },
    ],
  }
  await open.sendForm(form)
  const asked = await hears(conversation, ({ kind }) => kind === "form")
  assert.equal(asked.form, form)
  const answers = [
    { name: "pain", value: "4" },
    { name: "where", value: "Left knee" },
    { name: "alone", value: "yes" },
  ]
  for (const wrong of [
    [],
    [
      { name: "pain", value: "4" },
      { name: "elbow", value: "4" },
    ],
    [{ name: "pain", value: "a lot" }],
    [
      { name: "pain", value: "4" },
      { name: "__proto__", value: "x" },
    ],
    [
      { name: "pain", value: "4" },
      { name: "where", value: "Elbow" },
    ],
    [
      { name: "pain", value: "4" },
      { name: "since", value: "2026-13-40" },
    ],
    [
      { name: "pain", value: "4" },
      { name: "alone", value: "maybe" },
    ],
  ])
    await rejects(conversation.answerForm(asked.id, wrong), "ERR_MALFORMED")
  await conversation.answerForm(asked.id, answers)
  const answered = await hears(open, ({ kind }) => kind === "form-response")
  assert.equal(answered.response, { of: asked.position, answers })
  await rejects(conversation.sendForm(form), "ERR_FORBIDDEN")
  await rejects(open.answerForm(asked.id, answers), "ERR_FORBIDDEN")
  await rejects(open.sendForm({ ...form, fields: [] }), "ERR_MALFORMED")
})

test("a note in another system is referred to by staff alone", async () => {
  await open.sendNote({ reference: "Note/2026-05-02/7", label: "Visit of May 2" })
  const note = await hears(conversation, ({ kind }) => kind === "note")
  assert.equal(note.note, { reference: "Note/2026-05-02/7", label: "Visit of May 2" })
  await rejects(conversation.sendNote({ reference: "x", label: "y" }), "ERR_FORBIDDEN")
})

test("a patient who has read the answer doesn't make the conversation wait again", async () => {
  await conversation.send("is it ready?")
  await hears(open, ({ text }) => text === "is it ready?")
  await open.send("yes")
  await hears(conversation, ({ text }) => text === "yes")
  const listed = (): ReturnType<typeof nurse.list.find> => nurse.list.find(({ id }) => id === open.id)
  await until(nurse, "list", () => listed()?.lastBy === "staff")
  const { count } = listed() as { count: number }
  await conversation.markRead()
  await until(open, "change", () => last(open)?.state === "read")
  await until(nurse, "list", () => (listed()?.count ?? 0) > count)
  assert.is(listed()?.lastBy, "staff")
  await conversation.send("thanks")
  await until(nurse, "list", () => listed()?.lastBy === "patient")
})

test.run()
