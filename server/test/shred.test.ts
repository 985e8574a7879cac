/** Shred keys in the relay's keeping, and what a shred record destroys. */
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { derive } from "@wardline/sdk/crypto"
import { decodeRecord, type Frame } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { MAX_PENDING_KEYS } from "../src/limits.ts"
import { ShredKeys } from "../src/shred-keys.ts"
import { type KeptKey, SHRED_FILE } from "../src/store/shred-database.ts"
import { TestChat } from "./support/chat.ts"
import { logIn, type TestClient } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { newFolder, removeFolder, start, withRelay } from "./support/relay.ts"
import { Scene } from "./support/scene.ts"

const test = suite("shred keys")
const clinic = new TestClinic()
const archivist = newDevice()
clinic.openVault(archivist)
const { nurse, admin } = clinic
const HOUR = 60 * 60 * 1000
const plain = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex")

/** Everything in the data folder's databases and journals. */
function contents(folder: string): Buffer {
  const names = ["relay.db", "relay.db-wal", SHRED_FILE, `${SHRED_FILE}-journal`]
  const paths = names.map((name) => join(folder, name)).filter((path) => existsSync(path))
  return Buffer.concat(paths.map((path) => readFileSync(path)))
}

async function begin(url: string, key: Uint8Array): Promise<{ chat: TestChat; patient: TestClient }> {
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const patient = await logIn(url, clinic, device)
  patient.keep(chat.id, key)
  await patient.publishAll(chat.beginning())
  return { chat, patient }
}

/** The key that a subscription comes with. */
async function served(client: TestClient, chat: TestChat): Promise<string> {
  const { end } = await client.backlog(client.subscribe(chat.id))
  assert.is(end.kind, "live")
  return plain(client.shredKey)
}

async function listingKey(client: TestClient, chat: TestChat): Promise<string> {
  const id = client.nextId()
  client.send({ kind: "watch", id, limit: 100, before: 0 })
  let found: string | undefined
  for (;;) {
    const frame: Frame = await client.next((item) => item.id === id)
    if (frame.kind !== "conversation") break
    if (plain(frame.conversation) === plain(chat.id))
      found = plain(client.open(frame.conversation, frame.listingKey))
  }
  assert.ok(found !== undefined, "not listed")
  return found
}

test("whoever reads is given the key before the first record, in a channel of its own; a restart keeps it", async () => {
  const folder = newFolder()
  const key = randomBytes(32)
  let chat: TestChat | undefined
  await withRelay(
    clinic,
    async ({ url }) => {
      const begun = await begin(url, key)
      chat = begun.chat
      assert.is(await served(begun.patient, chat), plain(key))
      const staff = await logIn(url, clinic, nurse)
      await staff.publishAll([chat.access(nurse)])
      const frames: string[] = []
      staff.socket.on("message", (data) => frames.push((data as Buffer)[0]?.toString(16) ?? ""))
      assert.is(await served(staff, chat), plain(key))
      assert.is(frames.indexOf("89"), 0, "not first")
      assert.is(frames.indexOf("83"), 1)
      const [mine, hers] = [begun.patient, staff].map(({ keyFrames }) => plain(keyFrames[0]?.shredKey))
      assert.is.not(mine, hers)
      assert.is(await listingKey(staff, chat), plain(derive(key, "list", chat.id, 32)))
      await Promise.all([begun.patient.close(), staff.close()])
    },
    { data: folder },
  )
  await withRelay(
    clinic,
    async ({ url }) => {
      const staff = await logIn(url, clinic, nurse)
      assert.is(await served(staff, chat as TestChat), plain(key))
      await staff.close()
    },
    { data: folder },
  )
  assert.is(readFileSync(join(folder, "relay.db")).indexOf(key), -1, "among the records")
  removeFolder(folder)
})

test("a key and its consent may come in one batch, and be sent again after a lost answer", async () => {
  const folder = newFolder()
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const key = randomBytes(32)
  const records = chat.beginning()
  const send = async ({ url }: { url: string }): Promise<void> => {
    const patient = await logIn(url, clinic, device)
    patient.isKeeping = false
    patient.keep(chat.id, key)
    const answers = await Promise.all(records.map((record) => patient.publish(record)))
    assert.equal(
      answers.map((answer) => answer.kind === "ack" && answer.position),
      [1, 2, 3],
    )
    assert.is(await served(patient, chat), plain(key))
    await patient.close()
  }
  await withRelay(clinic, send, { data: folder })
  await withRelay(clinic, send, { data: folder })
  removeFolder(folder)
})

