/** A conversation's life at the relay: members come and go, the vault takes over, what is dropped is gone. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Device } from "@wardline/sdk/crypto"
import { asRole, decodeRecord, equalBytes, type Frame } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay } from "../src/index.ts"
import type { TestChat } from "./support/chat.ts"
import { logIn, type TestClient } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { newFolder, post, removeFolder, start, withRelay } from "./support/relay.ts"
import { MINUTE, Scene, type Stage } from "./support/scene.ts"

const test = suite("life")
const clinic = new TestClinic()
const archivist = newDevice()
clinic.openVault(archivist)
const { nurse, biller, admin } = clinic
const SOON_MS = 1000

interface Place {
  relay: Relay
  scene: Scene
  folder: string
}

async function at(stage: Stage, work: (place: Place) => Promise<void>): Promise<void> {
  await withRelay(clinic, async (relay, folder) => {
    const scene = new Scene(relay.url, clinic, archivist)
    await scene.reach(stage)
    await work({ relay, scene, folder })
    await scene.end()
  })
}

async function follow(scene: Scene, device: Device, after = 0): Promise<{ client: TestClient; id: number }> {
  const client = await scene.as(device)
  const id = client.subscribe(scene.chat.id, after)
  const { end } = await client.backlog(id)
  assert.is(end.kind, "live")
  return { client, id }
}

/** What a subscription gets until it ends; it must end soon. */
async function untilEnd(client: TestClient, id: number): Promise<{ types: string[]; code: string }> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("not cut")), SOON_MS + 300).unref()
  })
  const types: string[] = []
  for (;;) {
    const frame = await Promise.race([client.next((item) => item.id === id), late])
    if (frame.kind === "error") return { types, code: frame.code }
    if (frame.kind === "deliver") types.push(decodeRecord(frame.record).type)
  }
}

async function refused(client: TestClient, chat: TestChat): Promise<string> {
  const { end } = await client.backlog(client.subscribe(chat.id))
  return end.kind === "error" ? end.code : end.kind
}

async function list(
  client: TestClient,
  limit = 10,
): Promise<{ rows: Extract<Frame, { kind: "conversation" }>[]; needed: string[] }> {
  const id = client.nextId()
  client.send({ kind: "watch", id, limit, before: 0 })
  const rows: Extract<Frame, { kind: "conversation" }>[] = []
  for (;;) {
    const frame = await client.next((item) => item.id === id)
    if (frame.kind === "conversation") rows.push(frame)
    else if (frame.kind === "listed")
      return { rows, needed: frame.needed.map(({ role, generation }) => `${role} ${generation}`) }
    else throw new Error(frame.kind)
  }
}

test("a device that is removed is cut at once, with the record that says so, and a restart doesn't bring it back", async () => {
  const folder = newFolder()
  await withRelay(
    clinic,
    async (relay) => {
      const scene = new Scene(relay.url, clinic, archivist)
      await scene.reach("two-devices")
      const { client, id } = await follow(scene, scene.phone)
      const removal = scene.chat.member({ change: "remove-device", device: scene.phone.id })
      scene.chat.devices.pop()
      const records = [removal, scene.chat.nextEpoch(), scene.chat.message()]
      await scene.publish(scene.chat.patient, ...records)
      assert.equal(await untilEnd(client, id), { types: ["member"], code: "ERR_NOT_FOUND" })
      assert.is(await refused(client, scene.chat), "ERR_NOT_FOUND")
      assert.equal((await list(client)).rows, [])
      await scene.end()
      await relay.close()
      const again = await start(clinic, { data: folder })
      const phone = await logIn(again.url, clinic, scene.phone)
      assert.is(await refused(phone, scene.chat), "ERR_NOT_FOUND")
      const patient = await logIn(again.url, clinic, scene.chat.patient)
      assert.is(await refused(patient, scene.chat), "live")
      assert.is(
        await patient.refusal(
          scene.chat.message(scene.chat.patient, { epoch: scene.chat.epochs[1] as Uint8Array }),
        ),
        "ERR_CONFLICT",
      )
      assert.is(await patient.refusal(scene.chat.message()), "accepted")
      await Promise.all([phone.close(), patient.close()])
      await again.close()
    },
    { data: folder },
  )
  removeFolder(folder)
})

