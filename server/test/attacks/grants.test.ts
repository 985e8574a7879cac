/** What a conversation's keys may not be wrapped to, and what may not be missing: each with its code, and nothing stored. */
import { randomBytes } from "node:crypto"
import { type Device, sha256 } from "@wardline/sdk/crypto"
import {
  decodeRecord,
  encodeEpochHead,
  recordHash,
  recordPart,
  SEALED_SUMMARY_BYTES,
  WRAP_BYTES,
} from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Attack, AttackBench, type GrantChanges, grant, thePatient } from "../support/attack-bench.ts"
import { deviceSlot, TestChat } from "../support/chat.ts"
import { logIn } from "../support/client.ts"
import { newDevice } from "../support/clinic.ts"
import type { Scene } from "../support/scene.ts"

const test = suite("a conversation's keys")
const bench = new AttackBench(test)
const { clinic } = bench
const { nurse, biller, admin } = clinic
const theAdmin = (): Device => admin

// Detached parts.
const withDetached = (record: Uint8Array, change: (detached: Buffer) => Uint8Array): Uint8Array => {
  const { bytes, detached } = decodeRecord(record)
  return Buffer.concat([bytes, change(Buffer.from(detached))])
}
const flip = (detached: Buffer): Buffer => {
  detached[0] = (detached[0] ?? 0) ^ 1
  return detached
}
bench.each([
  {
    name: "an epoch without its wraps",
    stage: "accessed",
    code: "ERR_MALFORMED",
    attack: (scene) => scene.refusal(scene.chat.patient, recordPart(scene.chat.nextEpoch())),
  },
  {
    name: "an epoch with other wraps than it commits to",
    stage: "accessed",
    code: "ERR_MALFORMED",
    attack: (scene) => scene.refusal(scene.chat.patient, withDetached(scene.chat.nextEpoch(), flip)),
  },
  {
    name: "an epoch with a wrap too few",
    stage: "accessed",
    code: "ERR_MALFORMED",
    attack: (scene) => {
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
  },
  {
    name: "a grant with a wrap of another length",
    stage: "two-devices",
    code: "ERR_MALFORMED",
    attack: (scene) =>
      scene.refusal(thePatient(scene), grant(scene, deviceSlot(scene.phone), { wrapBytes: 1201 })),
  },
  {
    name: "an archive with a wrap of another length",
    stage: "closed",
    code: "ERR_MALFORMED",
    attack: (scene) =>
      scene.refusal(
        nurse,
        scene.chat.grant("archive", nurse, scene.chat.roleSlot("records"), { wrapBytes: 1201 }),
      ),
  },
])

test("refuses an open record with a summary too few", async () => {
  const device = newDevice()
  const chat = new TestChat(clinic, device, ["billing", "nursing"])
  const patient = await logIn(bench.url, clinic, device)
  await patient.publishAll([chat.consent()])
  const { body } = decodeRecord(chat.open())
  const open = chat.signDetached("open", body.subarray(0, -32), randomBytes(SEALED_SUMMARY_BYTES))
  assert.is(await patient.refusal(open), "ERR_MALFORMED")
  assert.is(await patient.refusal(chat.open()), "accepted")
  await patient.close()
})

// Grants.
const phoneGrant =
  (changes: (scene: Scene) => GrantChanges, by = thePatient): Attack =>
  (scene) =>
    scene.refusal(by(scene), grant(scene, deviceSlot(scene.phone), changes(scene), by(scene)))
bench.each([
  {
    name: "past epochs for the new device",
    stage: "two-devices",
    code: "accepted",
    attack: phoneGrant(() => ({})),
  },
  {
    name: "past epochs for a new role",
    stage: "two-roles",
    code: "accepted",
    attack: (scene) => scene.refusal(nurse, grant(scene, scene.chat.roleSlot("billing"), {}, nurse)),
  },
  { name: "a grant to no member", stage: "accessed", code: "ERR_CONFLICT", attack: phoneGrant(() => ({})) },
  {
    name: "a grant to a device that was removed",
    stage: "removed-device",
    code: "ERR_CONFLICT",
    attack: phoneGrant(() => ({})),
  },
  {
    name: "a grant to a role that was removed",
    stage: "removed-role",
    code: "ERR_CONFLICT",
    attack: (scene) => scene.refusal(nurse, grant(scene, scene.chat.roleSlot("billing"), {}, nurse)),
  },
  {
    name: "a grant to a member by another key",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: (scene) =>
      scene.refusal(
        scene.chat.patient,
        grant(scene, { ...deviceSlot(scene.phone), keyHash: randomBytes(32) }),
      ),
  },
  {
    name: "a grant to a role by another generation",
    stage: "two-roles",
    code: "ERR_CONFLICT",
    attack: (scene) =>
      scene.refusal(nurse, grant(scene, { ...scene.chat.roleSlot("billing"), generation: 2 }, {}, nurse)),
  },
  {
    name: "a grant asked by staff without access",
    stage: "two-roles",
    code: "ERR_ACCESS_REQUIRED",
    attack: (scene) => scene.refusal(biller, grant(scene, scene.chat.roleSlot("billing"), {}, biller)),
  },
  {
    name: "a grant by an administrator",
    stage: "two-devices",
    code: "ERR_FORBIDDEN",
    attack: phoneGrant(() => ({}), theAdmin),
  },
  {
    name: "a grant by a device that was removed",
    stage: "removed-device",
    code: "ERR_NOT_FOUND",
    attack: (scene) =>
      scene.refusal(scene.phone, grant(scene, deviceSlot(scene.chat.patient), {}, scene.phone)),
  },
  {
    name: "a grant of an unknown epoch",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: phoneGrant(() => ({ epochs: [randomBytes(32)] })),
  },
  {
    name: "a grant of another conversation's epoch",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: async (scene) => {
      const neighbour = bench.scene()
      await neighbour.reach("accessed")
      await neighbour.end()
      return phoneGrant(() => ({ epochs: neighbour.chat.epochs }))(scene)
    },
  },
  {
    name: "a grant of a record that is no epoch",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: async (scene) => {
      const client = await scene.patient
      const { delivered } = await client.backlog(client.subscribe(scene.chat.id))
      return phoneGrant(() => ({ epochs: [recordHash(sha256, delivered[0]?.record as Uint8Array)] }))(scene)
    },
  },
  {
    name: "a grant of epochs in another order",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: phoneGrant(({ chat }) => ({ epochs: [...chat.epochs].reverse() })),
  },
  {
    name: "a grant of one epoch twice",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: phoneGrant(({ chat }) => ({ epochs: [chat.epochs[0], chat.epochs[0]] as Uint8Array[] })),
  },
  {
    name: "the patient's grant to a role in a closed conversation",
    stage: "closed",
    code: "ERR_CLOSED",
    attack: (scene) => scene.refusal(thePatient(scene), grant(scene, scene.chat.roleSlot("nursing"))),
  },
  {
    name: "a grant in a closed conversation",
    stage: "closed",
    code: "ERR_CLOSED",
    attack: (scene) => scene.refusal(nurse, grant(scene, scene.chat.roleSlot("nursing"), {}, nurse)),
  },
])

test.run()
