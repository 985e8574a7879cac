/** What a hostile relay, keeper or patient can't make of a client: believe what wasn't acked, forget what shows a lie,
 * flood a conversation, or show a colleague a topic that isn't one. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, toHex } from "../../src/bytes.ts"
import { type DirectoryAuthor, extendDirectory } from "../../src/client/directory-author.ts"
import { DirectoryTracker } from "../../src/client/directory-tracker.ts"
import { readOptions } from "../../src/client/options.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import { listingKeyOf, sealSummary } from "../../src/conversation/index.ts"
import { type Device, randomBytes, sha256, signRecord } from "../../src/crypto/index.ts"
import { newestRoleKey } from "../../src/directory/index.ts"
import { asRole } from "../../src/ids.ts"
import { type Conversation, memoryKeystore, type PatientClient, StaffClient } from "../../src/index.ts"
import {
  bodyWithDetached,
  decodeOpen,
  decodeRecord,
  encodeOpenHead,
  type Frame,
} from "../../src/protocol/index.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { type EvilRelay, startEvilRelay } from "./evil-relay.ts"

const test = suite("a client under attack")
let clinic: LiveClinic
let proxy: EvilRelay

test.before.each(async () => {
  clinic = await startClinic()
  proxy = await startEvilRelay(clinic.url)
})
test.after.each(async () => {
  await proxy.close()
  await clinic.close()
})

const texts = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)
const isForked = (conversation: Conversation): boolean => conversation.view.status === "forked"
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The key by which a member of staff signs. */
async function deviceOf(name: "nurse" | "biller" | "doctor"): Promise<Device> {
  const storage = new ClinicStorage(await clinic.staffKeystore(name), clinicId())
  return (await storage.loadDevice()) as Device
}

/** Lets the relay name, at the next logins, the directory's head as it was before the newest record. */
function nameOlderHead(change: (link: Uint8Array) => Uint8Array = (link) => link): void {
  const before = clinic.admin.directory.position - 1
  const link = change(clinic.admin.directory.links[before] as Uint8Array)
  proxy.hooks.toClient = (frame) =>
    frame.kind === "welcome" ? [{ ...frame, directoryPosition: before, directoryLink: link }] : undefined
}

async function closedWith(patient: PatientClient): Promise<string | undefined> {
  await until(patient, "connection", () => patient.connection.kind !== "connecting")
  return patient.connection.kind === "closed" ? patient.connection.error?.code : patient.connection.kind
}

test("a login that names the directory's head of a moment ago is an honest race: online", async () => {
  nameOlderHead()
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  await begin(patient)
  assert.is(patient.connection.kind, "online")
  await patient.close()
})

test("a login that names an older head of another history is ERR_FORK", async () => {
  nameOlderHead((link) => link.map((byte) => byte ^ 1))
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  await rejects(begin(patient), "ERR_FORK")
  assert.is(await closedWith(patient), "ERR_FORK")
  await patient.close()
})

test("a login that names an older head because the relay has lost the newer records is ERR_ROLLBACK", async () => {
  nameOlderHead()
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  let fetches = 0
  proxy.hooks.http = (_request, answer) => {
    fetches += 1
    // Fetched before each login; the relay loses its records between that and the welcome.
    return fetches < 3 ? answer : { ...answer, body: answer.body.subarray(0, 8) }
  }
  await rejects(begin(patient), "ERR_ROLLBACK")
  await patient.close()
})

/** Renews nursing's key as a hostile keeper does: nobody is given it. */
async function rotateWithoutGrants(): Promise<void> {
  const context = readOptions(clinic.options())
  const tracker = await DirectoryTracker.load(context, new ClinicStorage(context.keystore, context.clinicId))
  await tracker.refresh()
  const keeper = await deviceOf("nurse")
  await extendDirectory(context, tracker, keeper, (author: DirectoryAuthor) => {
    author.addRoleKey(asRole("nursing"))
  })
}

test("a device without the newest role key makes no epochs that it can't open itself", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("hello")
  const doctor = await clinic.staff("doctor", proxy.url)
  const open = await doctor.open(conversation.id, { role: "nursing" })
  await open.send("an answer")
  let epochs = 0
  proxy.hooks.toRelay = (frame) => {
    if (frame.kind === "publish" && decodeRecord(frame.record).type === "epoch") epochs += 1
    return undefined
  }
  await rotateWithoutGrants()
  // The doctor hears of it.
  await pause(300)
  await rejects(open.send("another"), "ERR_CONFLICT")
  assert.is(epochs, 0)
  assert.is(open.view.messages.at(-1)?.state, "failed")
  // Once a keeper has mended it, the message goes.
  await clinic.admin.refresh()
  await clinic.admin.rotateRole("nursing")
  const [failed] = open.view.messages.filter(({ state }) => state === "failed")
  await open.retry(failed?.localId as string)
  await until(conversation, "change", () => texts(conversation).includes("another"))
  await doctor.close()
  await patient.close()
})

