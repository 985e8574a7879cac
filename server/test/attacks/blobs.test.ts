/** Attacks on blobs through the relay's own doors: other people's tickets, old ones, made-up ones, other people's
 * conversations, and paths. */
import { randomBytes } from "node:crypto"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { isWardlineError } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay } from "../../src/index.ts"
import {
  askTicket,
  blobRequest,
  eventually,
  hangingPatch,
  offsetOf,
  patch,
  upload,
} from "../support/blobs.ts"
import { HOUR, TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, post, removeFolder, start } from "../support/relay.ts"

const test = suite("attacks on blobs")
const clinic = new TestClinic()
const elsewhere = new TestClinic()
const folder = newFolder()
let relay: Relay
let url = ""
let aheadMs = 0

test.before(async () => {
  relay = await start([clinic, elsewhere], {
    data: folder,
    now: () => Date.now() + aheadMs,
    limits: { loginsBurst: 10_000, httpBurst: 100_000, idleMs: 1e9 },
  })
  url = relay.url
})
test.after(async () => {
  await relay.close()
  removeFolder(folder)
})
test.after.each(() => {
  aheadMs = 0
})

async function begin(): Promise<{ chat: TestChat; patient: TestClient; nurse: TestClient }> {
  const chat = new TestChat(clinic, newDevice())
  const patient = await logIn(url, clinic, chat.patient)
  await patient.publishAll(chat.beginning())
  const nurse = await logIn(url, clinic, clinic.nurse)
  return { chat, patient, nurse }
}

test("a ticket needs the rights of a message, or of reading", async () => {
  const { chat, patient, nurse } = await begin()
  const id = randomBytes(16)
  await upload(url, patient, chat.id, id, randomBytes(100))
  const both = async (client: TestClient): Promise<string[]> => [
    await askTicket(client, chat.id, randomBytes(16), 100),
    await askTicket(client, chat.id, id),
  ]
  assert.equal(await both(nurse), ["ERR_ACCESS_REQUIRED", "ERR_ACCESS_REQUIRED"])
  const biller = await logIn(url, clinic, clinic.biller)
  assert.equal(await both(biller), ["ERR_FORBIDDEN", "ERR_FORBIDDEN"])
  const stranger = await logIn(url, clinic, newDevice())
  assert.equal(await both(stranger), ["ERR_NOT_FOUND", "ERR_NOT_FOUND"])
  const foreigner = await logIn(url, elsewhere, elsewhere.nurse)
  assert.equal(await both(foreigner), ["ERR_NOT_FOUND", "ERR_NOT_FOUND"])
  assert.is(await askTicket(patient, randomBytes(16), randomBytes(16), 100), "ERR_NOT_FOUND")
})

test("before consent and open, nothing is stored", async () => {
  const chat = new TestChat(clinic, newDevice())
  const patient = await logIn(url, clinic, chat.patient)
  assert.is(await askTicket(patient, chat.id, randomBytes(16), 100), "ERR_NOT_FOUND")
  await patient.publishAll([chat.consent()])
  assert.is(await askTicket(patient, chat.id, randomBytes(16), 100), "ERR_CONSENT_REQUIRED")
})

test("a closed conversation takes no file, not by an older ticket either, and is read on", async () => {
  const { chat, patient, nurse } = await begin()
  const id = randomBytes(16)
  await upload(url, patient, chat.id, id, randomBytes(100))
  const token = await askTicket(patient, chat.id, randomBytes(16), 100)
  await nurse.publishAll([chat.access(clinic.nurse), chat.close(clinic.nurse)])
  assert.is(await askTicket(patient, chat.id, randomBytes(16), 100), "ERR_CLOSED")
  assert.is((await patch(url, token, 0, randomBytes(100))).code, "ERR_CLOSED")
  assert.is((await blobRequest(url, "GET", await askTicket(patient, chat.id, id))).status, 200)
})

