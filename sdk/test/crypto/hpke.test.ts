import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, fromHex, toHex, utf8 } from "../../src/bytes.ts"
import {
  cryptoReady,
  HPKE_OVERHEAD_BYTES,
  hpkeContextOpen,
  hpkeContextSeal,
  hpkeDeriveKeyPair,
  hpkeExport,
  hpkeKeySchedule,
  hpkeOpen,
  hpkeSeal,
  hpkeSetupRecipient,
  hpkeSetupSender,
  randomBytes,
  wrappingKeyPair,
  xwingDecapsulate,
  xwingEncapsulate,
} from "../../src/crypto/index.ts"
import { WRAP_BYTES } from "../../src/protocol/index.ts"
import { counting, flipBit, refusal, vectorsOf } from "./expect.ts"

const test = suite("HPKE with X-Wing")
test.before(cryptoReady)

interface HpkeVector {
  [field: string]: unknown
  encryptions: { aad: string; ct: string; nonce: string; pt: string }[]
  exports: { exporter_context: string; L: number; exported_value: string }[]
}
type KemVector = Record<"ikmE" | "ikmR" | "skRm" | "pkRm" | "enc" | "shared_secret", string>
type XwingVector = Record<"seed" | "eseed" | "ss" | "pk" | "ct", string>

for (const [i, vector] of vectorsOf<XwingVector>("xwing.json").entries()) {
  test(`X-Wing: the draft's vector ${i + 1}`, () => {
    const { publicKey, seed } = wrappingKeyPair(fromHex(vector.seed))
    assert.is(toHex(publicKey), vector.pk)
    const { encapsulation, sharedSecret } = xwingEncapsulate(publicKey, fromHex(vector.eseed))
    assert.is(toHex(encapsulation), vector.ct)
    assert.is(toHex(sharedSecret), vector.ss)
    assert.is(toHex(xwingDecapsulate(seed, encapsulation)), vector.ss)
  })
}

const hpkeVectors = vectorsOf<HpkeVector>("hpke-xwing.json")

test("HPKE: all of the one entry that the draft has of this suite", () => {
  const sizes = hpkeVectors.map(({ encryptions, exports }) => [encryptions.length, exports.length])
  assert.equal(sizes, [[10, 5]])
})

// Of an entry with another KDF, what it says about the KEM alone.
for (const vector of vectorsOf<KemVector>("hpke-xwing.json", "kem")) {
  test("HPKE: the KEM of the draft's other entry with X-Wing", () => {
    const pair = hpkeDeriveKeyPair(fromHex(vector.ikmR))
    assert.is(toHex(pair.seed), vector.skRm)
    assert.is(toHex(pair.publicKey), vector.pkRm)
    const { encapsulation, sharedSecret } = xwingEncapsulate(pair.publicKey, fromHex(vector.ikmE))
    assert.is(toHex(encapsulation), vector.enc)
    assert.is(toHex(sharedSecret), vector.shared_secret)
    assert.is(toHex(xwingDecapsulate(pair.seed, encapsulation)), vector.shared_secret)
  })
}

for (const vector of hpkeVectors) {
  const field = (name: string): Uint8Array => fromHex(vector[name] as string)

  test("HPKE: every step of the draft's vector", () => {
    const pair = hpkeDeriveKeyPair(field("ikmR"))
    assert.equal(pair.seed, field("skRm"))
    assert.equal(pair.publicKey, field("pkRm"))
    const sender = hpkeSetupSender(pair.publicKey, field("info"), { seed: field("ikmE") })
    assert.equal(sender.encapsulation, field("enc"))
    const recipient = hpkeSetupRecipient(pair.seed, sender.encapsulation, field("info"))
    for (const context of [
      sender.context,
      recipient,
      hpkeKeySchedule(field("shared_secret"), field("info")),
    ]) {
      assert.equal(context.key, field("key"))
      assert.equal(context.baseNonce, field("base_nonce"))
      assert.equal(context.exporterSecret, field("exporter_secret"))
    }
    for (const [sequence, { aad, ct, pt }] of vector.encryptions.entries()) {
      assert.is(toHex(hpkeContextSeal(sender.context, sequence, fromHex(aad), fromHex(pt))), ct)
      assert.is(toHex(hpkeContextOpen(recipient, sequence, fromHex(aad), fromHex(ct))), pt)
    }
    for (const { exporter_context, L, exported_value } of vector.exports) {
      assert.is(toHex(hpkeExport(recipient, fromHex(exporter_context), L)), exported_value)
    }
  })

  test("HPKE: the one-shot form of the same vector", () => {
    const { aad, ct, pt } = vector.encryptions[0] as HpkeVector["encryptions"][0]
    const randomness = { seed: field("ikmE") }
    const sealed = hpkeSeal(field("pkRm"), field("info"), fromHex(aad), fromHex(pt), randomness)
    assert.equal(sealed, concat(field("enc"), fromHex(ct)))
    assert.is(toHex(hpkeOpen(field("skRm"), field("info"), fromHex(aad), sealed)), pt)
  })
}

