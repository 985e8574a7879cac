/** Attacks on membership: who joins, who leaves, who may say so (docs/protocol.md, Member and Grant). */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  type Member,
  membersOfTranscript,
  roleMember,
  type TranscriptEvent,
} from "../../src/conversation/index.ts"
import { cryptoReady, type Device, signRecord } from "../../src/crypto/index.ts"
import {
  asRole,
  decodeRecord,
  encodeMember,
  encodePolicy,
  encodeRole,
  type MemberChange,
} from "../../src/protocol/index.ts"
import { keysOf, NOW, seedOf, testDevice, testPolicy } from "../support/clinic.ts"
import { signDetached } from "../support/forge.ts"
import { assertRefused, assertUnusable } from "../support/refusal.ts"
import { type Actor, Scene } from "../support/scene.ts"

const test = suite("attacks: members")
test.before(cryptoReady)

const BILLING = asRole("billing")
const MINUTE = 60_000

function textOf(event: TranscriptEvent | undefined): string {
  if (event?.kind !== "message") return `(${event?.kind})`
  return event.payload.type === "text" ? event.payload.text : `(${event.payload.type})`
}

function memberOf(scene: Scene, role: string): Member {
  return roleMember(scene.clinic.directory, scene.clinic.directory.position, asRole(role))
}

/** A member record by whoever likes. */
function forged(scene: Scene, by: Device, change: MemberChange): Uint8Array {
  const { position, link } = scene.clinic.directory
  const header = { type: "member", scope: scene.conversation, issued: NOW } as const
  return signRecord(by, header, encodeMember({ ...change, directory: { position, link } }))
}

const addDevice = (device: Device): MemberChange => ({
  change: "add-device",
  keys: keysOf(device),
  kind: "device",
  until: 0,
})

/** Nursing hands the conversation to billing, with its past. */
function handOver(scene: Scene): Actor {
  const biller = scene.join("biller", scene.clinic.biller)
  scene.deliver(scene.nurse.addRole("billing"))
  scene.deliver(scene.nurse.epoch())
  scene.deliver(scene.nurse.grant(memberOf(scene, "billing")))
  scene.deliver(biller.access("billing", "HPAYMT"))
  return biller
}

test("a role that joins reads the past by a grant, and answers; one that leaves reads nothing new", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("before"))
  const biller = handOver(scene)
  const granted = biller.events.find(({ kind }) => kind === "grant")
  assert.equal(granted?.kind === "grant" && granted.opened.map(textOf), ["before"])
  assert.equal(scene.deliver(biller.message("by billing")).map(textOf), Array(4).fill("by billing"))
  scene.deliver(scene.nurse.removeRole("billing"))
  assertRefused(scene.patient, biller.message("I stay"))
  scene.patient.state = scene.nurse.state
  const epoch = scene.nurse.epoch()
  for (const actor of [scene.nurse, scene.patient]) assert.is(actor.take(epoch).kind, "epoch")
  const secret = scene.patient.message("after")
  assertUnusable(biller, epoch)
  assertUnusable(biller, secret)
})

test("without a grant a new role reads what comes, and nothing of what was", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("before"))
  scene.deliver(scene.nurse.addRole("billing"))
  scene.deliver(scene.nurse.epoch())
  scene.deliver(scene.nurse.message("after"))
  const biller = scene.replay("biller", scene.clinic.biller)
  assert.equal(
    biller.events.flatMap((event) => (event.kind === "message" ? [textOf(event)] : [])),
    ["after"],
  )
  assert.is(biller.state.locked.length, 1)
})

test("a second phone is granted the past, and a lost one reads nothing after its removal", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("from the first"))
  const phone = testDevice("phone")
  const second = scene.join("phone", phone)
  scene.deliver(scene.patient.addDevice(phone))
  scene.deliver(scene.patient.epoch())
  const { directory } = scene.clinic
  const slot = membersOfTranscript(scene.patient.state, directory, directory.position).find(
    ({ kind, id }) => kind === "device" && id.every((byte, i) => byte === phone.id[i]),
  ) as Member
  scene.deliver(scene.patient.grant(slot))
  assert.equal(scene.deliver(second.message("from the second")).map(textOf)[0], "from the second")
  const lost = scene.patient.message("I am lost")
  scene.deliver(second.removeDevice(scene.patient.device))
  assertUnusable(scene.patient, second.epoch())
  assertRefused(scene.nurse, lost)
})

