/** Shares in words: what people type is taken as they type it, and nothing else is. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import {
  encodeLines,
  joinLines,
  LINE_WORDS,
  parseLine,
  SHARE_BYTES,
  SHARE_LINES,
} from "../../src/cli/share-words.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { hasCode } from "../support/errors.ts"

test.before(cryptoReady)

const BYTES = Uint8Array.from({ length: SHARE_BYTES }, (_, i) => (i * 37 + 5) & 255)
const parse = (lines: readonly string[]): Uint8Array =>
  joinLines(lines.map((line, i) => parseLine(line, i + 1)))

test("bytes come back from their words", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: SHARE_BYTES, maxLength: SHARE_BYTES }), (bytes) => {
      const lines = encodeLines(bytes)
      assert.is(lines.length, SHARE_LINES)
      for (const line of lines) assert.is(line.split(" ").length, LINE_WORDS)
      assert.equal(parse(lines), bytes)
    }),
  )
})

for (const { name, typed } of [
  { name: "capitals", typed: (line: string) => line.toUpperCase() },
  { name: "commas and blanks", typed: (line: string) => `  ${line.replaceAll(" ", " , ")} ` },
  { name: "the line's number", typed: (line: string) => `7. ${line}` },
  { name: "the first four letters", typed: (line: string) => line.replaceAll(/\b(\w{4})\w+/g, "$1") },
  { name: "words without their ends", typed: (line: string) => line.replaceAll(/\b(\w{5})\w+/g, "$1") },
]) {
  test(`${name}: taken as meant`, () => {
    assert.equal(parse(encodeLines(BYTES).map(typed)), BYTES)
  })
}

const [LINE = ""] = encodeLines(BYTES)
for (const { name, typed } of [
  { name: "nothing", typed: "" },
  { name: "a word too few", typed: LINE.split(" ").slice(1).join(" ") },
  { name: "a word too many", typed: `${LINE} zoo` },
  { name: "a word that isn't on the list", typed: LINE.replace(/^\w+/, "wardline") },
  { name: "three letters of a longer word", typed: LINE.replace(/^(\w{3})\w+/, "$1") },
  { name: "the right beginning and a wrong end", typed: LINE.replace(/^(\w{4})\w*/, "$1xx") },
  { name: "two words swapped", typed: LINE.replace(/^(\w+) (\w+)/, "$2 $1") },
  { name: "another line", typed: encodeLines(BYTES)[1] ?? "" },
]) {
  test(`${name}: refused, and the words aren't repeated`, () => {
    try {
      parseLine(typed, 1)
      assert.unreachable("it was taken")
    } catch (error) {
      assert.ok(hasCode("ERR_MALFORMED")(error))
      const { message } = error as Error
      assert.match(message, /^line 1: /)
      for (const word of LINE.split(" ")) assert.not.ok(message.split(/\W+/).includes(word))
    }
  })
}

test.run()
