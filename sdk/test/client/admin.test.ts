/** Administration over a real relay: each change is checked by the relay and by every client. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  AdminClient,
  type Conversation,
  createDevice,
  enrolDevice,
  memoryKeystore,
  StaffClient,
} from "../../src/index.ts"
import { startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, EMPTY_POLICY, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("administration")
let clinic: LiveClinic
test.before(async () => {
  clinic = await startClinic()
})
test.after(() => clinic.close())

const secondAdmin = async (): Promise<AdminClient> => {
  const keystore = memoryKeystore()
  await enrolDevice(keystore, clinic.created.clinicKey, clinic.created.admin)
  return await AdminClient.connect(clinic.options(keystore))
}

test("a device that makes its own keys is added by its public ones", async () => {
  const keystore = memoryKeystore()
  const { deviceId, keys } = await createDevice(keystore, clinic.created.clinicKey)
  const added = await clinic.admin.addStaff({ name: "Nurse Ito", roles: [{ role: "nursing" }], keys })
  assert.equal(added, { deviceId })
  const staff = await StaffClient.connect(clinic.options(keystore))
  assert.equal(staff.me, { deviceId, name: "Nurse Ito", roles: ["nursing"] })
  await staff.close()
})

test("a device that was added before, or was revoked, isn't added again", async () => {
  const keystore = memoryKeystore()
  const { deviceId, keys } = await createDevice(keystore, clinic.created.clinicKey)
  const nurse = { name: "Nurse Roe", roles: [{ role: "nursing" }], keys }
  await clinic.admin.addStaff(nurse)
  await rejects(clinic.admin.addStaff(nurse), "ERR_FORBIDDEN")
  await clinic.admin.revokeDevice(deviceId)
  await rejects(clinic.admin.addStaff(nurse), "ERR_FORBIDDEN")
  await rejects(clinic.admin.revokeDevice(deviceId), "ERR_REVOKED")
  await rejects(clinic.admin.revokeDevice("00".repeat(16)), "ERR_NOT_FOUND")
  await rejects(StaffClient.connect(clinic.options(keystore)), "ERR_REVOKED")
})

test("a role that is new comes into being with its first member or topic", async () => {
  await clinic.admin.addStaff({ name: "Pat", roles: [{ role: "pharmacy", keeper: true }] })
  const topics = [
    ...clinic.admin.policy.topics,
    { id: "teeth", label: { en: "Teeth" }, replyWithinMinutes: 60, roles: ["dental"] },
  ]
  await clinic.admin.setPolicy({ topics })
  for (const role of ["pharmacy", "dental"]) {
    assert.is(clinic.admin.directory.roleKeys.get(role)?.length, 1)
  }
  await rejects(clinic.admin.addRole("dental"), "ERR_CONFLICT")
  await rejects(clinic.admin.rotateRole("unknown"), "ERR_NOT_FOUND")
  await clinic.admin.rotateRole("dental")
  assert.is(clinic.admin.directory.roleKeys.get("dental")?.length, 2)
})

test("what doesn't fit a policy is ERR_CONFIG, and nothing is sent", async () => {
  const before = clinic.admin.directory.position
  const topic = EMPTY_POLICY.topics[0] as (typeof EMPTY_POLICY.topics)[number]
  for (const changes of [
    { name: {} },
    { hours: [{ weekday: 9, opens: 0, closes: 10 }] },
    { topics: [topic, topic] },
    { topics: [{ ...topic, id: "Not A Slug" }] },
    { timeZone: "x".repeat(200) },
  ]) {
    await rejects(clinic.admin.setPolicy(changes), "ERR_CONFIG")
  }
  await clinic.admin.refresh()
  assert.is(clinic.admin.directory.position, before)
})

test("changes that cross are made anew on top of each other", async () => {
  const other = await secondAdmin()
  await Promise.all([
    clinic.admin.setConsentText({ id: "chat", texts: { en: "Version A" } }),
    other.setConsentText({ id: "chat", texts: { en: "Version B" } }),
    clinic.admin.rotateRole("billing"),
    other.rotateRole("billing"),
  ])
  await clinic.admin.refresh()
  assert.is(clinic.admin.directory.consentText?.version, 3)
  assert.is(clinic.admin.directory.roleKeys.get("billing")?.length, 3)
})

test("an answer that was lost doesn't make the change twice", async () => {
  const proxy = await startEvilRelay(clinic.url)
  const keystore = memoryKeystore()
  await enrolDevice(keystore, clinic.created.clinicKey, clinic.created.admin)
  const admin = await AdminClient.connect(clinic.options(keystore, proxy.url))
  let isLost = false
  proxy.hooks.http = ({ method }, answer) => {
    if (method !== "POST" || isLost) return answer
    isLost = true
    return { status: 502, headers: {}, body: new Uint8Array(0) }
  }
  const added = await admin.addStaff({ name: "Nurse Once", roles: [{ role: "nursing" }] })
  assert.ok(isLost)
  const named = [...admin.directory.devices.values()].filter(({ name }) => name === "Nurse Once")
  assert.is(named.length, 1)
  assert.is(added.seeds?.signingSeed.length, 32)
  await proxy.close()
})

test("a relay that takes a part of a change and says that it took it is ERR_FORK", async () => {
  const leaver = await clinic.admin.addStaff({ name: "Leaver", roles: [{ role: "nursing" }] })
  // It lets the revocation in and leaves out the key that was renewed with it.
  const splitter = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on("data", (part: Buffer) => parts.push(part))
    const passOn = async (): Promise<void> => {
      const body = Buffer.concat(parts)
      const first = request.method === "POST" ? body.subarray(0, 4 + body.readUInt32BE(0)) : undefined
      const init = first === undefined ? {} : { method: "POST", body: first }
      const answer = await fetch(`${clinic.url}${request.url}`, init)
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()))
    }
    request.on("end", () => void passOn())
  })
  await new Promise<void>((resolve) => splitter.listen(0, "127.0.0.1", resolve))
  const { port } = splitter.address() as AddressInfo
  const keystore = memoryKeystore()
  await enrolDevice(keystore, clinic.created.clinicKey, clinic.created.admin)
  const admin = await AdminClient.connect(clinic.options(keystore, `http://127.0.0.1:${port}`))
  const before = admin.directory.roleKeys.get("nursing")?.length ?? 0
  await rejects(admin.revokeDevice(leaver.deviceId), "ERR_FORK")
  splitter.close()
  splitter.closeAllConnections()
  // Whoever comes next by an honest way mends it.
  await clinic.admin.attest()
  assert.is(clinic.admin.directory.roleKeys.get("nursing")?.length, before + 1)
})

test("administrators come and go by the root key alone, and every role key is renewed when one goes", async () => {
  const { rootSeed } = clinic.created
  const wrongRoot = new Uint8Array(32).fill(9)
  await rejects(clinic.admin.addAdmin({ rootSeed: wrongRoot, name: "Eve" }), "ERR_CLINIC_KEY")
  const added = await clinic.admin.addAdmin({ rootSeed, name: "Grace" })
  const keystore = memoryKeystore()
  await enrolDevice(keystore, clinic.created.clinicKey, added.seeds)
  const grace = await AdminClient.connect(clinic.options(keystore))
  const staff = await grace.addStaff({ name: "By Grace", roles: [{ role: "nursing" }] })
  assert.ok(staff.seeds)
  const generations = [...clinic.admin.directory.roleKeys.entries()].map(
    ([role, keys]) => [role, keys.length] as const,
  )
  await clinic.admin.removeAdmin({ rootSeed, deviceId: added.deviceId })
  for (const [role, count] of generations) {
    assert.is(clinic.admin.directory.roleKeys.get(role)?.length, count + 1)
  }
  await rejects(grace.attest(), "ERR_REVOKED")
  await rejects(AdminClient.connect(clinic.options(keystore)), "ERR_FORBIDDEN")
})

test("only an administrator's device administers", async () => {
  const nurse = await clinic.staffKeystore("nurse")
  await rejects(AdminClient.connect(clinic.options(nurse)), "ERR_FORBIDDEN")
  await rejects(AdminClient.connect(clinic.options(memoryKeystore())), "ERR_KEYSTORE")
})

test("a device that expires is out when its time is up", async () => {
  let offsetMs = 0
  const now = (): number => Date.now() + offsetMs
  const own = await startClinic({ now })
  const hour = 60 * 60 * 1000
  const temp = await own.admin.addStaff({
    name: "Temp",
    roles: [{ role: "nursing" }],
    expiresMs: Date.now() + hour,
  })
  const keystore = memoryKeystore()
  await enrolDevice(keystore, own.created.clinicKey, temp.seeds)
  const client = await StaffClient.connect({ ...own.options(keystore), now })
  const patient = await own.patient()
  const conversation = await begin(patient)
  const open = await client.open(conversation.id)
  await open.send("within the hour")
  offsetMs = 2 * hour
  await until(client, "connection", () => client.connection.kind === "closed")
  assert.is(client.connection.kind === "closed" && client.connection.error?.code, "ERR_REVOKED")
  await rejects(StaffClient.connect({ ...own.options(keystore), now }), "ERR_REVOKED")
  await until(conversation, "change", () => heard(conversation).includes("within the hour"))
  await patient.close()
  await client.close()
  await own.close()
})

test("a stale directory is mended by its administrator", async () => {
  const now = (): number => Date.now() + 8 * 24 * 60 * 60 * 1000
  const own = await startClinic({ now })
  const keystore = memoryKeystore()
  await enrolDevice(keystore, own.created.clinicKey, own.created.admin)
  const options = { ...own.options(keystore), now }
  const before = { ...own.options(await own.staffKeystore("biller")), now }
  await rejects(StaffClient.connect(before), "ERR_STALE_DIRECTORY")
  await (await AdminClient.connect(options)).attest()
  await (await StaffClient.connect(before)).close()
  await own.close()
})

test.run()

function heard(conversation: Conversation): string[] {
  return conversation.view.messages.map(({ text }) => text)
}