const STRANGERS: readonly { name: string; by: (scene: Scene) => Device; change: () => MemberChange }[] = [
  {
    name: "a relay adds a patient device by its own word",
    by: () => testDevice("the relay"),
    change: () => addDevice(testDevice("spy")),
  },
  {
    name: "an administrator adds a ghost device",
    by: ({ clinic }) => clinic.admin,
    change: () => addDevice(testDevice("ghost")),
  },
  {
    name: "a nurse adds a device to the patient's",
    by: ({ clinic }) => clinic.nurse,
    change: () => addDevice(testDevice("ghost")),
  },
  {
    name: "a nurse removes the patient's device",
    by: ({ clinic }) => clinic.nurse,
    change: () => ({ change: "remove-device", device: testDevice("patient").id }),
  },
  {
    name: "staff of a role outside the conversation add their own role",
    by: ({ clinic }) => clinic.biller,
    change: () => ({ change: "add-role", role: BILLING }),
  },
  {
    name: "a patient adds a role",
    by: () => testDevice("patient"),
    change: () => ({ change: "add-role", role: BILLING }),
  },
  {
    name: "a nurse adds a role without a key",
    by: ({ clinic }) => clinic.nurse,
    change: () => ({ change: "add-role", role: asRole("nobody") }),
  },
  {
    name: "a nurse adds a role that is a member",
    by: ({ clinic }) => clinic.nurse,
    change: () => ({ change: "add-role", role: asRole("nursing") }),
  },
  {
    name: "a nurse removes the last role",
    by: ({ clinic }) => clinic.nurse,
    change: () => ({ change: "remove-role", role: asRole("nursing") }),
  },
  {
    name: "a nurse removes a role that is no member",
    by: ({ clinic }) => clinic.nurse,
    change: () => ({ change: "remove-role", role: BILLING }),
  },
  {
    name: "a patient removes her last device",
    by: () => testDevice("patient"),
    change: () => ({ change: "remove-device", device: testDevice("patient").id }),
  },
  {
    name: "a patient removes a device that isn't there",
    by: () => testDevice("patient"),
    change: () => ({ change: "remove-device", device: testDevice("nobody").id }),
  },
  {
    name: "a patient's own device added again",
    by: () => testDevice("patient"),
    change: () => addDevice(testDevice("patient")),
  },
  {
    name: "a device with a signing key of small order",
    by: () => testDevice("patient"),
    change: () =>
      ({
        ...addDevice(testDevice("phone")),
        keys: { ...keysOf(testDevice("phone")), signing: new Uint8Array(32) },
      }) as MemberChange,
  },
  {
    name: "a device with an all-zero X25519 share",
    by: () => testDevice("patient"),
    change: () =>
      ({
        ...addDevice(testDevice("phone")),
        keys: {
          ...keysOf(testDevice("phone")),
          wrapping: testDevice("phone").wrapping.publicKey.map((byte, i) => (i < 1184 ? byte : 0)),
        },
      }) as MemberChange,
  },
  {
    name: "a pairing device that never ends",
    by: () => testDevice("patient"),
    change: () => ({ ...addDevice(testDevice("phone")), kind: "pairing", until: 0 }) as MemberChange,
  },
  {
    name: "a pairing device for an hour",
    by: () => testDevice("patient"),
    change: () =>
      ({ ...addDevice(testDevice("phone")), kind: "pairing", until: NOW + 60 * MINUTE }) as MemberChange,
  },
  {
    name: "a device that ends although it is no pairing",
    by: () => testDevice("patient"),
    change: () => ({ ...addDevice(testDevice("phone")), until: NOW + MINUTE }) as MemberChange,
  },
]

for (const { name, by, change } of STRANGERS) {
  test(name, () => {
    const scene = new Scene()
    const record = forged(scene, by(scene), change())
    for (const actor of [scene.patient, scene.nurse]) assertRefused(actor, record)
  })
}

test("a role whose policy doesn't let it change members", () => {
  const scene = new Scene()
  const rule = { history: "all", sinceMs: 0, rotationDays: 90, mayChangeMembers: false } as const
  scene.clinic.sign(
    "policy",
    encodePolicy({ ...testPolicy(), roleRules: [{ role: asRole("nursing"), ...rule }] }),
  )
  assertRefused(scene.patient, forged(scene, scene.clinic.nurse, { change: "add-role", role: BILLING }))
})

