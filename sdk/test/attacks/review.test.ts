/** Attacks on what keeps a conversation going, and on who decides what time it is. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, Writer } from "../../src/bytes.ts"
import {
  applyRecord,
  composeAccess,
  encodePayload,
  isEpochNeeded,
  membersOfTranscript,
  raiseFloor,
  sealSummary,
  startTranscript,
} from "../../src/conversation/index.ts"
import { cryptoReady, hpkeSeal, sha256, signRecord, verify } from "../../src/crypto/index.ts"
import { applyRecords, attestOf, checkFresh, type DirectoryState } from "../../src/directory/index.ts"
import { isWardlineError, WardlineError } from "../../src/errors.ts"
import {
  asRole,
  decodeConsent,
  decodeMessage,
  decodeRecord,
  encodeAttest,
  encodeConsent,
  encodeDeviceAdd,
  encodePolicy,
  encodeRoleKey,
  type Purpose,
  wrapInfo,
} from "../../src/protocol/index.ts"
import { keysOf, NOW, seedOf, testDevice, testPolicy } from "../support/clinic.ts"
import { epochParts, signDetached } from "../support/forge.ts"
import { assertRefused, assertUnusable } from "../support/refusal.ts"
import { type Actor, Scene, shredKeyFor } from "../support/scene.ts"

const test = suite("attacks: review")
test.before(cryptoReady)

const DAY = 24 * 60 * 60 * 1000

/** Every actor believes the next message of `by`. */
function assertHeard(scene: Scene, by: Actor, text: string): void {
  const kinds = scene.deliver(by.message(text)).map(({ kind }) => kind)
  assert.equal(kinds, ["message", "message", "message"], text)
}

/** The patient's next epoch, with nonsense in the slot of `role`. */
function blindingEpoch(scene: Scene, role: string): Uint8Array {
  const body = epochParts(scene.patient.epoch())
  const { directory } = scene.clinic
  const members = membersOfTranscript(scene.patient.state, directory, directory.position)
  const wraps = body.slots.map((slot, i) => {
    if (slot.kind !== "role" || new TextDecoder().decode(slot.id) !== role) return body.wraps[i] as Uint8Array
    const { publicKey } = members[i] as (typeof members)[number]
    const randomness = { seed: seedOf("blind", 64) }
    return hpkeSeal(publicKey, wrapInfo(sha256(body.head), i), new Uint8Array(0), seedOf("odd"), randomness)
  })
  const header = { type: "epoch", scope: scene.conversation, issued: NOW } as const
  return signDetached(scene.patient.device, header, body.head, concat(...wraps))
}

test("a role that one epoch was made to blind isn't cut off: the next epoch mends it", () => {
  const scene = new Scene({ roles: ["billing", "nursing"] })
  const epoch = blindingEpoch(scene, "nursing")
  scene.patient.take(epoch)
  const unheard = scene.patient.message("not for nurses")
  scene.patient.take(unheard)
  for (const nurse of [scene.nurse, scene.colleague]) {
    assertUnusable(nurse, epoch)
    assertUnusable(nurse, unheard)
    assert.is(isEpochNeeded(nurse.state, scene.clinic.directory, NOW, false), true)
    assert.throws(
      () => nurse.message("under no key"),
      (error: unknown) => isWardlineError(error, "ERR_CONFLICT"),
    )
  }
  scene.deliver(scene.nurse.epoch())
  assertHeard(scene, scene.nurse, "can you hear me?")
  assertHeard(scene, scene.patient, "I can")
})

test("an epoch made just before a rotation that others know of already doesn't part them", () => {
  const scene = new Scene()
  const epoch = scene.patient.epoch()
  scene.clinic.rotate("nursing", 2)
  scene.nurse.state = raiseFloor(scene.nurse.state, scene.clinic.directory.position)
  scene.patient.take(epoch)
  const crossed = scene.patient.message("crossed the rotation")
  scene.patient.take(crossed)
  for (const nurse of [scene.nurse, scene.colleague]) {
    assert.equal([nurse.take(epoch).kind, nurse.take(crossed).kind], ["epoch", "message"])
    assert.is(isEpochNeeded(nurse.state, scene.clinic.directory, NOW, false), true, "nobody answers under it")
  }
  scene.deliver(scene.patient.epoch())
  assertHeard(scene, scene.patient, "after the rotation")
  assertHeard(scene, scene.nurse, "all is well")
})

