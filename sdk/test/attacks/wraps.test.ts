/** Attacks on epoch wraps: by a patient who wants one role blind or fooled, and by a relay that moves bytes. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, equalBytes } from "../../src/bytes.ts"
import {
  createEpoch,
  currentEpoch,
  type Member,
  maskSecret,
  membersOfTranscript,
  type Transcript,
} from "../../src/conversation/index.ts"
import { cryptoReady, type Device, hpkeOpen, hpkeSeal, sha256 } from "../../src/crypto/index.ts"
import { isWardlineError } from "../../src/errors.ts"
import { asRole, decodeWraps, encodeRole, wrapInfo } from "../../src/protocol/index.ts"
import { NOW, seedOf } from "../support/clinic.ts"
import { hasCode } from "../support/errors.ts"
import { epochParts, type ForgedEpoch, signDetached } from "../support/forge.ts"
import { assertRefused, assertUnusable } from "../support/refusal.ts"
import { Scene, shredKeyFor } from "../support/scene.ts"

const test = suite("attacks: wraps")
test.before(cryptoReady)

const NOTHING = new Uint8Array(0)
const SECRET = seedOf("secret")

/** An epoch body as a hostile but current participant could make it. */
function forgeEpoch(
  scene: Scene,
  members: Member[],
  options: { secret?: Uint8Array; number?: number; parent?: Uint8Array } = {},
): ForgedEpoch {
  const parent = currentEpoch(scene.patient.state)
  const { position, link } = scene.patient.directory()
  const { head, wraps } = createEpoch({
    conversation: scene.conversation,
    number: options.number ?? (parent?.number ?? 0) + 1,
    parent: options.parent ?? parent?.hash ?? new Uint8Array(32),
    directory: { position, link },
    members,
    secret: options.secret ?? SECRET,
    shredKey: shredKeyFor(scene.conversation),
    seeds: members.map((_, i) => seedOf(`forged ${i}`, 64)),
  })
  return { head, wraps: decodeWraps(wraps, members.length) }
}

function honestMembers(scene: Scene): Member[] {
  const directory = scene.patient.directory()
  return membersOfTranscript(scene.patient.state, directory, directory.position)
}

function signEpoch(by: { device: Device; state: Transcript }, { head, wraps }: ForgedEpoch): Uint8Array {
  const header = { type: "epoch", scope: by.state.conversation, issued: NOW } as const
  return signDetached(by.device, header, head, concat(...wraps))
}

test("the forge itself makes a good epoch when it does nothing bad", () => {
  const scene = new Scene()
  assert.is(scene.nurse.take(signEpoch(scene.patient, forgeEpoch(scene, honestMembers(scene)))).kind, "epoch")
})

test("two roles given different epoch secrets: the role with the odd one refuses the epoch", () => {
  const scene = new Scene({ roles: ["billing", "nursing"] })
  const members = honestMembers(scene)
  const honest = forgeEpoch(scene, members)
  const nursing = members.findIndex((member) => equalBytes(member.id, encodeRole(asRole("nursing"))))
  const wraps = [...honest.wraps]
  const info = wrapInfo(sha256(honest.head), nursing)
  const seed = { seed: seedOf("odd", 64) }
  wraps[nursing] = hpkeSeal(
    (members[nursing] as Member).publicKey,
    info,
    NOTHING,
    seedOf("another secret"),
    seed,
  )
  assertUnusable(scene.nurse, signEpoch(scene.patient, { head: honest.head, wraps }))
})

test("a wrap moved from an earlier epoch", () => {
  const scene = new Scene()
  const earlier = epochParts(scene.records[2] as Uint8Array)
  const body = forgeEpoch(scene, honestMembers(scene))
  assertUnusable(scene.nurse, signEpoch(scene.patient, { head: body.head, wraps: earlier.wraps }))
})

test("a wrap moved to another slot", () => {
  const scene = new Scene({ roles: ["billing", "nursing"] })
  const body = forgeEpoch(scene, honestMembers(scene))
  const swapped = [body.wraps[0], body.wraps[2], body.wraps[1]] as Uint8Array[]
  assertUnusable(scene.nurse, signEpoch(scene.patient, { head: body.head, wraps: swapped }))
})

test("a wrap opens for the epoch and the slot that it was made for, though its key fits others too", () => {
  const scene = new Scene()
  const { head, wraps } = forgeEpoch(scene, honestMembers(scene))
  const later = forgeEpoch(scene, honestMembers(scene), { number: 40 })
  const seed = scene.clinic.roleSeedsOf(scene.clinic.nurse)("nursing", 1) as Uint8Array
  const openAs = (epoch: Uint8Array, slot: number): Uint8Array =>
    hpkeOpen(seed, wrapInfo(sha256(epoch), slot), NOTHING, wraps[1] as Uint8Array)
  assert.is(openAs(head, 1).length, 32)
  assert.throws(() => openAs(head, 0), hasCode("ERR_OPEN_FAILED"), "another slot")
  assert.throws(() => openAs(later.head, 1), hasCode("ERR_OPEN_FAILED"), "another epoch")
})

