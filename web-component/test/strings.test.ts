import { ERROR_CODES } from "@wardline/sdk"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { shellStrings } from "../src/chat/shell-strings.ts"
import { directionOf, languageName, localize, pickLanguage, pluralizer } from "../src/strings/languages.ts"
import { CHAT_LANGUAGES, loadChatStrings } from "../src/strings/load-chat.ts"
import { INBOX_LANGUAGES, loadInboxStrings } from "../src/strings/load-inbox.ts"
import { problemOf } from "../src/strings/problems.ts"

const test = suite("strings")

/** Every text of a table, by its path; functions are asked with a few arguments. */
function textsOf(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]]
  if (typeof value === "function") {
    return [0, 1, 2, 3, 11, 100].map((n): [string, string] => [
      `${path}(${n})`,
      String((value as (...args: unknown[]) => string)(n, "11:00", "X")),
    ])
  }
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => textsOf(inner, `${path}.${key}`))
}

/** Words that are the same in the languages that we have. */
const SAME = /^\.(roles|language$|direction$)|\((0|1|2|3|11|100)\)$/

for (const [what, languages, load] of [
  ["chat", CHAT_LANGUAGES, loadChatStrings],
  ["inbox", INBOX_LANGUAGES, loadInboxStrings],
] as const) {
  for (const language of languages) {
    test(`${what} in ${language}: whole, in its own words, ready for the right direction`, async () => {
      const english = new Map(textsOf(await load(["en"])))
      const strings = await load([language])
      const own = textsOf(strings)
      assert.is(strings.language, language)
      assert.is(strings.direction, directionOf(language))
      const roles = (path: string): boolean => path.startsWith(".roles")
      assert.equal(
        own
          .map(([path]) => path)
          .filter((path) => !roles(path))
          .sort(),
        [...english.keys()].filter((path) => !roles(path)).sort(),
      )
      for (const [path, text] of own) {
        assert.not.match(text, /^\s*$|\{n\}|undefined|NaN|\[object/, `${path}: ${text}`)
        if (language !== "en" && !SAME.test(path)) assert.is.not(text, english.get(path), path)
      }
    })
  }
}

test("every error code has its explanation, and a code of the future has one too", () => {
  for (const code of Object.keys(ERROR_CODES)) assert.type(problemOf(code), "string")
  assert.is(problemOf("ERR_TOMORROW"), "internal")
  assert.is(problemOf("toString"), "internal")
})

test("Arabic has its six plural forms", () => {
  const plural = pluralizer("ar")
  const forms = { zero: "0", one: "1", two: "2", few: "few", many: "many", other: "other" }
  assert.equal(
    [0, 1, 2, 3, 11, 100].map((n) => plural(n, forms)),
    ["0", "1", "2", "few", "many", "other"],
  )
})

test("languages are matched by what was asked first, then by their base", () => {
  assert.is(pickLanguage(["fr", "es-AR"], ["en", "es", "ar"]), "es")
  assert.is(pickLanguage(["es"], ["en", "es-MX"]), "es-MX")
  assert.is(pickLanguage(["auto", "xx"], ["en", "es"]), "en")
  assert.is(shellStrings(["ar-EG"]).language, "ar")
  assert.equal(localize({ en: "Hello", es: "Hola" }, ["ht", "es"]), { language: "es", text: "Hola" })
  assert.equal(localize({}, ["en"]), { language: "", text: "" })
  assert.is(languageName("es"), "Español")
  assert.is(languageName("not a tag"), "not a tag")
})

test.run()
