/** Attacks on messages: by the relay, by another participant, by somebody outside. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat } from "../../src/bytes.ts"
import { composeMessage, currentEpoch, openMessage, sealMessage } from "../../src/conversation/index.ts"
import { cryptoReady, sign, signRecord } from "../../src/crypto/index.ts"
import {
  attachSignature,
  decodeMessage,
  decodeRecord,
  encodeMessagePrefix,
  encodeUnsigned,
  type RecordType,
  signatureTag,
  signedPart,
  utf8,
} from "../../src/protocol/index.ts"
import { NOW, seedOf } from "../support/clinic.ts"
import { assertRefused, assertUnusable } from "../support/refusal.ts"
import { type Actor, Scene } from "../support/scene.ts"

const test = suite("attacks: envelopes")
test.before(cryptoReady)

/** Signs whatever body as a message of `by`. */
function signMessage(by: Actor, body: Uint8Array, issued = NOW): Uint8Array {
  return signRecord(by.device, { type: "message", scope: by.state.conversation, issued }, body)
}

test("every single bit flipped", () => {
  const scene = new Scene()
  const record = scene.patient.message("keep this whole")
  const before = scene.nurse.state
  for (let bit = 0; bit < record.length * 8; bit++) {
    const flipped = record.slice()
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    scene.nurse.state = before
    const event = scene.nurse.take(flipped)
    assert.is(event.kind, "refused", `bit ${bit} was believed`)
  }
  scene.nurse.state = before
  assert.is(scene.nurse.take(record).kind, "message")
})

test("a word marked quiet, so that nobody sees it waiting, or a receipt that isn't", () => {
  const scene = new Scene()
  const epoch = currentEpoch(scene.patient.state)
  if (!epoch?.key) throw new Error("no epoch")
  const mark = (quiet: boolean, payload: object): Uint8Array =>
    sealMessage(
      scene.patient.device,
      { conversation: scene.conversation, issued: NOW },
      { ...decodeMessage(decodeRecord(scene.patient.message("as usual")).body), quiet },
      epoch.key as Uint8Array,
      utf8(JSON.stringify({ v: 1, ...payload })),
    )
  const text = { type: "text", text: "please answer" }
  const before = scene.nurse.state
  assert.is(scene.nurse.take(mark(false, text)).kind, "message")
  for (const record of [mark(true, text), mark(false, { type: "receipt", read: 3 })]) {
    scene.nurse.state = before
    assertUnusable(scene.nurse, record)
  }
})

test("a message under an epoch that nobody made, or whose members were wrong", () => {
  const scene = new Scene()
  const { body } = decodeRecord(scene.patient.message("x"))
  const nowhere = concat(body.subarray(0, 1), seedOf("no epoch"), body.subarray(33))
  assertUnusable(scene.nurse, signMessage(scene.patient, nowhere))
  const wrong = new Scene({ name: "wrong" })
  const stale = wrong.patient.epoch()
  const alone = wrong.replay("patient", wrong.patient.device)
  alone.take(stale)
  wrong.deliver(wrong.nurse.addRole("billing"))
  wrong.deliver(stale)
  const epoch = currentEpoch(alone.state)
  if (!epoch?.key) throw new Error("no epoch")
  const message = sealMessage(
    wrong.patient.device,
    { conversation: wrong.conversation, issued: NOW },
    {
      ...decodeMessage(decodeRecord(alone.message("x")).body),
      seenPosition: wrong.nurse.state.position,
      seenLink: wrong.nurse.state.links[wrong.nurse.state.position] as Uint8Array,
    },
    epoch.key,
    utf8(JSON.stringify({ v: 1, type: "text", text: "to whom?" })),
  )
  const event = wrong.nurse.take(message)
  assert.is(event.kind, "refused")
})

test("a flip in the ciphertext, signed anew by its own sender, doesn't open", () => {
  const scene = new Scene()
  const { body } = decodeRecord(scene.patient.message("x"))
  const changed = body.slice()
  changed[body.length - 20] = (changed[body.length - 20] as number) ^ 1
  assertUnusable(scene.nurse, signMessage(scene.patient, changed))
})

test("a replay in the same conversation", () => {
  const scene = new Scene()
  const record = scene.patient.message("once")
  scene.deliver(record)
  assertRefused(scene.nurse, record)
})

test("a message taken into another conversation of the same people", () => {
  const [one, other] = [new Scene({ name: "one" }), new Scene({ name: "other" })]
  assertRefused(other.nurse, one.patient.message("for the other"))
})

test("an envelope's inside taken into another conversation and signed anew by its sender", () => {
  const [one, other] = [new Scene({ name: "one" }), new Scene({ name: "other" })]
  const inside = decodeMessage(decodeRecord(one.patient.message("x")).body)
  const { position, links } = other.patient.state
  const prefix = encodeMessagePrefix({
    ...inside,
    epoch: currentEpoch(other.patient.state)?.hash as Uint8Array,
    seenPosition: position,
    seenLink: links[position] as Uint8Array,
  })
  assertUnusable(other.nurse, signMessage(other.patient, concat(prefix, inside.ciphertext)))
})

test("a message reflected to its sender as if it came from the other side", () => {
  const scene = new Scene()
  const { body } = decodeRecord(scene.patient.message("mine"))
  const header = {
    type: "message",
    scope: scene.conversation,
    issuer: scene.nurse.device.id,
    issued: NOW,
  } as const
  const unsigned = encodeUnsigned(header, body)
  const signature = sign(signatureTag("message"), unsigned, scene.patient.device.signing.secretKey)
  assertRefused(scene.patient, attachSignature(unsigned, signature))
})

