import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, utf8 } from "../../src/bytes.ts"
import { cryptoReady, sign, signingKeyPair, verify, verifySignature } from "../../src/crypto/index.ts"
import { counting, flipBit, refusal } from "./expect.ts"

const test = suite("signatures")
test.before(cryptoReady)

const message = utf8("a message")

test("RFC 8032, 7.1, test 2", () => {
  const pair = signingKeyPair(fromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
  const publicKey = fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
  const signature = fromHex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  )
  assert.equal(pair.publicKey, publicKey)
  assert.ok(verify(publicKey, Uint8Array.of(0x72), signature))
})

test("a signature holds for its message, key and tag, and for nothing else", () => {
  const pair = signingKeyPair(counting(32))
  const signature = sign("wl1/message", message, pair.secretKey)
  const holds = (tag: string, m: Uint8Array, s: Uint8Array, k: Uint8Array): boolean =>
    verifySignature(tag, m, s, k)
  assert.ok(holds("wl1/message", message, signature, pair.publicKey))
  for (const tag of ["wl1/epoch", "wl1/auth", "wl1/messag", ""]) {
    assert.not(holds(tag, message, signature, pair.publicKey), tag)
  }
  for (let bit = 0; bit < 512; bit++) {
    assert.not(holds("wl1/message", message, flipBit(signature, bit), pair.publicKey), `bit ${bit}`)
  }
  for (let bit = 0; bit < 256; bit++) {
    assert.not(holds("wl1/message", message, signature, flipBit(pair.publicKey, bit)), `key bit ${bit}`)
  }
  assert.not(holds("wl1/message", flipBit(message, 0), signature, pair.publicKey))
  assert.not(holds("wl1/message", message, signature, signingKeyPair(counting(32, 1)).publicKey))
})

test("the length before the tag keeps tag and message apart", () => {
  const pair = signingKeyPair(counting(32))
  const signature = sign("wl1/a", utf8("bc"), pair.secretKey)
  assert.not(verifySignature("wl1/ab", utf8("c"), signature, pair.publicKey))
})

test("a scalar over the group order is refused (RFC 8032, 5.1.7)", () => {
  const pair = signingKeyPair(counting(32))
  const signature = sign("wl1/message", message, pair.secretKey)
  const order = fromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
  const other = signature.slice()
  let carry = 0
  for (let i = 0; i < 32; i++) {
    carry += (signature[32 + i] as number) + (order[i] as number)
    other[32 + i] = carry & 0xff
    carry >>= 8
  }
  assert.is(carry, 0)
  assert.not(verifySignature("wl1/message", message, other, pair.publicKey))
})

test("a key of small order verifies nothing", () => {
  // With the neutral element as key and nonce, and the scalar zero, the equation itself would hold.
  const neutral = fromHex("0100000000000000000000000000000000000000000000000000000000000000")
  const signature = new Uint8Array(64)
  signature.set(neutral)
  assert.not(verifySignature("wl1/message", message, signature, neutral))
})

test("wrong lengths are no signature, and no exception", () => {
  const pair = signingKeyPair(counting(32))
  const signature = sign("wl1/message", message, pair.secretKey)
  for (let length = 0; length < 64; length++) {
    assert.not(verifySignature("wl1/message", message, signature.subarray(0, length), pair.publicKey))
  }
  assert.not(verifySignature("wl1/message", message, new Uint8Array(65), pair.publicKey))
  assert.not(verifySignature("wl1/message", message, signature, pair.publicKey.subarray(1)))
  refusal(() => signingKeyPair(new Uint8Array(31)), "ERR_MALFORMED")
  refusal(() => sign("wl1/message", message, new Uint8Array(32)), "ERR_MALFORMED")
})

test.run()
