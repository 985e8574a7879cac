/** Who has read a conversation, over a real relay: what the patient and staff are told, and how far it is proven. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  type Conversation,
  memoryKeystore,
  PatientClient,
  type Reading,
  type WhoHasRead,
} from "../../../src/index.ts"
import { rejects } from "../../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../../support/live-clinic.ts"

const test = suite("who has read this")
let clinic: LiveClinic
test.before(async () => {
  clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
})
test.after(() => clinic.close())

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Asks again until every reading by staff is in a checkpoint. */
async function whenProven(conversation: Conversation, limitMs = 8_000): Promise<WhoHasRead> {
  const endMs = Date.now() + limitMs
  for (;;) {
    const answer = await conversation.whoHasRead()
    const isProven = byStaff(answer).every(({ proof }) => proof === "proven")
    if (isProven || Date.now() > endMs) return answer
    await pause(100)
  }
}

const byStaff = ({ readings }: WhoHasRead): Reading[] =>
  readings.filter(({ who }) => who.kind === "staff").toReversed()

test("a patient sees who read it, as what, when and how far, and that it is proven", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("hello")
  const nurse = await clinic.staff("nurse")
  const byNurse = await nurse.open(conversation.id)
  await until(byNurse, "change", () => byNurse.view.messages.some(({ text }) => text === "hello"))
  await byNurse.markRead()
  await byNurse.send("an answer")
  await until(conversation, "change", () =>
    conversation.view.messages.some(({ text }) => text === "an answer"),
  )
  await nurse.close()
  const progress: number[] = []
  const first = await conversation.whoHasRead({ onProgress: ({ done }) => progress.push(done) })
  assert.is(progress.at(-1), first.entries)

  const answer = await whenProven(conversation)
  assert.equal(answer.problems, [])
  const [reading] = byStaff(answer)
  assert.is(reading?.who.name, "Nurse Kim")
  assert.is(reading?.role, "nursing")
  assert.is(reading?.purpose, "TREAT")
  assert.is(reading?.state, "ended")
  assert.is(reading?.proof, "proven")
  assert.is(reading?.times, 1)
  assert.ok((reading?.upTo ?? 0) >= 5)
  assert.ok((reading?.to ?? 0) >= (reading?.from ?? 0))
  assert.ok(Math.abs((reading?.from ?? 0) - Date.now()) < 20_000)
  assert.is(answer.checkpoint?.quorum, 0)
  assert.equal(answer.checkpoint?.witnesses, [])
  assert.ok(answer.entries >= 12)
  const own = answer.readings.filter(({ who }) => who.kind === "self").at(0)
  assert.ok((answer.completeTo ?? 0) >= (own?.from ?? Infinity), "its own newest sealed reading is the end")
  await patient.close()
})

test("staff see it too, and why the glass was broken; the patient sees that it was", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("hello")
  const nurse = await clinic.staff("nurse")
  const opened = await nurse.open(conversation.id, {
    purpose: "BTG",
    reason: "She doesn't answer the phone.",
  })
  await until(opened, "change", () => opened.view.messages.some(({ text }) => text === "hello"))
  const byNurse = await opened.whoHasRead()
  assert.equal(byNurse.problems, [])
  const [own] = byNurse.readings.filter(({ who }) => who.kind === "self")
  assert.is(own?.purpose, "BTG")
  assert.is(own?.reason, "She doesn't answer the phone.")
  assert.is(own?.who.name, "Nurse Kim")
  assert.ok(byNurse.readings.some(({ who }) => who.kind === "patient"))
  const [seen] = byStaff(await conversation.whoHasRead())
  assert.is(seen?.purpose, "BTG")
  assert.is(seen?.reason, undefined)
  assert.is(seen?.state, "open")
  await nurse.close()
  await patient.close()
})

test("a file that somebody fetched, an access that was only signed, and a second phone", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient, "question")
  const sent = await conversation.sendFile(new File(["a note"], "note.txt", { type: "text/plain" }))
  const phone = await PatientClient.restore(
    clinic.options(memoryKeystore()),
    await patient.createPairingCode(),
  )
  const doctor = await clinic.staff("doctor")
  const byDoctor = await doctor.open(conversation.id, {
    role: "medical",
    purpose: "HLEGAL",
    reason: "A court asks.",
  })
  await until(byDoctor, "change", () => byDoctor.view.messages.some(({ id }) => id === sent.id))
  await byDoctor.openFile(sent.id)
  await doctor.close()
  const [onPhone] = phone.conversations as [Conversation]
  const answer = await onPhone.whoHasRead()
  assert.equal(answer.problems, [])
  const [reading] = byStaff(answer)
  assert.is(reading?.purpose, "HLEGAL")
  assert.is(reading?.files, 1)
  assert.ok(answer.readings.some(({ who }) => who.kind === "patient"))
  assert.ok(answer.readings.some(({ who }) => who.kind === "self"))
  await phone.close()
  await patient.close()
})

test("over a restart of the relay, and after the conversation is closed", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("hello")
  const nurse = await clinic.staff("nurse")
  const opened = await nurse.open(conversation.id)
  await until(opened, "change", () => opened.view.messages.some(({ text }) => text === "hello"))
  await clinic.restartRelay()
  await until(patient, "connection", () => patient.connection.kind === "online")
  await until(nurse, "connection", () => nurse.connection.kind === "online")
  await opened.close("resolved")
  await until(conversation, "change", () => conversation.view.status === "closed")
  const answer = await conversation.whoHasRead()
  assert.equal(answer.problems, [])
  assert.is(byStaff(answer).length, 1)
  await nurse.close()
  await patient.close()
})

test("a clinic whose log nobody signs: nothing is proven, and nothing is called late", async () => {
  let nowMs = Date.now()
  const unsigned = await startClinic({ now: () => nowMs })
  const patient = await unsigned.patient()
  const conversation = await begin(patient)
  await conversation.send("hello")
  // The relay's clock; the session goes on by its own.
  nowMs += 2 * 60 * 60 * 1000
  patient.retryNow()
  await unsigned.restartRelay({ now: () => nowMs })
  await until(patient, "connection", () => patient.connection.kind === "online")
  const answer = await conversation.whoHasRead()
  assert.equal(answer.problems, [])
  assert.is(answer.checkpoint, undefined)
  assert.is(answer.completeTo, undefined)
  assert.ok(answer.readings.every(({ proof }) => proof === "pending"))
  await patient.close()
  await unsigned.close()
})

test("it can be given up, and asks nothing of a conversation that can't be believed", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await rejects(conversation.whoHasRead({ signal: AbortSignal.abort() }), "ERR_ABORTED")
  assert.equal((await conversation.whoHasRead()).problems, [])
  await patient.close()
  await rejects(conversation.whoHasRead(), "ERR_CLOSED")
})

test.run()
