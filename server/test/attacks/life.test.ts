/** Who may not close, archive, open the vault, reopen, withdraw or destroy: each with its code, and nothing stored. */
import { randomBytes } from "node:crypto"
import { asRole, recordPart } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import {
  type Attack,
  AttackBench,
  grant,
  type Published,
  publishing,
  type Row,
} from "../support/attack-bench.ts"
import { deviceSlot } from "../support/chat.ts"
import { logIn } from "../support/client.ts"
import { REASON, type Stage } from "../support/scene.ts"

const test = suite("a conversation's life")
const bench = new AttackBench(test)
const { clinic, other, archivist } = bench
const { nurse, biller, admin } = clinic

// The vault.
bench.each([
  {
    name: "an archive after the close",
    stage: "closed",
    code: "accepted",
    attack: (scene) => scene.refusal(nurse, scene.chat.archive(nurse)),
  },
  {
    name: "an archive of an open conversation",
    stage: "accessed",
    code: "ERR_CONFLICT",
    attack: (scene) => scene.refusal(nurse, scene.chat.archive(nurse)),
  },
  {
    name: "an archive by the patient",
    stage: "closed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(scene.chat.patient, scene.chat.archive(scene.chat.patient)),
  },
  {
    name: "an archive by staff without access",
    stage: "closed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(biller, scene.chat.archive(biller)),
  },
  {
    name: "an archive by an administrator",
    stage: "closed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(admin, scene.chat.archive(admin)),
  },
  {
    name: "an archive to another role",
    stage: "closed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(nurse, scene.chat.archive(nurse, "billing")),
  },
  {
    name: "an archive to a device",
    stage: "closed",
    code: "ERR_FORBIDDEN",
    attack: (scene) =>
      scene.refusal(nurse, scene.chat.grant("archive", nurse, deviceSlot(scene.chat.patient))),
  },
  {
    name: "an archive by another key of the role's generation",
    stage: "closed",
    code: "ERR_CONFLICT",
    attack: (scene) =>
      scene.refusal(
        nurse,
        scene.chat.grant("archive", nurse, { ...scene.chat.roleSlot("records"), keyHash: randomBytes(32) }),
      ),
  },
  {
    name: "a nurse's access to what lies in the vault",
    stage: "archived",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(nurse, scene.chat.access(nurse)),
  },
  {
    name: "a nurse's reopening of what lies in the vault",
    stage: "archived",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(nurse, scene.chat.reopen(nurse)),
  },
  {
    name: "the archive role's access to what isn't in the vault",
    stage: "closed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(archivist, scene.breakGlass()),
  },
  {
    name: "access to the vault without breaking the glass",
    stage: "archived",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(archivist, scene.chat.access(archivist, { role: "records" })),
  },
  {
    name: "access to the vault by another's role",
    stage: "archived",
    code: "ERR_FORBIDDEN",
    attack: (scene) =>
      scene.refusal(biller, scene.chat.access(biller, { role: "records", purpose: "BTG", reason: REASON })),
  },
  {
    name: "access to the vault without a reason",
    stage: "archived",
    code: "ERR_FORBIDDEN",
    attack: (scene) =>
      scene.refusal(archivist, scene.chat.access(archivist, { role: "records", purpose: "BTG" })),
  },
  {
    name: "access to the vault by breaking the glass",
    stage: "archived",
    code: "accepted",
    attack: (scene) => scene.refusal(archivist, scene.breakGlass()),
  },
  {
    name: "a message into the vault",
    stage: "vault-opened",
    code: "ERR_CLOSED",
    attack: (scene) => scene.refusal(archivist, scene.chat.message(archivist)),
  },
  {
    name: "a grant out of the vault without access",
    stage: "archived",
    code: "ERR_ACCESS_REQUIRED",
    attack: (scene) => scene.refusal(archivist, grant(scene, scene.chat.roleSlot("nursing"), {}, archivist)),
  },
  {
    name: "a grant out of the vault",
    stage: "vault-opened",
    code: "accepted",
    attack: (scene) => scene.refusal(archivist, grant(scene, scene.chat.roleSlot("nursing"), {}, archivist)),
  },
  {
    name: "a grant out of the vault by the patient",
    stage: "archived",
    code: "ERR_CLOSED",
    attack: (scene) => scene.refusal(scene.chat.patient, grant(scene, scene.chat.roleSlot("nursing"))),
  },
  {
    name: "the vault's reopening",
    stage: "vault-opened",
    code: "accepted",
    attack: (scene) => scene.refusal(archivist, scene.chat.reopen(archivist)),
  },
  {
    name: "a reopening of an open conversation",
    stage: "accessed",
    code: "ERR_CONFLICT",
    attack: (scene) => scene.refusal(nurse, scene.chat.reopen(nurse)),
  },
  {
    name: "a reopening by the patient",
    stage: "closed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(scene.chat.patient, scene.chat.reopen(scene.chat.patient)),
  },
  {
    name: "a reopening by staff without access",
    stage: "closed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(biller, scene.chat.reopen(biller)),
  },
  {
    name: "a reopening by a nurse",
    stage: "closed",
    code: "accepted",
    attack: (scene) => scene.refusal(nurse, scene.chat.reopen(nurse)),
  },
  {
    name: "the nurse's access after the reopening",
    stage: "reopened",
    code: "accepted",
    attack: (scene) => scene.refusal(nurse, scene.chat.access(nurse)),
  },
  {
    name: "a grant to the nurses after the reopening",
    stage: "reopened",
    code: "accepted",
    attack: (scene) => scene.refusal(archivist, grant(scene, scene.chat.roleSlot("nursing"), {}, archivist)),
  },
])

