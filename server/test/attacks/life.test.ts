/** Who may not change a conversation's members, its life, or what its keys are wrapped to: each with its code, and
 * nothing stored. */
import { randomBytes } from "node:crypto"
import { type Device, sha256 } from "@wardline/sdk/crypto"
import {
  asRole,
  decodeRecord,
  type ErrorCode,
  encodeEpochHead,
  type MemberChange,
  recordHash,
  recordPart,
  SEALED_SUMMARY_BYTES,
  type Slot,
  type TranscriptRecordType,
  WRAP_BYTES,
} from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay } from "../../src/index.ts"
import { deviceSlot, HOUR, TestChat } from "../support/chat.ts"
import { logIn } from "../support/client.ts"
import { keysOf, newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"
import { MINUTE, REASON, Scene, type Stage } from "../support/scene.ts"

const test = suite("a conversation's life")
const clinic = new TestClinic()
const other = new TestClinic()
const archivist = newDevice()
clinic.openVault(archivist)
const { nurse, biller, admin } = clinic
const folder = newFolder()
let relay: Relay

test.before(async () => {
  relay = await start([clinic, other], { data: folder, limits: { loginsBurst: 10_000, httpBurst: 10_000 } })
})
test.after(async () => {
  await relay.close()
  removeFolder(folder)
})

type Attack = (scene: Scene) => Promise<ErrorCode | "accepted">
type Row = readonly [name: string, stage: Stage, code: ErrorCode | "accepted", attack: Attack]

function each(rows: readonly Row[]): void {
  for (const [name, stage, code, attack] of rows) {
    test(`${code === "accepted" ? "accepts" : "refuses"} ${name}`, async () => {
      const scene = new Scene(relay.url, clinic, archivist)
      await scene.reach(stage)
      scene.baseline = await scene.position()
      assert.is(await attack(scene), code)
      if (code !== "accepted") assert.is(await scene.position(), scene.baseline, "something was stored")
      await scene.end()
    })
  }
}

const addRole = (role: string): MemberChange => ({ change: "add-role", role: asRole(role) })
const removeRole = (role: string): MemberChange => ({ change: "remove-role", role: asRole(role) })
const addDevice = (
  device: Device,
  changes: { kind?: "device" | "recovery" | "pairing"; until?: number } = {},
): MemberChange => ({ change: "add-device", keys: keysOf(device), kind: "device", until: 0, ...changes })
const removeDevice = (device: Device): MemberChange => ({ change: "remove-device", device: device.id })

/** A member record by one of the scene's devices. */
const member =
  (by: (scene: Scene) => Device, change: (scene: Scene) => MemberChange): Attack =>
  (scene) => {
    const device = by(scene)
    return scene.refusal(device, scene.chat.member(change(scene), device))
  }
const thePatient = ({ chat }: Scene): Device => chat.patient
const thePhone = ({ phone }: Scene): Device => phone
const theNurse = (): Device => nurse
const theBiller = (): Device => biller
const theAdmin = (): Device => admin

// Roles.
each([
  [
    "a role added by a nurse whose policy lets her",
    "accessed",
    "accepted",
    member(theNurse, () => addRole("billing")),
  ],
  ["a role added by the patient", "accessed", "ERR_FORBIDDEN", member(thePatient, () => addRole("billing"))],
  [
    "a role added by staff of none of the conversation's roles",
    "accessed",
    "ERR_FORBIDDEN",
    member(theBiller, () => addRole("billing")),
  ],
  [
    "a role added by an administrator",
    "accessed",
    "ERR_FORBIDDEN",
    member(theAdmin, () => addRole("billing")),
  ],
  ["a role that there isn't", "accessed", "ERR_FORBIDDEN", member(theNurse, () => addRole("surgery"))],
  ["a role that is a member already", "accessed", "ERR_CONFLICT", member(theNurse, () => addRole("nursing"))],
  [
    "the removal of the last role",
    "accessed",
    "ERR_FORBIDDEN",
    member(theNurse, () => removeRole("nursing")),
  ],
  [
    "the removal of a role that is no member",
    "accessed",
    "ERR_CONFLICT",
    member(theNurse, () => removeRole("billing")),
  ],
  [
    "a role removed by the patient",
    "two-roles",
    "ERR_FORBIDDEN",
    member(thePatient, () => removeRole("billing")),
  ],
  [
    "a role removed by staff whose policy doesn't let them",
    "two-roles",
    "ERR_FORBIDDEN",
    async (scene) => {
      await scene.publish(biller, scene.chat.access(biller, { role: "billing" }))
      scene.baseline++
      return scene.refusal(biller, scene.chat.member(removeRole("nursing"), biller))
    },
  ],
  [
    "a role added by a nurse without access",
    "accessed",
    "ERR_ACCESS_REQUIRED",
    async (scene) => {
      const colleague = newDevice()
      const { post } = await import("../support/relay.ts")
      await post(relay.url, clinic.name, [clinic.addStaff(colleague, "nursing")])
      return scene.refusal(colleague, scene.chat.member(addRole("billing"), colleague))
    },
  ],
  [
    "a member record that names a forked directory",
    "accessed",
    "ERR_FORK",
    (scene) => {
      Object.defineProperty(scene.chat, "reference", { value: { position: 2, link: randomBytes(32) } })
      return scene.refusal(nurse, scene.chat.member(addRole("billing"), nurse))
    },
  ],
  [
    "a message by a role that was removed",
    "removed-role",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(biller, scene.chat.message(biller)),
  ],
  [
    "access by a role that was removed",
    "removed-role",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(biller, scene.chat.access(biller, { role: "billing" })),
  ],
])

// Devices.
each([
  [
    "the patient's second device",
    "accessed",
    "accepted",
    member(thePatient, ({ phone }) => addDevice(phone)),
  ],
  [
    "a recovery code",
    "accessed",
    "accepted",
    member(thePatient, ({ phone }) => addDevice(phone, { kind: "recovery" })),
  ],
  [
    "a device added by the second device",
    "two-devices",
    "accepted",
    member(thePhone, () => addDevice(newDevice())),
  ],
  ["a device added by staff", "accessed", "ERR_FORBIDDEN", member(theNurse, ({ phone }) => addDevice(phone))],
  [
    "a device added by an administrator",
    "accessed",
    "ERR_FORBIDDEN",
    member(theAdmin, ({ phone }) => addDevice(phone)),
  ],
  [
    "a device added by itself",
    "accessed",
    "ERR_NOT_FOUND",
    member(thePhone, ({ phone }) => addDevice(phone)),
  ],
  [
    "a device that is a member already",
    "two-devices",
    "ERR_CONFLICT",
    member(thePatient, ({ phone }) => addDevice(phone)),
  ],
  [
    "a device that was removed before",
    "removed-device",
    "ERR_CONFLICT",
    member(thePatient, ({ phone }) => addDevice(phone)),
  ],
  [
    "a nurse's device as the patient's",
    "accessed",
    "ERR_FORBIDDEN",
    member(thePatient, () => addDevice(nurse)),
  ],
  [
    "an ordinary device with an end",
    "accessed",
    "ERR_FORBIDDEN",
    member(thePatient, ({ phone }) => addDevice(phone, { until: Date.now() + HOUR })),
  ],
  [
    "a pairing device for longer than a quarter of an hour",
    "accessed",
    "ERR_FORBIDDEN",
    member(thePatient, ({ phone }) => addDevice(phone, { kind: "pairing", until: Date.now() + 16 * MINUTE })),
  ],
  [
    "a pairing device for ever",
    "accessed",
    "ERR_FORBIDDEN",
    member(thePatient, ({ phone }) => addDevice(phone, { kind: "pairing" })),
  ],
  [
    "a pairing device that is over",
    "accessed",
    "ERR_FORBIDDEN",
    member(thePatient, ({ phone }) => addDevice(phone, { kind: "pairing", until: Date.now() - MINUTE })),
  ],
  [
    "a pairing device in time",
    "accessed",
    "accepted",
    member(thePatient, ({ phone }) => addDevice(phone, { kind: "pairing", until: Date.now() + 14 * MINUTE })),
  ],
  [
    "a device with a signing key of small order",
    "accessed",
    "ERR_FORBIDDEN",
    (scene) => {
      const keys = { ...keysOf(scene.phone), signing: Uint8Array.of(1, ...new Uint8Array(31)) }
      return scene.refusal(
        scene.chat.patient,
        scene.chat.member({ change: "add-device", keys, kind: "device", until: 0 }),
      )
    },
  ],
  [
    "a device with a wrapping key of small order",
    "accessed",
    "ERR_FORBIDDEN",
    (scene) => {
      const keys = {
        ...keysOf(scene.phone),
        wrapping: Uint8Array.from(scene.phone.wrapping.publicKey).fill(0, -32),
      }
      return scene.refusal(
        scene.chat.patient,
        scene.chat.member({ change: "add-device", keys, kind: "device", until: 0 }),
      )
    },
  ],
  [
    "the removal of the second device",
    "two-devices",
    "accepted",
    member(thePatient, ({ phone }) => removeDevice(phone)),
  ],
  [
    "the removal of the first device by the second",
    "two-devices",
    "accepted",
    member(thePhone, ({ chat }) => removeDevice(chat.patient)),
  ],
  [
    "the removal of the last device",
    "accessed",
    "ERR_FORBIDDEN",
    member(thePatient, ({ chat }) => removeDevice(chat.patient)),
  ],
  [
    "the removal of the last device but one for pairing",
    "pairing",
    "ERR_FORBIDDEN",
    member(thePhone, ({ chat }) => removeDevice(chat.patient)),
  ],
  [
    "the removal of a device that is none",
    "accessed",
    "ERR_CONFLICT",
    member(thePatient, ({ phone }) => removeDevice(phone)),
  ],
  [
    "the removal of a device twice",
    "removed-device",
    "ERR_CONFLICT",
    member(thePatient, ({ phone }) => removeDevice(phone)),
  ],
  [
    "a device removed by staff",
    "two-devices",
    "ERR_FORBIDDEN",
    member(theNurse, ({ phone }) => removeDevice(phone)),
  ],
  [
    "a message by a device that was removed",
    "removed-device",
    "ERR_NOT_FOUND",
    (scene) => scene.refusal(scene.phone, scene.chat.message(scene.phone)),
  ],
  [
    "a member record by a device that was removed",
    "removed-device",
    "ERR_NOT_FOUND",
    member(thePhone, () => addDevice(newDevice())),
  ],
])

// In a closed conversation the patient's devices still come and go, and nothing else does.
each([
  [
    "the patient's second device after the close",
    "closed",
    "accepted",
    member(thePatient, ({ phone }) => addDevice(phone)),
  ],
  ["a role added after the close", "closed", "ERR_CLOSED", member(theNurse, () => addRole("billing"))],
  [
    "a grant to the patient's second device after the close",
    "closed",
    "accepted",
    async (scene) => {
      await scene.publish(scene.chat.patient, scene.addPhone())
      return scene.refusal(scene.chat.patient, grant(scene, deviceSlot(scene.phone)))
    },
  ],
  [
    "a nurse's grant to the patient's second device after the close",
    "closed",
    "ERR_CLOSED",
    async (scene) => {
      await scene.publish(scene.chat.patient, scene.addPhone())
      scene.baseline++
      return scene.refusal(nurse, grant(scene, deviceSlot(scene.phone), {}, nurse))
    },
  ],
])

// Epochs after a change of members.
each([
  [
    "a message by the second device",
    "two-devices",
    "accepted",
    (scene) => scene.refusal(scene.phone, scene.chat.message(scene.phone)),
  ],
  [
    "a message in an epoch from before a member change",
    "two-devices",
    "ERR_CONFLICT",
    (scene) =>
      scene.refusal(
        scene.chat.patient,
        scene.chat.message(scene.chat.patient, { epoch: scene.chat.epochs[0] as Uint8Array }),
      ),
  ],
  [
    "an epoch without the new device",
    "two-devices",
    "ERR_CONFLICT",
    (scene) => {
      scene.chat.devices.pop()
      return scene.refusal(scene.chat.patient, scene.chat.nextEpoch())
    },
  ],
  [
    "an epoch that keeps the removed device",
    "removed-device",
    "ERR_CONFLICT",
    (scene) => {
      scene.chat.devices.push(scene.phone)
      return scene.refusal(scene.chat.patient, scene.chat.nextEpoch())
    },
  ],
  [
    "an epoch that keeps the removed role",
    "removed-role",
    "ERR_CONFLICT",
    (scene) => {
      scene.chat.roles = ["billing", "nursing"]
      return scene.refusal(nurse, scene.chat.nextEpoch(nurse))
    },
  ],
])

// Detached parts.
const withDetached = (record: Uint8Array, change: (detached: Buffer) => Uint8Array): Uint8Array => {
  const { bytes, detached } = decodeRecord(record)
  return Buffer.concat([bytes, change(Buffer.from(detached))])
}
const flip = (detached: Buffer): Buffer => {
  detached[0] = (detached[0] ?? 0) ^ 1
  return detached
}
each([
  [
    "an epoch without its wraps",
    "accessed",
    "ERR_MALFORMED",
    (scene) => scene.refusal(scene.chat.patient, recordPart(scene.chat.nextEpoch())),
  ],
  [
    "an epoch with other wraps than it commits to",
    "accessed",
    "ERR_MALFORMED",
    (scene) => scene.refusal(scene.chat.patient, withDetached(scene.chat.nextEpoch(), flip)),
  ],
  [
    "an epoch with a wrap too few",
    "accessed",
    "ERR_MALFORMED",
    (scene) => {
      const { chat } = scene
      const head = encodeEpochHead({
        suite: 1,
        number: 2,
        parent: chat.epoch,
        directory: chat.reference,
        commitment: randomBytes(32),
        slots: chat.slots(),
      })
      return scene.refusal(chat.patient, chat.signDetached("epoch", head, randomBytes(WRAP_BYTES)))
    },
  ],
  [
    "a grant with a wrap of another length",
    "two-devices",
    "ERR_MALFORMED",
    (scene) => scene.refusal(thePatient(scene), grant(scene, deviceSlot(scene.phone), { wrapBytes: 1201 })),
  ],
  [
    "an archive with a wrap of another length",
    "closed",
    "ERR_MALFORMED",
    (scene) =>
      scene.refusal(
        nurse,
        scene.chat.grant("archive", nurse, scene.chat.roleSlot("records"), { wrapBytes: 1201 }),
      ),
  ],
])

test("refuses an open record with a summary too few", async () => {
  const device = newDevice()
  const chat = new TestChat(clinic, device, ["billing", "nursing"])
  const patient = await logIn(relay.url, clinic, device)
  await patient.publishAll([chat.consent()])
  const { body } = decodeRecord(chat.open())
  const open = chat.signDetached("open", body.subarray(0, -32), randomBytes(SEALED_SUMMARY_BYTES))
  assert.is(await patient.refusal(open), "ERR_MALFORMED")
  assert.is(await patient.refusal(chat.open()), "accepted")
  await patient.close()
})

test("refuses a seventeenth device, removed ones counted", async () => {
  const scene = new Scene(relay.url, clinic, archivist)
  await scene.reach("removed-device")
  for (let i = 0; i < 14; i++)
    await scene.publish(scene.chat.patient, scene.chat.member(addDevice(newDevice())))
  assert.is(
    await scene.refusal(scene.chat.patient, scene.chat.member(addDevice(newDevice()))),
    "ERR_FORBIDDEN",
  )
  await scene.end()
})

// Grants.
type GrantChanges = Parameters<TestChat["grant"]>[3]
function grant(
  scene: Scene,
  slot: Slot,
  changes: GrantChanges = {},
  by: Device = scene.chat.patient,
): Uint8Array {
  return scene.chat.grant("grant", by, slot, changes)
}
const phoneGrant =
  (changes: (scene: Scene) => GrantChanges, by = thePatient): Attack =>
  (scene) =>
    scene.refusal(by(scene), grant(scene, deviceSlot(scene.phone), changes(scene), by(scene)))
each([
  ["past epochs for the new device", "two-devices", "accepted", phoneGrant(() => ({}))],
  [
    "past epochs for a new role",
    "two-roles",
    "accepted",
    (scene) => scene.refusal(nurse, grant(scene, scene.chat.roleSlot("billing"), {}, nurse)),
  ],
  ["a grant to no member", "accessed", "ERR_CONFLICT", phoneGrant(() => ({}))],
  ["a grant to a device that was removed", "removed-device", "ERR_CONFLICT", phoneGrant(() => ({}))],
  [
    "a grant to a role that was removed",
    "removed-role",
    "ERR_CONFLICT",
    (scene) => scene.refusal(nurse, grant(scene, scene.chat.roleSlot("billing"), {}, nurse)),
  ],
  [
    "a grant to a member by another key",
    "two-devices",
    "ERR_CONFLICT",
    (scene) =>
      scene.refusal(
        scene.chat.patient,
        grant(scene, { ...deviceSlot(scene.phone), keyHash: randomBytes(32) }),
      ),
  ],
  [
    "a grant to a role by another generation",
    "two-roles",
    "ERR_CONFLICT",
    (scene) =>
      scene.refusal(nurse, grant(scene, { ...scene.chat.roleSlot("billing"), generation: 2 }, {}, nurse)),
  ],
  [
    "a grant asked by staff without access",
    "two-roles",
    "ERR_ACCESS_REQUIRED",
    (scene) => scene.refusal(biller, grant(scene, scene.chat.roleSlot("billing"), {}, biller)),
  ],
  ["a grant by an administrator", "two-devices", "ERR_FORBIDDEN", phoneGrant(() => ({}), theAdmin)],
  [
    "a grant by a device that was removed",
    "removed-device",
    "ERR_NOT_FOUND",
    (scene) => scene.refusal(scene.phone, grant(scene, deviceSlot(scene.chat.patient), {}, scene.phone)),
  ],
  [
    "a grant of an unknown epoch",
    "two-devices",
    "ERR_CONFLICT",
    phoneGrant(() => ({ epochs: [randomBytes(32)] })),
  ],
  [
    "a grant of another conversation's epoch",
    "two-devices",
    "ERR_CONFLICT",
    async (scene) => {
      const neighbour = new Scene(relay.url, clinic, archivist)
      await neighbour.reach("accessed")
      await neighbour.end()
      return phoneGrant(() => ({ epochs: neighbour.chat.epochs }))(scene)
    },
  ],
  [
    "a grant of a record that is no epoch",
    "two-devices",
    "ERR_CONFLICT",
    async (scene) => {
      const client = await scene.patient
      const { delivered } = await client.backlog(client.subscribe(scene.chat.id))
      return phoneGrant(() => ({ epochs: [recordHash(sha256, delivered[0]?.record as Uint8Array)] }))(scene)
    },
  ],
  [
    "a grant of epochs in another order",
    "two-devices",
    "ERR_CONFLICT",
    phoneGrant(({ chat }) => ({ epochs: [...chat.epochs].reverse() })),
  ],
  [
    "a grant of one epoch twice",
    "two-devices",
    "ERR_CONFLICT",
    phoneGrant(({ chat }) => ({ epochs: [chat.epochs[0], chat.epochs[0]] as Uint8Array[] })),
  ],
  [
    "a grant in a closed conversation",
    "closed",
    "ERR_CLOSED",
    (scene) => scene.refusal(nurse, grant(scene, scene.chat.roleSlot("nursing"), {}, nurse)),
  ],
])

// The vault.
each([
  [
    "an archive after the close",
    "closed",
    "accepted",
    (scene) => scene.refusal(nurse, scene.chat.archive(nurse)),
  ],
  [
    "an archive of an open conversation",
    "accessed",
    "ERR_CONFLICT",
    (scene) => scene.refusal(nurse, scene.chat.archive(nurse)),
  ],
  [
    "an archive by the patient",
    "closed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(scene.chat.patient, scene.chat.archive(scene.chat.patient)),
  ],
  [
    "an archive by staff without access",
    "closed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(biller, scene.chat.archive(biller)),
  ],
  [
    "an archive by an administrator",
    "closed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(admin, scene.chat.archive(admin)),
  ],
  [
    "an archive to another role",
    "closed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(nurse, scene.chat.archive(nurse, "billing")),
  ],
  [
    "an archive to a device",
    "closed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(nurse, scene.chat.grant("archive", nurse, deviceSlot(scene.chat.patient))),
  ],
  [
    "an archive by an older key",
    "closed",
    "ERR_CONFLICT",
    (scene) =>
      scene.refusal(
        nurse,
        scene.chat.grant("archive", nurse, { ...scene.chat.roleSlot("records"), generation: 2 }),
      ),
  ],
  [
    "a nurse's access to what lies in the vault",
    "archived",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(nurse, scene.chat.access(nurse)),
  ],
  [
    "a nurse's reopening of what lies in the vault",
    "archived",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(nurse, scene.chat.reopen(nurse)),
  ],
  [
    "the archive role's access to what isn't in the vault",
    "closed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(archivist, scene.breakGlass()),
  ],
  [
    "access to the vault without breaking the glass",
    "archived",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(archivist, scene.chat.access(archivist, { role: "records" })),
  ],
  [
    "access to the vault by another's role",
    "archived",
    "ERR_FORBIDDEN",
    (scene) =>
      scene.refusal(biller, scene.chat.access(biller, { role: "records", purpose: "BTG", reason: REASON })),
  ],
  [
    "access to the vault without a reason",
    "archived",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(archivist, scene.chat.access(archivist, { role: "records", purpose: "BTG" })),
  ],
  [
    "access to the vault by breaking the glass",
    "archived",
    "accepted",
    (scene) => scene.refusal(archivist, scene.breakGlass()),
  ],
  [
    "a message into the vault",
    "vault-opened",
    "ERR_CLOSED",
    (scene) => scene.refusal(archivist, scene.chat.message(archivist)),
  ],
  [
    "a grant out of the vault without access",
    "archived",
    "ERR_ACCESS_REQUIRED",
    (scene) => scene.refusal(archivist, grant(scene, scene.chat.roleSlot("nursing"), {}, archivist)),
  ],
  [
    "a grant out of the vault",
    "vault-opened",
    "accepted",
    (scene) => scene.refusal(archivist, grant(scene, scene.chat.roleSlot("nursing"), {}, archivist)),
  ],
  [
    "a grant out of the vault by the patient",
    "archived",
    "ERR_CLOSED",
    (scene) => scene.refusal(scene.chat.patient, grant(scene, scene.chat.roleSlot("nursing"))),
  ],
  [
    "the vault's reopening",
    "vault-opened",
    "accepted",
    (scene) => scene.refusal(archivist, scene.chat.reopen(archivist)),
  ],
  [
    "a reopening of an open conversation",
    "accessed",
    "ERR_CONFLICT",
    (scene) => scene.refusal(nurse, scene.chat.reopen(nurse)),
  ],
  [
    "a reopening by the patient",
    "closed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(scene.chat.patient, scene.chat.reopen(scene.chat.patient)),
  ],
  [
    "a reopening by staff without access",
    "closed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(biller, scene.chat.reopen(biller)),
  ],
  ["a reopening by a nurse", "closed", "accepted", (scene) => scene.refusal(nurse, scene.chat.reopen(nurse))],
  [
    "the nurse's access after the reopening",
    "reopened",
    "accepted",
    (scene) => scene.refusal(nurse, scene.chat.access(nurse)),
  ],
  [
    "a grant to the nurses after the reopening",
    "reopened",
    "accepted",
    (scene) => scene.refusal(archivist, grant(scene, scene.chat.roleSlot("nursing"), {}, archivist)),
  ],
])

// Withdrawal and destruction.
const AFTER_WITHDRAWAL = "ERR_CONSENT_REQUIRED"
const withdrawnRows = (
  [
    ["a message by the patient", ({ chat }) => [chat.patient, chat.message()]],
    ["a message by staff", ({ chat }) => [nurse, chat.message(nurse)]],
    ["an epoch", ({ chat }) => [chat.patient, chat.nextEpoch()]],
    ["a new device", (scene) => [scene.chat.patient, scene.addPhone()]],
    ["a new role", ({ chat }) => [nurse, chat.member(addRole("billing"), nurse)]],
    ["a grant", (scene) => [nurse, grant(scene, scene.chat.roleSlot("nursing"), {}, nurse)]],
    ["a second withdrawal", ({ chat }) => [chat.patient, chat.withdraw()]],
  ] as const satisfies readonly (readonly [string, (scene: Scene) => [Device, Uint8Array]])[]
).map(
  ([name, make]): Row => [
    `${name} after the withdrawal`,
    "withdrawn",
    AFTER_WITHDRAWAL,
    (scene) => scene.refusal(...make(scene)),
  ],
)
const shreddedRows = (
  [
    ["a message by the patient", ({ chat }) => [chat.patient, chat.message()]],
    ["an epoch", ({ chat }) => [chat.patient, chat.nextEpoch()]],
    ["access", ({ chat }) => [nurse, chat.access(nurse)]],
    ["a close", ({ chat }) => [nurse, chat.close(nurse)]],
    ["a withdrawal", ({ chat }) => [chat.patient, chat.withdraw()]],
    ["a second shredding", ({ chat }) => [admin, chat.shred(admin)]],
  ] as const satisfies readonly (readonly [string, (scene: Scene) => [Device, Uint8Array]])[]
).map(
  ([name, make]): Row => [
    `${name} after the shredding`,
    "shredded",
    "ERR_CLOSED",
    (scene) => scene.refusal(...make(scene)),
  ],
)
each([
  ...withdrawnRows,
  [
    "access after the withdrawal",
    "withdrawn",
    "accepted",
    (scene) => scene.refusal(nurse, scene.chat.access(nurse)),
  ],
  [
    "a close after the withdrawal",
    "withdrawn",
    "accepted",
    (scene) => scene.refusal(nurse, scene.chat.close(nurse)),
  ],
  [
    "a reopening after withdrawal and close",
    "withdrawn",
    AFTER_WITHDRAWAL,
    async (scene) => {
      const code = await scene.refusal(nurse, scene.chat.reopen(nurse))
      return code
    },
  ],
  [
    "a withdrawal by staff",
    "accessed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(nurse, scene.chat.withdraw(nurse)),
  ],
  [
    "a withdrawal by an administrator",
    "accessed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(admin, scene.chat.withdraw(admin)),
  ],
  [
    "a withdrawal by the second device",
    "two-devices",
    "accepted",
    (scene) => scene.refusal(scene.phone, scene.chat.withdraw(scene.phone)),
  ],
  [
    "a withdrawal of what lies in the vault",
    "archived",
    "accepted",
    (scene) => scene.refusal(scene.chat.patient, scene.chat.withdraw()),
  ],
  ...shreddedRows,
  [
    "a shredding by the patient",
    "accessed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(scene.chat.patient, scene.chat.shred(scene.chat.patient)),
  ],
  [
    "a shredding by staff",
    "accessed",
    "ERR_FORBIDDEN",
    (scene) => scene.refusal(nurse, scene.chat.shred(nurse)),
  ],
  [
    "a shredding by another clinic's administrator",
    "accessed",
    "ERR_NOT_FOUND",
    async (scene) => {
      const client = await logIn(relay.url, other, other.admin)
      const code = await client.refusal(scene.chat.shred(other.admin))
      await client.close()
      return code
    },
  ],
  [
    "a shredding that names a forked directory",
    "accessed",
    "ERR_FORK",
    (scene) => {
      Object.defineProperty(scene.chat, "reference", { value: { position: 2, link: randomBytes(32) } })
      return scene.refusal(admin, scene.chat.shred(admin))
    },
  ],
  [
    "a shredding by an administrator",
    "accessed",
    "accepted",
    (scene) => scene.refusal(admin, scene.chat.shred(admin)),
  ],
  [
    "a shredding of what lies in the vault",
    "archived",
    "accepted",
    (scene) => scene.refusal(admin, scene.chat.shred(admin)),
  ],
])

// What an administrator may publish is one record.
each(
  (
    [
      ["message", ({ chat }) => chat.message(admin)],
      ["epoch", ({ chat }) => chat.nextEpoch(admin)],
      ["close", ({ chat }) => chat.close(admin)],
      ["reopen", ({ chat }) => chat.reopen(admin)],
    ] as const satisfies readonly (readonly [TranscriptRecordType, (scene: Scene) => Uint8Array])[]
  ).map(
    ([type, make]): Row => [
      `${type} by an administrator`,
      "accessed",
      "ERR_FORBIDDEN",
      (scene) => scene.refusal(admin, make(scene)),
    ],
  ),
)

// Signatures.
each(
  (
    [
      ["member", "accessed", (scene) => [scene.chat.patient, scene.addPhone()]],
      ["grant", "two-devices", (scene) => [scene.chat.patient, grant(scene, deviceSlot(scene.phone))]],
      ["archive", "closed", ({ chat }) => [nurse, chat.archive(nurse)]],
      ["reopen", "closed", ({ chat }) => [nurse, chat.reopen(nurse)]],
      ["withdraw", "accessed", ({ chat }) => [chat.patient, chat.withdraw()]],
      ["shred", "accessed", ({ chat }) => [admin, chat.shred(admin)]],
    ] as const satisfies readonly (readonly [
      TranscriptRecordType,
      Stage,
      (scene: Scene) => [Device, Uint8Array],
    ])[]
  ).map(
    ([type, stage, make]): Row => [
      `${type} with a wrong signature`,
      stage,
      "ERR_SIGNATURE",
      (scene) => {
        const [device, made] = make(scene)
        const record = Buffer.from(made)
        const last = recordPart(record).length - 1
        record[last] = (record[last] ?? 0) ^ 1
        return scene.refusal(device, record)
      },
    ],
  ),
)

test.run()
