/** Attacks on the transcript: by a relay that orders, hides and forks; by people who no longer belong. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { composeConsent, composeMessage, isEpochNeeded, raiseFloor } from "../../src/conversation/index.ts"
import { cryptoReady, sha256, signRecord } from "../../src/crypto/index.ts"
import { isWardlineError } from "../../src/errors.ts"
import {
  decodeConsent,
  decodeOpen,
  decodeRecord,
  deviceIdOf,
  encodeConsent,
  encodeConsentText,
  encodeOpenHead,
  recordPart,
  utf8,
} from "../../src/protocol/index.ts"
import { CONSENT_TEXT, NOW, seedOf, TestClinic, testDevice } from "../support/clinic.ts"
import { signDetached } from "../support/forge.ts"
import { assertRefused, assertUnusable } from "../support/refusal.ts"
import { type Actor, Scene } from "../support/scene.ts"

const test = suite("attacks: transcript")
test.before(cryptoReady)

test("a message dropped from the middle shows at the sender's next", () => {
  const scene = new Scene()
  const [first, second] = [scene.patient.message("1"), undefined]
  assert.is(second, undefined)
  scene.patient.take(first)
  assertRefused(scene.nurse, scene.patient.message("2"))
})

test("another sender's message dropped shows in the seen link of whoever saw it", () => {
  const scene = new Scene()
  const hidden = scene.patient.message("hide me")
  scene.patient.take(hidden)
  scene.colleague.take(hidden)
  // The nurse is shown something else in its place.
  scene.nurse.take(scene.nurse.message("instead"))
  assertRefused(scene.nurse, scene.colleague.message("I saw it"), "ERR_FORK")
  assert.is(scene.nurse.state.fork?.seenPosition, 6)
  assert.throws(
    () => scene.nurse.message("x"),
    (error: unknown) => isWardlineError(error, "ERR_FORK"),
  )
})

test("two messages of one sender reordered", () => {
  const scene = new Scene()
  const first = scene.patient.message("1")
  const second = composeMessage(
    scene.patient.composer,
    scene.patient.state,
    { v: 1, type: "text", text: "2" },
    2,
  )
  assertRefused(scene.nurse, second)
  assert.is(scene.nurse.take(first).kind, "message")
})

test("an epoch duplicated", () => {
  const scene = new Scene()
  assertRefused(scene.nurse, scene.records[2] as Uint8Array)
  const second = scene.patient.epoch()
  scene.deliver(second)
  assertRefused(scene.nurse, second)
})

test("two staff shown two orders find out by the next message of either", () => {
  const scene = new Scene()
  const [a, b] = [scene.patient.message("a"), scene.nurse.message("b")]
  for (const record of [a, b]) scene.nurse.take(record)
  for (const record of [b, a]) scene.colleague.take(record)
  assertRefused(scene.colleague, scene.nurse.message("all well?"), "ERR_FORK")
})

test("staff and patient shown two orders find out", () => {
  const scene = new Scene()
  const [a, b] = [scene.nurse.message("a"), scene.colleague.message("b")]
  for (const record of [a, b]) scene.nurse.take(record)
  for (const record of [b, a]) scene.patient.take(record)
  assertRefused(scene.patient, scene.nurse.message("all well?"), "ERR_FORK")
})

test("a sender who claims to have seen less than before, or what isn't there yet", () => {
  const scene = new Scene()
  const early = scene.patient.state
  scene.deliver(scene.nurse.message("a"))
  scene.deliver(scene.patient.message("b"))
  const less = composeMessage(
    scene.patient.composer,
    { ...early, senders: scene.patient.state.senders },
    { v: 1, type: "text", text: "x" },
  )
  assertRefused(scene.nurse, less)
  const ahead = scene.patient.state
  const more = composeMessage(
    scene.patient.composer,
    {
      ...ahead,
      position: 40,
      links: [...ahead.links, ...Array.from({ length: 40 }, () => seedOf("made up"))],
    },
    { v: 1, type: "text", text: "x" },
  )
  assertRefused(scene.nurse, more)
})

/** A device that begins to read where `records` is all there is. */
function reader(scene: Scene, ...records: Uint8Array[]): Actor {
  const actor = scene.actor("reader", scene.clinic.nurse)
  for (const record of records) actor.take(record)
  return actor
}

