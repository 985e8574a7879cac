/** Who may not change a conversation's members: each with its code, and nothing stored. */
import { randomBytes } from "node:crypto"
import type { Device } from "@wardline/sdk/crypto"
import { asRole, type MemberChange } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Attack, AttackBench, grant, thePatient, thePhone } from "../support/attack-bench.ts"
import { deviceSlot, HOUR } from "../support/chat.ts"
import { keysOf, newDevice } from "../support/clinic.ts"
import { post } from "../support/relay.ts"
import { MINUTE, type Scene } from "../support/scene.ts"

const test = suite("a conversation's members")
const bench = new AttackBench(test)
const { clinic } = bench
const { nurse, biller, admin } = clinic
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
const theNurse = (): Device => nurse
const theBiller = (): Device => biller
const theAdmin = (): Device => admin

// Roles.
bench.each([
  {
    name: "a role added by a nurse whose policy lets her",
    stage: "accessed",
    code: "accepted",
    attack: member(theNurse, () => addRole("billing")),
  },
  {
    name: "a role added by the patient",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(thePatient, () => addRole("billing")),
  },
  {
    name: "a role added by staff of none of the conversation's roles",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(theBiller, () => addRole("billing")),
  },
  {
    name: "a role added by an administrator",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(theAdmin, () => addRole("billing")),
  },
  {
    name: "a role that there isn't",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(theNurse, () => addRole("surgery")),
  },
  {
    name: "a role that is a member already",
    stage: "accessed",
    code: "ERR_CONFLICT",
    attack: member(theNurse, () => addRole("nursing")),
  },
  {
    name: "the removal of the last role",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(theNurse, () => removeRole("nursing")),
  },
  {
    name: "the removal of a role that is no member",
    stage: "accessed",
    code: "ERR_CONFLICT",
    attack: member(theNurse, () => removeRole("billing")),
  },
  {
    name: "a role removed by the patient",
    stage: "two-roles",
    code: "ERR_FORBIDDEN",
    attack: member(thePatient, () => removeRole("billing")),
  },
  {
    name: "a role removed by staff whose policy doesn't let them",
    stage: "two-roles",
    code: "ERR_FORBIDDEN",
    attack: async (scene) => {
      await scene.publish(biller, scene.chat.access(biller, { role: "billing" }))
      scene.baseline++
      return scene.refusal(biller, scene.chat.member(removeRole("nursing"), biller))
    },
  },
  {
    name: "a role added by a nurse without access",
    stage: "accessed",
    code: "ERR_ACCESS_REQUIRED",
    attack: async (scene) => {
      const colleague = newDevice()
      await post(bench.url, clinic.name, [clinic.addStaff(colleague, "nursing")])
      return scene.refusal(colleague, scene.chat.member(addRole("billing"), colleague))
    },
  },
  {
    name: "a member record that names a forked directory",
    stage: "accessed",
    code: "ERR_FORK",
    attack: (scene) => {
      Object.defineProperty(scene.chat, "reference", { value: { position: 2, link: randomBytes(32) } })
      return scene.refusal(nurse, scene.chat.member(addRole("billing"), nurse))
    },
  },
  {
    name: "a message by a role that was removed",
    stage: "removed-role",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(biller, scene.chat.message(biller)),
  },
  {
    name: "access by a role that was removed",
    stage: "removed-role",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(biller, scene.chat.access(biller, { role: "billing" })),
  },
])

