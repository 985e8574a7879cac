import { readFileSync } from "node:fs"
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, fromUtf8, toHex, utf8 } from "../../src/bytes.ts"
import {
  encodeVerifierKey,
  formatNote,
  fromBase64,
  isKeyName,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  noteKeyId,
  parseNote,
  parseVerifierKey,
  signatureLine,
  toBase64,
} from "../../src/tlog/index.ts"
import { flipBit, there } from "../crypto/expect.ts"
import { hasCode } from "../support/errors.ts"
import { hash, leafAt, verify } from "./tree.ts"

const test = suite("signed notes")

const published = JSON.parse(readFileSync(new URL("../vectors/c2sp.json", import.meta.url), "utf8")) as {
  poem: string
  go: { body: string; verifierKeys: string[]; lines: string[] }
  verifierKeys: string[]
  badVerifierKeys: Record<string, string>
}

test("the specification's example, whose text has an empty line", () => {
  const { body, signatures } = parseNote(published.poem)
  assert.is(
    body,
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n",
  )
  const [signature] = signatures
  assert.is(signature?.name, "quasimodo.example/salvatore")
  assert.is(toHex(there(signature).keyId), "367ba04b")
  assert.is(signature?.signature.length, 64)
  assert.is(formatNote(body, signatures.map(signatureLine)), published.poem)
})

test("a note signed by Go's implementation verifies with the keys that it gives", () => {
  const { body, lines, verifierKeys } = published.go
  const { signatures } = parseNote(formatNote(body, lines))
  for (const [i, text] of verifierKeys.entries()) {
    const { name, type, key } = parseVerifierKey(hash, text)
    const signature = there(signatures[i])
    assert.is(type, NOTE_ED25519)
    assert.is(signature.name, name)
    assert.equal(signature.keyId, noteKeyId(hash, name, type, key))
    assert.ok(verify(key, utf8(body), signature.signature))
    assert.not(verify(key, utf8(`${body}.`), signature.signature))
  }
})

test("published verifier keys come back as they were", () => {
  for (const text of published.verifierKeys)
    assert.is(encodeVerifierKey(hash, parseVerifierKey(hash, text)), text)
  assert.is(parseVerifierKey(hash, there(published.verifierKeys[1])).type, NOTE_COSIGNATURE)
})

for (const [name, text] of Object.entries(published.badVerifierKeys))
  test(`a verifier key with ${name} is refused`, () => {
    const code = name.endsWith("type") ? "ERR_UNSUPPORTED" : "ERR_MALFORMED"
    assert.throws(() => parseVerifierKey(hash, text), hasCode(code))
  })

test("a verifier key with a key of another length is refused, whatever its id", () => {
  for (const length of [31, 33]) {
    const text = encodeVerifierKey(hash, { name: "a", type: NOTE_ED25519, key: new Uint8Array(length) })
    assert.throws(() => parseVerifierKey(hash, text), hasCode("ERR_MALFORMED"))
  }
})

test("no part of a verifier key is one, nor one with a character changed", () => {
  const [text] = published.verifierKeys as [string]
  for (let start = 0; start < text.length; start++)
    for (let end = start; end <= text.length; end++)
      if (end - start < text.length) assert.throws(() => parseVerifierKey(hash, text.slice(start, end)))
  for (let i = 0; i < text.length; i++) {
    const other = String.fromCharCode(text.charCodeAt(i) + 1)
    assert.throws(() => parseVerifierKey(hash, text.slice(0, i) + other + text.slice(i + 1)), `${i}`)
  }
})

const line = signatureLine({ name: "a", keyId: new Uint8Array(4), signature: leafAt(0) })
const noteWith = (signature: string): string => `text\n\n${signature}`