test("a removed device comes back under its old keys", () => {
  const scene = new Scene()
  const phone = testDevice("phone")
  scene.deliver(scene.patient.addDevice(phone))
  scene.deliver(scene.patient.removeDevice(phone))
  assertRefused(scene.nurse, scene.patient.addDevice(phone))
})

test("a seventeenth device", () => {
  const scene = new Scene()
  for (let i = 2; i <= 16; i++) scene.deliver(scene.patient.addDevice(testDevice(`phone ${i}`)))
  assert.is(scene.nurse.state.devices.size, 16)
  assertRefused(scene.nurse, scene.patient.addDevice(testDevice("phone 17")))
})

test("a hundred and twenty-ninth device, although the others were removed", () => {
  const scene = new Scene()
  const record = scene.patient.addDevice(testDevice("phone"))
  const [own] = scene.patient.state.devices.values()
  if (!own) throw new Error("no device")
  const gone = Array.from({ length: 127 }, (_, i) => [`${i}`, { ...own, removedAt: 1 }] as const)
  for (const actor of scene.all)
    actor.state = { ...actor.state, devices: new Map([...actor.state.devices, ...gone]) }
  assertRefused(scene.nurse, record)
})

test("a role removed that is none of several", () => {
  const scene = new Scene({ roles: ["billing", "nursing"] })
  assertRefused(scene.patient, scene.nurse.removeRole("vault"))
})

test("a thirty-third role", () => {
  const scene = new Scene()
  const many = Array.from({ length: 32 }, (_, i) => asRole(`team-${i}`))
  const record = scene.nurse.addRole("billing")
  for (const actor of scene.all)
    actor.state = { ...actor.state, roles: [asRole("nursing"), ...many.slice(1)] }
  assertRefused(scene.patient, record)
})

test("a grant doesn't make an epoch usable whose members were wrong", () => {
  const scene = new Scene()
  const phone = testDevice("phone")
  const stale = scene.patient.epoch()
  scene.deliver(scene.patient.addDevice(phone))
  const maker = scene.replay("patient", scene.patient.device)
  scene.deliver(stale)
  scene.deliver(scene.patient.epoch())
  // Whoever made it has its secret, and grants it as if it were right.
  const epochs = new Map(scene.patient.state.epochs)
  const own = new Scene()
  own.patient.take(stale)
  const [hash, wrong] = [...epochs].find(([, { isSound }]) => !isSound) as [string, never]
  const made = own.patient.state.epochs.get(hash)
  assert.ok(made?.masked, "the maker has its secret")
  epochs.set(hash, { ...(wrong as object), masked: made.masked } as never)
  scene.patient.state = { ...scene.patient.state, epochs }
  const late = scene.replay("phone", phone)
  const { directory } = scene.clinic
  const members = membersOfTranscript(scene.patient.state, directory, directory.position)
  const slot = members.find(({ id }) => id.every((byte, i) => byte === phone.id[i])) as Member
  const event = late.take(scene.patient.grant(slot))
  assert.is(event.kind, "grant")
  assert.is(late.state.epochs.get(hash)?.key, undefined)
  assert.is(maker.state.epochs.size, 1)
})

test("a pairing device after its time", () => {
  const scene = new Scene()
  const phone = testDevice("phone")
  const pairing = { ...addDevice(phone), kind: "pairing", until: NOW + 10 * MINUTE } as MemberChange
  scene.deliver(forged(scene, scene.patient.device, pairing))
  const late = scene.join("phone", phone)
  late.nowMs = NOW + 11 * MINUTE
  assertRefused(scene.nurse, late.addDevice(testDevice("spy")))
})

test("the patient's last device that isn't for pairing is removed by the pairing one", () => {
  const scene = new Scene()
  const phone = testDevice("phone")
  const pairing = { ...addDevice(phone), kind: "pairing", until: NOW + 10 * MINUTE } as MemberChange
  scene.deliver(forged(scene, scene.patient.device, pairing))
  const late = scene.join("phone", phone)
  assertRefused(scene.nurse, late.removeDevice(scene.patient.device))
})

