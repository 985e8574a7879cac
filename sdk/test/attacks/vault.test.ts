/** Attacks on a conversation's life: closed, archived, withdrawn, destroyed (docs/protocol.md, Life and Shred key). */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  listingKeyOf,
  maskReason,
  membersOfTranscript,
  openSummary,
  roleMember,
  type TranscriptEvent,
  unmaskReason,
} from "../../src/conversation/index.ts"
import { cryptoReady, type Device, signRecord } from "../../src/crypto/index.ts"
import { isWardlineError } from "../../src/errors.ts"
import {
  asRole,
  decodeOpen,
  decodeRecord,
  decodeSummaries,
  encodeClose,
  encodeReopen,
  encodeShred,
  encodeWithdraw,
  hasDetachedPart,
  recordPart,
} from "../../src/protocol/index.ts"
import { NOW, seedOf, testDevice } from "../support/clinic.ts"
import { signDetached } from "../support/forge.ts"
import { assertRefused } from "../support/refusal.ts"
import { type Actor, Scene, shredKeyFor } from "../support/scene.ts"

const test = suite("attacks: vault")
test.before(cryptoReady)

const isMessage = (event: TranscriptEvent): boolean => event.kind === "message"

/** What the relay still has once it has dropped the wraps. */
function dropped(records: readonly Uint8Array[]): Uint8Array[] {
  return records.map((record) => (hasDetachedPart(decodeRecord(record).type) ? recordPart(record) : record))
}

/** A scene whose conversation lies in the vault; `served` is what the relay has left of it. */
function archived(name = "archived"): { scene: Scene; served: Uint8Array[] } {
  const scene = new Scene({ name })
  scene.clinic.addVault()
  scene.deliver(scene.patient.message("private"))
  scene.deliver(scene.nurse.message("an answer"))
  scene.deliver(scene.nurse.close())
  const before = [...scene.records]
  scene.deliver(scene.nurse.archive())
  return { scene, served: [...dropped(before), scene.records.at(-1) as Uint8Array] }
}

function taking(actor: Actor, records: readonly Uint8Array[]): TranscriptEvent[] {
  return records.map((record) => actor.take(record))
}

test("the vault's keeper breaks the glass, reads everything, reopens it and hands it back", () => {
  const { scene, served } = archived()
  const keeper = scene.actor("keeper", scene.clinic.keeper)
  const events = taking(keeper, served)
  const archive = events.at(-1)
  assert.is(archive?.kind === "archive" && archive.opened.filter(isMessage).length, 2)
  const colleague = scene.actor("colleague", scene.clinic.colleague)
  taking(colleague, served)
  const everyone = [keeper, colleague]
  const deliver = (record: Uint8Array): (TranscriptEvent | undefined)[] =>
    everyone.map((actor) => actor.take(record))
  assert.is(deliver(keeper.access("vault", "BTG"))[1]?.kind, "access")
  const { directory } = scene.clinic
  const nursing = roleMember(directory, directory.position, asRole("nursing"))
  const granted = deliver(keeper.grant(nursing))[1]
  assert.is(granted?.kind === "grant" && granted.opened.filter(isMessage).length, 2)
  assert.is(deliver(keeper.reopen("break-glass"))[1]?.kind, "reopen")
  assert.is(deliver(colleague.epoch())[0]?.kind, "epoch")
})

test("a staff device that is stolen after archiving opens none of it, by all that the relay has left", () => {
  const { scene, served } = archived()
  const thief = scene.actor("thief", scene.clinic.nurse)
  const events = taking(thief, served)
  assert.not(events.some(isMessage))
  assert.is(thief.state.locked.length, 2)
  assert.ok([...thief.state.epochs.values()].every(({ key }) => key === undefined))
})