test("after withdrawal nothing is taken; after destruction nothing is left, and the neighbour's is where it was", async () => {
  const { chat, patient } = await begin()
  const neighbour = await begin()
  const id = randomBytes(16)
  await upload(url, neighbour.patient, neighbour.chat.id, id, randomBytes(100))
  await upload(url, patient, chat.id, id, randomBytes(100))
  const down = await askTicket(patient, chat.id, id)
  const up = await askTicket(patient, chat.id, randomBytes(16), 100)
  const hanging = hangingPatch(url, up, 0, 100, randomBytes(50))
  await hanging.sent
  await patient.publishAll([chat.withdraw()])
  assert.is(await askTicket(patient, chat.id, randomBytes(16), 100), "ERR_CONSENT_REQUIRED")
  assert.is((await blobRequest(url, "GET", down)).status, 200)
  const admin = await logIn(url, clinic, clinic.admin)
  await admin.publishAll([chat.shred(clinic.admin)])
  assert.is(await hanging.status, 0)
  assert.is((await blobRequest(url, "GET", down)).code, "ERR_CLOSED")
  assert.is(await askTicket(patient, chat.id, id), "ERR_CLOSED")
  assert.is(await askTicket(patient, chat.id, randomBytes(16), 100), "ERR_CLOSED")
  const left = readdirSync(join(folder, "blobs"))
  assert.not(left.includes(Buffer.from(chat.id).toString("hex")))
  assert.ok(left.includes(Buffer.from(neighbour.chat.id).toString("hex")))
  const theirs = await askTicket(neighbour.patient, neighbour.chat.id, id)
  assert.is((await blobRequest(url, "GET", theirs)).status, 200)
})

test("a ticket that anybody made up, cut, changed or extended is refused", async () => {
  const { chat, patient } = await begin()
  const token = await askTicket(patient, chat.id, randomBytes(16), 100)
  const bytes = Buffer.from(token, "base64url")
  const refused = async (forged: Uint8Array): Promise<void> => {
    const { status, code } = await patch(url, Buffer.from(forged).toString("base64url"), 0, randomBytes(1))
    assert.equal([status, code ?? "none"], [401, "ERR_UNAUTHENTICATED"])
  }
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i] = (changed[i] as number) ^ 1
    await refused(changed)
  }
  await refused(bytes.subarray(0, -1))
  await refused(bytes.subarray(1))
  await refused(Buffer.concat([bytes, Buffer.alloc(1)]))
  await refused(bytes.subarray(0, 10))
  await refused(randomBytes(bytes.length))
  assert.is((await blobRequest(url, "GET", undefined)).code, "ERR_UNAUTHENTICATED")
  const basic = { authorization: `Basic ${token}`, "upload-offset": "0" }
  assert.is((await blobRequest(url, "PATCH", undefined, basic, randomBytes(1))).status, 401)
  assert.is((await patch(url, token, 0, randomBytes(100))).status, 204)
})

test("a ticket of one kind isn't one of the other", async () => {
  const { chat, patient } = await begin()
  const id = randomBytes(16)
  const up = await askTicket(patient, chat.id, id, 100)
  await patch(url, up, 0, randomBytes(100))
  assert.is((await blobRequest(url, "GET", up)).status, 401)
  const down = await askTicket(patient, chat.id, id)
  assert.is((await blobRequest(url, "GET", down)).status, 200)
  assert.is((await patch(url, down, 100, new Uint8Array(0))).status, 401)
  assert.is((await blobRequest(url, "HEAD", down)).status, 401)
})

test("a ticket ends with its time", async () => {
  const { chat, patient } = await begin()
  const token = await askTicket(patient, chat.id, randomBytes(16), 100)
  aheadMs = 9.9 * 60 * 1000
  assert.is((await patch(url, token, 0, randomBytes(50))).status, 204)
  aheadMs = 10.1 * 60 * 1000
  assert.is((await patch(url, token, 50, randomBytes(50))).status, 401)
})

test("a ticket of another relay process is refused", async () => {
  const { Tickets } = await import("../../src/blobs/tickets.ts")
  const { chat, patient } = await begin()
  const blob = randomBytes(16)
  await upload(url, patient, chat.id, blob, randomBytes(100))
  const forged = new Tickets().issue({
    kind: "download",
    clinic: Buffer.from(clinic.id).toString("latin1"),
    conversation: Buffer.from(chat.id).toString("latin1"),
    blob: blob.toString("latin1"),
    device: Buffer.from(chat.patient.id).toString("latin1"),
    size: 0,
    expiresMs: Date.now() + HOUR,
  })
  assert.is((await blobRequest(url, "GET", Buffer.from(forged).toString("base64url"))).status, 401)
})

