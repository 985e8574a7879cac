/** A conversation is destroyed with the real command against a real relay. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { memoryKeystore, PatientClient } from "../../src/index.ts"
import { until } from "../support/live-clinic.ts"
import { type ClinicDesk, done, openClinicDesk, refused } from "./clinic-desk.ts"
import { wardline } from "./wardline.ts"

const test = suite("conversation shred")
let clinic: ClinicDesk
test.before(async () => {
  clinic = await openClinicDesk()
})
test.after(() => clinic.close())

test("it asks for the end of the id, destroys, and says so; the patient sees it", async () => {
  const { clinicKey } = clinic
  const relay = `http://localhost:${clinic.relay.port}`
  await using patient = await PatientClient.connect({ relay, clinicKey, keystore: memoryKeystore() })
  const [topic] = patient.clinic.topics
  const chat = await patient.start({ topic: topic?.id ?? "", consent: patient.consent().agree() })
  await chat.send("forget this")
  const shred = [
    "conversation",
    "shred",
    chat.id,
    "--reason",
    "patient-request",
    "--dir",
    clinic.desk.path("clinic"),
    ...clinic.passphrase,
  ]
  await refused(
    wardline(shred, {}, () => "yes"),
    2,
    /those aren't its last four characters; nothing was destroyed/,
  )
  assert.is(chat.view.status, "open")
  const said = await done(wardline(shred, {}, () => chat.id.slice(-4)))
  assert.match(said, new RegExp(`Conversation ${chat.id} is destroyed`))
  await until(chat, "change", () => chat.view.status === "destroyed")
  await refused(wardline([...shred, "--yes"]), 5, /destroyed before/)
})

test("what can't be right is said before anything is asked", async () => {
  const run = (...args: string[]): ReturnType<typeof wardline> =>
    clinic.unlocked("conversation", "shred", ...args)
  await refused(run("123", "--reason", "other"), 2, /32 characters/)
  await refused(run("0".repeat(32), "--reason", "retentoin"), 2, /did you mean retention\?/)
  await refused(run("0".repeat(32)), 2, /--reason is missing/)
  await refused(run("0".repeat(32), "--reason", "other", "--yes"), 5, /no conversation with this id/)
})

test.run()