// Withdrawal and destruction.
const AFTER_WITHDRAWAL = "ERR_CONSENT_REQUIRED"
bench.each([
  ...publishing({ stage: "withdrawn", code: AFTER_WITHDRAWAL }, [
    {
      name: "a message by the patient after the withdrawal",
      publish: ({ chat }) => [chat.patient, chat.message()],
    },
    { name: "a message by staff after the withdrawal", publish: ({ chat }) => [nurse, chat.message(nurse)] },
    { name: "an epoch after the withdrawal", publish: ({ chat }) => [chat.patient, chat.nextEpoch()] },
    { name: "a new device after the withdrawal", publish: (scene) => [scene.chat.patient, scene.addPhone()] },
    {
      name: "a new role after the withdrawal",
      publish: ({ chat }) => [nurse, chat.member({ change: "add-role", role: asRole("billing") }, nurse)],
    },
    {
      name: "a grant after the withdrawal",
      publish: (scene) => [nurse, grant(scene, scene.chat.roleSlot("nursing"), {}, nurse)],
    },
    { name: "a second withdrawal", publish: ({ chat }) => [chat.patient, chat.withdraw()] },
    { name: "a reopening after the withdrawal", publish: ({ chat }) => [nurse, chat.reopen(nurse)] },
  ]),
  {
    name: "access after the withdrawal",
    stage: "withdrawn",
    code: "accepted",
    attack: (scene) => scene.refusal(nurse, scene.chat.access(nurse)),
  },
  {
    name: "a close after the withdrawal",
    stage: "withdrawn",
    code: "accepted",
    attack: (scene) => scene.refusal(nurse, scene.chat.close(nurse)),
  },
  {
    name: "a withdrawal by staff",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(nurse, scene.chat.withdraw(nurse)),
  },
  {
    name: "a withdrawal by an administrator",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(admin, scene.chat.withdraw(admin)),
  },
  {
    name: "a withdrawal by the second device",
    stage: "two-devices",
    code: "accepted",
    attack: (scene) => scene.refusal(scene.phone, scene.chat.withdraw(scene.phone)),
  },
  {
    name: "a withdrawal of what lies in the vault",
    stage: "archived",
    code: "accepted",
    attack: (scene) => scene.refusal(scene.chat.patient, scene.chat.withdraw()),
  },
  ...publishing({ stage: "shredded", code: "ERR_CLOSED" }, [
    {
      name: "a message by the patient after the shredding",
      publish: ({ chat }) => [chat.patient, chat.message()],
    },
    { name: "an epoch after the shredding", publish: ({ chat }) => [chat.patient, chat.nextEpoch()] },
    { name: "access after the shredding", publish: ({ chat }) => [nurse, chat.access(nurse)] },
    { name: "a close after the shredding", publish: ({ chat }) => [nurse, chat.close(nurse)] },
    { name: "a withdrawal after the shredding", publish: ({ chat }) => [chat.patient, chat.withdraw()] },
    { name: "a second shredding", publish: ({ chat }) => [admin, chat.shred(admin)] },
  ]),
  {
    name: "a shredding by the patient",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(scene.chat.patient, scene.chat.shred(scene.chat.patient)),
  },
  {
    name: "a shredding by staff",
    stage: "accessed",
    code: "ERR_FORBIDDEN",
    attack: (scene) => scene.refusal(nurse, scene.chat.shred(nurse)),
  },
  {
    name: "a shredding by another clinic's administrator",
    stage: "accessed",
    code: "ERR_NOT_FOUND",
    attack: async (scene) => {
      const client = await logIn(bench.url, other, other.admin)
      const code = await client.refusal(scene.chat.shred(other.admin))
      await client.close()
      return code
    },
  },
  {
    name: "a shredding that names a forked directory",
    stage: "accessed",
    code: "ERR_FORK",
    attack: (scene) => {
      Object.defineProperty(scene.chat, "reference", { value: { position: 2, link: randomBytes(32) } })
      return scene.refusal(admin, scene.chat.shred(admin))
    },
  },
  {
    name: "a shredding by an administrator",
    stage: "accessed",
    code: "accepted",
    attack: (scene) => scene.refusal(admin, scene.chat.shred(admin)),
  },
  {
    name: "a shredding of what lies in the vault",
    stage: "archived",
    code: "accepted",
    attack: (scene) => scene.refusal(admin, scene.chat.shred(admin)),
  },
])