test("a ticket that is shorter than a MAC is refused, whatever its bytes", async () => {
  const { Tickets } = await import("../../src/blobs/tickets.ts")
  const tickets = new Tickets()
  for (let byte = 0; byte < 256; byte++) {
    const token = Buffer.of(byte).toString("base64url")
    assert.throws(
      () => tickets.check(token, "upload", 0),
      (error: unknown) => isWardlineError(error, "ERR_UNAUTHENTICATED"),
    )
  }
})

test("another device can't go on with an upload, take its id, or change its size", async () => {
  const { chat, patient, nurse } = await begin()
  await nurse.publishAll([chat.access(clinic.nurse)])
  const id = randomBytes(16)
  await askTicket(patient, chat.id, id, 100)
  assert.is(await askTicket(nurse, chat.id, id, 100), "ERR_CONFLICT")
  assert.is(await askTicket(patient, chat.id, id, 99), "ERR_CONFLICT")
})

test("the same blob id in another conversation is another blob", async () => {
  const one = await begin()
  const two = await begin()
  const id = randomBytes(16)
  await upload(url, one.patient, one.chat.id, id, Buffer.from("one"))
  assert.is(await askTicket(two.patient, two.chat.id, id), "ERR_NOT_FOUND")
  await upload(url, two.patient, two.chat.id, id, Buffer.from("two"))
  const { body } = await blobRequest(url, "GET", await askTicket(one.patient, one.chat.id, id))
  assert.is(body.toString(), "one")
})

test("access that has ended, and a device that was revoked, end their tickets at once", async () => {
  const { chat, patient, nurse } = await begin()
  const id = randomBytes(16)
  await upload(url, patient, chat.id, id, randomBytes(100))
  await nurse.publishAll([chat.access(clinic.nurse, { until: Date.now() + 5 * 60 * 1000 })])
  const token = await askTicket(nurse, chat.id, id)
  assert.is((await blobRequest(url, "GET", token)).status, 200)
  aheadMs = 6 * 60 * 1000
  assert.is((await blobRequest(url, "GET", token)).code, "ERR_ACCESS_REQUIRED")
})

test("a device revoked in the middle of a transfer gets and gives nothing more", async () => {
  const temporary = newDevice()
  const added = clinic.addStaff(temporary, "nursing")
  await post(url, clinic.name, [added])
  const { chat } = await begin()
  const nurse = await logIn(url, clinic, temporary)
  await nurse.publishAll([chat.access(temporary)])
  const bytes = randomBytes(32_000_000)
  const id = randomBytes(16)
  assert.is((await upload(url, nurse, chat.id, id, bytes)).status, 204)
  const down = await askTicket(nurse, chat.id, id)
  const up = await askTicket(nurse, chat.id, randomBytes(16), 1_000_000)
  const response = await fetch(`${url}/v1/blob`, { headers: { authorization: `Bearer ${down}` } })
  const reader = response.body?.getReader()
  let received = (await reader?.read())?.value?.length ?? 0
  const hanging = hangingPatch(url, up, 0, 1_000_000, randomBytes(10_000))
  await hanging.sent
  await post(url, clinic.name, [clinic.revoke(temporary)])
  hanging.more(randomBytes(10_000))
  assert.is(await hanging.status, 403)
  const rest = async (): Promise<void> => {
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { done: true }
      if (done || value === undefined) return
      received += value.length
    }
  }
  const failed = await rest().then(
    () => false,
    () => true,
  )
  assert.ok(failed, "the download went on")
  // What was on its way in sockets' buffers; the rest stayed.
  assert.ok(received < bytes.length, `received ${received}`)
  assert.is((await patch(url, up, 0, randomBytes(10))).code, "ERR_REVOKED")
  hanging.destroy()
})