// Devices.
bench.each([
  {
    name: "the patient's second device",
    stage: "accessed",
    code: "accepted",
    attack: member(thePatient, ({ phone }) => addDevice(phone)),
  },
  {
    name: "a recovery code",
    stage: "accessed",
    code: "accepted",
    attack: member(thePatient, ({ phone }) => addDevice(phone, { kind: "recovery" })),
  },
  {
    name: "a device added by the second device",
    stage: "two-devices",
    code: "accepted",
    attack: member(thePhone, () => addDevice(newDevice())),
  },
  {
    name: "a device added by staff",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(theNurse, ({ phone }) => addDevice(phone)),
  },
  {
    name: "a device added by an administrator",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(theAdmin, ({ phone }) => addDevice(phone)),
  },
  {
    name: "a device added by itself",
    stage: "accessed",
    code: "ERR_NOT_FOUND",
    attack: member(thePhone, ({ phone }) => addDevice(phone)),
  },
  {
    name: "a device that is a member already",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: member(thePatient, ({ phone }) => addDevice(phone)),
  },
  {
    name: "a device that was removed before",
    stage: "removed-device",
    code: "ERR_CONFLICT",
    attack: member(thePatient, ({ phone }) => addDevice(phone)),
  },
  {
    name: "a nurse's device as the patient's",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(thePatient, () => addDevice(nurse)),
  },
  {
    name: "an ordinary device with an end",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(thePatient, ({ phone }) => addDevice(phone, { until: Date.now() + HOUR })),
  },
  {
    name: "a pairing device for longer than a quarter of an hour",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(thePatient, ({ phone }) =>
      addDevice(phone, { kind: "pairing", until: Date.now() + 16 * MINUTE }),
    ),
  },
  {
    name: "a pairing device for ever",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(thePatient, ({ phone }) => addDevice(phone, { kind: "pairing" })),
  },
  {
    name: "a pairing device that is over",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(thePatient, ({ phone }) =>
      addDevice(phone, { kind: "pairing", until: Date.now() - MINUTE }),
    ),
  },
  {
    name: "a pairing device in time",
    stage: "accessed",
    code: "accepted",
    attack: member(thePatient, ({ phone }) =>
      addDevice(phone, { kind: "pairing", until: Date.now() + 14 * MINUTE }),
    ),
  },
  {
    name: "a device with a signing key of small order",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => {
      const keys = { ...keysOf(scene.phone), signing: Uint8Array.of(1, ...new Uint8Array(31)) }
      return scene.refusal(
        scene.chat.patient,
        scene.chat.member({ change: "add-device", keys, kind: "device", until: 0 }),
      )
    },
  },
  {
    name: "a device with a wrapping key of small order",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => {
      const keys = {
        ...keysOf(scene.phone),
        wrapping: Uint8Array.from(scene.phone.wrapping.publicKey).fill(0, -32),
      }
      return scene.refusal(
        scene.chat.patient,
        scene.chat.member({ change: "add-device", keys, kind: "device", until: 0 }),
      )
    },
  },
  {
    name: "the removal of the second device",
    stage: "two-devices",
    code: "accepted",
    attack: member(thePatient, ({ phone }) => removeDevice(phone)),
  },
  {
    name: "the removal of the first device by the second",
    stage: "two-devices",
    code: "accepted",
    attack: member(thePhone, ({ chat }) => removeDevice(chat.patient)),
  },
  {
    name: "the removal of the last device",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: member(thePatient, ({ chat }) => removeDevice(chat.patient)),
  },
  {
    name: "the removal of the last device but one for pairing",
    stage: "pairing",
    code: "ERR_FORBIDDEN",
    attack: member(thePhone, ({ chat }) => removeDevice(chat.patient)),
  },
  {
    name: "the removal of a device that is none",
    stage: "accessed",
    code: "ERR_CONFLICT",
    attack: member(thePatient, ({ phone }) => removeDevice(phone)),
  },
  {
    name: "the removal of a device twice",
    stage: "removed-device",
    code: "ERR_CONFLICT",
    attack: member(thePatient, ({ phone }) => removeDevice(phone)),
  },
  {
    name: "a device removed by staff",
    stage: "two-devices",
    code: "ERR_FORBIDDEN",
    attack: member(theNurse, ({ phone }) => removeDevice(phone)),
  },
  {
    name: "a message by a device that was removed",
    stage: "removed-device",
    code: "ERR_NOT_FOUND",
    attack: (scene) => scene.refusal(scene.phone, scene.chat.message(scene.phone)),
  },
  {
    name: "a member record by a device that was removed",
    stage: "removed-device",
    code: "ERR_NOT_FOUND",
    attack: member(thePhone, () => addDevice(newDevice())),
  },
])

