/** The words around files, in every language that the chat has. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { FILE_STRINGS, type FileStrings, fileStrings } from "../src/strings/file-strings.ts"
import { CHAT_LANGUAGES } from "../src/strings/load-chat.ts"
import { percentName, sizeName } from "../src/ui/format.ts"

const test = suite("words around files")

const textOf = (strings: FileStrings, key: keyof FileStrings): string => {
  const value = strings[key]
  return typeof value === "string" ? value : value("a.pdf")
}

for (const language of CHAT_LANGUAGES) {
  test(`${language}: whole, and in its own words`, () => {
    const strings = fileStrings(language)
    const english = fileStrings("en")
    for (const key of Object.keys(english) as (keyof FileStrings)[]) {
      assert.not.match(textOf(strings, key), /^\s*$|undefined/, key)
      if (language !== "en") assert.is.not(textOf(strings, key), textOf(english, key), key)
    }
  })
}

test("an unknown language is answered in English", () => {
  assert.is(fileStrings("xx"), FILE_STRINGS.en)
})

test("sizes and progress read as people say them", () => {
  assert.is(sizeName(0, "en"), "0 bytes")
  assert.is(sizeName(999, "en"), "999 bytes")
  assert.is(sizeName(183_204, "en"), "183 kB")
  assert.is(sizeName(2_400_000, "en"), "2.4 MB")
  assert.is(sizeName(200_000_000, "en"), "200 MB")
  assert.is(sizeName(3_000_000_000, "en"), "3 GB")
  assert.is(percentName(0.256, "en"), "26%")
})

test.run()