test("a role that is removed is cut at once, with the record that says so", () =>
  at("two-roles", async ({ scene }) => {
    await scene.publish(biller, scene.chat.access(biller, { role: "billing" }))
    const { client, id } = await follow(scene, biller)
    await scene.publish(nurse, scene.chat.member({ change: "remove-role", role: asRole("billing") }, nurse))
    assert.equal(await untilEnd(client, id), { types: ["member"], code: "ERR_FORBIDDEN" })
    assert.is(await refused(client, scene.chat), "ERR_FORBIDDEN")
    assert.equal((await list(client)).rows, [])
  }))

test("a device that holds a role beside the removed one must open the conversation anew", async () => {
  const both = newDevice()
  clinic.addStaff(both, "nursing")
  // Billing too, by the same device.
  const { encodeDeviceRoles } = await import("@wardline/sdk/protocol")
  const roles = ["billing", "nursing"].map((role) => ({ role: asRole(role), keeper: false }))
  clinic.sign("device-roles", encodeDeviceRoles({ device: both.id, roles }))
  await at("two-roles", async ({ scene }) => {
    await scene.publish(both, scene.chat.access(both, { role: "billing" }))
    const { client, id } = await follow(scene, both)
    await scene.publish(nurse, scene.chat.member({ change: "remove-role", role: asRole("billing") }, nurse))
    assert.equal(await untilEnd(client, id), { types: [], code: "ERR_ACCESS_REQUIRED" })
    assert.is(await client.refusal(scene.chat.access(both, { role: "nursing" })), "accepted")
    assert.is(await refused(client, scene.chat), "live")
  })
})

test("a pairing device is cut when its time is over, by the relay's clock", async () => {
  let nowMs = Date.now()
  await withRelay(
    clinic,
    async (relay) => {
      const scene = new Scene(relay.url, clinic, archivist)
      scene.chat.now = () => nowMs
      await scene.reach("pairing")
      const { client, id } = await follow(scene, scene.phone)
      assert.is((await list(client)).rows.length, 1)
      nowMs += 11 * MINUTE
      assert.is((await untilEnd(client, id)).code, "ERR_NOT_FOUND")
      assert.is(await client.refusal(scene.chat.message(scene.phone)), "ERR_NOT_FOUND")
      assert.is(await refused(client, scene.chat), "ERR_NOT_FOUND")
      assert.equal((await list(client)).rows, [])
      await scene.end()
    },
    { now: () => nowMs, limits: { idleMs: 1e9 } },
  )
})

test("a role that is added finds the conversation in its list, whole", () =>
  at("accessed", async ({ scene }) => {
    const client = await scene.biller
    assert.equal((await list(client)).rows, [])
    await scene.publish(nurse, scene.chat.member({ change: "add-role", role: asRole("billing") }, nurse))
    const row = await client.nextOf("conversation")
    assert.is(row.consent.length > 0 && row.open.length > 0 && row.listingKey.length > 0, true)
  }))

test("a wiped browser finds its conversations by its device, and no others", () =>
  at("two-devices", async ({ relay, scene }) => {
    const neighbour = new Scene(relay.url, clinic, archivist)
    await neighbour.reach("accessed")
    for (const device of [scene.chat.patient, scene.phone]) {
      const { rows, needed } = await list(await scene.as(device))
      assert.equal(
        rows.map(({ conversation }) => Buffer.from(conversation)),
        [Buffer.from(scene.chat.id)],
      )
      assert.equal(needed, [])
    }
    assert.equal((await list(await scene.as(newDevice()))).rows, [])
    await neighbour.end()
  }))

test("receipts are no answer, and the list remembers who answered over a restart", async () => {
  const folder = newFolder()
  const options = { data: folder }
  let relay = await start(clinic, options)
  let scene = new Scene(relay.url, clinic, archivist)
  await scene.reach("accessed")
  const { chat } = scene
  const lastBy = async (): Promise<string | undefined> => (await list(await scene.nurse)).rows[0]?.lastBy
  await scene.publish(nurse, chat.message(nurse))
  assert.is(await lastBy(), "staff")
  await scene.publish(chat.patient, chat.message(chat.patient, { quiet: true }))
  assert.is(await lastBy(), "staff")
  await scene.end()
  await relay.close()
  relay = await start(clinic, options)
  scene = new Scene(relay.url, clinic, archivist, chat.patient)
  await scene.publish(nurse, chat.access(nurse))
  assert.is(await lastBy(), "staff")
  await scene.publish(chat.patient, chat.message(chat.patient))
  assert.is(await lastBy(), "patient")
  await scene.end()
  await relay.close()
  removeFolder(folder)
})