const IN_THE_VAULT: readonly { name: string; by: (scene: Scene) => Uint8Array }[] = [
  { name: "the vault opened for everyday care", by: (s) => keeperOf(s).access("vault", "TREAT") },
  { name: "a nurse reopens what lies in the vault", by: (s) => s.nurse.reopen() },
  { name: "a nurse grants out of the vault", by: (s) => s.nurse.grant(nursingOf(s)) },
  { name: "a patient grants a role a closed conversation", by: (s) => s.patient.grant(nursingOf(s)) },
  {
    name: "a role added to a closed conversation",
    by: (s) => {
      s.nurse.state = { ...s.nurse.state, closedAt: undefined }
      return s.nurse.addRole("billing")
    },
  },
  {
    name: "an epoch in a closed conversation",
    by: (s) => {
      s.patient.state = { ...s.patient.state, closedAt: undefined }
      return s.patient.epoch()
    },
  },
  {
    name: "a message in a closed conversation",
    by: (s) => {
      s.patient.state = { ...s.patient.state, closedAt: undefined }
      return s.patient.message("still here")
    },
  },
  {
    name: "a second close",
    by: (s) => forge(s, s.clinic.nurse, "close", encodeClose({ reason: "resolved" })),
  },
  { name: "a reopening by the patient", by: (s) => forge(s, s.patient.device, "reopen", reopening()) },
  {
    name: "a destruction by a nurse",
    by: (s) => forge(s, s.clinic.nurse, "shred", shredding(s)),
  },
  {
    name: "a destruction by the patient",
    by: (s) => forge(s, s.patient.device, "shred", shredding(s)),
  },
  {
    name: "a destruction by an administrator who was removed",
    by: (s) => {
      s.clinic.removeAdmin()
      return forge(s, s.clinic.admin, "shred", shredding(s))
    },
  },
]

for (const { name, by } of IN_THE_VAULT) {
  test(name, () => {
    const { scene, served } = archived()
    const record = by(scene)
    const witness = scene.actor("witness", scene.clinic.colleague)
    taking(witness, served)
    assertRefused(witness, record)
  })
}

test("a patient's new phone reads a conversation that was closed", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("before"))
  scene.deliver(scene.nurse.close())
  const phone = testDevice("phone")
  const second = scene.join("phone", phone)
  assert.is(scene.deliver(scene.patient.addDevice(phone)).at(-1)?.kind, "member")
  const members = membersOfTranscript(scene.patient.state, scene.clinic.directory, 0x7fffffff)
  const slot = members.find(({ id }) => id.every((byte, i) => byte === phone.id[i]))
  if (!slot) throw new Error("no slot")
  const granted = scene.deliver(scene.patient.grant(slot)).at(-1)
  assert.is(granted?.kind === "grant" && granted.opened.filter(isMessage).length, 1)
  assert.is(second.state.locked.length, 0)
})

test("the vault opened before anything is archived", () => {
  const scene = new Scene()
  scene.clinic.addVault()
  assertRefused(scene.patient, keeperOf(scene).access("vault", "BTG"))
})

test("an archive of an open conversation, to a role that is no vault, or by a patient", () => {
  const scene = new Scene()
  scene.clinic.addVault()
  assertRefused(scene.patient, scene.nurse.archive())
  scene.deliver(scene.nurse.close())
  const { body, detached } = decodeRecord(scene.nurse.archive())
  const header = { type: "archive", scope: scene.conversation, issued: NOW } as const
  assertRefused(scene.nurse, signDetached(scene.patient.device, header, body.slice(0, -32), detached))
  const { body: other, detached: wrap } = decodeRecord(scene.nurse.grant(nursingOf(scene)))
  assertRefused(scene.patient, signDetached(scene.nurse.device, header, other.slice(0, -32), wrap))
})

test("after a withdrawal nobody says anything more, and staff can only close, archive and destroy", () => {
  const scene = new Scene()
  scene.clinic.addVault()
  const after = [
    scene.patient.message("never mind"),
    scene.nurse.message("wait"),
    scene.patient.epoch(),
    scene.nurse.addRole("billing"),
    scene.nurse.grant(nursingOf(scene)),
  ]
  scene.deliver(scene.patient.withdraw())
  for (const record of after) assertRefused(scene.colleague, record)
  assertRefused(scene.colleague, forge(scene, scene.patient.device, "withdraw", encodeWithdraw()))
  assert.is(scene.colleague.take(scene.nurse.close()).kind, "close")
  assertRefused(scene.colleague, scene.nurse.reopen())
})

test("a withdrawal by staff", () => {
  const scene = new Scene()
  assertRefused(scene.patient, forge(scene, scene.clinic.nurse, "withdraw", encodeWithdraw()))
})

test("after a destruction nothing is taken any more, not even a reading", () => {
  const scene = new Scene()
  const admin = scene.actor("admin", scene.clinic.admin)
  assert.is(scene.deliver(admin.shred())[0]?.kind, "shred")
  assertRefused(scene.patient, scene.nurse.access())
  assertRefused(scene.patient, admin.shred())
})