test("an epoch moved to another conversation with all its wraps, signed anew", () => {
  const [one, other] = [new Scene({ name: "one" }), new Scene({ name: "other" })]
  const moved = forgeEpoch(one, honestMembers(one))
  const parent = currentEpoch(other.nurse.state)?.hash as Uint8Array
  const head = concat(moved.head.subarray(0, 6), parent, moved.head.subarray(38))
  assertUnusable(other.nurse, signEpoch(other.patient, { head, wraps: moved.wraps }))
})

test("a secret taken along into another conversation, wrapped well but committed to the old one", () => {
  const [one, other] = [new Scene({ name: "one" }), new Scene({ name: "other" })]
  const members = honestMembers(other)
  const taken = forgeEpoch(one, members)
  const head = concat(
    taken.head.subarray(0, 6),
    currentEpoch(other.nurse.state)?.hash as Uint8Array,
    taken.head.subarray(38),
  )
  const masked = maskSecret(shredKeyFor(other.conversation), sha256(head), SECRET)
  const wraps = members.map((member, i) =>
    hpkeSeal(member.publicKey, wrapInfo(sha256(head), i), NOTHING, masked, { seed: seedOf(`t${i}`, 64) }),
  )
  assertUnusable(other.nurse, signEpoch(other.patient, { head, wraps }))
})

test("a slot removed, so that a role goes blind: everyone else refuses the epoch", () => {
  const scene = new Scene({ roles: ["billing", "nursing"] })
  const members = honestMembers(scene).filter(
    (member) => !equalBytes(member.id, encodeRole(asRole("billing"))),
  )
  assertUnusable(scene.nurse, signEpoch(scene.patient, forgeEpoch(scene, members)))
})

test("a slot added, so that a stranger reads along", () => {
  const scene = new Scene()
  const billing = membersOfTranscript(
    { ...scene.patient.state, roles: [asRole("billing")] },
    scene.clinic.directory,
    scene.clinic.directory.position,
  )
  const extra = billing.filter((member) => member.kind === "role")
  assertUnusable(
    scene.nurse,
    signEpoch(
      scene.patient,
      forgeEpoch(
        scene,
        [...honestMembers(scene), ...extra].sort((a, b) =>
          a.kind === b.kind ? (a.id[0] ?? 0) - (b.id[0] ?? 0) : a.kind === "device" ? -1 : 1,
        ),
      ),
    ),
  )
})

test("a role's slot with an older generation of its key", () => {
  const scene = new Scene()
  const old = honestMembers(scene)
  scene.clinic.rotate("nursing", 2)
  assertUnusable(scene.nurse, signEpoch(scene.patient, forgeEpoch(scene, old)))
})

test("a slot that names the right key by another generation", () => {
  const scene = new Scene()
  const members = honestMembers(scene).map((member) =>
    member.kind === "role" ? { ...member, generation: 7 } : member,
  )
  assertUnusable(scene.patient, signEpoch(scene.nurse, forgeEpoch(scene, members)))
})

test("a suite downgraded", () => {
  const scene = new Scene()
  const body = forgeEpoch(scene, honestMembers(scene))
  body.head[1] = 0
  assertRefused(scene.nurse, signEpoch(scene.patient, body))
})

test("an epoch number that skips ahead, and a parent that nobody knows", () => {
  const scene = new Scene()
  assertRefused(
    scene.nurse,
    signEpoch(scene.patient, forgeEpoch(scene, honestMembers(scene), { number: 40 })),
  )
  const orphan = forgeEpoch(scene, honestMembers(scene), { number: 1, parent: seedOf("nobody") })
  assertRefused(scene.nurse, signEpoch(scene.patient, orphan))
})

test("an epoch by somebody who is no participant", () => {
  const scene = new Scene()
  const biller = scene.replay("nurse", scene.clinic.nurse)
  const stranger = { device: scene.clinic.biller, state: scene.patient.state }
  assertRefused(biller, signEpoch(stranger, forgeEpoch(scene, honestMembers(scene))))
})

test("ten thousand malformed wraps fail with one error", () => {
  const scene = new Scene()
  const body = forgeEpoch(scene, honestMembers(scene))
  const seed = scene.clinic.roleSeedsOf(scene.clinic.nurse)("nursing", 1) as Uint8Array
  const info = wrapInfo(sha256(body.head), 1)
  const messages = new Set<string>()
  for (let i = 0; i < 10_000; i++) {
    const wrap = (body.wraps[1] as Uint8Array).slice()
    const at = (i * 7919) % wrap.length
    wrap[at] = (wrap[at] as number) ^ (1 << (i & 7))
    try {
      hpkeOpen(seed, info, NOTHING, wrap)
      assert.unreachable("a malformed wrap opened")
    } catch (error) {
      if (!isWardlineError(error, "ERR_OPEN_FAILED")) throw error
      messages.add(`${error.code} ${error.message} ${String(error.cause)}`)
    }
  }
  assert.is(messages.size, 1)
})

test.run()
