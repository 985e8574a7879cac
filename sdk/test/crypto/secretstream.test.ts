/** The secret stream: what it seals it opens, in order and to the end; anything else is one refusal. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { utf8 } from "../../src/bytes.ts"
import { cryptoReady, openStream, randomBytes, sealStream } from "../../src/crypto/index.ts"
import { hasCode } from "../support/errors.ts"

await cryptoReady()
const test = suite("secret stream")
const aad = utf8("aad")
const opens = hasCode("ERR_OPEN_FAILED")

function sealed(): { key: Uint8Array; header: Uint8Array; chunks: [Uint8Array, Uint8Array] } {
  const key = randomBytes(32)
  const stream = sealStream(key)
  const chunks: [Uint8Array, Uint8Array] = [
    stream.seal(utf8("one"), aad, false),
    stream.seal(utf8("two"), aad, true),
  ]
  return { key, header: stream.header, chunks }
}

test("opens what was sealed, to the end", () => {
  const { key, header, chunks } = sealed()
  const stream = openStream(key, header)
  assert.equal(stream.open(chunks[0], aad, false), utf8("one"))
  assert.equal(stream.open(chunks[1], aad, true), utf8("two"))
})

test("the end where it isn't expected, and no end where it is, are refused", () => {
  const { key, header, chunks } = sealed()
  assert.throws(() => openStream(key, header).open(chunks[0], aad, true), opens)
  const stream = openStream(key, header)
  stream.open(chunks[0], aad, false)
  assert.throws(() => stream.open(chunks[1], aad, false), opens)
})

test("another order, another key, another header, other data beside it, a changed bit are refused", () => {
  const { key, header, chunks } = sealed()
  assert.throws(() => openStream(key, header).open(chunks[1], aad, true), opens)
  assert.throws(() => openStream(randomBytes(32), header).open(chunks[0], aad, false), opens)
  assert.throws(() => openStream(key, randomBytes(24)).open(chunks[0], aad, false), opens)
  assert.throws(() => openStream(key, header).open(chunks[0], utf8("other"), false), opens)
  for (let i = 0; i < chunks[0].length; i++) {
    const changed = chunks[0].slice()
    changed[i] = (changed[i] as number) ^ 1
    assert.throws(() => openStream(key, header).open(changed, aad, false), opens, `${i}`)
  }
})

test("a chunk that is shorter than any is refused in the same way", () => {
  const { key, header, chunks } = sealed()
  for (let length = 0; length < 20; length++)
    assert.throws(() => openStream(key, header).open(chunks[0].subarray(0, length), aad, false), opens)
})

test("keys and headers of another length are refused", () => {
  assert.throws(() => sealStream(randomBytes(31)), hasCode("ERR_MALFORMED"))
  assert.throws(() => openStream(randomBytes(33), randomBytes(24)), hasCode("ERR_MALFORMED"))
  assert.throws(() => openStream(randomBytes(32), randomBytes(23)), hasCode("ERR_MALFORMED"))
})

test.run()
