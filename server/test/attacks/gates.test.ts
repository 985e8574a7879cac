/** Records that the relay must refuse: each with its code, and nothing stored. */
import { randomBytes } from "node:crypto"
import { type Device, sha256, signRecord } from "@wardline/sdk/crypto"
import {
  asRole,
  decodeRecord,
  type ErrorCode,
  encodeClose,
  recordHash,
  recordPart,
} from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay } from "../../src/index.ts"
import { HOUR, TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { DAY, newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("gates")
const clinic = new TestClinic()
const other = new TestClinic()
const folder = newFolder()
let relay: Relay

test.before(async () => {
  relay = await start([clinic, other], { data: folder })
})
test.after(async () => {
  await relay.close()
  removeFolder(folder)
})

interface Scene {
  chat: TestChat
  device: Device
  patient: TestClient
  nurse: TestClient
  /** The head's position before the attack. */
  position: number
}

/** A conversation as far as `stage`, then the attack; the chain must be as long as before. */
async function attackAt(
  stage: "nothing" | "consented" | "opened" | "begun" | "accessed" | "closed",
  attack: (scene: Scene) => Promise<ErrorCode | "accepted">,
): Promise<ErrorCode | "accepted"> {
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const patient = await logIn(relay.url, clinic, device)
  const nurse = await logIn(relay.url, clinic, clinic.nurse)
  const stages = ["nothing", "consented", "opened", "begun", "accessed", "closed"]
  const steps: (() => Promise<unknown>)[] = [
    () => patient.publishAll([chat.consent()]),
    () => patient.publishAll([chat.open()]),
    () => patient.publishAll([chat.epochRecord()]),
    () => nurse.publishAll([chat.access(clinic.nurse)]),
    () => nurse.publishAll([chat.close(clinic.nurse)]),
  ]
  const reached = stages.indexOf(stage)
  for (const step of steps.slice(0, reached)) await step()
  const code = await attack({ chat, device, patient, nurse, position: reached })
  if (code !== "accepted" && reached > 0) {
    const { end } = await patient.backlog(patient.subscribe(chat.id))
    assert.is(end.kind === "live" ? end.position : end.kind, reached, "something was stored")
  }
  await Promise.all([patient.close(), nurse.close()])
  return code
}

function refuses(
  name: string,
  stage: Parameters<typeof attackAt>[0],
  code: ErrorCode | "accepted",
  attack: (scene: Scene) => Promise<ErrorCode | "accepted">,
): void {
  const verb = code === "accepted" ? "accepts" : "refuses"
  test(`${verb} ${name}`, async () => {
    assert.is(await attackAt(stage, attack), code)
  })
}

// Consent comes first.
for (const [name, make] of [
  ["open", (chat: TestChat) => chat.open()],
  ["epoch", (chat: TestChat) => chat.epochRecord()],
  ["message", (chat: TestChat) => chat.message()],
] as const)
  refuses(`${name} without consent`, "nothing", "ERR_CONSENT_REQUIRED", ({ chat, patient }) =>
    patient.refusal(make(chat)),
  )
refuses("staff's access without consent", "nothing", "ERR_CONSENT_REQUIRED", ({ chat, nurse }) =>
  nurse.refusal(chat.access(clinic.nurse)),
)
refuses("consent to an older text", "nothing", "ERR_CONSENT_REQUIRED", ({ chat, patient }) =>
  patient.refusal(chat.consent({ version: 0 })),
)
refuses("consent to a text that isn't yet", "nothing", "ERR_CONSENT_REQUIRED", ({ chat, patient }) =>
  patient.refusal(chat.consent({ version: 2 })),
)
refuses("consent to other words", "nothing", "ERR_CONSENT_REQUIRED", ({ chat, patient }) =>
  patient.refusal(chat.consent({ text: "I agree to something else." })),
)
refuses("consent in a language that there isn't", "nothing", "ERR_CONSENT_REQUIRED", ({ chat, patient }) =>
  patient.refusal(chat.consent({ language: "fr" })),
)
refuses("consent in another language", "nothing", "accepted", ({ chat, patient }) =>
  patient.refusal(chat.consent({ language: "es" })),
)
refuses("consent to another clinic", "nothing", "ERR_FORBIDDEN", ({ chat, patient }) =>
  patient.refusal(chat.consent({ clinic: other.id })),
)
refuses("consent that shows other keys", "nothing", "ERR_FORBIDDEN", ({ chat, patient }) =>
  patient.refusal(chat.consent({ keys: newDevice() })),
)
refuses("consent by staff", "nothing", "ERR_FORBIDDEN", ({ chat, nurse }) =>
  nurse.refusal(chat.consent({}, clinic.nurse)),
)
refuses("consent that names a forked directory", "nothing", "ERR_FORK", ({ chat, patient }) =>
  patient.refusal(chat.consent({ directory: { position: 2, link: randomBytes(32) } })),
)
refuses("consent that names a longer directory", "nothing", "ERR_ROLLBACK", ({ chat, patient }) =>
  patient.refusal(chat.consent({ directory: { position: 99, link: randomBytes(32) } })),
)
refuses(
  "consent for the clinic's own id as conversation",
  "nothing",
  "ERR_NOT_FOUND",
  async ({ device, patient }) => {
    const chat = new TestChat(clinic, device)
    Object.assign(chat, { id: clinic.id })
    return patient.refusal(chat.consent())
  },
)
refuses("consent twice", "consented", "ERR_CONSENT_REQUIRED", ({ chat, patient }) =>
  patient.refusal(chat.consent()),
)
refuses("consent into another patient's conversation", "begun", "ERR_NOT_FOUND", async ({ chat }) => {
  const stranger = newDevice()
  const client = await logIn(relay.url, clinic, stranger)
  const code = await client.refusal(chat.consent({}, stranger))
  await client.close()
  return code
})

// Open comes second.
refuses("a message before open", "consented", "ERR_CONSENT_REQUIRED", ({ chat, patient }) =>
  patient.refusal(chat.message()),
)
refuses("an epoch before open", "consented", "ERR_CONSENT_REQUIRED", ({ chat, patient }) =>
  patient.refusal(chat.epochRecord()),
)
refuses("open by staff", "consented", "ERR_FORBIDDEN", ({ chat, nurse }) =>
  nurse.refusal(chat.open(["nursing"], clinic.nurse)),
)
refuses("open to a role that there isn't", "consented", "ERR_FORBIDDEN", ({ chat, patient }) =>
  patient.refusal(chat.open(["surgery"])),
)
refuses("open to an older generation", "consented", "ERR_CONFLICT", async ({ chat, patient }) => {
  const clinicThen = new TestClinic()
  const key = clinicThen.directory.roleKeys.get(asRole("nursing"))?.[0]
  const ownKey = chat.clinic.directory.roleKeys.get(asRole("nursing"))?.[0]
  if (!key || !ownKey) throw new Error("no key")
  const record = Buffer.from(chat.open())
  const at = record.indexOf(ownKey.publicKeyHash)
  record.set(key.publicKeyHash, at)
  const { body, detached } = decodeRecord(record)
  return patient.refusal(chat.signDetached("open", body.subarray(0, -32), detached))
})
refuses("a second open", "opened", "ERR_FORBIDDEN", ({ chat, patient }) => patient.refusal(chat.open()))

// Signatures, issuers, clocks.
for (const [name, stage, make] of [
  ["consent", "nothing", (chat: TestChat) => chat.consent()],
  ["open", "consented", (chat: TestChat) => chat.open()],
  ["epoch", "opened", (chat: TestChat) => chat.epochRecord()],
] as const)
  refuses(`${name} with a wrong signature`, stage, "ERR_SIGNATURE", ({ chat, patient }) => {
    const record = Buffer.from(make(chat))
    const last = recordPart(record).length - 1
    record[last] = (record[last] ?? 0) ^ 1
    return patient.refusal(record)
  })
for (const [name, make] of [
  ["access", (chat: TestChat) => chat.access(clinic.nurse)],
  ["close", (chat: TestChat) => chat.close(clinic.nurse)],
] as const)
  refuses(`${name} with a wrong signature`, "accessed", "ERR_SIGNATURE", ({ chat, nurse }) => {
    const record = Buffer.from(make(chat))
    record[60] = (record[60] ?? 0) ^ 0
    record[record.length - 64] = (record.at(-64) ?? 0) ^ 1
    return nurse.refusal(record)
  })
refuses("a record signed under another tag", "nothing", "ERR_SIGNATURE", ({ chat, patient, device }) => {
  const consent = Buffer.from(chat.consent())
  const asMessage = signRecord(
    device,
    { type: "open", scope: chat.id, issued: Date.now() },
    consent.subarray(48, -64),
  )
  consent.set(asMessage.subarray(-64), consent.length - 64)
  return patient.refusal(consent)
})
refuses("another device's message in its own session", "accessed", "ERR_FORBIDDEN", ({ chat, nurse }) =>
  nurse.refusal(chat.message()),
)
refuses("a message issued over a day ago", "begun", "ERR_CLOCK", ({ chat, patient }) =>
  patient.refusal(chat.message(chat.patient, { issued: Date.now() - DAY - HOUR })),
)
refuses("a message from over a day ahead", "begun", "ERR_CLOCK", ({ chat, patient }) =>
  patient.refusal(chat.message(chat.patient, { issued: Date.now() + DAY + HOUR })),
)
refuses("an epoch from over a day ahead", "opened", "ERR_CLOCK", ({ chat, patient }) => {
  chat.now = () => Date.now() + DAY + HOUR
  return patient.refusal(chat.epochRecord())
})

// Epochs and messages.
refuses("a message in an unknown epoch", "begun", "ERR_CONFLICT", ({ chat, patient }) =>
  patient.refusal(chat.message(chat.patient, { epoch: randomBytes(32) })),
)
refuses(
  "a message that names another record as its epoch",
  "begun",
  "ERR_CONFLICT",
  async ({ chat, patient }) => {
    const { delivered } = await patient.backlog(patient.subscribe(chat.id))
    const open = delivered[1]?.record as Uint8Array
    return patient.refusal(chat.message(chat.patient, { epoch: recordHash(sha256, open) }))
  },
)
refuses("a message that has seen the future", "begun", "ERR_CONFLICT", ({ chat, patient }) =>
  patient.refusal(chat.message(chat.patient, { seenPosition: 4 })),
)
refuses("an epoch with a slot removed", "opened", "ERR_CONFLICT", ({ chat, patient }) =>
  patient.refusal(chat.epochRecord({ slots: chat.slots().slice(0, 1) })),
)
refuses("an epoch with a slot added", "opened", "ERR_CONFLICT", ({ chat, patient }) => {
  const more = new TestChat(clinic, chat.patient, ["billing", "nursing"])
  return patient.refusal(chat.epochRecord({ slots: more.slots() }))
})
refuses("an epoch with a ghost device", "opened", "ERR_CONFLICT", ({ chat, patient }) => {
  const [device, role] = chat.slots()
  if (!device || !role) throw new Error("no slots")
  return patient.refusal(chat.epochRecord({ slots: [{ ...device, id: randomBytes(16) }, role] }))
})
refuses("an epoch to another key", "opened", "ERR_CONFLICT", ({ chat, patient }) => {
  const slots = chat.slots().map((slot) => ({ ...slot, keyHash: randomBytes(32) }))
  return patient.refusal(chat.epochRecord({ slots }))
})
refuses("an epoch to another generation", "opened", "ERR_CONFLICT", ({ chat, patient }) => {
  const slots = chat.slots().map((slot) => (slot.kind === "role" ? { ...slot, generation: 2 } : slot))
  return patient.refusal(chat.epochRecord({ slots }))
})
refuses("an epoch whose parent is unknown", "begun", "ERR_CONFLICT", ({ chat, patient }) =>
  patient.refusal(chat.epochRecord({ number: 2, parent: randomBytes(32) })),
)
refuses("a first epoch whose parent is unknown", "opened", "ERR_CONFLICT", ({ chat, patient }) =>
  patient.refusal(chat.epochRecord({ parent: randomBytes(32) })),
)
refuses("a first epoch whose parent is no epoch", "opened", "ERR_CONFLICT", async ({ chat, patient }) => {
  const { delivered } = await patient.backlog(patient.subscribe(chat.id))
  return patient.refusal(chat.epochRecord({ parent: recordHash(sha256, delivered[1]?.record as Uint8Array) }))
})
refuses("an epoch whose parent is no epoch", "begun", "ERR_CONFLICT", async ({ chat, patient }) => {
  const { delivered } = await patient.backlog(patient.subscribe(chat.id))
  const parent = recordHash(sha256, delivered[0]?.record as Uint8Array)
  return patient.refusal(chat.epochRecord({ number: 1, parent }))
})
refuses("an epoch with a skipped number", "begun", "ERR_CONFLICT", ({ chat, patient }) =>
  patient.refusal(chat.epochRecord({ number: 3, parent: chat.epoch })),
)
refuses("a second first epoch", "begun", "ERR_CONFLICT", ({ chat, patient }) =>
  patient.refusal(chat.epochRecord()),
)
refuses("the next epoch", "begun", "accepted", ({ chat, patient }) =>
  patient.refusal(chat.epochRecord({ number: 2, parent: chat.epoch })),
)

// Access.
for (const [name, make] of [
  ["message", (chat: TestChat) => chat.message(clinic.nurse)],
  ["epoch", (chat: TestChat) => chat.epochRecord({ number: 2, parent: chat.epoch, issuer: clinic.nurse })],
  ["close", (chat: TestChat) => chat.close(clinic.nurse)],
] as const)
  refuses(`staff's ${name} without access`, "begun", "ERR_ACCESS_REQUIRED", ({ chat, nurse }) =>
    nurse.refusal(make(chat)),
  )
refuses("access for a role that the device doesn't hold", "begun", "ERR_FORBIDDEN", ({ chat, nurse }) =>
  nurse.refusal(chat.access(clinic.nurse, { role: "billing" })),
)
refuses("access by staff of another role", "begun", "ERR_FORBIDDEN", async ({ chat }) => {
  const biller = await logIn(relay.url, clinic, clinic.biller)
  const code = await biller.refusal(chat.access(clinic.biller, { role: "billing" }))
  await biller.close()
  return code
})
refuses("access for longer than twelve hours", "begun", "ERR_FORBIDDEN", ({ chat, nurse }) =>
  nurse.refusal(chat.access(clinic.nurse, { until: Date.now() + 13 * HOUR })),
)
refuses("access that ends before it begins", "begun", "ERR_FORBIDDEN", ({ chat, nurse }) =>
  nurse.refusal(chat.access(clinic.nurse, { issued: Date.now(), until: Date.now() - HOUR })),
)
for (const purpose of ["ETREAT", "BTG", "HLEGAL", "PUBHLTH", "HRESCH"] as const)
  refuses(`access for ${purpose} without a reason`, "begun", "ERR_FORBIDDEN", ({ chat, nurse }) =>
    nurse.refusal(chat.access(clinic.nurse, { purpose })),
  )
refuses("a disclosure with a reason", "begun", "accepted", ({ chat, nurse }) =>
  nurse.refusal(chat.access(clinic.nurse, { purpose: "HLEGAL", reason: randomBytes(64) })),
)
refuses("break-glass with a reason", "begun", "accepted", ({ chat, nurse }) =>
  nurse.refusal(chat.access(clinic.nurse, { purpose: "BTG", reason: randomBytes(64) })),
)
refuses("a reason where none belongs", "begun", "ERR_FORBIDDEN", ({ chat, nurse }) =>
  nurse.refusal(chat.access(clinic.nurse, { reason: randomBytes(64) })),
)
refuses("access by a patient", "begun", "ERR_FORBIDDEN", ({ chat, patient }) =>
  patient.refusal(chat.access(chat.patient)),
)
refuses("access by an administrator", "begun", "ERR_FORBIDDEN", async ({ chat }) => {
  const admin = await logIn(relay.url, clinic, clinic.admin)
  const code = await admin.refusal(chat.access(clinic.admin))
  await admin.close()
  return code
})

// Closing.
refuses("close by the patient", "begun", "ERR_FORBIDDEN", ({ chat, patient }) =>
  patient.refusal(chat.sign("close", encodeClose({ reason: "resolved" }))),
)
refuses("a message in a closed conversation", "closed", "ERR_CLOSED", ({ chat, patient }) =>
  patient.refusal(chat.message()),
)
refuses("an epoch in a closed conversation", "closed", "ERR_CLOSED", ({ chat, patient }) =>
  patient.refusal(chat.epochRecord({ number: 2, parent: chat.epoch })),
)
refuses("a second close", "closed", "ERR_CLOSED", ({ chat, nurse }) =>
  nurse.refusal(chat.close(clinic.nurse)),
)
refuses("access to a closed conversation, to read it", "closed", "accepted", ({ chat, nurse }) =>
  nurse.refusal(chat.access(clinic.nurse)),
)

// Another clinic's, another patient's.
refuses("another clinic's staff", "begun", "ERR_NOT_FOUND", async ({ chat }) => {
  const foreign = await logIn(relay.url, other, other.nurse)
  const record = chat.access(other.nurse)
  const code = await foreign.refusal(record)
  const { end } = await foreign.backlog(foreign.subscribe(chat.id))
  assert.is(end.kind === "error" && end.code, "ERR_NOT_FOUND")
  await foreign.close()
  return code
})
refuses("another patient's message", "begun", "ERR_NOT_FOUND", async ({ chat }) => {
  const stranger = newDevice()
  const client = await logIn(relay.url, clinic, stranger)
  const code = await client.refusal(chat.message(stranger))
  const { end } = await client.backlog(client.subscribe(chat.id))
  assert.is(end.kind === "error" && end.code, "ERR_NOT_FOUND")
  await client.close()
  return code
})
refuses("a directory's record", "begun", "ERR_FORBIDDEN", ({ patient }) =>
  patient.refusal(clinic.records[0] as Uint8Array),
)

test("serves staff nothing without access, and nothing beyond their roles", async () => {
  await attackAt("begun", async ({ chat, nurse }) => {
    const { delivered, end } = await nurse.backlog(nurse.subscribe(chat.id))
    assert.is(delivered.length, 0)
    assert.is(end.kind === "error" && end.code, "ERR_ACCESS_REQUIRED")
    const biller = await logIn(relay.url, clinic, clinic.biller)
    const foreign = await biller.backlog(biller.subscribe(chat.id))
    assert.is(foreign.end.kind === "error" && foreign.end.code, "ERR_FORBIDDEN")
    const admin = await logIn(relay.url, clinic, clinic.admin)
    const asAdmin = await admin.backlog(admin.subscribe(chat.id))
    assert.is(asAdmin.end.kind === "error" && asAdmin.end.code, "ERR_FORBIDDEN")
    await Promise.all([biller.close(), admin.close()])
    return "accepted"
  })
})

test("one device's access isn't another's", async () => {
  await attackAt("accessed", async ({ chat }) => {
    const colleague = newDevice()
    clinic.addStaff(colleague, "nursing")
    const record = clinic.records.at(-1) as Uint8Array
    const { post } = await import("../support/relay.ts")
    assert.is((await post(relay.url, clinic.name, [record])).status, 200)
    const client = await logIn(relay.url, clinic, colleague)
    assert.is(await client.refusal(chat.message(colleague)), "ERR_ACCESS_REQUIRED")
    await client.close()
    return "accepted"
  })
})

test.run()