/** Type and length of the detached part of everything that a device is served. */
async function served(scene: Scene, device: Device): Promise<string[]> {
  const client = await scene.as(device)
  const { delivered } = await client.backlog(client.subscribe(scene.chat.id))
  const kept = ["open", "epoch", "grant", "archive"]
  return delivered
    .map(({ record }) => decodeRecord(record))
    .filter(({ type }) => kept.includes(type))
    .map(({ type, detached }) => `${type}${detached.length > 0 ? "" : " dropped"}`)
}

test("the vault takes over: what it holds is dropped, from the file too, and the audit log still verifies", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  const scene = new Scene(relay.url, clinic, archivist)
  await scene.reach("two-roles")
  const { chat } = scene
  await scene.publish(nurse, chat.grant("grant", nurse, chat.roleSlot("billing")))
  const patient = await scene.patient
  const { delivered } = await patient.backlog(patient.subscribe(chat.id))
  const parts = delivered
    .map(({ record }) => Buffer.from(decodeRecord(record).detached))
    .filter(({ length }) => length > 0)
  assert.is(parts.length, 4)
  await scene.publish(nurse, chat.close(nurse))
  const follower = await follow(scene, nurse, 5)
  await scene.publish(nurse, chat.archive(nurse))
  assert.equal(await untilEnd(follower.client, follower.id), { types: ["archive"], code: "ERR_FORBIDDEN" })
  assert.equal(await served(scene, chat.patient), [
    "open dropped",
    "epoch dropped",
    "epoch dropped",
    "grant dropped",
    "archive",
  ])
  assert.is(await refused(await scene.nurse, chat), "ERR_FORBIDDEN")
  assert.equal(
    (await list(await scene.nurse)).rows.map(({ open }) => decodeRecord(open).detached.length),
    [0],
  )

  // Its keepers find it, open it with a reason, and hand it back.
  const keeper = await scene.keeper
  assert.is((await list(keeper)).rows.length, 1)
  assert.is(await refused(keeper, chat), "ERR_ACCESS_REQUIRED")
  await scene.publish(archivist, scene.breakGlass())
  assert.is(await refused(keeper, chat), "live")
  await scene.publish(
    archivist,
    chat.reopen(archivist),
    chat.grant("grant", archivist, chat.roleSlot("nursing")),
  )
  await scene.publish(nurse, chat.access(nurse))
  await scene.publish(nurse, chat.message(nurse))
  await scene.end()
  // The log is emptied of it within a second.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const files = ["relay.db", "relay.db-wal"].map((name) => readFileSync(join(folder, name)))
  for (const part of parts)
    for (const [i, file] of files.entries())
      for (let offset = 0; offset + 64 <= part.length; offset += 512)
        assert.is(file.indexOf(part.subarray(offset, offset + 64)), -1, `left in file ${i}`)
  await relay.close()

  const { SqliteStore } = await import("../src/store/sqlite.ts")
  const { verifyStore } = await import("../src/audit/verify.ts")
  const store = new SqliteStore(folder, { isReadOnly: true })
  assert.is((await verifyStore(store, () => {})).fault, undefined)
  store.close()
  removeFolder(folder)
})

test("an epoch that the vault doesn't take over keeps its wraps", () =>
  at("two-devices", async ({ scene }) => {
    const { chat } = scene
    await scene.publish(nurse, chat.close(nurse))
    await scene.publish(
      nurse,
      chat.grant("archive", nurse, chat.roleSlot("records"), { epochs: chat.epochs.slice(1) }),
    )
    assert.equal(await served(scene, chat.patient), ["open dropped", "epoch", "epoch dropped", "archive"])
  }))

test("the list says which role keys are still needed", async () => {
  const own = new TestClinic()
  const keeper = newDevice()
  own.openVault(keeper)
  await withRelay(own, async (relay) => {
    const scene = new Scene(relay.url, own, keeper)
    assert.equal((await list(await scene.nurse)).needed, ["nursing 1"])
    await scene.reach("accessed")
    assert.is((await post(relay.url, own.name, [own.rotate("nursing", 2)])).status, 200)
    assert.equal((await list(await scene.nurse)).needed, ["nursing 1"])
    await scene.publish(scene.chat.patient, scene.chat.nextEpoch())
    assert.equal((await list(await scene.nurse)).needed, ["nursing 1"])
    await scene.publish(own.nurse, scene.chat.close(own.nurse))
    await scene.publish(own.nurse, scene.chat.archive(own.nurse))
    assert.equal((await list(await scene.nurse)).needed, ["nursing 2"])
    assert.equal((await list(await scene.keeper)).needed, ["records 1"])
    assert.is((await post(relay.url, own.name, [own.rotate("records", 2)])).status, 200)
    assert.equal((await list(await scene.keeper)).needed, ["records 1"])
    await scene.publish(own.admin, scene.chat.shred(own.admin))
    assert.equal((await list(await scene.keeper)).needed, ["records 2"])
    await scene.end()
  })
})

