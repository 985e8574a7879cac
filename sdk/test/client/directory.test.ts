/** What a client believes of the directory that a relay shows it. The relay is real; what lies between it and the
 * client is the attacker's. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Reader, Writer } from "../../src/bytes.ts"
import { AdminClient, type Keystore, memoryKeystore, PatientClient, StaffClient } from "../../src/index.ts"
import { MAX_FRAME_BYTES } from "../../src/protocol/index.ts"
import { type EvilRelay, startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("the directory over a relay that lies")
let clinic: LiveClinic
let other: LiveClinic
let proxy: EvilRelay

test.before(async () => {
  clinic = await startClinic()
  other = await startClinic()
  proxy = await startEvilRelay(clinic.url)
})
test.before.each(() => {
  proxy.target = clinic.url
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
  await other.close()
})

const DAY = 24 * 60 * 60 * 1000

/** Lets the attacker rewrite the records of every answer from the log. */
function rewrite(change: (records: Uint8Array[], from: number) => Uint8Array[]): void {
  proxy.hooks.http = ({ method, path }, answer) => {
    if (method !== "GET" || answer.status !== 200 || path.endsWith("/snapshot")) return answer
    const reader = new Reader(answer.body)
    const from = reader.u64()
    const records: Uint8Array[] = []
    while (reader.remaining > 0) records.push(reader.lp32(MAX_FRAME_BYTES))
    const body = new Writer().u64(from).list(change(records, from), (w, record) => w.lp32(record))
    return { ...answer, body: body.done() }
  }
}

/** A keystore of a patient who has a conversation here. */
async function returningPatient(url = proxy.url): Promise<{ keystore: Keystore; id: string }> {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, url)
  const conversation = await begin(patient)
  await conversation.send("hello")
  await patient.close()
  return { keystore, id: conversation.id }
}

test("before consent nothing is stored and no socket is opened", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  patient.consent().agree()
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.is(proxy.connections.size, 0)
  assert.equal(await keystore.keys(""), [])
  await patient.close()
  assert.equal(await keystore.keys(""), [])
})

test("another clinic's directory is ERR_CLINIC_KEY", async () => {
  proxy.hooks.http = async ({ path }, answer) => {
    const shown = path.replace(/clinics\/[0-9a-f]+/, `clinics/${clinicIdOf(other)}`)
    const swapped = await fetch(new URL(shown, other.url))
    return { ...answer, status: 200, body: new Uint8Array(await swapped.arrayBuffer()) }
  }
  const keystore = memoryKeystore()
  await rejects(clinic.patient(keystore, proxy.url), "ERR_CLINIC_KEY")
  assert.equal(await keystore.keys(""), [])
})

test("a first record with a changed bit is ERR_CLINIC_KEY, a later one ERR_SIGNATURE", async () => {
  const flipped = (at: number) => (records: Uint8Array[]) =>
    records.map((record, i) => {
      const copy = Uint8Array.from(record)
      if (i === at) copy[copy.length - 1] = (copy.at(-1) as number) ^ 1
      return copy
    })
  rewrite(flipped(0))
  await rejects(clinic.staff("nurse", proxy.url), "ERR_CLINIC_KEY")
  rewrite(flipped(2))
  await rejects(clinic.staff("nurse", proxy.url), "ERR_SIGNATURE")
})

test("a wrong pinned key: the relay doesn't know that clinic", async () => {
  const options = { ...clinic.options(), clinicKey: other.created.clinicKey }
  await rejects(PatientClient.connect(options), "ERR_NOT_FOUND")
})

test("an empty directory is ERR_NOT_FOUND, an answer to another question ERR_MALFORMED", async () => {
  rewrite(() => [])
  await rejects(clinic.staff("nurse", proxy.url), "ERR_NOT_FOUND")
  proxy.hooks.http = (_request, answer) => {
    const body = Uint8Array.from(answer.body)
    body[7] = 1
    return { ...answer, body }
  }
  await rejects(clinic.staff("nurse", proxy.url), "ERR_MALFORMED")
})

test("a proxy's error page isn't the relay's word: ERR_OFFLINE", async () => {
  proxy.hooks.http = () => ({
    status: 502,
    headers: {},
    body: new TextEncoder().encode("<h1>Bad gateway</h1>"),
  })
  await rejects(clinic.patient(memoryKeystore(), proxy.url), "ERR_OFFLINE")
})

test("a directory without its end is accepted by a first-time visitor only while it is fresh", async () => {
  const week = { ...clinic.options(memoryKeystore(), proxy.url), now: () => Date.now() + 8 * DAY }
  await rejects(PatientClient.connect(week), "ERR_STALE_DIRECTORY")
  const almost = { ...clinic.options(memoryKeystore(), proxy.url), now: () => Date.now() + 6 * DAY }
  await (await PatientClient.connect(almost)).close()
})

test("a directory that was vouched for in the future is ERR_CLOCK", async () => {
  const past = { ...clinic.options(memoryKeystore(), proxy.url), now: () => Date.now() - 2 * DAY }
  await rejects(PatientClient.connect(past), "ERR_CLOCK")
})

