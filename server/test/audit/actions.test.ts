/** Every action of the audit log is really written, by a relay that serves real sockets: an action that is added later
 * must be added here too. */
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { signRootRecord } from "@wardline/sdk/crypto"
import {
  asRole,
  encodeDeviceReference,
  encodeDeviceRoles,
  encodeRecovery,
  equalBytes,
  purposeCode,
  toHex,
} from "@wardline/sdk/protocol"
import { ACTIONS, type Action, type AuditEntry, isRecordAction } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runAuditExport } from "../../src/cli/audit.ts"
import { Output } from "../../src/cli/output.ts"
import type { Relay } from "../../src/index.ts"
import { leaveNotice, noticeTaken } from "../../src/spool.ts"
import { askLog } from "../support/audit-log.ts"
import { askTicket, blobRequest, eventually, upload } from "../support/blobs.ts"
import { deviceSlot, HOUR, TestChat } from "../support/chat.ts"
import { authFrame, logIn, TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { checkScopes, entriesOf } from "../support/entries.ts"
import { newFolder, post, removeFolder, start } from "../support/relay.ts"
import { REASON, Scene } from "../support/scene.ts"

const test = suite("audit actions")

/** Kept in the list for what isn't there yet. */
const UNWRITTEN: readonly Action[] = [
  "directory-change",
  "backup",
  "hold",
  "unhold",
  "retention-run",
  "restore",
]

class Day {
  readonly folder: string = newFolder()
  readonly clinic: TestClinic = new TestClinic()
  readonly keeper = newDevice()
  readonly #limits = { recordsBurst: 10_000, recordsPerSecond: 10_000, idleMs: 1e9 }
  offsetMs = 0
  relay: Relay | undefined

  constructor() {
    this.clinic.openVault(this.keeper)
  }

  readonly now = (): number => Date.now() + this.offsetMs

  async open(options: { allowOrigins?: string[] } = {}): Promise<void> {
    this.relay = await start(this.clinic, {
      data: this.folder,
      now: this.now,
      limits: this.#limits,
      ...options,
    })
  }

  get url(): string {
    return this.relay?.url ?? ""
  }

  async close(): Promise<void> {
    await this.relay?.close()
  }

  get entries(): AuditEntry[] {
    return entriesOf(this.folder)
  }

  named(action: Action): AuditEntry[] {
    return this.entries.filter((entry) => entry.action === action)
  }

  scene(): Scene {
    const scene = new Scene(this.url, this.clinic, this.keeper)
    scene.chat.now = this.now
    return scene
  }
}

/** Everything that changes a directory. */
async function changeDirectory({ clinic, url }: Day): Promise<void> {
  const device = newDevice()
  const membership = (role: string) => ({ role: asRole(role), keeper: false })
  const other = newDevice()
  const removal = signRootRecord(
    clinic.root,
    { type: "admin-remove", issued: clinic.nowMs },
    encodeDeviceReference(other.id),
  )
  const changes = [
    clinic.addStaff(device, "nursing"),
    clinic.sign(
      "device-roles",
      encodeDeviceRoles({ device: device.id, roles: [membership("nursing"), membership("billing")] }),
    ),
    clinic.grant("nursing", 1, device),
    clinic.revoke(device),
    clinic.addAdmin(other),
    clinic.add(removal),
    clinic.sign("recovery", encodeRecovery({ keyName: "root", reason: "a drill" })),
    clinic.setConsentText(2),
    clinic.setPolicy({ auditRole: asRole("billing"), archiveRole: asRole("records") }),
    clinic.rotate("nursing", 2),
    clinic.attest(),
  ]
  assert.is((await post(url, clinic.name, changes)).status, 200)
}

/** A conversation's whole life, its blobs, and an emergency that runs out. */
async function live(day: Day): Promise<void> {
  const { clinic, url } = day
  const scene = day.scene()
  const { chat } = scene
  await scene.reach("accessed")
  const patient = await scene.patient
  await scene.publish(chat.patient, chat.message())
  const blob = randomBytes(16)
  await upload(url, patient, chat.id, blob, randomBytes(500))
  await blobRequest(url, "GET", await askTicket(await scene.nurse, chat.id, blob))
  const nurse = await scene.nurse
  nurse.send({ kind: "watch", id: nurse.nextId(), limit: 10, before: 0 })
  const reading = nurse.subscribe(chat.id, 2)
  await nurse.backlog(reading)
  nurse.send({ kind: "unsubscribe", id: reading })
  await scene.publish(chat.patient, chat.grant("grant", chat.patient, deviceSlot(chat.patient)))
  await scene.publish(clinic.nurse, chat.close(clinic.nurse), chat.archive(clinic.nurse))
  await scene.publish(day.keeper, scene.breakGlass(), chat.reopen(day.keeper))
  await scene.publish(chat.patient, scene.addPhone())
  await scene.publish(clinic.nurse, chat.access(clinic.nurse, { purpose: "HLEGAL", reason: REASON }))
  await scene.publish(chat.patient, chat.withdraw())
  await scene.publish(clinic.admin, chat.shred(clinic.admin))
  await scene.end()
  day.offsetMs += 2 * HOUR
  await eventually(() => day.named("break-glass-end").length > 0)
}

/** What somebody may not do, too often to note it all. */
async function refuse({ clinic, url }: Day): Promise<void> {
  const stranger = new TestClient(url)
  const challenge = await stranger.nextOf("challenge")
  stranger.send(authFrame(newDevice(), clinic.id, { ...challenge, nonce: new Uint8Array(32) }, ""))
  await stranger.closed
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const patient = await logIn(url, clinic, device)
  for (let i = 0; i < 3; i++)
    await Promise.all(Array.from({ length: 100 }, () => patient.refusal(chat.message())))
  await patient.close()
}

async function read({ clinic, url, folder }: Day): Promise<void> {
  const admin = await logIn(url, clinic, clinic.admin)
  assert.is((await askLog(admin, clinic.id)).kind, "entries")
  assert.ok(await noticeTaken(leaveNotice(folder, "export"), 5000))
  await admin.close()
}

test("every action of the list is written by a relay that does what it names, and no other", async () => {
  const day = new Day()
  await day.open()
  await changeDirectory(day)
  await live(day)
  await refuse(day)
  await read(day)
  await day.close()
  await day.open({ allowOrigins: ["https://clinic.example"] })
  await day.close()
  const entries = day.entries
  checkScopes(entries)
  const written = new Set(entries.map(({ action }) => action))
  const expected = (Object.keys(ACTIONS) as Action[]).filter((action) => !UNWRITTEN.includes(action))
  assert.equal([...written].sort(), expected.sort())
  for (const { action, scope, link, actor, outcome, sequence } of entries) {
    const name = `${sequence} ${action}`
    assert.is(
      isRecordAction(action),
      link.some((byte) => byte !== 0),
      name,
    )
    const isRelays = ["relay-start", "relay-stop", "export", "configuration-change", "refusals-unnoted"]
    // A forged login and a post to the directory say nothing of who it was.
    if (action !== "login-failure")
      assert.is(
        isRelays.includes(action),
        actor.every((byte) => byte === 0),
        name,
      )
    const isRefusal = ["refusal", "login-failure", "refusals-unnoted"].includes(action)
    assert.is(outcome, isRefusal ? "refused" : "success", name)
    if (isRelays.includes(action)) assert.ok(equalBytes(scope, day.clinic.id), name)
  }
  removeFolder(day.folder)
})

test("an access is told apart by its purpose, which goes into the entries of all that it is for", async () => {
  const day = new Day()
  await day.open()
  const { nurse } = day.clinic
  const actions: (readonly [string, string, number])[] = []
  const purposes = ["TREAT", "ETREAT", "BTG", "HOPERAT", "HPAYMT", "PATRQT", "HLEGAL", "PUBHLTH", "HRESCH"]
  for (const purpose of purposes as Parameters<typeof purposeCode>[0][]) {
    const scene = day.scene()
    await scene.publish(scene.chat.patient, ...scene.chat.beginning())
    const isReasoned = ["ETREAT", "BTG", "HLEGAL", "PUBHLTH", "HRESCH"].includes(purpose)
    const access = scene.chat.access(nurse, { purpose, ...(isReasoned ? { reason: REASON } : {}) })
    await scene.publish(nurse, access, scene.chat.message(nurse))
    const client = await scene.nurse
    await client.backlog(client.subscribe(scene.chat.id))
    await scene.end()
    await eventually(() => day.named("delivered").length === actions.length + 1)
    const own = day.entries.filter(
      ({ scope, actor }) => equalBytes(scope, scene.chat.id) && equalBytes(actor, nurse.id),
    )
    for (const entry of own)
      assert.equal([entry.purpose, entry.actorRole], [purposeCode(purpose), "nursing"], entry.action)
    assert.equal(
      own.slice(1).map(({ action }) => action),
      ["create", "read", "keys-served", "delivered"],
    )
    actions.push([purpose, own[0]?.action ?? "", own[0]?.purpose ?? 0])
  }
  assert.equal(
    actions.map(([, action]) => action),
    [
      "access",
      "break-glass",
      "break-glass",
      "access",
      "access",
      "access",
      "disclosure",
      "disclosure",
      "disclosure",
    ],
  )
  await day.close()
  removeFolder(day.folder)
})

test("a reading that was noted and couldn't begin has its end, too", async () => {
  const day = new Day()
  await day.open()
  const { nurse } = day.clinic
  const scene = day.scene()
  const { chat } = scene
  await scene.publish(chat.patient, ...chat.beginning())
  await scene.publish(nurse, chat.access(nurse))
  const client = await scene.nurse
  const twice = { kind: "subscribe", id: 77, conversation: chat.id, after: 3, credit: 10 } as const
  client.send(twice)
  client.send(twice)
  await client.closed
  await eventually(() => day.named("delivered").length === 2)
  assert.is(day.named("read").length, 2)
  assert.ok(day.named("delivered").every(({ actor }) => equalBytes(actor, nurse.id)))
  await day.close()
  removeFolder(day.folder)
})

test("a reading's end says how far it came, however it ended", async () => {
  const day = new Day()
  await day.open()
  const { nurse, name, revoke } = day.clinic
  const scene = day.scene()
  const { chat } = scene
  await scene.publish(chat.patient, ...chat.beginning(), chat.message(), chat.message())
  await scene.publish(nurse, chat.access(nurse))
  const client = await scene.nurse
  const ended = async (count: number): Promise<number | undefined> => {
    await eventually(() => day.named("delivered").length === count)
    return day.named("delivered").at(-1)?.position
  }
  // Left.
  const first = client.subscribe(chat.id, 0, 2)
  for (let i = 0; i < 2; i++) await client.nextOf("deliver", first)
  client.send({ kind: "unsubscribe", id: first })
  assert.is(await ended(1), 2)
  // Live, with what came since, until the connection is gone.
  await client.backlog(client.subscribe(chat.id, 4))
  await scene.publish(chat.patient, chat.message())
  await client.nextOf("deliver")
  client.socket.terminate()
  assert.is(await ended(2), 7)
  // Until its time was over.
  const again = await scene.nurse
  await again.backlog(again.subscribe(chat.id, 7))
  day.offsetMs += 2 * HOUR
  assert.is((await again.nextOf("error")).code, "ERR_ACCESS_REQUIRED")
  assert.is(await ended(3), 7)
  // Until the device was revoked.
  await scene.publish(nurse, chat.access(nurse))
  await again.backlog(again.subscribe(chat.id))
  await post(day.url, name, [revoke.call(day.clinic, nurse)])
  await again.closed
  assert.is(await ended(4), 8)
  // Until the relay stopped: that is the log's end.
  const patient = await scene.patient
  await patient.backlog(patient.subscribe(chat.id))
  await day.close()
  assert.equal(
    day.entries.slice(-3).map(({ action, position }) => [action, position]),
    [
      ["delivered", 8],
      ["logout", 0],
      ["relay-stop", 0],
    ],
  )
  for (const { actor, scope } of day.named("delivered").slice(0, 4))
    assert.equal([toHex(actor), toHex(scope)], [toHex(nurse.id), toHex(chat.id)])
  removeFolder(day.folder)
})

test("other settings than at the last start are noted, the same ones in another order aren't", async () => {
  const day = new Day()
  const one = "https://one.example"
  const two = "https://two.example"
  const changes: number[] = []
  for (const allowOrigins of [[one, two], [two, one], [one], [one], []]) {
    await day.open({ allowOrigins })
    await day.close()
    changes.push(day.named("configuration-change").length)
  }
  assert.equal(changes, [0, 0, 1, 1, 2])
  removeFolder(day.folder)
})

test("a device that is revoked is named by its failing login, one that signs badly isn't", async () => {
  const day = new Day()
  await day.open()
  const { clinic } = day
  await post(day.url, clinic.name, [clinic.revoke(clinic.nurse)])
  const client = new TestClient(day.url)
  client.send(authFrame(clinic.nurse, clinic.id, await client.nextOf("challenge"), ""))
  assert.is((await client.closed).code, 4403)
  await eventually(() => day.named("login-failure").length === 1)
  assert.equal(toHex(day.named("login-failure")[0]?.actor as Uint8Array), toHex(clinic.nurse.id))
  await day.close()
  removeFolder(day.folder)
})

test("an export without a relay continues the clinic's chain", async () => {
  const day = new Day()
  await day.open()
  await day.close()
  const silent = { write: () => true }
  await runAuditExport(day.folder, join(day.folder, "out"), new Output(silent, silent, true))
  await day.open()
  await day.close()
  checkScopes(day.entries)
  assert.is(day.named("export").length, 1)
  removeFolder(day.folder)
})

test.run()