test("the shred record is acked when the key is in no file any more; the neighbour's is where it was", async () => {
  const folder = newFolder()
  const [key, other] = [randomBytes(32), randomBytes(32)]
  await withRelay(
    clinic,
    async ({ url }) => {
      const { chat, patient } = await begin(url, key)
      const neighbour = await begin(url, other)
      assert.ok(contents(folder).indexOf(key) >= 0)
      const administrator = await logIn(url, clinic, admin)
      const shred = chat.shred(admin)
      const [ack] = await administrator.publishAll([shred])
      assert.is(contents(folder).indexOf(key), -1, "acked, and the key is still there")
      assert.is(await served(patient, chat), "")
      const { delivered } = await patient.backlog(patient.subscribe(chat.id))
      const left = delivered.filter(({ record }) => decodeRecord(record).detached.length > 0)
      assert.is(left.length, 0)
      // A retry gets the first ack, and nobody's new key revives it.
      const [again] = await administrator.publishAll([shred])
      assert.equal([again?.position, again?.auditSequence], [ack?.position, ack?.auditSequence])
      patient.keep(chat.id, randomBytes(32))
      assert.is(await served(patient, chat), "")
      assert.is(await served(neighbour.patient, neighbour.chat), plain(other))
      const staff = await logIn(url, clinic, nurse)
      assert.is(await listingKey(staff, chat), "")
      assert.is(await listingKey(staff, neighbour.chat), plain(derive(other, "list", neighbour.chat.id, 32)))
      for (const client of [patient, neighbour.patient, administrator, staff]) await client.close()
    },
    { data: folder },
  )
  assert.is(contents(folder).indexOf(key), -1)
  removeFolder(folder)
})

test("what lay in the vault is destroyed with the rest", async () => {
  const folder = newFolder()
  await withRelay(
    clinic,
    async ({ url }) => {
      const scene = new Scene(url, clinic, archivist)
      await scene.reach("archived")
      await scene.publish(admin, scene.chat.shred(admin))
      const patient = await scene.patient
      const { delivered } = await patient.backlog(patient.subscribe(scene.chat.id))
      assert.is(delivered.filter(({ record }) => decodeRecord(record).detached.length > 0).length, 0)
      await scene.end()
    },
    { data: folder },
  )
  removeFolder(folder)
})

/** A directory in the journal's place: SQLite can't begin to write. */
function breakFile(folder: string): () => void {
  const path = join(folder, `${SHRED_FILE}-journal`)
  rmSync(path, { force: true })
  mkdirSync(path)
  return () => rmSync(path, { recursive: true })
}

test("a shred record whose key can't be destroyed isn't acked; the next start makes it good", async () => {
  const folder = newFolder()
  const key = randomBytes(32)
  const options = { data: folder }
  let relay = await start(clinic, options)
  const { chat, patient } = await begin(relay.url, key)
  const administrator = await logIn(relay.url, clinic, admin)
  const shred = chat.shred(admin)
  const mend = breakFile(folder)
  for (let i = 0; i < 2; i++) {
    const answer = await administrator.publish(shred)
    assert.is(answer.kind === "error" && answer.code, "ERR_READ_ONLY")
    assert.is(answer.kind === "error" && answer.retryable, true)
  }
  // Nobody is given it meanwhile.
  assert.is(await served(patient, chat), "")
  const staff = await logIn(relay.url, clinic, nurse)
  assert.is(await listingKey(staff, chat), "")
  for (const client of [patient, administrator, staff]) await client.close()
  await relay.close()
  mend()
  assert.ok(contents(folder).indexOf(key) >= 0, "the test shows nothing")
  relay = await start(clinic, options)
  assert.is(contents(folder).indexOf(key), -1)
  const again = await logIn(relay.url, clinic, admin)
  assert.is(await again.refusal(shred), "accepted")
  await again.close()
  await relay.close()
  removeFolder(folder)
})