test("a stale directory is mended by a keeper who comes online", async () => {
  const now = (): number => Date.now() + 8 * DAY
  const late = await startClinic({ now })
  const nurse = await StaffClient.connect({ ...late.options(await late.staffKeystore("nurse")), now })
  assert.is(nurse.connection.kind, "online")
  const patient = await PatientClient.connect({ ...late.options(), now })
  await begin(patient)
  await patient.close()
  await nurse.close()
  await late.close()
})

test("staff who are no keepers don't believe a stale directory either", async () => {
  const now = (): number => Date.now() + 8 * DAY
  const late = await startClinic({ now })
  const options = { ...late.options(await late.staffKeystore("biller")), now }
  await rejects(StaffClient.connect(options), "ERR_STALE_DIRECTORY")
  await late.close()
})

test("a shorter directory than this device has seen is ERR_ROLLBACK", async () => {
  const { keystore } = await returningPatient()
  rewrite((records, from) => (from === 0 ? records : []))
  await rejects(clinic.patient(keystore, proxy.url), "ERR_ROLLBACK")
})

test("another directory than this device has seen is ERR_FORK, over HTTP and over the socket", async () => {
  const { keystore } = await returningPatient()
  rewrite((records, from) => (from === 0 ? records : [records[0]?.with(60, 255) as Uint8Array]))
  await rejects(clinic.patient(keystore, proxy.url), "ERR_FORK")
  rewrite((records) => records)
  proxy.hooks.toClient = (frame) =>
    frame.kind === "welcome" ? [{ ...frame, directoryLink: new Uint8Array(32) }] : undefined
  const patient = await clinic.patient(keystore, proxy.url)
  await until(patient, "connection", () => patient.connection.kind === "closed")
  assert.is(closeCode(patient), "ERR_FORK")
  await patient.close()
})

test("a relay restored from an old copy, whose clinic then went another way, is a fork", async () => {
  const forked = await startClinic()
  const keystore = memoryKeystore()
  await forked.stopRelay()
  const copy = forked.copyData()
  await forked.restartRelay()
  await forked.admin.addRole("pharmacy")
  const patient = await forked.patient(keystore)
  await begin(patient)
  await patient.close()
  await forked.restartRelay({ data: copy })
  await rejects(forked.patient(keystore), "ERR_ROLLBACK")
  const admin = memoryKeystore()
  const { enrolDevice } = await import("../../src/index.ts")
  await enrolDevice(admin, forked.created.clinicKey, forked.created.admin)
  await (await AdminClient.connect(forked.options(admin))).addRole("dental")
  await rejects(forked.patient(keystore), "ERR_FORK")
  await forked.close()
})

test("a returning device starts from what it stored when the relay is out of reach", async () => {
  const { keystore, id } = await returningPatient()
  proxy.reachable = false
  const patient = await clinic.patient(keystore, proxy.url)
  assert.is(patient.conversations[0]?.id, id)
  assert.is(patient.clinic.name.en, "Elm Street Clinic")
  await until(patient, "connection", () => patient.connection.kind === "offline")
  proxy.reachable = true
  patient.retryNow()
  await until(patient, "connection", () => patient.connection.kind === "online")
  await patient.close()
})

test("a stored directory that was tampered with is ERR_KEYSTORE", async () => {
  const { keystore } = await returningPatient()
  const key = (await keystore.keys("")).find((name) => name.endsWith("directory/head")) as string
  const head = (await keystore.get(key)) as Uint8Array
  head[20] = (head[20] as number) ^ 1
  await keystore.set({ [key]: head })
  await rejects(clinic.patient(keystore, proxy.url), "ERR_KEYSTORE")
})

test("news of the directory reach an open client; forged news end it", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  await begin(patient)
  await clinic.admin.setPolicy({ name: { en: "Oak Street Clinic" } })
  for (let i = 0; i < 200 && patient.clinic.name.en !== "Oak Street Clinic"; i++) await pause(10)
  assert.is(patient.clinic.name.en, "Oak Street Clinic")
  await clinic.admin.setPolicy({ name: { en: "Elm Street Clinic" } })
  for (let i = 0; i < 200 && patient.clinic.name.en !== "Elm Street Clinic"; i++) await pause(10)
  rewrite((records) => records.map((record) => record.with(60, 255)))
  for (const connection of proxy.connections) {
    connection.tellClient({ kind: "directory", id: 0, position: 10_000, link: new Uint8Array(32) })
  }
  await until(patient, "connection", () => patient.connection.kind === "closed")
  assert.is(closeCode(patient), "ERR_FORK")
  await patient.close()
})

test.run()

function clinicIdOf({ relay }: LiveClinic): string {
  return relay.clinics[0]?.id as string
}

function closeCode({ connection }: PatientClient): string | undefined {
  return connection.kind === "closed" ? connection.error?.code : undefined
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
