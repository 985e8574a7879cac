/** Stories of people who come, change and go, with whole clients over real sockets. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { DirectoryAuthor } from "../../src/client/directory-author.ts"
import { postDirectory } from "../../src/client/directory-http.ts"
import { readOptions } from "../../src/client/options.ts"
import { RoleSeeds } from "../../src/client/role-seeds.ts"
import { deviceFromSeeds } from "../../src/crypto/index.ts"
import { newestRoleKey } from "../../src/directory/index.ts"
import { parseId } from "../../src/ids.ts"
import { type Conversation, enrolDevice, memoryKeystore, StaffClient } from "../../src/index.ts"
import { encodeDeviceReference } from "../../src/protocol/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("people come, change and go")
const LIMIT_MS = 1000

const heard = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)
const generationOf = (clinic: LiveClinic, role = "nursing"): number =>
  newestRoleKey(clinic.admin.directory, role)?.generation ?? 0

/** A new member of the staff, logged in. */
async function hire(
  clinic: LiveClinic,
  staff: Parameters<LiveClinic["admin"]["addStaff"]>[0],
): Promise<{ client: StaffClient; deviceId: string; seeds: RoleSeeds }> {
  const added = await clinic.admin.addStaff(staff)
  assert.ok(added.seeds)
  const keystore = memoryKeystore()
  await enrolDevice(keystore, clinic.created.clinicKey, added.seeds)
  const device = deviceFromSeeds(added.seeds.signingSeed, added.seeds.wrappingSeed)
  const client = await StaffClient.connect(clinic.options(keystore))
  return { client, deviceId: added.deviceId, seeds: new RoleSeeds(device) }
}

/** Revokes as an administrator's client would that knows nothing of rotation. */
async function revokeOnly(clinic: LiveClinic, deviceId: string): Promise<void> {
  const { signingSeed, wrappingSeed } = clinic.created.admin
  await clinic.admin.refresh()
  const author = new DirectoryAuthor(
    deviceFromSeeds(signingSeed, wrappingSeed),
    clinic.admin.directory,
    Date.now(),
  )
  author.add("device-revoke", encodeDeviceReference(parseId(deviceId)))
  await postDirectory(readOptions(clinic.options()), author.records)
}

async function eventually(holds: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited ${limitMs} ms in vain`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

for (const { history, reads } of [
  { history: "all" as const, reads: ["before", "after"] },
  { history: "none" as const, reads: ["after"] },
]) {
  test(`a new nurse reads of earlier conversations what the policy allows: ${history}`, async () => {
    const rule = { history, rotationDays: 90, mayChangeMembers: true }
    const clinic = await startClinic({ policy: { roleRules: { nursing: rule } } })
    const patient = await clinic.patient()
    const conversation = await begin(patient)
    await conversation.send("before")
    const { client } = await hire(clinic, { name: "New", roles: [{ role: "nursing" }] })
    await until(client, "list", () => client.list.some(({ id }) => id === conversation.id))
    const open = await client.open(conversation.id)
    // The patient's next message is sealed to the keys of now.
    await until(patient, "connection", () => patient.connection.kind === "online")
    await conversation.send("after")
    await until(open, "change", () => heard(open).includes("after"))
    assert.equal(heard(open), reads)
    await client.close()
    await patient.close()
    await clinic.close()
  })
}

test("a nurse who is revoked: out within a second, sockets open, and her keys open nothing new", async () => {
  const clinic = await startClinic()
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("while she was there")
  const leaver = await hire(clinic, { name: "Leaver", roles: [{ role: "nursing" }] })
  const stayer = await hire(clinic, { name: "Stayer", roles: [{ role: "nursing" }] })
  const hers = await leaver.client.open(conversation.id)
  await until(hers, "change", () => heard(hers).includes("while she was there"))
  const began = performance.now()
  await clinic.admin.revokeDevice(leaver.deviceId)
  await until(leaver.client, "connection", () => leaver.client.connection.kind === "closed")
  const tookMs = performance.now() - began
  assert.ok(tookMs < LIMIT_MS, `${tookMs} ms`)
  const { connection } = leaver.client
  assert.is(connection.kind === "closed" && connection.error?.code, "ERR_REVOKED")

  await conversation.send("after she left")
  const theirs = await stayer.client.open(conversation.id)
  await until(theirs, "change", () => heard(theirs).includes("after she left"))
  assert.not(heard(hers).includes("after she left"))
  // By mathematics: with every wrap that the relay has.
  leaver.seeds.update(await clinic.directoryWithWraps())
  assert.is(generationOf(clinic), 2)
  assert.is(leaver.seeds.get("nursing", 1)?.length, 32)
  assert.is(leaver.seeds.get("nursing", 2), undefined)
  for (const { client } of [leaver, stayer]) await client.close()
  await patient.close()
  await clinic.close()
})

test("a nurse who changes to billing: her list follows at once, and nursing is renewed", async () => {
  const clinic = await startClinic()
  const patient = await clinic.patient()
  const refill = await begin(patient)
  await refill.send("a refill")
  const bill = await begin(patient, "bill")
  const mover = await hire(clinic, { name: "Mover", roles: [{ role: "nursing" }] })
  const ids = () => mover.client.list.map(({ id }) => id)
  assert.equal(ids(), [refill.id])
  const open = await mover.client.open(refill.id)
  await until(open, "change", () => heard(open).includes("a refill"))
  await clinic.admin.setRoles(mover.deviceId, [{ role: "billing" }])
  await until(mover.client, "list", () => ids().length === 1 && ids()[0] === bill.id, 5000)
  assert.equal(mover.client.me.roles, ["billing"])
  assert.is(mover.client.list[0]?.topic, "bill", "with the key that it was given")
  await refill.send("not for her")
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.not(heard(open).includes("not for her"))
  assert.is(generationOf(clinic), 2)
  await mover.client.close()
  await patient.close()
  await clinic.close()
})

test("keepers who are online mend a revocation without rotation at once, all of them together once", async () => {
  const clinic = await startClinic()
  const keepers = [
    await clinic.staff("nurse"),
    (await hire(clinic, { name: "Second", roles: [{ role: "nursing", keeper: true }] })).client,
    (await hire(clinic, { name: "Third", roles: [{ role: "nursing", keeper: true }] })).client,
  ]
  await revokeOnly(clinic, clinic.deviceIds.doctor)
  await eventually(async () => {
    await clinic.admin.refresh()
    return generationOf(clinic) === 2
  }, 5000)
  await new Promise((resolve) => setTimeout(resolve, 500))
  await clinic.admin.refresh()
  assert.is(generationOf(clinic), 2)
  assert.is(generationOf(clinic, "medical"), 1, "nobody online keeps that role")
  for (const client of keepers) await client.close()
  await clinic.close()
})

test("a keeper who is online notices that a colleague's device has expired, though no record says so", async () => {
  const clinic = await startClinic()
  const nurse = await clinic.staff("nurse")
  const temp = { name: "Temp", roles: [{ role: "nursing" }], expiresMs: Date.now() + 1500 }
  await clinic.admin.addStaff(temp)
  await eventually(async () => {
    await clinic.admin.refresh()
    return generationOf(clinic) === 2
  }, 25_000)
  await nurse.close()
  await clinic.close()
})

test.run()
