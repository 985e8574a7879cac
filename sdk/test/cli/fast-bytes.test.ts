/** Node's own hash and base64 against the SDK's portable ones. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fastBase64, fastSha256 } from "../../src/cli/fast-bytes.ts"
import { sha256 } from "../../src/crypto/index.ts"
import { type DecodeBase64, decodeBase64 } from "../../src/tlog/index.ts"

const test = suite("Node's hash and base64")

test("the hash is the SDK's", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => assert.equal(fastSha256(bytes), sha256(bytes))),
  )
})

/** What a decoder makes of a text for `length` bytes: those, or undefined. */
function decodedBy(decode: DecodeBase64, text: Uint8Array, length: number): Uint8Array | undefined {
  const padded = Buffer.concat([Buffer.from("xy"), text, Buffer.from("AAAA")])
  const into = new Uint8Array(length + 5).fill(9)
  if (!decode(padded, 2, 2 + text.length, into, length)) return undefined
  assert.equal([...into.subarray(length)], [9, 9, 9, 9, 9])
  return into.slice(0, length)
}

test("both take what was encoded", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(Buffer.from(bytes).toString("base64"))
      assert.equal(decodedBy(fastBase64, text, bytes.length), Uint8Array.from(bytes))
      assert.equal(decodedBy(decodeBase64, text, bytes.length), Uint8Array.from(bytes))
      assert.is(decodedBy(fastBase64, text, bytes.length + 3), undefined)
      assert.is(decodedBy(decodeBase64, text, bytes.length + 3), undefined)
    }),
  )
})

test("both refuse what only seems to end well: all alike but for one character, or of another length", () => {
  const text = "A".repeat(16)
  for (const decode of [fastBase64, decodeBase64]) {
    const isTaken = (encoded: string, length: number): boolean =>
      decode(Buffer.from(encoded, "latin1"), 0, encoded.length, new Uint8Array(20), length)
    assert.is(isTaken(text, 12), true)
    for (let at = 0; at < text.length; at++)
      for (const other of [" ", "=", "\n", "-", "é"])
        assert.is(isTaken(text.slice(0, at) + other + text.slice(at + 1), 12), false, `${other} at ${at}`)
    for (const length of [0, 3, 9, 10, 11, 13, 15]) assert.is(isTaken(text, length), false, `${length} bytes`)
    assert.is(isTaken("", 0), true)
  }
})

test("both refuse the same other spellings, of which Node's decoder knows many", () => {
  const spellings = fc.constantFrom("-", "_", "=", " ", "\n", "A", "B", "/", "+", "é", "\0")
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(), spellings, (bytes, seed, other) => {
      const text = Buffer.from(bytes).toString("base64")
      const at = seed % text.length
      const spoiled = Buffer.from(text.slice(0, at) + other + text.slice(at + 1), "latin1")
      const portable = decodedBy(decodeBase64, spoiled, bytes.length)
      assert.equal(decodedBy(fastBase64, spoiled, bytes.length), portable)
      if (portable) assert.is(Buffer.from(portable).toString("base64"), spoiled.toString("latin1"))
    }),
    { numRuns: 2000 },
  )
})

test.run()
