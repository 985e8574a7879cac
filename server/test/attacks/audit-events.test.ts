/** What people do to stay out of the audit log, to get others into it, to fill it, or to read something out of it. */
import { randomBytes } from "node:crypto"
import { signRootRecord } from "@wardline/sdk/crypto"
import {
  encodeFrame,
  encodeRecovery,
  equalBytes,
  type Frame,
  purposeCode,
  toHex,
} from "@wardline/sdk/protocol"
import { ACTIONS, type Action, type AuditEntry, ENTRY_BYTES, encodeEntry } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay, RelayOptions } from "../../src/index.ts"
import { REFUSAL_NOTES } from "../../src/limits.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import type { ClinicRef } from "../../src/store/store.ts"
import { beginChat } from "../support/begin.ts"
import { askTicket, blobRequest, eventually, upload } from "../support/blobs.ts"
import { HOUR, TestChat } from "../support/chat.ts"
import { authFrame, logIn, TestClient } from "../support/client.ts"
import { CONSENT_TEXT, keysOf, newDevice, TestClinic } from "../support/clinic.ts"
import { checkScopes, entriesOf } from "../support/entries.ts"
import { newFolder, post, removeFolder, start } from "../support/relay.ts"

const test = suite("attacks: audit events")

let offsetMs = 0
/** Where rates are counted: the relay's time while it stands still. */
let stoppedMs: number | undefined
const now = (): number => stoppedMs ?? Date.now() + offsetMs

/** A relay that may be stopped and started again, and what its log says. */
class Scene {
  readonly folder: string = newFolder()
  readonly clinic: TestClinic = new TestClinic()
  readonly #options: Partial<RelayOptions>
  readonly #others: readonly TestClinic[]
  #relay: Relay | undefined

  private constructor(limits: RelayOptions["limits"], others: readonly TestClinic[]) {
    const generous = { recordsBurst: 1e5, recordsPerSecond: 1e5, addressRecordsBurst: 1e5, idleMs: 1e9 }
    this.#options = { data: this.folder, now, limits: { ...generous, ...limits } }
    this.#others = others
  }

  static async open(limits: RelayOptions["limits"] = {}, others: readonly TestClinic[] = []): Promise<Scene> {
    const scene = new Scene(limits, others)
    await scene.restart()
    return scene
  }

  get url(): string {
    return this.#relay?.url ?? ""
  }

  named(action: Action): AuditEntry[] {
    return entriesOf(this.folder, this.clinic.name).filter((entry) => entry.action === action)
  }

  positions(action: Action): number[] {
    return this.named(action).map(({ position }) => position)
  }

  async stop(): Promise<void> {
    await this.#relay?.close()
  }

