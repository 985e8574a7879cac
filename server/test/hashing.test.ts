/** node:crypto in the place of libsodium: the same answers, and stricter where they could differ. */
import { randomBytes } from "node:crypto"
import {
  cryptoReady,
  verify as libsodium,
  sha256 as portable,
  sign,
  signingKeyPair,
} from "@wardline/sdk/crypto"
import { nextLink, signatureInput, utf8 } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { keyOf, sha256, sha256Text, verify, writeKey } from "../src/hashing.ts"
import { nextLinkOf } from "../src/transaction.ts"

await cryptoReady()

const test = suite("hashing")
const keys = signingKeyPair(randomBytes(32))

test("SHA-256 and links are the SDK's", () => {
  for (const length of [0, 1, 63, 64, 205, 100_000]) {
    const bytes = randomBytes(length)
    assert.is(Buffer.compare(sha256(bytes), portable(bytes)), 0)
    assert.is(sha256Text(bytes), keyOf(sha256(bytes)))
  }
  const [link, hash] = [randomBytes(32), randomBytes(32)]
  for (const position of [1, 2 ** 24, 2 ** 40 + 7])
    assert.is(
      Buffer.compare(nextLinkOf(link, position, keyOf(hash)), nextLink(portable, link, position, hash)),
      0,
    )
})

test("keys are bytes and come back as they were, from any array", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  const target = Buffer.alloc(258)
  writeKey(target, keyOf(bytes), 1)
  assert.is(Buffer.compare(target.subarray(1, 257), bytes), 0)
  assert.is(keyOf(bytes.subarray(65, 70)), "ABCDE")
  assert.is(keyOf(bytes, 65, 70), "ABCDE")
})

test("signatures are libsodium's, and every changed byte is refused by both", () => {
  const input = signatureInput("wl1/auth", utf8("message"))
  const signature = sign("wl1/auth", utf8("message"), keys.secretKey)
  assert.is(verify(keys.publicKey, input, signature), true)
  for (let at = 0; at < 64; at++) {
    const changed = signature.map((byte, i) => (i === at ? byte ^ 0x10 : byte))
    assert.is(verify(keys.publicKey, input, changed), false)
    assert.is(libsodium(keys.publicKey, input, changed), false)
  }
  assert.is(verify(keys.publicKey, utf8("other"), signature), false)
  for (const [key, bytes] of [
    [keys.publicKey.subarray(1), signature],
    [keys.publicKey, signature.subarray(1)],
    [new Uint8Array(0), signature],
    [randomBytes(33), signature],
  ] as const)
    assert.is(verify(key, input, bytes), false)
})

test("a key of small order signs nothing, though OpenSSL alone would say it signs everything", () => {
  const identity = Uint8Array.of(1, ...new Uint8Array(31))
  // With the identity as key, R = B and s = 1 fit any message.
  const base = Buffer.from(`58${"66".repeat(31)}`, "hex")
  const signature = Uint8Array.of(...base, 1, ...new Uint8Array(31))
  assert.is(verify(identity, utf8("anything"), signature), false)
  assert.is(libsodium(identity, utf8("anything"), signature), false)
})

test("a scalar over the group's order is refused", () => {
  const genuine = sign("wl1/x", utf8("m"), keys.secretKey)
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const scalar = BigInt(`0x${Buffer.from(genuine.subarray(32)).reverse().toString("hex")}`) + order
  const larger = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse()
  const forged = Uint8Array.of(...genuine.subarray(0, 32), ...larger)
  assert.is(verify(keys.publicKey, signatureInput("wl1/x", utf8("m")), genuine), true)
  assert.is(verify(keys.publicKey, signatureInput("wl1/x", utf8("m")), forged), false)
})

test.run()
