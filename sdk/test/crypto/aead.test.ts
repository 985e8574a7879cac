import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, fromHex, utf8 } from "../../src/bytes.ts"
import { aeadOpen, aeadSeal, cryptoReady } from "../../src/crypto/index.ts"
import { counting, flipBit, refusal } from "./expect.ts"

const test = suite("XChaCha20-Poly1305")
test.before(cryptoReady)

// draft-irtf-cfrg-xchacha-03, A.3.1
const key = counting(32, 0x80)
const nonce = counting(24, 0x40)
const aad = fromHex("50515253c0c1c2c3c4c5c6c7")
const plaintext = utf8(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
)
const sealed = fromHex(
  "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39" +
    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" +
    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
)

test("seals and opens the draft's example", () => {
  assert.equal(aeadSeal(key, nonce, aad, plaintext), sealed)
  assert.equal(aeadOpen(key, nonce, aad, sealed), plaintext)
})

test("opens what it sealed, whatever it is", () => {
  const bytes = (max: number) => fc.uint8Array({ maxLength: max })
  fc.assert(
    fc.property(bytes(300), bytes(60), (text, bound) => {
      assert.equal(aeadOpen(key, nonce, bound, aeadSeal(key, nonce, bound, text)), text)
    }),
  )
})

test("one error for every bit flipped, every truncation and every other change", () => {
  const messages = new Set<string>()
  const refused = (act: () => unknown, what: string): void => {
    const error = refusal(act, "ERR_OPEN_FAILED", what)
    messages.add(`${error.message} ${String(error.cause)}`)
  }
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    refused(() => aeadOpen(key, nonce, aad, flipBit(sealed, bit)), `bit ${bit}`)
  }
  for (let length = 0; length < sealed.length; length++) {
    refused(() => aeadOpen(key, nonce, aad, sealed.subarray(0, length)), `${length} bytes`)
  }
  for (let bit = 0; bit < 12 * 8; bit++) refused(() => aeadOpen(key, nonce, flipBit(aad, bit), sealed), "aad")
  refused(() => aeadOpen(key, nonce, aad, concat(sealed, Uint8Array.of(0))), "trailing byte")
  refused(() => aeadOpen(flipBit(key, 0), nonce, aad, sealed), "key")
  refused(() => aeadOpen(key, flipBit(nonce, 191), aad, sealed), "nonce")
  assert.is(messages.size, 1)
})

test("a key or nonce of a wrong length is the caller's bug, not an attack", () => {
  refusal(() => aeadSeal(key.subarray(1), nonce, aad, plaintext), "ERR_MALFORMED")
  refusal(() => aeadOpen(key, nonce.subarray(1), aad, sealed), "ERR_MALFORMED")
})

test.run()