test("an ack and a head that put one position under two links are ERR_FORK, though nothing is delivered there", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  const nurse = await clinic.staff("nurse", proxy.url)
  let acked = 0
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "ack") acked = frame.position
    if (frame.kind === "deliver" && frame.position === acked) return []
    return frame.kind === "live" ? [{ ...frame, link: new Uint8Array(32) }] : undefined
  }
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => isForked(open), 5_000)
  assert.is(open.view.error?.code, "ERR_FORK")
  await nurse.close()
  await patient.close()
})

test("what was acked must come before anything is called live again", async () => {
  let live: Frame | undefined
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "live") live ??= frame
    return undefined
  }
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient)
  await until(conversation, "change", () => conversation.view.live)
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "deliver") return []
    return frame.kind === "live"
      ? [{ ...(live as Extract<Frame, { kind: "live" }>), id: frame.id }]
      : undefined
  }
  await conversation.send("one")
  proxy.killAll()
  patient.retryNow()
  await until(patient, "connection", () => patient.connection.kind === "online")
  await pause(200)
  assert.is(conversation.view.live, false)
  delete proxy.hooks.toClient
  proxy.killAll()
  patient.retryNow()
  await until(conversation, "change", () => conversation.view.live)
  assert.equal(texts(conversation), ["one"])
  await patient.close()
})

test("a relay that acks a message and puts another's record in its place is ERR_FORK", async () => {
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient)
  await until(conversation, "change", () => conversation.view.live)
  const [patientSide] = proxy.connections
  const nurse = await clinic.staff("nurse", proxy.url)
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
  await until(conversation, "change", () => conversation.view.messages.length === 1)

  let dropped: number | undefined
  proxy.hooks.toRelay = (frame, connection) => {
    if (frame.kind !== "publish" || connection !== patientSide) return undefined
    dropped ??= frame.id
    return []
  }
  // Everything that the relay says is true of the chain: only the record that it acked isn't in it.
  let nurseAck: Extract<Frame, { kind: "ack" }> | undefined
  proxy.hooks.toClient = async (frame, connection) => {
    if (frame.kind === "ack" && connection !== patientSide) nurseAck = { ...frame, link: frame.link.slice() }
    if (frame.kind !== "deliver" || connection !== patientSide) return undefined
    while (nurseAck?.position !== frame.position) await pause(5)
    return [{ ...nurseAck, id: dropped as number }, frame]
  }
  void conversation.send("dropped").catch(() => {})
  while (dropped === undefined) await pause(5)
  await open.send("mine")
  await until(conversation, "change", () => isForked(conversation), 5_000)
  assert.is(conversation.view.error?.code, "ERR_FORK")
  await nurse.close()
  await patient.close()
})

test("a start that a relay acks with another link keeps what the patient wrote; an honest relay finishes it", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  proxy.hooks.toClient = (frame) =>
    frame.kind === "ack" ? [{ ...frame, link: new Uint8Array(32) }] : undefined
  await rejects(begin(patient, "refill", { name: "Ana", answer: "my knee" }), "ERR_FORK")
  const [shown] = patient.conversations as [Conversation]
  assert.is(shown.view.status, "forked")
  assert.is(shown.view.error?.code, "ERR_FORK")
  assert.is(shown.view.messages[0]?.text, "my knee")
  await rejects(shown.send("x"), "ERR_FORK")
  await patient.close()

  proxy.hooks.toClient = () => undefined
  const again = await clinic.patient(keystore, proxy.url)
  await until(again, "conversations", () => again.conversations.length === 1)
  const [finished] = again.conversations as [Conversation]
  await until(finished, "change", () => finished.view.messages[0]?.state === "sent")
  assert.is(finished.view.messages[0]?.text, "my knee")
  await again.close()
})

test("a start that is contradicted after a restart is shown as forked, not forgotten", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  // The relay goes away before it answers.
  proxy.hooks.toRelay = (frame) => (frame.kind === "publish" ? [] : undefined)
  const controller = new AbortController()
  const starting = begin(patient, "refill", { name: "Ana", signal: controller.signal })
  await pause(300)
  controller.abort()
  await rejects(starting, "ERR_ABORTED")
  await patient.close()
  delete proxy.hooks.toRelay
  proxy.hooks.toClient = (frame) => (frame.kind === "ack" ? [{ ...frame, position: 7 }] : undefined)
  const again = await clinic.patient(keystore, proxy.url)
  await until(again, "conversations", () => again.conversations.length === 1)
  assert.is(again.conversations[0]?.view.status, "forked")
  assert.ok((await keystore.keys("")).some((key) => key.endsWith("/start")))
  await again.close()
})

/** Begins a conversation as a patient whose app seals to each role what `told` says. Her own app sees another opening
 * than it made. @returns the conversation's id. */