test("crypto-shred: the whole traffic and every surviving key open nothing of it, and all of its neighbour", () => {
  const scenes = ["destroyed", "neighbour"].map((name) => archived(name).scene)
  const [destroyed, neighbour] = scenes as [Scene, Scene]
  for (const scene of scenes) {
    const everyKey = survivors(scene)
    const shredKey = scene === destroyed ? undefined : shredKeyFor(scene.conversation)
    for (const { name, device } of everyKey) {
      const actor = scene.actor(name, device)
      actor.shredKey = shredKey
      const opened = taking(actor, scene.records).flatMap((event) => [
        event,
        ...("opened" in event ? event.opened : []),
      ])
      const read = opened.filter(isMessage).length
      assert.is(read, scene === destroyed || name === "admin" ? 0 : 2, `${name} read ${read}`)
    }
    assert.is(topicOf(scene, shredKey), scene === neighbour ? "refill" : undefined)
  }
})

test("a shred key of another conversation opens nothing", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("private"))
  const actor = scene.actor("nurse", scene.clinic.nurse)
  actor.shredKey = seedOf("another")
  assert.not(taking(actor, scene.records).some(isMessage))
})

test("a reason can't be read once the shred key is gone", () => {
  const masked = maskReason(seedOf("key"), seedOf("why", 256))
  assert.equal(unmaskReason(seedOf("key"), masked), seedOf("why", 256))
  assert.not.equal(unmaskReason(seedOf("another"), masked), seedOf("why", 256))
  assert.not.equal(maskReason(seedOf("key"), seedOf("why", 256)), masked, "salted")
})

test("wraps that the relay changes count as missing, and the chain holds", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("private"))
  const epoch = (scene.records[2] as Uint8Array).slice()
  epoch[epoch.length - 1] = (epoch.at(-1) as number) ^ 1
  const records = scene.records.map((record, i) => (i === 2 ? epoch : record))
  const nurse = scene.actor("nurse", scene.clinic.nurse)
  const events = taking(nurse, records)
  assert.is(events[2]?.kind, "epoch")
  assert.is(events[2]?.kind === "epoch" && events[2].isOpen, false)
  assert.equal(nurse.state.links, scene.nurse.state.links)
})

/** Every device of the story and its seeds: what a thief of everything would have. */
function survivors(scene: Scene): { name: string; device: Device }[] {
  const { nurse, colleague, keeper, admin } = scene.clinic
  return Object.entries({ patient: scene.patient.device, nurse, colleague, keeper, admin }).map(
    ([name, device]) => ({ name, device }),
  )
}

function topicOf(scene: Scene, shredKey: Uint8Array | undefined): string | undefined {
  const { body, detached } = decodeRecord(scene.records[1] as Uint8Array)
  const [entry] = decodeOpen(body).roles
  const [sealed] = decodeSummaries(detached, 1)
  if (!entry || !sealed) throw new Error("no summary")
  const seed = scene.clinic.roleSeedsOf(scene.clinic.nurse)("nursing", 1) as Uint8Array
  const listingKey = listingKeyOf(shredKey ?? seedOf("guess"), scene.conversation)
  const from = { conversation: scene.conversation, role: entry.role, generation: entry.generation }
  try {
    return openSummary(sealed, from, seed, listingKey).topic
  } catch (error) {
    if (isWardlineError(error, "ERR_OPEN_FAILED")) return undefined
    throw error
  }
}

function keeperOf(scene: Scene): Actor {
  return scene.replay("keeper", scene.clinic.keeper)
}

function nursingOf(scene: Scene): ReturnType<typeof roleMember> {
  return roleMember(scene.clinic.directory, scene.clinic.directory.position, asRole("nursing"))
}

function reopening(): Uint8Array {
  return encodeReopen({ reason: "mistake" })
}

function shredding({ clinic }: Scene): Uint8Array {
  const { position, link } = clinic.directory
  return encodeShred({ reason: "other", directory: { position, link } })
}

function forge(
  scene: Scene,
  by: Device,
  type: "close" | "reopen" | "shred" | "withdraw",
  body: Uint8Array,
): Uint8Array {
  return signRecord(by, { type, scope: scene.conversation, issued: NOW }, body)
}

test.run()