test("a conversation that doesn't begin with consent", () => {
  const scene = new Scene()
  assertRefused(reader(scene), scene.records[1] as Uint8Array)
})

test("a consent or an open in the dress of another type, or later than its place", () => {
  const scene = new Scene()
  const [consent, open] = scene.records as [Uint8Array, Uint8Array]
  const dressed = (record: Uint8Array) =>
    signRecord(
      scene.patient.device,
      { type: "close", scope: scene.conversation, issued: NOW },
      decodeRecord(record).body,
    )
  assertRefused(reader(scene), dressed(consent))
  assertRefused(reader(scene, consent), dressed(open))
  assertRefused(scene.nurse, consent)
  assertRefused(scene.nurse, open)
})

test("an issuer's id claimed with other keys", () => {
  const scene = new Scene()
  const mallory = testDevice("mallory")
  const genuine = decodeConsent(decodeRecord(scene.records[0] as Uint8Array).body)
  const keys = { signing: mallory.signing.publicKey, wrapping: mallory.wrapping.publicKey }
  const as = { ...mallory, id: scene.patient.device.id }
  const header = { type: "consent", scope: scene.conversation, issued: NOW } as const
  assertRefused(reader(scene), signRecord(as, header, encodeConsent({ ...genuine, keys })))
})

test("a patient's key whose X25519 half has small order", () => {
  const scene = new Scene()
  const { device } = scene.patient
  const genuine = decodeConsent(decodeRecord(scene.records[0] as Uint8Array).body)
  const wrapping = device.wrapping.publicKey.slice().fill(0, -32)
  const as = { ...device, id: deviceIdOf(sha256, device.signing.publicKey, wrapping) }
  const header = { type: "consent", scope: scene.conversation, issued: NOW } as const
  const body = encodeConsent({ ...genuine, keys: { ...genuine.keys, wrapping } })
  assertRefused(reader(scene), signRecord(as, header, body))
})

test("an open record in another's name, signed by the patient", () => {
  const scene = new Scene()
  const [consent, open] = scene.records as [Uint8Array, Uint8Array]
  const as = { ...scene.patient.device, id: scene.nurse.device.id }
  const header = { type: "open", scope: scene.conversation, issued: NOW } as const
  assertRefused(reader(scene, consent), signRecord(as, header, decodeRecord(open).body))
})

test("a consent of another conversation", () => {
  const [one, other] = [new Scene({ name: "one" }), new Scene({ name: "other" })]
  assertRefused(reader(other), one.records[0] as Uint8Array)
})

test("a consent with one thing wrong", () => {
  const scene = new Scene()
  const genuine = decodeConsent(decodeRecord(scene.records[0] as Uint8Array).body)
  const other = testDevice("other")
  const wrong = [
    { ...genuine, clinic: seedOf("another clinic", 16) },
    { ...genuine, keys: { signing: other.signing.publicKey, wrapping: other.wrapping.publicKey } },
    { ...genuine, consentId: "research" },
    { ...genuine, version: 2 },
    { ...genuine, language: "es" },
    { ...genuine, textHash: seedOf("another text") },
    { ...genuine, directory: { ...genuine.directory, link: seedOf("another directory") } },
    { ...genuine, directory: { ...genuine.directory, position: 999 } },
  ]
  for (const body of wrong) {
    const header = { type: "consent", scope: scene.conversation, issued: NOW } as const
    assertRefused(reader(scene), signRecord(scene.patient.device, header, encodeConsent(body)))
  }
  const unsigned = (scene.records[0] as Uint8Array).slice()
  unsigned[unsigned.length - 1] = (unsigned[unsigned.length - 1] as number) ^ 1
  assertRefused(reader(scene), unsigned)
})

test("a consent to an older text, made after the new one was published", () => {
  const scene = new Scene()
  const text = { id: "chat", version: 2, texts: [{ language: "en", text: "New words." }] }
  scene.clinic.sign("consent-text", encodeConsentText(text))
  const old = { id: "chat", version: 1, language: "en", text: utf8(CONSENT_TEXT) }
  assertRefused(reader(scene), composeConsent(scene.patient.composer, scene.conversation, old))
})