test("an epoch by someone whose revocation only some know of doesn't part them", () => {
  const scene = new Scene()
  const epoch = scene.nurse.epoch()
  scene.clinic.revoke(scene.clinic.nurse)
  scene.clinic.rotate("nursing", 2, [scene.clinic.colleague])
  scene.colleague.state = raiseFloor(scene.colleague.state, scene.clinic.directory.position)
  for (const actor of [scene.colleague, scene.patient]) {
    assert.is(actor.take(epoch).kind, "epoch")
    assert.is(isEpochNeeded(actor.state, scene.clinic.directory, NOW, false), true)
  }
  const next = scene.patient.epoch()
  for (const actor of [scene.patient, scene.colleague]) assert.is(actor.take(next).kind, "epoch")
  const message = scene.patient.message("who is there?")
  for (const actor of [scene.patient, scene.colleague]) assert.is(actor.take(message).kind, "message")
})

test("nobody sends under an epoch whose issuer was revoked, even where no key was rotated", () => {
  const scene = new Scene()
  const epoch = scene.nurse.epoch()
  scene.clinic.revoke(scene.clinic.nurse)
  // No rotation: her slots are right and open.
  scene.patient.state = raiseFloor(scene.patient.state, scene.clinic.directory.position)
  assert.is(scene.patient.take(epoch).kind, "epoch")
  assert.is(isEpochNeeded(scene.patient.state, scene.clinic.directory, NOW, false), true)
})

test("an epoch by somebody whose revocation a record has named", () => {
  const scene = new Scene()
  const epoch = scene.nurse.epoch()
  scene.clinic.revoke(scene.clinic.nurse)
  const next = scene.patient.epoch()
  for (const actor of [scene.patient, scene.colleague]) actor.take(next)
  assertRefused(scene.colleague, scene.nurse.epoch())
  scene.colleague.take(scene.patient.message("goes on"))
  assertUnusable(scene.colleague, epoch)
})

test("one message that doesn't open silences nobody, and isn't replayed as the next", () => {
  const scene = new Scene()
  const { body } = decodeRecord(scene.patient.message("x"))
  const spoilt = body.slice()
  spoilt[body.length - 1] = (spoilt[body.length - 1] as number) ^ 1
  const header = { type: "message", scope: scene.conversation, issued: NOW } as const
  const record = signRecord(scene.patient.device, header, spoilt)
  for (const actor of scene.all) assertUnusable(actor, record)
  for (const actor of scene.all) assertRefused(actor, record)
  assert.is(decodeMessage(decodeRecord(scene.patient.message("y")).body).sequence, 2)
  assertHeard(scene, scene.patient, "again")
})

test("a colleague who was never given an older generation's seed reads what comes after", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("before her time"))
  scene.clinic.rotate("nursing", 2)
  scene.deliver(scene.patient.epoch())
  scene.deliver(scene.patient.message("in her time"))
  const seeds = scene.clinic.roleSeedsOf(scene.clinic.nurse)
  const keys = {
    roleSeed: (role: string, generation: number) => (generation < 2 ? undefined : seeds(role, generation)),
    shredKey: shredKeyFor(scene.conversation),
  }
  let state = startTranscript(scene.conversation)
  const kinds = scene.records.map((record) => {
    const [next, event] = applyRecord(state, record, { directory: scene.clinic.directory, keys })
    state = next
    return event.kind
  })
  assert.is(kinds[2], "epoch")
  assert.equal(kinds.slice(-3), ["locked", "epoch", "message"])
})

test("an epoch dated far ahead doesn't live for ever", () => {
  const scene = new Scene()
  scene.patient.nowMs = NOW + 10 * DAY
  scene.deliver(scene.patient.epoch())
  scene.patient.nowMs = NOW
  assert.is(isEpochNeeded(scene.nurse.state, scene.clinic.directory, NOW, false), true)
})

test("an emergency and a disclosure come with a reason, and no other access does", () => {
  const scene = new Scene()
  const access = (purpose: Purpose, reason: Uint8Array) =>
    composeAccess(scene.nurse.composer, scene.conversation, {
      role: asRole("nursing"),
      purpose,
      sealedReason: reason,
    })
  for (const purpose of ["ETREAT", "BTG", "HLEGAL", "PUBHLTH", "HRESCH"] as const) {
    assertRefused(scene.patient, access(purpose, new Uint8Array(0)))
    assert.is(scene.patient.take(access(purpose, seedOf("sealed", 1200))).kind, "access")
  }
  for (const purpose of ["TREAT", "HOPERAT", "HPAYMT", "PATRQT"] as const)
    assertRefused(scene.patient, access(purpose, seedOf("a reason in the clear")))
})

test("a conversation under the clinic's own id, whose chain is the directory's", () => {
  const scene = new Scene()
  const scope = scene.clinic.id
  const body = encodeConsent(decodeConsent(decodeRecord(scene.records[0] as Uint8Array).body))
  const record = signRecord(scene.patient.device, { type: "consent", scope, issued: NOW }, body)
  const nurse = scene.actor("nurse", scene.clinic.nurse)
  nurse.state = startTranscript(scope)
  assertRefused(nurse, record)
})