// What an administrator may publish is one record.
bench.each(
  publishing({ stage: "accessed", code: "ERR_FORBIDDEN" }, [
    { name: "a message by an administrator", publish: ({ chat }) => [admin, chat.message(admin)] },
    { name: "an epoch by an administrator", publish: ({ chat }) => [admin, chat.nextEpoch(admin)] },
    { name: "a close by an administrator", publish: ({ chat }) => [admin, chat.close(admin)] },
    { name: "a reopening by an administrator", publish: ({ chat }) => [admin, chat.reopen(admin)] },
  ]),
)

/** With its signature changed. */
const forged =
  (publish: Published): Attack =>
  (scene) => {
    const [device, made] = publish(scene)
    const record = Buffer.from(made)
    const last = recordPart(record).length - 1
    record[last] = (record[last] ?? 0) ^ 1
    return scene.refusal(device, record)
  }
const FORGED: readonly { name: string; stage: Stage; publish: Published }[] = [
  {
    name: "a member record with a wrong signature",
    stage: "accessed",
    publish: (scene) => [scene.chat.patient, scene.addPhone()],
  },
  {
    name: "a grant with a wrong signature",
    stage: "two-devices",
    publish: (scene) => [scene.chat.patient, grant(scene, deviceSlot(scene.phone))],
  },
  {
    name: "an archive with a wrong signature",
    stage: "closed",
    publish: ({ chat }) => [nurse, chat.archive(nurse)],
  },
  {
    name: "a reopening with a wrong signature",
    stage: "closed",
    publish: ({ chat }) => [nurse, chat.reopen(nurse)],
  },
  {
    name: "a withdrawal with a wrong signature",
    stage: "accessed",
    publish: ({ chat }) => [chat.patient, chat.withdraw()],
  },
  {
    name: "a shredding with a wrong signature",
    stage: "accessed",
    publish: ({ chat }) => [admin, chat.shred(admin)],
  },
]
bench.each(
  FORGED.map(
    ({ name, stage, publish }): Row => ({ name, stage, code: "ERR_SIGNATURE", attack: forged(publish) }),
  ),
)

test.run()