test("staff's wraps of role seeds are dropped once nothing outside the vault needs them; administrators keep theirs", async () => {
  const own = new TestClinic()
  const keeper = newDevice()
  own.openVault(keeper)
  const [hers, ours] = [own.nurse, own.admin].map((device) => own.grant("nursing", 1, device))
  const folder = newFolder()
  let nowMs = Date.now()
  const options = { data: folder, now: () => nowMs, limits: { idleMs: 1e9 } }
  let relay = await start(own, options)
  const wrapsLeft = async (): Promise<string[]> => {
    const response = await fetch(`${relay.url}/v1/clinics/${own.name}/directory?wraps=all`)
    const body = Buffer.from(await response.arrayBuffer())
    const left = { nurse: hers, admin: ours, "nurse 2": own.records.at(-2) }
    return Object.entries(left).flatMap(([name, record]) =>
      body.includes(Buffer.from(record as Uint8Array)) ? [name] : [],
    )
  }
  const sweep = async (): Promise<void> => {
    nowMs += 61_000
    await new Promise((resolve) => setTimeout(resolve, 1400))
  }
  let scene = new Scene(relay.url, own, keeper)
  scene.chat.now = () => nowMs
  await scene.reach("accessed")
  const newest = own.rotate("nursing", 2)
  const rotation = [newest, own.grant("nursing", 2, own.nurse), own.grant("nursing", 1, own.nurse)]
  assert.is((await post(relay.url, own.name, rotation)).status, 200)
  await scene.publish(own.nurse, scene.chat.close(own.nurse))
  await sweep()
  assert.equal(await wrapsLeft(), ["nurse", "admin", "nurse 2"], "still needed")
  await scene.publish(own.nurse, scene.chat.archive(own.nurse))
  await sweep()
  assert.equal(await wrapsLeft(), ["admin", "nurse 2"])
  // A lost answer: the same records posted again are known, with what was dropped.
  assert.is((await post(relay.url, own.name, rotation)).status, 200)
  await scene.end()
  await relay.close()
  const wrap = Buffer.from(decodeRecord(hers as Uint8Array).detached)
  const file = readFileSync(join(folder, "relay.db"))
  for (let at = 0; at + 64 <= wrap.length; at += 64)
    assert.is(file.indexOf(wrap.subarray(at, at + 64)), -1, "left in the file")
  relay = await start(own, options)
  assert.equal(await wrapsLeft(), ["admin", "nurse 2"])
  scene = new Scene(relay.url, own, keeper)
  scene.chat.now = () => nowMs
  await scene.reach("accessed")
  await scene.end()
  await relay.close()
  removeFolder(folder)
})

test("every step of a conversation's life has its entry", () =>
  at("reopened", async ({ relay, scene, folder }) => {
    const { chat } = scene
    await scene.publish(chat.patient, scene.addPhone(), chat.withdraw())
    await scene.publish(admin, chat.shred(admin))
    await scene.end()
    await relay.close()
    const { SqliteStore } = await import("../src/store/sqlite.ts")
    const { walkEntries } = await import("../src/audit/walk.ts")
    const { decodeEntry } = await import("@wardline/sdk/tlog")
    const store = new SqliteStore(folder, { isReadOnly: true })
    const actions: string[] = []
    for (const ref of store.clinics())
      for await (const page of walkEntries(store, ref))
        for (const { bytes, record } of page) {
          const { action, position, scope } = decodeEntry(bytes)
          if (record === undefined || !equalBytes(scope, chat.id)) continue
          actions.push(action)
          assert.is(record.position, position)
        }
    store.close()
    const begun = ["consent", "open", "epoch", "access", "close", "archive", "break-glass", "reopen"]
    assert.equal(actions, [...begun, "member-change", "withdraw", "shred"])
  }))

test.run()
