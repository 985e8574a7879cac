/** A staff device that the policy names as a witness signs checkpoints by itself, and patients hold the log to them. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../../src/bytes.ts"
import { deviceWitnessName } from "../../../src/client/clinic-policy.ts"
import { deviceAt } from "../../../src/directory/index.ts"
import { StaffClient } from "../../../src/index.ts"
import { rejects } from "../../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../../support/live-clinic.ts"

const test = suite("a staff device as a witness")
let clinic: LiveClinic
test.before(async () => {
  clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
  const { nurse } = clinic.deviceIds
  const device = deviceAt(clinic.admin.directory, fromHex(nurse))
  const key = toHex(device?.keys.signing ?? new Uint8Array(0))
  await clinic.admin.setPolicy({ witnesses: [{ name: deviceWitnessName(nurse), key }], quorum: 1 })
})
test.after(() => clinic.close())

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test("without a witness nothing is proven; once one is there, everything is, and its name is told", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("hello")
  const alone = await conversation.whoHasRead()
  assert.is(alone.checkpoint, undefined)
  assert.equal(alone.problems, [])
  assert.ok(alone.readings.every(({ proof }) => proof === "pending"))

  // The relay makes a checkpoint of it meanwhile.
  await pause(1_500)
  const nurse = await clinic.staff("nurse")
  await until(nurse, "witness", () => (nurse.witness?.size ?? 0) > 0)
  assert.is(nurse.witness?.name, deviceWitnessName(clinic.deviceIds.nurse))
  assert.is(nurse.witness?.problem, undefined)
  assert.ok(Math.abs((nurse.witness?.at ?? 0) - Date.now()) < 20_000)
  const answer = await conversation.whoHasRead()
  assert.equal(answer.problems, [])
  assert.is(answer.checkpoint?.quorum, 1)
  assert.equal(
    answer.checkpoint?.witnesses.map(({ name, deviceName }) => [name, deviceName]),
    [[deviceWitnessName(clinic.deviceIds.nurse), "Nurse Kim"]],
  )
  assert.ok(answer.readings.some(({ proof }) => proof === "proven"))
  await nurse.close()
  await patient.close()
})

test("a device that the policy doesn't name signs nothing", async () => {
  const doctor = await clinic.staff("doctor")
  await pause(300)
  assert.is(doctor.witness, undefined)
  await doctor.close()
})

test("what it signed is remembered on the device, and the next run goes on from there", async () => {
  const keystore = await clinic.staffKeystore("nurse")
  const first = await StaffClient.connect(clinic.options(keystore))
  await until(first, "witness", () => (first.witness?.size ?? 0) > 0)
  const size = first.witness?.size ?? 0
  await first.close()
  await pause(1_500)
  const second = await StaffClient.connect(clinic.options(keystore))
  await until(second, "witness", () => second.witness !== undefined)
  assert.ok((second.witness?.size ?? 0) >= size)
  assert.is(second.witness?.problem, undefined)
  await second.close()
})

test("the audit role reads the clinic's whole log, and it has the checkpoint's root", async () => {
  await clinic.admin.setPolicy({ auditRole: "medical" })
  const doctor = await clinic.staff("doctor")
  const log = doctor.auditLog()
  const sequences: number[] = []
  const state = await log.read({ onEntries: (entries) => sequences.push(...entries.map((e) => e.sequence)) })
  assert.equal(state.problems, [])
  assert.equal(
    sequences,
    sequences.map((_, i) => i + 1),
  )
  assert.is(state.read, sequences.length)
  assert.ok(state.provenTo > 0, "as far as the witness has signed")
  assert.is(state.provenTo, state.checkpoint?.size)

  // The nurse comes, and what she does is read on from there.
  const nurse = await clinic.staff("nurse")
  await until(nurse, "witness", () => (nurse.witness?.size ?? 0) >= state.read)
  const more = await log.read({ onEntries: (entries) => sequences.push(...entries.map((e) => e.sequence)) })
  assert.equal(more.problems, [])
  assert.ok(more.provenTo >= state.read)
  assert.is(sequences.at(-1), more.read)
  await nurse.close()

  // A part of it is proven by its end.
  const part = doctor.auditLog({ from: 10 })
  const names: string[] = []
  const ofPart = await part.read({
    onEntries: (entries) => names.push(...entries.map(({ who }) => who.name ?? who.kind)),
  })
  assert.equal(ofPart.problems, [])
  assert.is(ofPart.read - 9, names.length)
  assert.is(ofPart.provenTo, ofPart.checkpoint?.size)
  await doctor.close()
})

test("an administrator reads it as well; a nurse doesn't", async () => {
  let actions: string[] = []
  const state = await clinic.admin.auditLog().read({
    onEntries: (entries) => {
      actions = [...actions, ...entries.map(({ action }) => action)]
    },
  })
  assert.equal(state.problems, [])
  for (const action of ["relay-start", "policy-change", "device-add", "login", "consent", "read"])
    assert.ok(actions.includes(action), action)
  const nurse = await clinic.staff("nurse")
  await rejects(nurse.auditLog().read({ onEntries: () => {} }), "ERR_FORBIDDEN")
  await nurse.close()
})

test.run()
