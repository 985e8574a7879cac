/** kill -9 at random instants under load, again and again on one data folder: what was acked is there exactly once, at
 * the acked place, and the audit log verifies. WARDLINE_CRASH_ROUNDS sets the number of rounds. */
import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes, randomInt } from "node:crypto"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { createInterface, type Interface } from "node:readline"
import { sha256 } from "@wardline/sdk/crypto"
import { nextLink, recordHash, startLink, toHex } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { verifyStore } from "../../src/audit/verify.ts"
import { ShredDatabase } from "../../src/store/shred-database.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import { bundleChild } from "../support/bundle-child.ts"
import { TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const ROUNDS = Number(process.env.WARDLINE_CRASH_ROUNDS ?? 200)
const PATIENTS = 4
/** Records that each patient has on the way at once. */
const IN_FLIGHT = 12
/** Conversations that one life of the relay sees begin, beside those that go on. */
const MAX_BEGUN = 14
/** Processes that are ready before they are needed. */
const WARM = 2
/** Every so many rounds the whole audit log is verified, not only at the end. */
const VERIFY_EVERY = 25

const test = suite("crash")
const clinic = new TestClinic()

interface Ack {
  position: number
  link: string
}

/** A patient's device with a durable outbox, as the SDK has one: what wasn't acked is sent again, in order. */
class Patient {
  readonly device = newDevice()
  readonly chat = new TestChat(clinic, this.device)
  readonly outbox: Uint8Array[]
  /** By record hash. */
  readonly acked = new Map<string, Ack>()
  readonly composed: string[] = []
  readonly #newAcks = new Map<string, Ack>()
  #checked: { position: number; link: Uint8Array; seen: Map<string, Ack> } | undefined
  #lastPosition = 0

  constructor() {
    this.outbox = this.chat.beginning()
    this.composed.push(...this.outbox.map((record) => toHex(recordHash(sha256, record))))
  }

  #compose(): void {
    const record = this.chat.message(this.device, { seenPosition: this.#lastPosition })
    this.composed.push(toHex(recordHash(sha256, record)))
    this.outbox.push(record)
  }

  /** Sends until the relay is gone. */
  async talk(url: string, onAck: () => void): Promise<void> {
    let client: TestClient | undefined
    try {
      client = await logIn(url, clinic, this.device)
      const alive = client
      const lanes: Promise<void>[] = []
      let next = 0
      const lane = async (): Promise<void> => {
        for (;;) {
          if (next >= this.outbox.length) this.#compose()
          const record = this.outbox[next++] as Uint8Array
          const answer = await alive.publish(record)
          if (answer.kind === "error") throw new Error(`${answer.code}: ${answer.message}`)
          this.#take(record, { position: answer.position, link: toHex(answer.link) })
          next--
          onAck()
        }
      }
      for (let i = 0; i < IN_FLIGHT; i++) lanes.push(lane())
      await Promise.all(lanes)
    } catch (error) {
      if (!/^closed|ECONN|socket hang up/.test((error as Error).message)) throw error
    } finally {
      client?.socket.terminate()
    }
  }

  #take(record: Uint8Array, ack: Ack): void {
    const hash = toHex(recordHash(sha256, record))
    const before = this.acked.get(hash)
    assert.equal(before ?? ack, ack, "a retry got another ack")
    this.acked.set(hash, ack)
    this.#newAcks.set(hash, ack)
    this.outbox.splice(this.outbox.indexOf(record), 1)
    this.#lastPosition = Math.max(this.#lastPosition, ack.position)
  }

  /** Compares what was stored and acked since the last time; `isWhole` begins at the first record again. */
  check(store: SqliteStore, isWhole = false): void {
    if (isWhole) this.#checked = undefined
    const loaded = store.loadConversation(this.chat.id)
    if (loaded === undefined) {
      assert.is(this.acked.size, 0)
      return
    }
    const checked = this.#checked ?? { position: 0, link: startLink(sha256, this.chat.id), seen: new Map() }
    this.#checked = checked
    for (const record of store.read(loaded.ref, checked.position, 1e9, 1e12)) {
      assert.is(record.position, ++checked.position, "a gap")
      const hash = recordHash(sha256, record.bytes)
      checked.link = nextLink(sha256, checked.link, record.position, hash)
      assert.is(toHex(record.link), toHex(checked.link), "a wrong link")
      assert.not(checked.seen.has(toHex(hash)), "a record twice")
      assert.is(toHex(hash), this.composed[record.position - 1], "another order than the sender's")
      checked.seen.set(toHex(hash), { position: record.position, link: toHex(checked.link) })
    }
    const acks = isWhole ? this.acked : this.#newAcks
    for (const [hash, ack] of acks)
      assert.equal(checked.seen.get(hash), ack, "an acked record is lost or moved")
    this.#newAcks.clear()
  }
}

/** A patient who begins one conversation after the other, and an administrator who destroys each: a consent that was
 * acked has its key in the file, and a shredding that was acked has left none there. */
class Beginner {
  readonly #device = newDevice()
  readonly #kept = new Map<string, Buffer>()
  readonly #doomed = new Map<string, Buffer>()
  readonly #destroyed: Buffer[] = []

  /** Begins and destroys until the relay is gone. */
  async live(url: string, onAck: () => void): Promise<void> {
    const clients: TestClient[] = []
    try {
      const device = this.#device
      const logins = [device, clinic.admin].map((who) => logIn(url, clinic, who))
      const [patient, admin] = (await Promise.all(logins)) as [TestClient, TestClient]
      clients.push(patient, admin)
      patient.isKeeping = false
      for (let i = 0; i < MAX_BEGUN; i++) {
        const chat = new TestChat(clinic, device)
        const key = randomBytes(32)
        const name = toHex(chat.id)
        patient.keep(chat.id, key)
        await patient.publishAll([chat.consent()])
        this.#kept.set(name, key)
        onAck()
        await patient.publishAll([chat.open()])
        if (i % 2 === 1) continue
        this.#kept.delete(name)
        this.#doomed.set(name, key)
        await admin.publishAll([chat.shred(clinic.admin)])
        this.#doomed.delete(name)
        this.#destroyed.push(key)
      }
    } catch (error) {
      if (!/^closed|ECONN|socket hang up/.test((error as Error).message)) throw error
    } finally {
      for (const client of clients) client.socket.terminate()
    }
  }

  /** Looks at the files as the killed process left them. */
  check(folder: string): void {
    const files = ["shred.db", "shred.db-journal"].map((name) => join(folder, name))
    const bytes = Buffer.concat(files.filter((path) => existsSync(path)).map((path) => readFileSync(path)))
    for (const key of this.#destroyed)
      assert.is(bytes.indexOf(key), -1, "acked as destroyed, and it is there")
    const keys = new ShredDatabase(folder)
    for (const [name, key] of this.#kept)
      assert.equal(keys.get(Buffer.from(name, "hex")), key, "acked, and its key is lost")
    keys.close()
  }

  get counts(): { kept: number; destroyed: number } {
    return { kept: this.#kept.size, destroyed: this.#destroyed.length }
  }
}

interface Warm {
  child: ChildProcess
  lines: Interface
  read: () => Promise<string>
}

/** A process that has loaded everything and waits for the word. */
function warmUp(program: string, folder: string): Warm {
  const child = spawn(process.execPath, [program, folder, clinic.key], { stdio: ["pipe", "pipe", "inherit"] })
  const lines = createInterface({ input: child.stdout })
  const queue = lines[Symbol.asyncIterator]()
  const read = async (): Promise<string> => {
    const line = (await queue.next()) as IteratorResult<string, undefined>
    return line.value ?? ""
  }
  return { child, lines, read }
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once("exit", () => resolve())
  })

/** One life of the relay: from the word to its violent end. */
async function live({ child, read }: Warm, patients: readonly Patient[], beginner: Beginner): Promise<void> {
  // One in ten dies while it starts: during recovery, or before anybody is served.
  const diesEarly = randomInt(10) === 0
  const kill = (afterMs: number): void => {
    setTimeout(() => child.kill("SIGKILL"), afterMs)
  }
  assert.is(await read(), "warm")
  child.stdin?.write("go\n")
  if (diesEarly) kill(randomInt(60))
  const url = await read()
  if (url !== "") {
    let isArmed = diesEarly
    const onAck = (): void => {
      if (!isArmed) kill(randomInt(150))
      isArmed = true
    }
    const beginning = beginner.live(url, onAck)
    await Promise.all([beginning, ...patients.map((patient) => patient.talk(url, onAck))])
  }
  await ended(child)
}

async function verifyLog(folder: string): Promise<void> {
  const store = new SqliteStore(folder, { isReadOnly: true })
  const report = await verifyStore(store, () => {})
  store.close()
  assert.is(report.fault, undefined)
}

test(`${ROUNDS} kills lose nothing, double nothing, leave no gap`, async () => {
  const folder = newFolder()
  const program = bundleChild("crash")
  await (await start(clinic, { data: folder })).close()
  const patients = Array.from({ length: PATIENTS }, () => new Patient())
  const beginner = new Beginner()
  // The next ones load their code while one works.
  const warm = Array.from({ length: WARM }, () => warmUp(program, folder))
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      warm.push(warmUp(program, folder))
      await live(warm.shift() as Warm, patients, beginner)
      // As a relay would find it: the log of the killed process is recovered by whoever opens the file.
      const store = new SqliteStore(folder, { isReadOnly: true })
      for (const patient of patients) patient.check(store)
      store.close()
      beginner.check(folder)
      if (round % VERIFY_EVERY === 0) await verifyLog(folder)
    }
  } finally {
    for (const { child } of warm) child.kill("SIGKILL")
    await Promise.all(warm.map(({ child }) => ended(child)))
  }

  // At last everything that was ever composed gets through, once.
  const relay = await start(clinic, { data: folder, limits: { recordsBurst: 100_000, bytesBurst: 1e9 } })
  for (const patient of patients) {
    const client = await logIn(relay.url, clinic, patient.device)
    for (const { position, hash } of (await client.publishAll(patient.outbox)).map((ack, i) => ({
      position: ack.position,
      hash: toHex(recordHash(sha256, patient.outbox[i] as Uint8Array)),
    })))
      assert.is(patient.composed[position - 1], hash)
    await client.close()
  }
  await relay.close()
  const store = new SqliteStore(folder, { isReadOnly: true })
  let stored = 0
  for (const patient of patients) {
    patient.check(store, true)
    const position = store.loadConversation(patient.chat.id)?.position ?? 0
    assert.is(position, patient.composed.length)
    stored += position
  }
  store.close()
  await verifyLog(folder)
  assert.ok(stored > ROUNDS, `${stored} records in ${ROUNDS} rounds`)
  const { kept, destroyed } = beginner.counts
  assert.ok(kept + destroyed > ROUNDS / 4 && destroyed > 0, `${kept} kept, ${destroyed} destroyed`)
  removeFolder(folder)
  rmSync(program)
})

test.run()
