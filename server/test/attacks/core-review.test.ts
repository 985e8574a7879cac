/** Records that clients refuse by their own date, or by the directory that they name: a relay that took them would go on
 * with other members, or another end, than everybody sees. */

import { randomBytes } from "node:crypto"
import type { Device } from "@wardline/sdk/crypto"
import { linkAt } from "@wardline/sdk/directory"
import {
  asRole,
  encodeEpochHead,
  encodeGrantHead,
  encodeMember,
  GRANT_OVERHEAD_BYTES,
  WRAP_BYTES,
} from "@wardline/sdk/protocol"
import { suite } from "uvu"
import { AttackBench, thePatient } from "../support/attack-bench.ts"
import { HOUR } from "../support/chat.ts"
import { keysOf, newDevice } from "../support/clinic.ts"
import { MINUTE, type Scene } from "../support/scene.ts"

const test = suite("what clients refuse")
const bench = new AttackBench(test)
const { clinic } = bench
const { nurse } = clinic
const addRole = { change: "add-role", role: asRole("billing") } as const

const rule = { role: asRole("nursing"), history: "all", sinceMs: 0, rotationDays: 0 } as const
const ruled = (mayChangeMembers: boolean): { position: number; link: Uint8Array } => {
  clinic.setPolicy({ archiveRole: asRole("records"), roleRules: [{ ...rule, mayChangeMembers }] })
  const { position, link } = clinic.directory
  return { position, link }
}
/** By which nurses mayn't change members; the vault's key is older than the newest one. */
const stricter = ruled(false)
ruled(true)
clinic.rotate("records", 2)

/** The directory as it was after one record: nobody but the administrator was anybody. */
const beginning = (): { position: number; link: Uint8Array } => ({
  position: 1,
  link: linkAt(clinic.directory, 1) as Uint8Array,
})

const dated = (by: (scene: Scene) => Device, offset: number) => (scene: Scene) => {
  const { chat } = scene
  const device = by(scene)
  return scene.refusal(device, chat.message(device, { issued: Date.now() + offset }))
}
const theNurse = (): Device => nurse

bench.each([
  {
    name: "a role added with a date before the access record",
    stage: "accessed",
    code: "ERR_ACCESS_REQUIRED",
    attack: (scene) => scene.refusal(nurse, scene.chat.member(addRole, nurse, Date.now() - HOUR)),
  },
  {
    name: "a role added with a date after the access record",
    stage: "accessed",
    code: "ERR_ACCESS_REQUIRED",
    attack: (scene) => scene.refusal(nurse, scene.chat.member(addRole, nurse, Date.now() + 2 * HOUR)),
  },
  {
    name: "a message with a date before the access record",
    stage: "accessed",
    code: "ERR_ACCESS_REQUIRED",
    attack: dated(theNurse, -HOUR),
  },
  {
    name: "the patient's message with a date an hour ago",
    stage: "accessed",
    code: "accepted",
    attack: dated(thePatient, -HOUR),
  },
  {
    name: "a device added by a pairing one that is over by its own date",
    stage: "pairing",
    code: "ERR_CLOCK",
    attack: (scene) => {
      const change = { change: "add-device", keys: keysOf(newDevice()), kind: "device", until: 0 } as const
      return scene.refusal(scene.phone, scene.chat.member(change, scene.phone, Date.now() + 11 * MINUTE))
    },
  },
  {
    name: "a role added by a directory in which she was nobody",
    stage: "accessed",
    code: "ERR_CONFLICT",
    attack: (scene) => {
      const body = encodeMember({ ...addRole, directory: beginning() })
      return scene.refusal(nurse, scene.chat.sign("member", body, nurse))
    },
  },
  {
    name: "an epoch by a directory in which she was nobody",
    stage: "accessed",
    code: "ERR_CONFLICT",
    attack: (scene) => {
      const { chat } = scene
      const slots = chat.slots()
      const head = encodeEpochHead({
        suite: 1,
        number: 2,
        parent: chat.epoch,
        directory: beginning(),
        commitment: randomBytes(32),
        slots,
      })
      const wraps = randomBytes(WRAP_BYTES * slots.length)
      return scene.refusal(nurse, chat.signDetached("epoch", head, wraps, nurse))
    },
  },
  {
    name: "a role added by a directory in which her role couldn't",
    stage: "accessed",
    code: "ERR_CONFLICT",
    attack: (scene) => {
      const body = encodeMember({ ...addRole, directory: stricter })
      return scene.refusal(nurse, scene.chat.sign("member", body, nurse))
    },
  },
  {
    name: "an archive by a directory in which the vault had another key",
    stage: "closed",
    code: "ERR_CONFLICT",
    attack: (scene) => {
      const { chat } = scene
      const head = encodeGrantHead({
        slot: chat.roleSlot("records"),
        directory: stricter,
        epochs: chat.epochs,
      })
      const wrap = randomBytes(GRANT_OVERHEAD_BYTES + 32 * chat.epochs.length)
      return scene.refusal(nurse, chat.signDetached("archive", head, wrap, nurse))
    },
  },
])

test.run()