for (const { name, text } of [
  { name: "nothing", text: "" },
  { name: "text alone", text: "text\n" },
  { name: "no signature", text: "text\n\n" },
  { name: "no empty line", text: `text\n${line}` },
  { name: "no newline at the end", text: noteWith(line.slice(0, -1)) },
  { name: "a line after the signatures", text: noteWith(`${line}more\n`) },
  { name: "an empty line after the signatures", text: noteWith(`${line}\n`) },
  { name: "a hyphen for the dash", text: noteWith(line.replace("—", "-")) },
  { name: "a space too many", text: noteWith(line.replace("— ", "—  ")) },
  { name: "a space at a line's end", text: noteWith(line.replace("\n", " \n")) },
  { name: "no name", text: noteWith(line.replace("— a ", "—  ")) },
  { name: "a name with a plus", text: noteWith(line.replace("— a ", "— a+b ")) },
  { name: "a name with a space of another kind", text: noteWith(line.replace("— a ", "— a b ")) },
  { name: "a signature without bytes", text: noteWith("— a AAAAAA==\n") },
  { name: "a signature that isn't base64", text: noteWith("— a !!!!\n") },
  { name: "a carriage return", text: `text\r\n\n${line}` },
  { name: "a tab", text: `te\txt\n\n${line}` },
  { name: "a zero byte", text: `te\0xt\n\n${line}` },
  { name: "half a surrogate pair", text: `te\ud800xt\n\n${line}` },
])
  test(`a note with ${name} is refused`, () => {
    assert.throws(() => parseNote(text), hasCode("ERR_MALFORMED"))
  })

test("a note has room for a hundred signatures, and for no more", () => {
  assert.is(parseNote(noteWith(line.repeat(100))).signatures.length, 100)
  assert.throws(() => parseNote(noteWith(line.repeat(101))), hasCode("ERR_TOO_LARGE"))
  assert.throws(() => parseNote(`${"x".repeat(700_000)}\n\n${line}`), hasCode("ERR_TOO_LARGE"))
})

test("what couldn't be read again isn't formatted", () => {
  assert.throws(() => formatNote("text", [line]), hasCode("ERR_MALFORMED"))
  assert.throws(() => formatNote("text\n", []), hasCode("ERR_MALFORMED"))
  assert.throws(() => formatNote("text\n", ["\n", line]), hasCode("ERR_MALFORMED"))
})

test("every note comes back as it was", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter(isKeyName)
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const signature = fc.record({
    name,
    keyId: bytes(4),
    signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  })
  const text = fc
    .array(fc.string({ unit: "grapheme", maxLength: 20 }).filter((line) => !/\p{Cc}|\p{Cs}/u.test(line)))
    .map((lines) => `${lines.join("\n")}\n`)
  fc.assert(
    fc.property(text, fc.array(signature, { minLength: 1, maxLength: 5 }), (body, signatures) => {
      const note = formatNote(body, signatures.map(signatureLine))
      const read = parseNote(note)
      assert.is(read.body, body)
      assert.equal(
        read.signatures,
        signatures.map((one) => ({ ...one })),
      )
      assert.is(formatNote(read.body, read.signatures.map(signatureLine)), note)
    }),
  )
})

test("a note has one text: whatever is read from a changed one is written as it was changed", () => {
  const bytes = utf8(formatNote(published.go.body, published.go.lines))
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    let text: string
    try {
      text = fromUtf8(flipBit(bytes, bit))
    } catch {
      continue
    }
    let note: ReturnType<typeof parseNote>
    try {
      note = parseNote(text)
    } catch (error) {
      assert.ok(hasCode("ERR_MALFORMED")(error))
      continue
    }
    assert.is(formatNote(note.body, note.signatures.map(signatureLine)), text)
  }
})

test("base64 is RFC 4648's, and each byte string has one", () => {
  for (const [text, base64] of [
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ] as const) {
    assert.is(toBase64(utf8(text)), base64)
    assert.equal(fromBase64(base64), utf8(text))
  }
  for (const base64 of [
    "Zg",
    "Zg=",
    "Zh==",
    "Zm9=",
    "Zm 9v",
    "Zm9v\n",
    " Zm9v",
    "Zm9-",
    "Zm9_",
    "=",
    "====",
    "Z===",
    "Zg==Zg==",
  ])
    assert.throws(() => fromBase64(base64), hasCode("ERR_MALFORMED"), base64)
  const long = new Uint8Array(300_000).map((_, i) => i)
  assert.equal(fromBase64(toBase64(long)), long)
})

test("a key's id is bound to its name, its type and all of its bytes", () => {
  const key = leafAt(0)
  const id = toHex(noteKeyId(hash, "a", NOTE_ED25519, key))
  assert.is(id, toHex(hash(Uint8Array.of(...utf8("a\n"), 1, ...key)).subarray(0, 4)))
  for (const other of [
    noteKeyId(hash, "b", NOTE_ED25519, key),
    noteKeyId(hash, "a", NOTE_COSIGNATURE, key),
    noteKeyId(hash, "a", NOTE_ED25519, flipBit(key, 255)),
  ])
    assert.is.not(toHex(other), id)
  assert.is.not(id, toHex(fromHex("00000000")))
})

test.run()