async function beginTelling(
  topic: string,
  told: (role: string) => { topic: string; priority: "routine" | "urgent" },
): Promise<string> {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  let id = ""
  proxy.hooks.toRelay = async (frame) => {
    if (frame.kind !== "publish") return undefined
    const record = decodeRecord(frame.record)
    if (record.type !== "open") return undefined
    const open = decodeOpen(record.body)
    id = toHex(record.scope)
    const storage = new ClinicStorage(keystore, clinicId())
    const device = await storage.loadDevice()
    // After its version byte, the shred key as it waits for the end of the start.
    const shredKey = (await storage.get(storage.conversationKey(id, "shred-key")))?.subarray(1)
    const listingKey = listingKeyOf(shredKey as Uint8Array, record.scope)
    const sealed = open.roles.map((addressed) => {
      const { role, generation } = addressed
      const publicKey = newestRoleKey(clinic.admin.directory, role)?.publicKey as Uint8Array
      const to = { conversation: record.scope, role, generation, publicKey }
      return sealSummary({ language: "en", ...told(role) }, to, listingKey, randomBytes(64))
    })
    const header = { type: "open", scope: record.scope, issued: record.issued } as const
    const summaries = concat(...sealed)
    const body = bodyWithDetached(sha256, encodeOpenHead(open), summaries)
    return [{ ...frame, record: concat(signRecord(device as Device, header, body), summaries) }]
  }
  await rejects(begin(patient, topic), "ERR_FORK")
  await patient.close()
  delete proxy.hooks.toRelay
  return id
}

test("a topic is shown only if the clinic has it for that role", async () => {
  const invented = await beginTelling("refill", () => ({ topic: "chest-pain-now", priority: "routine" }))
  const others = await beginTelling("refill", () => ({ topic: "bill", priority: "routine" }))
  const own = await beginTelling("refill", () => ({ topic: "refill", priority: "routine" }))
  const nurse = await clinic.staff("nurse")
  const topics = [invented, others, own].map((id) => nurse.list.find((item) => item.id === id)?.topic)
  assert.equal(topics, [undefined, undefined, "refill"])
  await nurse.close()
})

test("what a patient tells two roles differently isn't shown as one word to a device in both", async () => {
  const id = await beginTelling("question", (role) => ({
    topic: "question",
    priority: role === "nursing" ? "urgent" : "routine",
  }))
  const nurse = await clinic.staff("nurse")
  const doctor = await clinic.staff("doctor")
  assert.is(nurse.list.find((item) => item.id === id)?.priority, "urgent")
  const seen = doctor.list.find((item) => item.id === id)
  assert.is(seen?.topic, "question")
  assert.is(seen?.priority, undefined)
  await nurse.close()
  await doctor.close()
})

test("a nurse whose clock is set back after she opened a conversation is still heard", async () => {
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  let setBackMs = 0
  const now = (): number => Date.now() - setBackMs
  const nurse = await StaffClient.connect({ ...clinic.options(await clinic.staffKeystore("nurse")), now })
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
  setBackMs = 10 * 60 * 1000
  await open.send("still here")
  await until(conversation, "change", () => texts(conversation).length === 1)
  const kinds = (of: Conversation): string[] => of.view.messages.map(({ kind }) => kind)
  assert.equal(kinds(conversation), ["system", "text"])
  await open.close()
  await until(conversation, "change", () => conversation.view.status === "closed")
  assert.equal(kinds(conversation), ["system", "text", "system"])
  await nurse.close()
  await patient.close()
})

test("records that name directory positions far away cost one fetch, not one each", async () => {
  const context = readOptions(clinic.options(memoryKeystore(), proxy.url))
  const tracker = await DirectoryTracker.load(context, new ClinicStorage(context.keystore, context.clinicId))
  let fetches = 0
  proxy.hooks.http = (_request, answer) => {
    fetches += 1
    return answer
  }
  await tracker.refresh()
  const known = tracker.state.position
  for (let i = 0; i < 5; i++) await tracker.reachNamed(Number.MAX_SAFE_INTEGER - i)
  assert.is(fetches, 2)
  await tracker.reachNamed(known)
  assert.is(fetches, 2)
  // The relay's own word still counts.
  await clinic.admin.addRole("pharmacy")
  await tracker.reach(known + 1)
  assert.is(fetches, 3)
  assert.ok(tracker.state.position > known)
})

test("a policy that pages couldn't show is refused before it is published", async () => {
  const { position } = clinic.admin.directory
  await rejects(clinic.admin.setPolicy({ timeZone: "America/New_Yrok" }), "ERR_CONFIG")
  await rejects(clinic.admin.setPolicy({ name: { english_: "Elm Street Clinic" } }), "ERR_CONFIG")
  assert.is(clinic.admin.directory.position, position)
})

test.run()

function clinicId(): Uint8Array {
  return readOptions(clinic.options()).clinicId
}
