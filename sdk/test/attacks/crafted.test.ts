/** Records that a participant makes by hand and signs: no signature gives them away. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, equalBytes } from "../../src/bytes.ts"
import {
  createEpoch,
  currentEpoch,
  decodePayload,
  encodePayload,
  type KnownPayload,
  type Member,
  maskSecret,
  membersOfTranscript,
} from "../../src/conversation/index.ts"
import {
  aeadOpen,
  cryptoReady,
  type Device,
  derive,
  hpkeSeal,
  sha256,
  sign,
  signRecord,
} from "../../src/crypto/index.ts"
import {
  asRole,
  attachSignature,
  decodeRecord,
  decodeWraps,
  encodeHeader,
  encodeMessagePrefix,
  encodeRole,
  recordHash,
  signatureTag,
  signedPart,
  utf8,
  wrapInfo,
} from "../../src/protocol/index.ts"
import { NOW, seedOf } from "../support/clinic.ts"
import { hasCode } from "../support/errors.ts"
import { signDetached } from "../support/forge.ts"
import { assertRefused, assertUnusable } from "../support/refusal.ts"
import { type Actor, Scene, shredKeyFor } from "../support/scene.ts"
import { sealUnderTwoKeys } from "../support/two-keys.ts"

const test = suite("attacks: records made by hand")
test.before(cryptoReady)

/** `record` with one byte changed before `by` signs it. */
function odd(by: Actor, record: Uint8Array, offset: number, value: number): Uint8Array {
  const decoded = decodeRecord(record)
  const unsigned = signedPart(decoded).slice()
  unsigned[offset] = value
  return attachSignature(unsigned, sign(signatureTag(decoded.type), unsigned, by.device.signing.secretKey))
}

const oddClose = ({ nurse }: Scene, offset: number, value: number): Uint8Array =>
  odd(nurse, nurse.close(), offset, value)
const oddWithdrawal = ({ patient }: Scene, offset: number, value: number): Uint8Array =>
  odd(patient, patient.withdraw(), offset, value)

const AT = { version: 2, type: 3, issued: 36 }

test("records made by hand with nothing odd in them are taken", () => {
  const scene = new Scene()
  assert.is(new Scene().nurse.take(oddWithdrawal(scene, AT.issued, 0)).kind, "withdraw")
  assert.is(scene.patient.take(oddClose(scene, AT.version, 1)).kind, "close")
})

test("a number beyond 2^53, which JavaScript would round", () => {
  const scene = new Scene()
  assertRefused(scene.nurse, oddWithdrawal(scene, AT.issued, 0xff))
  assertRefused(scene.nurse, oddWithdrawal(scene, AT.issued + 1, 0x20))
})

test("a version that isn't known, signed", () => {
  const scene = new Scene()
  for (const version of [0, 2, 0xff]) assertRefused(scene.patient, oddClose(scene, AT.version, version))
})

test("a type that isn't known, signed", () => {
  const scene = new Scene()
  for (const type of [0, 0x2c, 0xff]) assertRefused(scene.patient, oddClose(scene, AT.type, type))
})

test("a message in a colleague's name", () => {
  const scene = new Scene()
  const { body } = decodeRecord(scene.nurse.message("she said it"))
  const header = {
    type: "message",
    scope: scene.conversation,
    issuer: scene.colleague.device.id,
    issued: NOW,
  }
  const unsigned = concat(encodeHeader({ ...header, type: "message" }, body.length), body)
  const signature = sign(signatureTag("message"), unsigned, scene.nurse.device.signing.secretKey)
  assertRefused(scene.patient, attachSignature(unsigned, signature))
})

test("a message to the nurses, forwarded to billing as if it had been meant for it", () => {
  const nursing = new Scene({ name: "nursing" })
  const billing = new Scene({ name: "billing", roles: ["billing", "nursing"] })
  const biller = billing.replay("biller", billing.clinic.biller)
  const record = nursing.patient.message("for the nurses alone")
  assertRefused(biller, record)
  // Nor can a nurse put the sealed inside under her own name.
  const { body } = decodeRecord(record)
  const header = { type: "message", scope: billing.conversation, issued: NOW } as const
  assert.is(biller.take(signRecord(billing.nurse.device, header, body)).kind, "refused")
})

test("a consent signed again after the withdrawal doesn't bring the conversation back", () => {
  const scene = new Scene()
  const again = [scene.patient.consent(), scene.patient.message("as before")]
  scene.deliver(scene.patient.withdraw())
  for (const record of again) assertRefused(scene.nurse, record)
})