test("no header and no path gets at another file", async () => {
  const { chat, patient } = await begin()
  const token = await askTicket(patient, chat.id, randomBytes(16), 100)
  for (const path of ["/v1/blob/../../relay.db", "/v1/blob/", "/v1/blobs", "/v1/blob%2f..%2frelay.db"]) {
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    assert.is(response.status, 404, path)
  }
  for (const offset of ["-1", "1e3", "0x10", "99999999999999999999", "", "0, 0", "NaN"]) {
    const headers = { "upload-offset": offset }
    const { status } = await blobRequest(url, "PATCH", token, headers, randomBytes(1))
    assert.is(status, 400, offset)
  }
  const id = randomBytes(16)
  await upload(url, patient, chat.id, id, randomBytes(100))
  const down = await askTicket(patient, chat.id, id)
  for (const range of ["bytes=-5", "bytes=5-1", "bytes=0-1,3-4", "lines=0-1", "bytes=100-", "bytes=9e1-"])
    assert.is((await blobRequest(url, "GET", down, { range })).status, 416, range)
})

test("files are named by ids, sizes and offsets alone", async () => {
  const names = readdirSync(join(folder, "blobs")).flatMap((conversation) => [
    conversation,
    ...readdirSync(join(folder, "blobs", conversation)),
  ])
  assert.ok(names.length > 5)
  for (const name of names) assert.match(name, /^[0-9a-f]{32}(-\d+(-[0-9a-f]{32}-\d+)?)?$/)
})

test("one device can't run more transfers than its share", async () => {
  const { chat, patient } = await begin()
  const id = randomBytes(16)
  const bytes = randomBytes(30_000_000)
  await upload(url, patient, chat.id, id, bytes)
  const down = await askTicket(patient, chat.id, id)
  const open = await Promise.all(
    Array.from({ length: 6 }, () =>
      fetch(`${url}/v1/blob`, { headers: { authorization: `Bearer ${down}` } }),
    ),
  )
  const seventh = await blobRequest(url, "GET", down)
  assert.is(seventh.code, "ERR_RATE_LIMITED")
  for (const response of open) await response.body?.cancel()
  await eventually(async () => (await blobRequest(url, "GET", down)).status === 200)
})

test("all devices together can't run more transfers than there are files to be opened", async () => {
  const small = newFolder()
  const limited = await start(clinic, { data: small, limits: { blobTransfers: 1 } })
  const chat = new TestChat(clinic, newDevice())
  const patient = await logIn(limited.url, clinic, chat.patient)
  await patient.publishAll(chat.beginning())
  const nurse = await logIn(limited.url, clinic, clinic.nurse)
  await nurse.publishAll([chat.access(clinic.nurse)])
  const id = randomBytes(16)
  await upload(limited.url, patient, chat.id, id, randomBytes(30_000_000))
  const down = await askTicket(patient, chat.id, id)
  const open = await fetch(`${limited.url}/v1/blob`, { headers: { authorization: `Bearer ${down}` } })
  const other = await blobRequest(limited.url, "GET", await askTicket(nurse, chat.id, id))
  assert.equal([other.status, other.code], [503, "ERR_OVERLOADED"])
  await open.body?.cancel()
  await limited.close()
  removeFolder(small)
})

test("one address can't fill the disk by beginning conversation after conversation", async () => {
  const small = newFolder()
  const limited = await start(clinic, {
    data: small,
    limits: { blobBytes: 1000, patientBlobBytes: 1000, blobBytesBurst: 2500, blobBytesPerSecond: 0 },
  })
  const answers = []
  for (let i = 0; i < 3; i++) {
    const chat = new TestChat(clinic, newDevice())
    const patient = await logIn(limited.url, clinic, chat.patient)
    await patient.publishAll(chat.beginning())
    answers.push((await askTicket(patient, chat.id, randomBytes(16), 1000)).slice(0, 16))
  }
  assert.equal(
    answers.map((answer) => answer.startsWith("ERR_RATE")),
    [false, false, true],
  )
  await limited.close()
  removeFolder(small)
})

test("an upload's own device sees how far it is; nobody learns of another's by trying", async () => {
  const { chat, patient } = await begin()
  const token = await askTicket(patient, chat.id, randomBytes(16), 100)
  assert.is(await offsetOf(url, token), 0)
  assert.is(await offsetOf(url, `${token}AAAA`), -401)
})

test.run()