const info = utf8("wl1/wrap and where it belongs")
const NOTHING = new Uint8Array(0)
const secret = counting(32, 7)

function wrapped() {
  const pair = wrappingKeyPair(counting(32))
  return { pair, sealed: hpkeSeal(pair.publicKey, info, NOTHING, secret, { seed: counting(64, 1) }) }
}

test("a wrap has the size that the protocol page says", () => {
  assert.is(wrapped().sealed.length, WRAP_BYTES)
  assert.is(HPKE_OVERHEAD_BYTES + 32, WRAP_BYTES)
})

test("opens what it sealed, whatever it is", () => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  const { pair } = wrapped()
  const run = fc.property(bytes, bytes, bytes, (about, aad, text) => {
    const sealed = hpkeSeal(pair.publicKey, about, aad, text, { seed: randomBytes(64) })
    assert.equal(hpkeOpen(pair.seed, about, aad, sealed), text)
  })
  fc.assert(run, { numRuns: 50 })
})

test("one error for every byte changed, every length, and every wrong key, info and aad", () => {
  const { pair, sealed } = wrapped()
  const messages = new Set<string>()
  const refused = (act: () => unknown, what: string): void => {
    const error = refusal(act, "ERR_OPEN_FAILED", what)
    messages.add(`${error.message} ${String(error.cause)}`)
  }
  for (let i = 0; i < sealed.length; i++) {
    refused(() => hpkeOpen(pair.seed, info, NOTHING, flipBit(sealed, 8 * i + (i % 8))), `byte ${i}`)
  }
  for (const length of [0, 1, 32, 1088, 1119, 1120, 1121, 1135, 1136, 1167]) {
    refused(() => hpkeOpen(pair.seed, info, NOTHING, sealed.subarray(0, length)), `${length} bytes`)
  }
  refused(() => hpkeOpen(pair.seed, info, NOTHING, concat(sealed, Uint8Array.of(0))), "trailing byte")
  refused(() => hpkeOpen(flipBit(pair.seed, 3), info, NOTHING, sealed), "another's key")
  refused(() => hpkeOpen(pair.seed, flipBit(info, 3), NOTHING, sealed), "wrong info")
  refused(() => hpkeOpen(pair.seed, NOTHING, NOTHING, sealed), "no info")
  refused(() => hpkeOpen(pair.seed, info, Uint8Array.of(0), sealed), "wrong aad")
  refused(() => hpkeSetupRecipient(pair.seed, sealed.subarray(0, 1119), info), "short encapsulation")
  assert.is(messages.size, 1)
})

test("ten thousand malformed wraps: one error", () => {
  const { pair, sealed } = wrapped()
  const messages = new Set<string>()
  for (let i = 0; i < 10_000; i++) {
    const bytes = i % 2 === 0 ? randomBytes(sealed.length) : flipBit(sealed, (i * 7919) % (sealed.length * 8))
    messages.add(refusal(() => hpkeOpen(pair.seed, info, NOTHING, bytes), "ERR_OPEN_FAILED").message)
  }
  assert.is(messages.size, 1)
})

test("an X25519 share of zero is refused on either side", () => {
  const { pair, sealed } = wrapped()
  const key = pair.publicKey.slice()
  key.fill(0, 1184)
  refusal(() => hpkeSeal(key, info, NOTHING, secret, { seed: counting(64) }), "ERR_MALFORMED")
  const zeroShare = sealed.slice()
  zeroShare.fill(0, 1088, 1120)
  refusal(() => hpkeOpen(pair.seed, info, NOTHING, zeroShare), "ERR_OPEN_FAILED")
})

test("an ML-KEM key with coefficients over the modulus is refused (FIPS 203, 7.2)", () => {
  const key = wrapped().pair.publicKey.slice()
  key.fill(0xff, 0, 3)
  refusal(() => hpkeSeal(key, info, NOTHING, secret, { seed: counting(64) }), "ERR_MALFORMED")
})

test("keys and seeds of a wrong length are the caller's bug", () => {
  const { pair, sealed } = wrapped()
  const seal = (key: Uint8Array, seed: Uint8Array) => () => hpkeSeal(key, info, NOTHING, secret, { seed })
  refusal(seal(pair.publicKey.subarray(1), counting(64)), "ERR_MALFORMED")
  refusal(seal(pair.publicKey, counting(63)), "ERR_MALFORMED")
  refusal(() => hpkeOpen(pair.seed.subarray(1), info, NOTHING, sealed), "ERR_MALFORMED")
  refusal(() => wrappingKeyPair(new Uint8Array(64)), "ERR_MALFORMED")
})

test("sequence numbers make different nonces", () => {
  const context = hpkeKeySchedule(counting(32), info)
  const at = (sequence: number): string => toHex(hpkeContextSeal(context, sequence, NOTHING, secret))
  assert.is(new Set([0, 1, 255, 256, 2 ** 32, 2 ** 53 - 1].map(at)).size, 6)
  refusal(() => at(-1), "ERR_MALFORMED")
  refusal(() => at(2 ** 53), "ERR_MALFORMED")
})

test.run()