test("one ciphertext that opens under two keys, so that two roles would read two texts", () => {
  const scene = new Scene({ roles: ["billing", "nursing"] })
  const { record, secrets } = twoFacedEpoch(scene)
  scene.patient.take(record)
  const epoch = recordHash(sha256, record)
  const { position, links } = scene.patient.state
  const seenLink = links[position] as Uint8Array
  const prefix = { quiet: false, epoch, sequence: 1, seenPosition: position, seenLink, salt: seedOf("salt") }
  const header = { type: "message", scope: scene.conversation, issued: NOW } as const
  const { device } = scene.patient
  const encoded = encodeMessagePrefix(prefix)
  const filling = seedOf("filling", 512)
  const bound = concat(
    encodeHeader({ ...header, issuer: device.id }, encoded.length + filling.length + 16),
    encoded,
  )
  const headHash = sha256(headOf(record))
  const [one, other] = secrets.map((secret) => {
    const derived = derive(derive(secret, "epoch", headHash, 32), "message", bound, 56)
    return { key: derived.subarray(0, 32), nonce: derived.subarray(32) }
  }) as [{ key: Uint8Array; nonce: Uint8Array }, { key: Uint8Array; nonce: Uint8Array }]
  const ciphertext = sealUnderTwoKeys(one, other, bound, filling)
  const texts = [one, other].map(({ key, nonce }) => aeadOpen(key, nonce, bound, ciphertext))
  assert.not.equal(texts[0], texts[1], "the cipher alone lets it through")
  assertUnusable(scene.nurse, record)
  const event = scene.nurse.take(signRecord(device, header, concat(encoded, ciphertext)))
  assert.is(event.kind, "locked", "she has no key for it, and says so")
})

/** An epoch that gives the nurses another secret than everybody else. */
function twoFacedEpoch(scene: Scene): { record: Uint8Array; secrets: [Uint8Array, Uint8Array] } {
  const { state, device } = scene.patient
  const directory = scene.patient.directory()
  const members = membersOfTranscript(state, directory, directory.position)
  const parent = currentEpoch(state)
  const secrets: [Uint8Array, Uint8Array] = [seedOf("one secret"), seedOf("another secret")]
  const shredKey = shredKeyFor(scene.conversation)
  const { head, wraps } = createEpoch({
    conversation: scene.conversation,
    number: (parent?.number ?? 0) + 1,
    parent: parent?.hash as Uint8Array,
    directory,
    members,
    secret: secrets[0],
    shredKey,
    seeds: members.map((_, i) => seedOf(`seed ${i}`, 64)),
  })
  const slot = members.findIndex(({ id }) => equalBytes(id, encodeRole(asRole("nursing"))))
  const list = [...decodeWraps(wraps, members.length)]
  const masked = maskSecret(shredKey, sha256(head), secrets[1])
  const { publicKey } = members[slot] as Member
  list[slot] = hpkeSeal(publicKey, wrapInfo(sha256(head), slot), new Uint8Array(0), masked, {
    seed: seedOf("odd", 64),
  })
  return { record: signEpoch(device, scene.conversation, head, list), secrets }
}

function signEpoch(device: Device, scope: Uint8Array, head: Uint8Array, wraps: Uint8Array[]): Uint8Array {
  return signDetached(device, { type: "epoch", scope, issued: NOW }, head, concat(...wraps))
}

/** An epoch's body without the hash of its wraps. */
function headOf(record: Uint8Array): Uint8Array {
  return decodeRecord(record).body.slice(0, -32)
}

for (const name of ["__proto__", "hasOwnProperty", "<b>", "a b", "line\nbreak", ""]) {
  test(`a form with a hostile field name: ${JSON.stringify(name)}`, () => {
    const fields = [{ name, label: "Pain", kind: "number" }]
    const form = { v: 1, type: "form", form: "intake", title: "Questions", fields }
    const answers = { v: 1, type: "form-response", of: 1, answers: [{ name, value: "4" }] }
    for (const payload of [form, answers]) {
      assert.throws(() => decodePayload(utf8(JSON.stringify(payload))), hasCode("ERR_OPEN_FAILED"))
      assert.throws(() => encodePayload(payload as KnownPayload), hasCode("ERR_MALFORMED"))
    }
  })
}

test("a payload that brings a prototype with it", () => {
  const text = '{"v":1,"type":"text","text":"x","__proto__":{"toString":"mine"}}'
  assert.is(decodePayload(utf8(text)).toString, Object.prototype.toString)
})

test.run()
