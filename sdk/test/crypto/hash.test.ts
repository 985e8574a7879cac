import { shake256 as nobleShake256 } from "@noble/hashes/sha3.js"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex, utf8 } from "../../src/bytes.ts"
import { cryptoReady, derive, sha256, shake256 } from "../../src/crypto/index.ts"
import { refusal } from "./expect.ts"

const test = suite("hashes and derivation")
test.before(cryptoReady)

test("SHA-256 of FIPS 180-4's example", () => {
  assert.is(toHex(sha256(utf8("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
})

test("SHAKE256 of nothing, as FIPS 202's example values have it", () => {
  assert.is(
    toHex(shake256(new Uint8Array(0), 32)),
    "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f",
  )
})

test("LD hashes the bytes that the protocol page says", () => {
  const input = fromHex(["0003010203", "776c31", "0006636f6d6d6974", "0038", "0000000409080706"].join(""))
  const key = fromHex("010203")
  assert.equal(derive(key, "commit", fromHex("09080706"), 56), nobleShake256(input, { dkLen: 56 }))
  assert.equal(key, fromHex("010203"), "the caller's key stays")
})

test("LD separates keys, labels, contexts and lengths", () => {
  const key = new Uint8Array(32)
  const outputs = [
    derive(key, "message", utf8("x"), 32),
    derive(new Uint8Array(31), "message", utf8("x"), 32),
    derive(key, "messagex", new Uint8Array(0), 32),
    derive(key, "message", utf8("y"), 32),
    derive(key, "message", utf8("x"), 33).subarray(0, 32),
  ].map(toHex)
  assert.is(new Set(outputs).size, outputs.length)
})

test("LD refuses a length that u16 can't say", () => {
  refusal(() => derive(new Uint8Array(32), "message", new Uint8Array(0), 65_536), "ERR_MALFORMED")
})

test.run()