test("an open record by another device, or to a key that isn't the role's", () => {
  const scene = new Scene()
  const [consent, open] = scene.records as [Uint8Array, Uint8Array]
  const { body: openBody, detached } = decodeRecord(open)
  const body = decodeOpen(openBody)
  const header = { type: "open", scope: scene.conversation, issued: NOW } as const
  assertRefused(
    reader(scene, consent),
    signDetached(testDevice("mallory"), header, encodeOpenHead(body), detached),
  )
  const [role] = body.roles
  if (!role) throw new Error("no role")
  const otherKey = { ...body, roles: [{ ...role, keyHash: seedOf("the relay's own key") }] }
  assertRefused(
    reader(scene, consent),
    signDetached(scene.patient.device, header, encodeOpenHead(otherKey), detached),
  )
  const forged = recordPart(open).slice()
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1
  assertRefused(reader(scene, consent), forged)
})

test("an access record by a device that the directory doesn't know, or for a role that it doesn't hold", () => {
  const scene = new Scene()
  const ghost = scene.actor("ghost", testDevice("ghost"))
  ghost.state = scene.nurse.state
  assertRefused(scene.patient, ghost.access())
  const biller = scene.actor("biller", scene.clinic.biller)
  biller.state = scene.nurse.state
  assertRefused(scene.patient, biller.access("nursing"))
  const forged = scene.nurse.access()
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1
  assertRefused(scene.patient, forged)
})

test("ex-staff writes after her revocation: whoever knows of it doesn't believe her", () => {
  const scene = new Scene()
  const before = scene.nurse.directory()
  scene.clinic.revoke(scene.clinic.nurse)
  scene.clinic.rotate("nursing", 2, [scene.clinic.colleague])
  // The ex-nurse and the relay conspire: she names the directory in which she was still staff.
  scene.nurse.directory = () => before
  scene.patient.state = raiseFloor(scene.patient.state, scene.clinic.directory.position)
  const said = scene.nurse.message("still here")
  assertRefused(scene.patient, said)
  scene.patient.take(scene.nurse.access())
  assertRefused(scene.patient, said)
  // Her epoch keeps its place for the others' sake, and nobody sends under it.
  scene.patient.take(scene.nurse.epoch())
  assert.is(isEpochNeeded(scene.patient.state, scene.clinic.directory, NOW, false), true)
})

test("ex-staff signs after a record has named the directory that revokes her: access, message, epoch, close", () => {
  const scene = new Scene()
  const before = scene.nurse.directory()
  scene.clinic.revoke(scene.clinic.nurse)
  scene.clinic.rotate("nursing", 2, [scene.clinic.colleague])
  scene.nurse.directory = () => before
  const epoch = scene.patient.epoch()
  for (const actor of [scene.patient, scene.colleague]) actor.take(epoch)
  const late = [scene.nurse.access(), scene.nurse.message("still here"), scene.nurse.close()]
  for (const record of late) assertRefused(scene.patient, record)
  assertUnusable(scene.patient, scene.nurse.epoch())
})

test("ex-staff can't open an epoch made after the rotation, even with everything that the relay has", () => {
  const scene = new Scene()
  scene.clinic.revoke(scene.clinic.nurse)
  scene.clinic.rotate("nursing", 2, [scene.clinic.colleague])
  const epoch = scene.patient.epoch()
  scene.patient.take(epoch)
  const secret = scene.patient.message("not for her")
  assertUnusable(scene.nurse, epoch)
  assertUnusable(scene.nurse, secret)
  scene.colleague.take(epoch)
  assert.is(scene.colleague.take(secret).kind, "message")
})

test("once anyone names the new directory, an ex-member's record is refused by those who replay later, too", () => {
  const scene = new Scene()
  const before = scene.nurse.directory()
  scene.clinic.revoke(scene.clinic.nurse)
  scene.deliver(scene.patient.epoch())
  scene.nurse.directory = () => before
  const later = scene.replay("later", scene.clinic.colleague)
  assertRefused(later, scene.nurse.access())
})

test("a biller with the whole transcript opens nothing of a nursing conversation", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("private"))
  const biller = scene.replay("biller", scene.clinic.biller)
  assert.equal(
    biller.events.filter((event) => event.kind === "message" || (event.kind === "epoch" && event.isOpen)),
    [],
  )
})

test("the same conversation under another clinic's directory is refused from the first record", () => {
  const scene = new Scene()
  const elsewhere = new TestClinic()
  const actor = reader(scene)
  actor.directory = () => ({ ...elsewhere.directory, clinicId: seedOf("elsewhere", 16) })
  assertRefused(actor, scene.records[0] as Uint8Array)
})

test.run()