test("a removal withheld from the patient shows as a fork with the next message of the others", () => {
  const scene = new Scene()
  handOver(scene)
  const removal = scene.nurse.removeRole("billing")
  const epoch = ((): Uint8Array => {
    for (const actor of [scene.nurse, scene.colleague]) actor.take(removal)
    return scene.nurse.epoch()
  })()
  for (const actor of [scene.nurse, scene.colleague]) actor.take(epoch)
  const next = scene.nurse.message("billing is out")
  // Withheld, so that the patient goes on writing to billing: what the nurse has seen isn't what the patient has.
  scene.patient.take(scene.colleague.access())
  scene.patient.take(scene.colleague.access())
  const event = scene.patient.take(next)
  assert.is(event.kind === "refused" && event.code, "ERR_FORK")
})

test("a message by an epoch that its sender knew to be of other members", () => {
  const scene = new Scene()
  scene.deliver(scene.nurse.addRole("billing"))
  scene.deliver(scene.nurse.epoch())
  scene.deliver(scene.nurse.removeRole("billing"))
  assertUnusable(scene.patient, scene.nurse.message("billing still reads this"))
})

test("an epoch made for the members before a change", () => {
  const scene = new Scene()
  const epoch = scene.patient.epoch()
  scene.deliver(scene.nurse.addRole("billing"))
  assertUnusable(scene.nurse, epoch)
})

test("a grant to a role that is no member, to one by an older key, and by somebody who is no participant", () => {
  const scene = new Scene()
  assertRefused(scene.patient, scene.nurse.grant(memberOf(scene, "billing")))
  const old = memberOf(scene, "nursing")
  scene.clinic.rotate("nursing", 2)
  assertRefused(scene.patient, scene.nurse.grant(old))
  const biller = scene.replay("biller", scene.clinic.biller)
  biller.state = scene.nurse.state
  assertRefused(scene.patient, biller.grant(memberOf(scene, "nursing")))
})

test("a grant of secrets that aren't the epochs': the receiver refuses it and stays as it was", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("before"))
  const biller = scene.join("biller", scene.clinic.biller)
  scene.deliver(scene.nurse.addRole("billing"))
  scene.deliver(scene.nurse.epoch())
  const epochs = new Map(
    [...scene.nurse.state.epochs].map(([hash, epoch]) => [hash, { ...epoch, masked: seedOf("mine") }]),
  )
  scene.nurse.state = { ...scene.nurse.state, epochs }
  assertRefused(biller, scene.nurse.grant(memberOf(scene, "billing")))
  assert.is(biller.state.locked.length, 1)
})

test("a grant moved into another conversation, and its wrap into another grant", () => {
  const [one, other] = [new Scene({ name: "one" }), new Scene({ name: "other" })]
  for (const scene of [one, other]) {
    scene.deliver(scene.nurse.addRole("billing"))
    scene.deliver(scene.nurse.epoch())
  }
  const grant = one.nurse.grant(memberOf(one, "billing"))
  assertRefused(other.patient, grant)
  const { body, detached } = decodeRecord(other.nurse.grant(memberOf(other, "billing")))
  const foreign = decodeRecord(grant).detached
  assert.is(foreign.length, detached.length)
  const header = { type: "grant", scope: other.conversation, issued: NOW } as const
  const biller = other.replay("biller", other.clinic.biller)
  assertRefused(biller, signDetached(other.nurse.device, header, body.slice(0, -32), foreign))
})

test("a grant that names an epoch of another conversation", () => {
  const [one, other] = [new Scene({ name: "one" }), new Scene({ name: "other" })]
  for (const scene of [one, other]) scene.deliver(scene.nurse.addRole("billing"))
  const { body, detached } = decodeRecord(one.nurse.grant(memberOf(one, "billing")))
  const header = { type: "grant", scope: other.conversation, issued: NOW } as const
  assertRefused(other.patient, signDetached(other.nurse.device, header, body.slice(0, -32), detached))
})

test("a device's slot and a role's with the same bytes are two", () => {
  const scene = new Scene()
  const member = memberOf(scene, "nursing")
  const device = {
    ...member,
    kind: "device",
    id: encodeRole(asRole("nursing-nursing1")),
    generation: 0,
  } as const
  assertRefused(scene.patient, scene.nurse.grant(device))
})

test.run()