  async restart(served: readonly TestClinic[] = [this.clinic, ...this.#others]): Promise<void> {
    await this.stop()
    this.#relay = await start(served, this.#options)
  }

  async close(): Promise<void> {
    await this.stop()
    checkScopes(entriesOf(this.folder, this.clinic.name))
    removeFolder(this.folder)
  }
}

const breaking = (scene: Scene, chat: TestChat, purpose: "BTG" | "ETREAT" = "BTG"): Uint8Array =>
  chat.access(scene.clinic.nurse, { purpose, reason: randomBytes(64), issued: now() })

test("a stranger who floods the relay with what it refuses adds few entries, and all are counted", async () => {
  const scene = await Scene.open()
  const device = newDevice()
  const chat = new TestChat(scene.clinic, device)
  const patient = await logIn(scene.url, scene.clinic, device)
  stoppedMs = now()
  for (let i = 0; i < 20; i++)
    await Promise.all(Array.from({ length: 100 }, () => patient.refusal(chat.message())))
  await patient.close()
  const counted = (): number =>
    scene.named("refusal").length + scene.positions("refusals-unnoted").reduce((sum, count) => sum + count, 0)
  await eventually(() => counted() >= 2000)
  stoppedMs = undefined
  assert.is(counted(), 2000)
  assert.is(scene.named("refusal").length, REFUSAL_NOTES.burst)
  assert.ok(scene.named("refusals-unnoted").length < 20, "too many entries that count")
  await scene.close()
})

test("a flood by strangers doesn't hide what a curious employee was refused", async () => {
  const scene = await Scene.open()
  const { biller, nurse } = scene.clinic
  const { chat, patient } = await beginChat(scene.url, scene.clinic)
  const curious = await logIn(scene.url, scene.clinic, biller)
  const flood = (): Promise<unknown> =>
    Promise.all(
      Array.from({ length: 400 }, () =>
        patient.refusal(chat.message(chat.patient, { epoch: randomBytes(32) })),
      ),
    )
  stoppedMs = now()
  await flood()
  await curious.backlog(curious.subscribe(chat.id))
  await flood()
  assert.is(await curious.refusal(chat.access(biller, { role: "billing", issued: now() })), "ERR_FORBIDDEN")
  // Nor a login by what was put out.
  await post(scene.url, scene.clinic.name, [scene.clinic.revoke(nurse)])
  await flood()
  const client = new TestClient(scene.url)
  client.send(authFrame(nurse, scene.clinic.id, await client.nextOf("challenge"), ""))
  await client.closed
  stoppedMs = undefined
  await Promise.all([curious.close(), patient.close()])
  await scene.stop()
  assert.ok(scene.named("refusals-unnoted").length > 0)
  const by = (id: Uint8Array, action: Action): number =>
    scene.named(action).filter(({ actor }) => equalBytes(actor, id)).length
  assert.equal([by(biller.id, "refusal"), by(nurse.id, "login-failure")], [2, 1])
  await scene.close()
})

test("a flood just before the relay stops is counted all the same", async () => {
  const scene = await Scene.open()
  const device = newDevice()
  const chat = new TestChat(scene.clinic, device)
  const patient = await logIn(scene.url, scene.clinic, device)
  await Promise.all(Array.from({ length: 500 }, () => patient.refusal(chat.message())))
  await scene.stop()
  const unnoted = scene.positions("refusals-unnoted").reduce((sum, count) => sum + count, 0)
  assert.is(scene.named("refusal").length + unnoted, 500)
  await scene.close()
})

test("who asks faster than the limits allow, or sends what is no frame, is noted as refused", async () => {
  const scene = await Scene.open({ requestsBurst: 5, requestsPerSecond: 1 })
  const device = newDevice()
  const hasty = await logIn(scene.url, scene.clinic, device)
  for (let i = 0; i < 20; i++) hasty.send({ kind: "watch", id: 100 + i, limit: 1, before: 0 })
  let refused = 0
  for (let i = 0; i < 20; i++) {
    const { kind } = await hasty.next((frame) => frame.kind === "listed" || frame.kind === "error")
    if (kind === "error") refused++
  }
  assert.ok(refused > 10)
  await eventually(() => scene.named("refusal").length === refused)
  hasty.socket.send(new Uint8Array([0x77, 1, 2, 3]))
  await hasty.closed
  await eventually(() => scene.named("refusal").length === refused + 1)
  const foreign = await logIn(scene.url, scene.clinic, device)
  foreign.socket.send(encodeFrame({ kind: "pong", id: 1, time: 0 }))
  await foreign.closed
  await eventually(() => scene.named("refusal").length === refused + 2)
  for (const { actor } of scene.named("refusal")) assert.ok(equalBytes(actor, device.id))
  await scene.close()
})

test("what an overloaded relay doesn't even take is counted", async () => {
  const scene = await Scene.open({ queue: 1 })
  const device = newDevice()
  const chat = new TestChat(scene.clinic, device)
  const patient = await logIn(scene.url, scene.clinic, device)
  const codes = await Promise.all(Array.from({ length: 50 }, () => patient.refusal(chat.message())))
  assert.ok(codes.includes("ERR_OVERLOADED"))
  await patient.close()
  await scene.stop()
  const unnoted = scene.positions("refusals-unnoted").reduce((sum, count) => sum + count, 0)
  assert.is(unnoted, codes.filter((code) => code === "ERR_OVERLOADED").length)
  assert.is(scene.named("refusal").length + unnoted, codes.length)
  await scene.close()
})

test("a login forged in a nurse's name doesn't put her into the log", async () => {
  const scene = await Scene.open()
  const { nurse, id } = scene.clinic
  type Challenge = Extract<Frame, { kind: "challenge" }>
  const forged: ((challenge: Challenge) => Frame)[] = [
    // Her keys, signed by another.
    (challenge) => ({ ...authFrame(newDevice(), id, challenge, ""), keys: keysOf(nurse) }),
    // Her own login, of another challenge.
    (challenge) => authFrame(nurse, id, { ...challenge, nonce: randomBytes(32) }, ""),
    // Signed for another origin.
    (challenge) => authFrame(nurse, id, challenge, "https://elsewhere.example"),
  ]
  for (const forge of forged) {
    const client = new TestClient(scene.url)
    client.send(forge(await client.nextOf("challenge")))
    assert.is((await client.closed).code, 4401)
  }
  await eventually(() => scene.named("login-failure").length === forged.length)
  for (const { actor } of scene.named("login-failure")) assert.ok(actor.every((byte) => byte === 0))
  await scene.close()
})

test("another clinic's device gets neither a foreign conversation nor its own words into the log", async () => {
  const other = new TestClinic()
  const scene = await Scene.open({}, [other])
  const { chat, patient } = await beginChat(scene.url, scene.clinic)
  const spy = await logIn(scene.url, other, newDevice())
  for (const conversation of [chat.id, randomBytes(16), scene.clinic.id]) {
    await spy.backlog(spy.subscribe(conversation))
    await askTicket(spy, conversation, randomBytes(16))
    const record = Buffer.from(chat.message())
    record.set(conversation, 4)
    await spy.publish(record)
  }
  await Promise.all([spy.close(), patient.close()])
  await scene.stop()
  const theirs = entriesOf(scene.folder, other.name)
  checkScopes(theirs)
  assert.is(theirs.filter(({ action }) => action === "refusal").length, 9)
  for (const { scope } of theirs) assert.is(toHex(scope), other.name)
  assert.is(scene.named("refusal").length, 0)
  await scene.close()
})

test("nobody gets out of an emergency's end: not by another access, by leaving, or by a restart", async () => {
  const scene = await Scene.open()
  const { nurse } = scene.clinic
  const { chat, patient } = await beginChat(scene.url, scene.clinic)
  chat.now = now
  const by = await logIn(scene.url, scene.clinic, nurse)
  // Replaced by an ordinary access, which goes on for longer.
  await by.publishAll([breaking(scene, chat), chat.access(nurse, { until: now() + 11 * HOUR })])
  assert.equal(scene.positions("break-glass-end"), [4])
  // Broken anew, twice, in one transaction.
  await by.publishAll([breaking(scene, chat, "ETREAT"), breaking(scene, chat)])
  assert.equal(scene.positions("break-glass-end"), [4, 6])
  await Promise.all([by.close(), patient.close()])
  await scene.restart()
  assert.is(scene.named("break-glass-end").length, 2, "it isn't over yet")
  // Over while no relay ran.
  await scene.stop()
  offsetMs += 2 * HOUR
  await scene.restart()
  await eventually(() => scene.named("break-glass-end").length === 3)
  await scene.restart()
  // Time enough to say it again.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const ends = scene.named("break-glass-end")
  assert.equal(
    ends.map(({ position, purpose, actorRole }) => [position, purpose, actorRole]),
    [
      [4, purposeCode("BTG"), "nursing"],
      [6, purposeCode("ETREAT"), "nursing"],
      [7, purposeCode("BTG"), "nursing"],
    ],
  )
  for (const { actor, scope } of ends)
    assert.equal([toHex(actor), toHex(scope)], [toHex(nurse.id), toHex(chat.id)])
  assert.equal(scene.positions("break-glass"), scene.positions("break-glass-end"))
  await scene.close()
})

test("an emergency whose transaction fails has no end, and one whose end fails has it later", async () => {
  const scene = await Scene.open()
  const { chat, patient } = await beginChat(scene.url, scene.clinic)
  const by = await logIn(scene.url, scene.clinic, scene.clinic.nurse)
  const { commit } = SqliteStore.prototype
  // What is checked here is a failing transaction, whatever its cause.
  const failOnce = (action: Action): void => {
    let left = 1
    SqliteStore.prototype.commit = function (batch) {
      const has = batch.audit.some(({ entries }) =>
        entries.some((byte, at) => at % ENTRY_BYTES === 1 && byte === ACTIONS[action]),
      )
      if (has && left-- > 0) throw new Error("the disk is on fire")
      commit.call(this, batch)
    }
  }
  try {
    failOnce("break-glass")
    assert.is(await by.refusal(breaking(scene, chat)), "ERR_INTERNAL")
    offsetMs += 2 * HOUR
    await new Promise((resolve) => setTimeout(resolve, 1500))
    assert.is(scene.named("break-glass-end").length, 0)
    failOnce("break-glass-end")
    assert.is(await by.refusal(breaking(scene, chat)), "accepted")
    offsetMs += 2 * HOUR
    await eventually(() => scene.named("break-glass-end").length === 1)
  } finally {
    SqliteStore.prototype.commit = commit
  }
  await Promise.all([by.close(), patient.close()])
  await scene.close()
})

test("a clinic that isn't served for a while has its emergencies' ends noted when it is again", async () => {
  const other = new TestClinic()
  const scene = await Scene.open({}, [other])
  const { chat, patient } = await beginChat(scene.url, scene.clinic)
  const by = await logIn(scene.url, scene.clinic, scene.clinic.nurse)
  await by.publishAll([breaking(scene, chat)])
  await Promise.all([by.close(), patient.close()])
  await scene.restart([other])
  offsetMs += 2 * HOUR
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.is(scene.named("break-glass-end").length, 0)
  await scene.restart()
  await eventually(() => scene.named("break-glass-end").length === 1)
  await scene.close()
})

test("what the relay itself fails at is noted as failed, not as refused", async () => {
  const scene = await Scene.open()
  const device = newDevice()
  const chat = new TestChat(scene.clinic, device)
  const patient = await logIn(scene.url, scene.clinic, device)
  const { newConversation } = SqliteStore.prototype
  SqliteStore.prototype.newConversation = () => {
    throw new Error("a bug")
  }
  try {
    assert.is(await patient.refusal(chat.consent()), "ERR_INTERNAL")
  } finally {
    SqliteStore.prototype.newConversation = newConversation
  }
  assert.is(await patient.refusal(chat.message()), "ERR_CONSENT_REQUIRED")
  assert.equal(
    scene.named("refusal").map(({ outcome }) => outcome),
    ["failed", "refused"],
  )
  await patient.close()
  await scene.close()
})

test("a ticket used after its device was put out is noted, by the device that holds it", async () => {
  const scene = await Scene.open()
  const { clinic, url } = scene
  const { chat, patient } = await beginChat(url, clinic)
  const colleague = newDevice()
  await post(url, clinic.name, [clinic.addStaff(colleague, "nursing")])
  const staff = await logIn(url, clinic, colleague)
  await staff.publishAll([chat.access(colleague, { issued: now() })])
  const blob = randomBytes(16)
  await upload(url, patient, chat.id, blob, randomBytes(100))
  const ticket = await askTicket(staff, chat.id, blob)
  await post(url, clinic.name, [clinic.revoke(colleague)])
  assert.is((await blobRequest(url, "GET", ticket)).code, "ERR_REVOKED")
  await eventually(() => scene.named("refusal").length === 1)
  const [refusal] = scene.named("refusal")
  assert.ok(refusal)
  assert.equal(
    [refusal?.actor, refusal?.scope].map((id) => id && toHex(id)),
    [colleague.id, chat.id].map(toHex),
  )
  await patient.close()
  await scene.close()
})

test("a directory change that is refused names nobody, as its signature may be anybody's", async () => {
  const scene = await Scene.open()
  const { clinic } = scene
  const body = encodeRecovery({ keyName: "root", reason: "none" })
  const forger = { ...clinic.root, secretKey: newDevice().signing.secretKey }
  const record = signRootRecord(forger, { type: "recovery", issued: clinic.nowMs }, body)
  assert.ok((await post(scene.url, clinic.name, [record])).status >= 400)
  const refusals = scene.named("refusal")
  assert.is(refusals.length, 1)
  for (const { actor, scope } of refusals)
    assert.equal([toHex(actor), toHex(scope)], ["00".repeat(16), clinic.name])
  await scene.close()
})

test("nothing that people wrote, are called or sent is in any entry", async () => {
  const scene = await Scene.open()
  const { clinic, url, folder } = scene
  const { nurse, admin } = clinic
  const { device, chat, patient } = await beginChat(url, clinic)
  chat.now = now
  const reason = "she collapsed in the waiting room".padEnd(256)
  const photo = "the photo's bytes ".repeat(40)
  const staff = await logIn(url, clinic, nurse)
  await staff.publishAll([chat.access(nurse, { purpose: "BTG", reason: Buffer.from(reason) })])
  await staff.backlog(staff.subscribe(chat.id))
  await patient.publishAll([chat.message(), chat.nextEpoch(), chat.message()])
  await upload(url, patient, chat.id, randomBytes(16), Buffer.from(photo))
  await post(url, clinic.name, [clinic.setConsentText(2), clinic.grant("nursing", 1, nurse)])
  await Promise.all([staff.close(), patient.close()])
  await scene.stop()

  const entries = entriesOf(folder)
  // Ids and roles are of the few that there are; what is left are hashes, numbers and the relay's own random bytes.
  const actors = [device.id, nurse.id, admin.id, clinic.id, new Uint8Array(16)].map(toHex)
  for (const { actor, scope, actorRole, action } of entries) {
    assert.ok(actors.includes(toHex(actor)), action)
    assert.ok([clinic.name, toHex(chat.id)].includes(toHex(scope)), action)
    assert.ok(["", "nursing"].includes(actorRole), action)
  }
  const nobody = { actor: new Uint8Array(16), scope: new Uint8Array(16) }
  const log = Buffer.concat(entries.map((entry) => encodeEntry({ ...entry, ...nobody })))
  const isThere = (bytes: Uint8Array): boolean => log.includes(Buffer.from(bytes))
  for (const text of [CONSENT_TEXT, "Riverside Clinic", "America/New_York", reason, photo])
    for (let at = 0; at + 8 <= text.length; at += 4) assert.not(isThere(Buffer.from(text.slice(at, at + 8))))
  const store = new SqliteStore(folder, { isReadOnly: true })
  const ref = store.clinics()[0] as ClinicRef
  let messages = 0
  for (const { action, scope, position } of entries) {
    if (action !== "create") continue
    messages++
    const record = store.find(ref, scope, position)?.bytes ?? new Uint8Array(0)
    assert.ok(record.length > 500)
    // Past the header, which names the actor and the scope; a message's first hash is its epoch's.
    for (let at = 48 + 33; at + 8 <= record.length; at += 8) {
      const part = record.subarray(at, at + 8)
      if (part.some((byte) => byte !== 0)) assert.not(isThere(part), `byte ${at} of a message`)
    }
  }
  store.close()
  assert.is(messages, 2)
  removeFolder(folder)
})

test.run()