test("a message signed anew by another participant, who wants to have said it", () => {
  const scene = new Scene()
  const { body } = decodeRecord(scene.patient.message("mine"))
  assertUnusable(scene.colleague, signMessage(scene.nurse, body))
})

test("a message by staff outside the conversation's roles", () => {
  const scene = new Scene()
  const biller = scene.actor("biller", scene.clinic.biller)
  biller.state = scene.nurse.state
  assertRefused(scene.patient, biller.access("billing"))
  assertRefused(
    scene.patient,
    composeMessage(biller.composer, scene.nurse.state, { v: 1, type: "text", text: "hi" }, 1),
  )
})

test("a message by staff of the role without an access record", () => {
  const scene = new Scene()
  const stranger = new Scene({ name: "another" })
  const record = composeMessage(
    { ...stranger.nurse.composer, device: scene.clinic.nurse },
    { ...scene.nurse.state, accesses: new Map() },
    { v: 1, type: "text", text: "hi" },
    1,
  )
  scene.patient.state = { ...scene.patient.state, accesses: new Map() }
  assertRefused(scene.patient, record)
})

test("a message after the access has expired", () => {
  const scene = new Scene()
  scene.nurse.nowMs = NOW + 13 * 60 * 60 * 1000
  assertRefused(scene.patient, scene.nurse.message("too late in the shift"))
})

test("access for longer than allowed", () => {
  const scene = new Scene()
  const access = decodeRecord(scene.nurse.access())
  const body = access.body.slice()
  const until = 2 + "nursing".length + 1
  body[until + 2] = 0xff
  assertRefused(
    scene.patient,
    signRecord(scene.nurse.device, { type: "access", scope: scene.conversation, issued: NOW }, body),
  )
})

test("trailing bytes, overlong lengths, counters beyond 2^53", () => {
  const scene = new Scene()
  const record = scene.patient.message("x")
  assertRefused(scene.nurse, concat(record, Uint8Array.of(0)))
  for (const [offset, value] of [
    [44, 0xff],
    [36, 0xff],
    [48 + 36, 0xff],
  ] as const) {
    const changed = record.slice()
    changed[offset] = value
    assertRefused(scene.nurse, changed)
  }
})

test("each signature tried under every other tag", () => {
  const scene = new Scene()
  const types: RecordType[] = [
    "policy",
    "device-add",
    "role-key",
    "attest",
    "consent",
    "open",
    "epoch",
    "access",
    "close",
  ]
  const record = decodeRecord(scene.patient.message("x"))
  for (const type of types) {
    const signature = sign(signatureTag(type), signedPart(record), scene.patient.device.signing.secretKey)
    assertRefused(scene.nurse, attachSignature(signedPart(record), signature))
  }
  const bare = sign("wl1/auth", signedPart(record), scene.patient.device.signing.secretKey)
  assertRefused(scene.nurse, attachSignature(signedPart(record), bare))
})

test("an unknown version and an unknown type", () => {
  const scene = new Scene()
  for (const [offset, value] of [
    [2, 2],
    [3, 0x24],
    [3, 0x7f],
  ] as const) {
    const record = scene.patient.message("x")
    record[offset] = value
    assertRefused(scene.nurse, record)
  }
})

test("a message in an epoch that was over when its sender had seen the new one", () => {
  const scene = new Scene()
  const old = currentEpoch(scene.patient.state)
  scene.deliver(scene.nurse.epoch())
  if (!old?.key) throw new Error("no epoch")
  const { position, links } = scene.patient.state
  const record = sealMessage(
    scene.patient.device,
    { conversation: scene.conversation, issued: NOW },
    {
      quiet: false,
      epoch: old.hash,
      sequence: 1,
      seenPosition: position,
      seenLink: links[position] as Uint8Array,
      salt: seedOf("salt"),
    },
    old.key,
    utf8(JSON.stringify({ v: 1, type: "text", text: "under the old key" })),
  )
  assertUnusable(scene.nurse, record)
})

test("a message in a closed conversation", () => {
  const scene = new Scene()
  const late = scene.patient.message("late")
  scene.deliver(scene.nurse.close())
  assertRefused(scene.nurse, late)
})

test("a patient can't close, and a close needs its issuer's signature", () => {
  const scene = new Scene()
  assertRefused(scene.nurse, scene.patient.close())
  const forged = scene.nurse.close()
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1
  assertRefused(scene.patient, forged)
})

test("a payload against its schema, and padding that hides bytes", () => {
  const scene = new Scene()
  const epoch = currentEpoch(scene.patient.state)
  if (!epoch?.key) throw new Error("no epoch")
  const { position, links } = scene.patient.state
  const prefix = {
    epoch: epoch.hash,
    seenPosition: position,
    seenLink: links[position] as Uint8Array,
    salt: seedOf("salt"),
  }
  const { key } = epoch
  const seal = (payload: string, sequence: number) =>
    sealMessage(
      scene.patient.device,
      { conversation: scene.conversation, issued: NOW },
      { ...prefix, quiet: false, sequence },
      key,
      utf8(payload),
    )
  assertUnusable(scene.nurse, seal('{"v":1,"type":"text"}', 1))
  assertUnusable(scene.nurse, seal('{"v":1,"type":"text","text":"x","html":"<b>"}', 2))
  assertUnusable(scene.nurse, seal("not json", 3))
  assertUnusable(scene.nurse, seal("[]", 4))
  assert.is(scene.nurse.take(seal('{"v":1,"type":"text","text":"x"}', 5)).kind, "message")
})

test("the right bytes under the wrong epoch key don't open", () => {
  const scene = new Scene()
  const record = decodeRecord(scene.patient.message("x"))
  assert.throws(() => openMessage(record, decodeMessage(record.body), seedOf("wrong")), /could not be opened/)
})

test.run()
