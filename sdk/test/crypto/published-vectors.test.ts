// Vectors that others published, through the pure functions of ./crypto; each file says whose they are. HPKE's and
// X-Wing's are in hpke.test.ts.
import { createPublicKey, sign as nodeSign, verify as nodeVerify } from "node:crypto"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, fromHex, toHex } from "../../src/bytes.ts"
import {
  aeadOpen,
  aeadSeal,
  cryptoReady,
  shake256,
  sign,
  signingKeyPair,
  signJoined,
  verify,
} from "../../src/crypto/index.ts"
import { isAcceptableSigningKey, signatureInput } from "../../src/protocol/index.ts"
import { counting, refusal, vectorsOf } from "./expect.ts"

const test = suite("published vectors")
test.before(cryptoReady)

interface SignatureVector {
  publicKey: string
  message: string
  signature: string
}

const holds = ({ publicKey, message, signature }: SignatureVector): boolean =>
  verify(fromHex(publicKey), fromHex(message), fromHex(signature))

const rfc8032 = vectorsOf<SignatureVector & { name: string; seed: string }>("ed25519-rfc8032.json")
const wycheproof = vectorsOf<SignatureVector & { id: number; comment: string; result: string; seed: string }>(
  "ed25519-wycheproof.json",
)
const speccheck = vectorsOf<SignatureVector & { what: string; accepted: boolean; why?: string }>(
  "ed25519-speccheck.json",
)

for (const vector of rfc8032) {
  test(`Ed25519, RFC 8032: ${vector.name}`, () => {
    assert.is(toHex(signingKeyPair(fromHex(vector.seed)).publicKey), vector.publicKey)
    assert.ok(holds(vector))
  })
}

for (const vector of wycheproof) {
  test(`Ed25519, Wycheproof ${vector.id}: ${vector.comment || "valid"}: ${vector.result}`, () => {
    assert.is(holds(vector), vector.result === "valid")
    assert.is(toHex(signingKeyPair(fromHex(vector.seed)).publicKey), vector.publicKey)
  })
}

for (const [i, vector] of speccheck.entries()) {
  const verdict = vector.why === undefined ? "accepted" : `refused, since ${vector.why}`
  test(`Ed25519, taming the many, ${i}: ${vector.what}: ${verdict}`, () => {
    assert.is(holds(vector), vector.accepted)
  })
}

// y of the eight points of small order, and p and p + 1, which are 0 and 1 once more; each with either sign.
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].flatMap((hex) => {
  const point = fromHex(hex)
  const other = point.slice()
  other[31] = (other[31] as number) ^ 0x80
  return [point, other]
})
const isSmallOrder = (point: Uint8Array): boolean =>
  SMALL_ORDER.some((small) => toHex(small) === toHex(point))

test("Ed25519: no key or nonce of small order verifies anything, however it is encoded", () => {
  // S = 0: for one message in eight, or for all, the equation itself holds.
  const scalar = new Uint8Array(32)
  for (const key of SMALL_ORDER) {
    assert.not(isAcceptableSigningKey(key))
    for (const nonce of SMALL_ORDER) {
      for (let i = 0; i < 16; i++) assert.not(verify(key, counting(4, i), concat(nonce, scalar)))
    }
  }
})

/** OpenSSL, by which the relay checks. */
function nodeHolds({ publicKey, message, signature }: SignatureVector): boolean {
  const spki = concat(fromHex("302a300506032b6570032100"), fromHex(publicKey))
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" })
  return nodeVerify(null, fromHex(message), key, fromHex(signature))
}

test("Ed25519: what clients accept, the relay's OpenSSL accepts; beyond that only small orders", () => {
  const all = [...rfc8032, ...wycheproof, ...speccheck].filter(({ signature }) => signature.length === 128)
  for (const vector of all) {
    const [client, relay] = [holds(vector), nodeHolds(vector)]
    if (client === relay) continue
    assert.ok(relay, JSON.stringify(vector))
    const [key, nonce] = [fromHex(vector.publicKey), fromHex(vector.signature).subarray(0, 32)]
    assert.ok(isSmallOrder(key) || isSmallOrder(nonce), JSON.stringify(vector))
  }
})

test("Ed25519: signatures are those that OpenSSL makes", () => {
  const pkcs8 = concat(fromHex("302e020100300506032b657004220420"), counting(32))
  const key = { key: Buffer.from(pkcs8), format: "der", type: "pkcs8" } as const
  const { secretKey } = signingKeyPair(counting(32))
  for (const length of [0, 1, 63, 64, 111, 112, 127, 128, 1023]) {
    const message = counting(length)
    const signature = new Uint8Array(nodeSign(null, signatureInput("wl1/message", message), key))
    assert.equal(sign("wl1/message", message, secretKey), signature)
    const halves = [message.subarray(0, length >> 1), message.subarray(length >> 1)]
    assert.equal(signJoined("wl1/message", halves, secretKey), concat(message, signature))
  }
})

interface AeadVector {
  name: string
  key: string
  nonce: string
  aad: string
  plaintext: string
  sealed: string
  valid: boolean
}

for (const vector of vectorsOf<AeadVector>("xchacha20-poly1305.json")) {
  const [key, nonce, aad] = [fromHex(vector.key), fromHex(vector.nonce), fromHex(vector.aad)]
  test(`XChaCha20-Poly1305, ${vector.name}: ${vector.valid ? "opened" : "refused"}`, () => {
    const open = (): Uint8Array => aeadOpen(key, nonce, aad, fromHex(vector.sealed))
    if (nonce.length !== 24) {
      // A nonce of another length is a bug of the caller, whichever bytes come with it.
      refusal(open, "ERR_MALFORMED")
      refusal(() => aeadSeal(key, nonce, aad, fromHex(vector.plaintext)), "ERR_MALFORMED")
      return
    }
    const sealed = toHex(aeadSeal(key, nonce, aad, fromHex(vector.plaintext)))
    if (vector.valid) {
      assert.is(sealed, vector.sealed)
      assert.is(toHex(open()), vector.plaintext)
    } else {
      assert.is.not(sealed, vector.sealed)
      refusal(open, "ERR_OPEN_FAILED")
    }
  })
}

for (const vector of vectorsOf<{ name: string; input: string; output: string }>("shake256.json")) {
  test(`SHAKE256, ${vector.name}`, () => {
    assert.is(toHex(shake256(fromHex(vector.input), vector.output.length / 2)), vector.output)
  })
}

test.run()