// In a closed conversation the patient's devices still come and go, and nothing else does.
bench.each([
  {
    name: "the patient's second device after the close",
    stage: "closed",
    code: "accepted",
    attack: member(thePatient, ({ phone }) => addDevice(phone)),
  },
  {
    name: "a role added after the close",
    stage: "closed",
    code: "ERR_CLOSED",
    attack: member(theNurse, () => addRole("billing")),
  },
  {
    name: "a grant to the patient's second device after the close",
    stage: "closed",
    code: "accepted",
    attack: async (scene) => {
      await scene.publish(scene.chat.patient, scene.addPhone())
      return scene.refusal(scene.chat.patient, grant(scene, deviceSlot(scene.phone)))
    },
  },
  {
    name: "a nurse's grant to the patient's second device after the close",
    stage: "closed",
    code: "accepted",
    attack: async (scene) => {
      await scene.publish(scene.chat.patient, scene.addPhone())
      scene.baseline++
      return scene.refusal(nurse, grant(scene, deviceSlot(scene.phone), {}, nurse))
    },
  },
])

// Epochs after a change of members.
bench.each([
  {
    name: "a message by the second device",
    stage: "two-devices",
    code: "accepted",
    attack: (scene) => scene.refusal(scene.phone, scene.chat.message(scene.phone)),
  },
  {
    name: "a message in an epoch from before a member change",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: (scene) =>
      scene.refusal(
        scene.chat.patient,
        scene.chat.message(scene.chat.patient, { epoch: scene.chat.epochs[0] as Uint8Array }),
      ),
  },
  {
    name: "an epoch without the new device",
    stage: "two-devices",
    code: "ERR_CONFLICT",
    attack: (scene) => {
      scene.chat.devices.pop()
      return scene.refusal(scene.chat.patient, scene.chat.nextEpoch())
    },
  },
  {
    name: "an epoch that keeps the removed device",
    stage: "removed-device",
    code: "ERR_CONFLICT",
    attack: (scene) => {
      scene.chat.devices.push(scene.phone)
      return scene.refusal(scene.chat.patient, scene.chat.nextEpoch())
    },
  },
  {
    name: "an epoch that keeps the removed role",
    stage: "removed-role",
    code: "ERR_CONFLICT",
    attack: (scene) => {
      scene.chat.roles = ["billing", "nursing"]
      return scene.refusal(nurse, scene.chat.nextEpoch(nurse))
    },
  },
])

test("refuses a seventeenth device at a time, and a hundred and twenty-ninth ever", async () => {
  const scene = bench.scene()
  await scene.reach("removed-device")
  const { patient } = scene.chat
  const add = (): Uint8Array => scene.chat.member(addDevice(newDevice()))
  const addAndRemove = async (): Promise<void> => {
    const phone = newDevice()
    await scene.publish(patient, scene.chat.member(addDevice(phone)))
    await scene.publish(patient, scene.chat.member(removeDevice(phone)))
  }
  for (let i = 0; i < 14; i++) await scene.publish(patient, add())
  const sixteenth = newDevice()
  await scene.publish(patient, scene.chat.member(addDevice(sixteenth)))
  assert.is(await scene.refusal(patient, add()), "ERR_FORBIDDEN")
  await scene.publish(patient, scene.chat.member(removeDevice(sixteenth)))
  for (let ever = 17; ever < 128; ever++) await addAndRemove()
  assert.is(await scene.refusal(patient, add()), "ERR_FORBIDDEN")
  await scene.end()
})

test.run()
