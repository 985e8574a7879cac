/** What staff may do, see and open, by their keys and by the relay's gates. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../src/bytes.ts"
import { RoleSeeds } from "../../src/client/role-seeds.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import { openEpoch } from "../../src/conversation/index.ts"
import { sha256 } from "../../src/crypto/index.ts"
import {
  type ClockEvent,
  type Conversation,
  enrolDevice,
  memoryKeystore,
  StaffClient,
} from "../../src/index.ts"
import { clinicIdOf, decodeEpoch, decodeRecord, detachedOf, type Frame } from "../../src/protocol/index.ts"
import { startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("staff")
let clinic: LiveClinic
test.before(async () => {
  clinic = await startClinic()
})
test.after(() => clinic.close())

const texts = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)

test("a biller is listed nothing of nursing's, opens nothing, and holds no key that does", async () => {
  const proxy = await startEvilRelay(clinic.url)
  const frames: Frame[] = []
  proxy.hooks.toClient = (frame) => {
    frames.push(frame)
    return undefined
  }
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient, "refill")
  await conversation.send("for nurses only")
  await until(conversation, "change", () => texts(conversation).length === 1)
  const biller = await clinic.staff("biller")
  assert.equal(biller.me.roles, ["billing"])
  assert.equal(biller.list, [])
  await rejects(biller.open(conversation.id), "ERR_FORBIDDEN")
  await rejects(biller.open(conversation.id, { role: "nursing" }), "ERR_FORBIDDEN")

  // By mathematics: with everything that the relay has and all that the biller's device was ever given.
  const keystore = await clinic.staffKeystore("biller")
  const device = await new ClinicStorage(keystore, clinicId()).loadDevice()
  const seeds = new RoleSeeds(device as NonNullable<typeof device>)
  seeds.update(await clinic.directoryWithWraps())
  assert.ok(seeds.get("billing", 1))
  const delivered = frames.flatMap((frame) => (frame.kind === "deliver" ? [decodeRecord(frame.record)] : []))
  const epochs = delivered.filter(({ type }) => type === "epoch")
  assert.is(epochs.length, 1)
  for (const epoch of epochs) {
    const keys = { roleSeed: (role: string, generation: number) => seeds.get(role, generation) }
    const detached = detachedOf(sha256, epoch)
    assert.ok(detached, "the wraps are there")
    assert.is(openEpoch(decodeEpoch(epoch.body), detached, fromHex(conversation.id), keys), undefined)
  }
  await patient.close()
  await biller.close()
  await proxy.close()
})

test("a conversation with two roles is open to both, and each access shows to the patient", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient, "question", { name: "Ana" })
  await conversation.send("a question")
  const [nurse, doctor] = [await clinic.staff("nurse"), await clinic.staff("doctor")]
  const byNurse = await nurse.open(conversation.id)
  const byDoctor = await doctor.open(conversation.id, {
    role: "medical",
    purpose: "ETREAT",
    reason: "chest pain",
  })
  await byDoctor.send("an answer")
  await until(byNurse, "change", () => texts(byNurse).length === 2)
  await byNurse.send("and mine")
  await until(conversation, "change", () => texts(conversation).length === 3)
  const notes = conversation.view.messages.flatMap(({ system, from }) =>
    system?.type === "access" ? [[from.name, from.role, system.purpose]] : [],
  )
  assert.equal(notes, [
    ["Nurse Kim", "nursing", "TREAT"],
    ["Dr. Osei", "medical", "ETREAT"],
  ])
  assert.is(nurse.list.find(({ id }) => id === conversation.id)?.lastBy, "staff")
  for (const client of [patient, nurse, doctor]) await client.close()
})

test("open() again is the same conversation; leave() ends it", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  const nurse = await clinic.staff("nurse")
  const first = await nurse.open(conversation.id)
  assert.is(await nurse.open(conversation.id), first)
  first.leave()
  await rejects(first.send("too late"), "ERR_CLOSED")
  const second = await nurse.open(conversation.id)
  assert.is.not(second, first)
  await second.send("again")
  await patient.close()
  await nurse.close()
})

test("an emergency or a disclosure needs a reason, which only colleagues in that role can read", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  const nurse = await clinic.staff("nurse")
  for (const purpose of ["BTG", "ETREAT", "HLEGAL", "PUBHLTH", "HRESCH"] as const)
    await rejects(nurse.open(conversation.id, { purpose, reason: " " }), "ERR_CONFIG")
  await rejects(nurse.open(conversation.id, { purpose: "BTG", reason: "x".repeat(800) }), "ERR_TOO_LARGE")
  const open = await nurse.open(conversation.id, {
    purpose: "BTG",
    reason: "unconscious in the waiting room",
  })
  await until(open, "change", () => open.view.live)
  await until(conversation, "change", () =>
    conversation.view.messages.some(({ system }) => system?.type === "access" && system.purpose === "BTG"),
  )
  const reasonIn = ({ view }: Conversation): string | undefined =>
    view.messages.flatMap(({ system }) => (system?.type === "access" ? [system.reason] : []))[0]
  assert.is(reasonIn(open), "unconscious in the waiting room")
  assert.is(reasonIn(conversation), undefined)
  const doctor = await clinic.staff("doctor")
  const atDoctor = await doctor.open(conversation.id, { role: "nursing" })
  await until(atDoctor, "change", () => atDoctor.view.live)
  assert.is(reasonIn(atDoctor), "unconscious in the waiting room")
  await doctor.close()
  await patient.close()
  await nurse.close()
})

test("after twelve hours the access is renewed by itself, unless the glass was broken", async () => {
  let offsetMs = 0
  const now = (): number => Date.now() + offsetMs
  const shift = await startClinic({ now, limits: { idleMs: 10 ** 9 } })
  const patient = await shift.patient()
  const conversation = await begin(patient)
  const connect = async (name: "nurse" | "doctor"): Promise<StaffClient> =>
    StaffClient.connect({ ...shift.options(await shift.staffKeystore(name)), now })
  const [nurse, doctor] = [await connect("nurse"), await connect("doctor")]
  const open = await nurse.open(conversation.id)
  const broken = await doctor.open(conversation.id, { role: "nursing", purpose: "BTG", reason: "emergency" })
  await open.send("before")
  await until(broken, "change", () => broken.view.live)
  offsetMs = 13 * 60 * 60 * 1000
  await open.send("after")
  assert.equal(texts(open), ["before", "after"])
  assert.not(open.view.messages.some(({ kind }) => kind === "refused"))
  await rejects(broken.send("no longer"), "ERR_ACCESS_REQUIRED")
  for (const client of [patient, nurse, doctor]) await client.close()
  await shift.close()
})

test("a revoked device is out at once, and what is said afterwards is closed to its keys", async () => {
  const own = await startClinic()
  const patient = await own.patient()
  const conversation = await begin(patient)
  const [nurse, doctor] = [await own.staff("nurse"), await own.staff("doctor")]
  const open = await nurse.open(conversation.id)
  const byDoctor = await doctor.open(conversation.id, { role: "nursing" })
  await open.send("before")
  const generation = own.admin.directory.roleKeys.get("nursing")?.length
  await own.admin.revokeDevice(own.deviceIds.nurse)
  await until(nurse, "connection", () => nurse.connection.kind === "closed")
  assert.is(nurse.connection.kind === "closed" && nurse.connection.error?.code, "ERR_REVOKED")
  assert.is(own.admin.directory.roleKeys.get("nursing")?.length, (generation ?? 0) + 1)
  await conversation.send("without the nurse")
  await until(byDoctor, "change", () => texts(byDoctor).length === 2)
  await rejects(own.staff("nurse"), "ERR_REVOKED")

  const device = await new ClinicStorage(
    await own.staffKeystore("nurse"),
    own.admin.directory.clinicId,
  ).loadDevice()
  const seeds = new RoleSeeds(device as NonNullable<typeof device>)
  seeds.update(await own.directoryWithWraps())
  assert.ok(seeds.get("nursing", generation ?? 0))
  assert.is(seeds.get("nursing", (generation ?? 0) + 1), undefined)
  for (const client of [patient, nurse, doctor]) await client.close()
  await own.close()
})

test("a new nurse can read what was said before she came", async () => {
  const own = await startClinic()
  const patient = await own.patient()
  const conversation = await begin(patient)
  await conversation.send("under the first key")
  await own.admin.rotateRole("nursing")
  await conversation.send("under the second key")
  const added = await own.admin.addStaff({ name: "Nurse Lee", roles: [{ role: "nursing" }] })
  const keystore = memoryKeystore()
  await enrolDevice(keystore, own.created.clinicKey, added.seeds)
  const lee = await StaffClient.connect(own.options(keystore))
  assert.is(lee.me.name, "Nurse Lee")
  const open = await lee.open(conversation.id)
  await until(open, "change", () => open.view.live)
  assert.equal(texts(open), ["under the first key", "under the second key"])
  await patient.close()
  await lee.close()
  await own.close()
})

test("a keeper vouches for the directory when a quarter of its time is up, not before; others never", async () => {
  let offsetMs = 0
  const now = (): number => Date.now() + offsetMs
  const own = await startClinic({ now })
  const position = async (): Promise<number> => {
    await own.admin.refresh()
    return own.admin.directory.position
  }
  const visit = async (name: "nurse" | "doctor"): Promise<void> => {
    await (await StaffClient.connect({ ...own.options(await own.staffKeystore(name)), now })).close()
  }
  const before = await position()
  await visit("nurse")
  offsetMs = 2 * 24 * 60 * 60 * 1000
  await visit("doctor")
  assert.is(await position(), before)
  await visit("nurse")
  assert.is(await position(), before + 1)
  await visit("nurse")
  assert.is(await position(), before + 1)
  await own.close()
})

test("a device that nobody added, or an administrator's, isn't staff", async () => {
  const unknown = memoryKeystore()
  await enrolDevice(unknown, clinic.created.clinicKey)
  await rejects(StaffClient.connect(clinic.options(unknown)), "ERR_FORBIDDEN")
  const admins = memoryKeystore()
  await enrolDevice(admins, clinic.created.clinicKey, clinic.created.admin)
  await rejects(StaffClient.connect(clinic.options(admins)), "ERR_FORBIDDEN")
  await rejects(StaffClient.connect(clinic.options(memoryKeystore())), "ERR_KEYSTORE")
  await rejects(enrolDevice(unknown, clinic.created.clinicKey), "ERR_CONFLICT")
})

test("a clock far from the relay's is told and breaks nothing", async () => {
  const keystore = await clinic.staffKeystore("nurse")
  const ahead = 10 * 60 * 1000
  const nurse = await StaffClient.connect({ ...clinic.options(keystore), now: () => Date.now() + ahead })
  const heard: number[] = []
  nurse.addEventListener("clock", (event) => heard.push((event as ClockEvent).skewMs))
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await clinic.restartRelay()
  nurse.retryNow()
  await until(nurse, "connection", () => nurse.connection.kind === "online")
  assert.is(heard.length, 1)
  assert.ok(Math.abs((heard[0] as number) + ahead) < 5000)
  const open = await nurse.open(conversation.id)
  await open.send("works all the same")
  await patient.close()
  await nurse.close()
})

test("a list of more conversations than a page goes on", async () => {
  const own = await startClinic()
  const patient = await own.patient()
  const ids: string[] = []
  for (let i = 0; i < 5; i++) ids.push((await begin(patient)).id)
  const nurse = await own.staff("nurse")
  assert.equal(nurse.list.map(({ id }) => id).sort(), ids.sort())
  assert.is(nurse.hasMore, false)
  const [oldest] = nurse.list.slice(-1)
  await (await nurse.open(oldest?.id as string)).send("moves up")
  await until(nurse, "list", () => nurse.list[0]?.id === oldest?.id)
  await patient.close()
  await nurse.close()
  await own.close()
})

test.run()

function clinicId(): Uint8Array {
  const id = clinicIdOf(sha256, fromHex(clinic.created.clinicKey))
  assert.is(toHex(id), clinic.relay.clinics[0]?.id)
  return id
}