test("a payload over the limit isn't made, whatever its text looks like", () => {
  const text = "\u0001".repeat(12_000)
  assert.throws(
    () => encodePayload({ v: 1, type: "text", text }),
    (error: unknown) => isWardlineError(error, "ERR_TOO_LARGE"),
  )
})

test("a language of any length from the page is refused by a code, and sealed nowhere", () => {
  const scene = new Scene()
  const { publicKey } = scene.patient.device.wrapping
  const to = { conversation: scene.conversation, role: asRole("nursing"), generation: 1, publicKey }
  const summary = { topic: "refill", language: "x".repeat(36), priority: "routine" } as const
  assert.throws(
    () => sealSummary(summary, to, seedOf("listing key"), seedOf("summary", 64)),
    (error: unknown) => isWardlineError(error, "ERR_MALFORMED"),
  )
})

test("a directory of two hundred thousand records can be written down", () => {
  const writer = new Writer()
  for (let i = 0; i < 200_000; i++) writer.u8(i & 0xff)
  assert.is(writer.done().length, 200_000)
})

test("ten thousand records cost ten times a thousand: nothing is copied for each", () => {
  const scene = new Scene()
  const before = scene.nurse.state
  scene.deliver(scene.patient.message("x"))
  const after = scene.nurse.state
  assert.is(after.links, before.links)
  assert.is(after.epochs, before.epochs)
  assert.is(after.currents, before.currents)
})

test("two futures of one state don't mix, though they share the past", () => {
  const scene = new Scene()
  const context = { directory: scene.clinic.directory, keys: scene.nurse.keys }
  const start = scene.nurse.state
  const [one] = applyRecord(start, scene.patient.message("one"), context)
  const [other] = applyRecord(start, scene.colleague.message("other"), context)
  assert.is.not(one.links, other.links)
  assert.not.equal(one.links[one.position], other.links[other.position])
  assert.is(other.links.length, start.position + 2)
  assert.equal(one.links.slice(0, start.position + 1), other.links.slice(0, start.position + 1))
})

/** A clinic with a nurse who keeps nursing's key until a day from NOW, and what others attested long after. */
function withGuest(attestedMs: number): { scene: Scene; guest: Actor; later: DirectoryState } {
  const scene = new Scene()
  const guest = scene.actor("guest", testDevice("guest"))
  const roles = [{ role: asRole("nursing"), keeper: true }]
  const keys = keysOf(guest.device)
  scene.clinic.sign("device-add", encodeDeviceAdd({ keys, name: "Gil", roles, expires: NOW + DAY }))
  const header = { type: "attest", scope: scene.clinic.id, issued: attestedMs } as const
  const seen = attestOf(scene.clinic.directory, scene.clinic.nurse.id, sha256)
  const attest = signRecord(scene.clinic.nurse, header, encodeAttest(seen))
  // On replay, years later: no clock but the attest's.
  const later = applyRecords(scene.clinic.directory, [attest], { hash: sha256, verify })
  return { scene, guest, later }
}

test("an expired keeper rotates her role's key by a record dated back", () => {
  const { scene, guest, later } = withGuest(NOW + 10 * DAY)
  const roleKey = {
    role: asRole("nursing"),
    generation: 2,
    publicKey: testDevice("her own").wrapping.publicKey,
    validFrom: NOW,
    validUntil: NOW + DAY,
  }
  const header = { type: "role-key", scope: scene.clinic.id, issued: NOW } as const
  const record = signRecord(guest.device, header, encodeRoleKey(roleKey))
  assert.throws(
    () => applyRecords(later, [record], { hash: sha256, verify }),
    (error: unknown) => error instanceof WardlineError && error.code === "ERR_REVOKED",
  )
  const soon = withGuest(NOW + DAY)
  applyRecords(soon.later, [record], { hash: sha256, verify })
})

test("an expired device opens a conversation and writes in it by records dated back", () => {
  const { scene, guest, later } = withGuest(NOW + 10 * DAY)
  for (const actor of [scene.patient, guest]) actor.directory = () => later
  guest.state = scene.nurse.state
  assertRefused(scene.patient, guest.access())
})

test("a directory whose policy asks for a newer protocol isn't used", () => {
  const scene = new Scene()
  checkFresh(scene.clinic.directory, NOW)
  scene.clinic.sign("policy", encodePolicy({ ...testPolicy(), minimumVersion: 2 }))
  scene.clinic.attest()
  assert.throws(
    () => checkFresh(scene.clinic.directory, NOW),
    (error: unknown) => isWardlineError(error, "ERR_UNSUPPORTED"),
  )
})

test.run()