test("a shred record whose key can't be destroyed is acked once it can", async () => {
  const folder = newFolder()
  const key = randomBytes(32)
  await withRelay(
    clinic,
    async ({ url }) => {
      const { chat, patient } = await begin(url, key)
      const administrator = await logIn(url, clinic, admin)
      const shred = chat.shred(admin)
      const mend = breakFile(folder)
      assert.is(await administrator.refusal(shred), "ERR_READ_ONLY")
      mend()
      await new Promise((resolve) => setTimeout(resolve, 1500))
      assert.is(contents(folder).indexOf(key), -1)
      assert.is(await administrator.refusal(shred), "accepted")
      await Promise.all([patient.close(), administrator.close()])
    },
    { data: folder },
  )
  removeFolder(folder)
})

test("a key that can't be kept durably begins no conversation", async () => {
  const folder = newFolder()
  await withRelay(
    clinic,
    async ({ url }) => {
      const device = newDevice()
      const chat = new TestChat(clinic, device)
      const patient = await logIn(url, clinic, device)
      const mend = breakFile(folder)
      assert.is.not(await patient.refusal(chat.consent()), "accepted")
      assert.is.not(await patient.refusal(chat.consent()), "accepted")
      mend()
      // The relay takes records again when it has looked at its disk.
      await new Promise((resolve) => setTimeout(resolve, 1500))
      assert.is(await patient.refusal(chat.consent()), "accepted")
      await patient.close()
    },
    { data: folder },
  )
  removeFolder(folder)
})

test("a key whose conversation doesn't begin is destroyed after an hour, the others are kept", async () => {
  const folder = newFolder()
  let nowMs = Date.now()
  const [orphan, used] = [randomBytes(32), randomBytes(32)]
  await withRelay(
    clinic,
    async ({ url }) => {
      const device = newDevice()
      const lost = new TestChat(clinic, device)
      const patient = await logIn(url, clinic, device)
      patient.keep(lost.id, orphan)
      const begun = await begin(url, used)
      const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1300))
      nowMs += HOUR / 2
      await settle()
      assert.ok(contents(folder).indexOf(orphan) >= 0)
      nowMs += HOUR / 2 + 61_000
      await settle()
      assert.is(contents(folder).indexOf(orphan), -1)
      patient.isKeeping = false
      lost.now = () => nowMs
      assert.is(await patient.refusal(lost.consent()), "ERR_CONSENT_REQUIRED")
      assert.is(await served(begun.patient, begun.chat), plain(used))
      await Promise.all([patient.close(), begun.patient.close()])
    },
    { data: folder, now: () => nowMs, limits: { idleMs: 1e9 } },
  )
  removeFolder(folder)
})

test("a conversation that had begun before a crash keeps its key", async () => {
  const folder = newFolder()
  const key = randomBytes(32)
  let nowMs = Date.now()
  const options = { data: folder, now: () => nowMs, limits: { idleMs: 1e9 } }
  const first = await start(clinic, options)
  const { chat, patient } = await begin(first.url, key)
  await patient.close()
  // Before the file was told that it has begun.
  await first.close()
  const relay = await start(clinic, options)
  nowMs += 2 * HOUR
  await new Promise((resolve) => setTimeout(resolve, 1300))
  const again = await logIn(relay.url, clinic, chat.patient)
  assert.is(await served(again, chat), plain(key))
  await again.close()
  await relay.close()
  removeFolder(folder)
})

test("a flood of keys pushes out its own oldest", () => {
  const folder = newFolder()
  const keys = new ShredKeys(folder)
  const kept = (n: number): KeptKey => ({
    conversation: Buffer.from(n.toString(16).padStart(32, "0"), "hex"),
    device: Buffer.alloc(16),
    keptMs: 1000,
    key: randomBytes(32),
  })
  const flood = Array.from({ length: MAX_PENDING_KEYS + 3 }, (_, n) => kept(n))
  keys.keep(flood)
  for (const key of flood) keys.expect(key)
  keys.sweep(1001)
  assert.equal(
    [0, 1, 2, 3].map((n) => keys.get(kept(n).conversation) !== undefined),
    [false, false, false, true],
  )
  keys.close()
  removeFolder(folder)
})

test.run()
