import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { codePointName, plainName, type Segment, segmentsOf } from "../src/ui/inert-text.ts"

const test = suite("inert text")
const kinds = (text: string): string[] => segmentsOf(text).map(({ kind }) => kind)
const links = (text: string): string[] =>
  segmentsOf(text).flatMap((segment) => (segment.kind === "link" ? [segment.href] : []))
const shown = (segment: Segment): string =>
  segment.kind === "mark" ? String.fromCodePoint(segment.codePoint) : segment.text

test("only http and https become links, and markup stays text", () => {
  assert.equal(links("see https://example.org/a?b=c."), ["https://example.org/a?b=c"])
  assert.equal(links("(http://example.org)"), ["http://example.org/"])
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "<img src=x onerror=alert(1)>",
    "file:///etc/passwd",
    "vbscript:x",
    "https://",
  ]) {
    assert.equal(links(text), [], text)
    assert.equal(kinds(text), ["text"], text)
  }
})

test("a link leads where the browser will truly go", () => {
  assert.equal(links("https://bank.example@evil.example/"), ["https://bank.example@evil.example/"])
  assert.equal(links("https://exаmple.org/"), ["https://xn--exmple-4nf.org/"])
})

for (const [name, code] of Object.entries({
  "right-to-left override": 0x202e,
  "left-to-right embedding": 0x202a,
  "first strong isolate": 0x2068,
  "pop directional isolate": 0x2069,
  "zero width space": 0x200b,
  "word joiner": 0x2060,
  "byte order mark": 0xfeff,
  "soft hyphen": 0xad,
  "tag letter": 0xe0061,
  escape: 0x1b,
})) {
  test(`${name} is shown as a mark`, () => {
    const text = `a${String.fromCodePoint(code)}b`
    assert.equal(segmentsOf(text), [
      { kind: "text", text: "a" },
      { kind: "mark", codePoint: code },
      { kind: "text", text: "b" },
    ])
    assert.is(codePointName(code), `U+${code.toString(16).toUpperCase().padStart(4, "0")}`)
  })
}

test("a hidden character ends a link, so that what is shown is what opens", () => {
  assert.equal(links("https://good.example\u202E/moc.live"), ["https://good.example/"])
  assert.equal(links("https://good.example\u200B.evil.example"), ["https://good.example/"])
})

test("honest text passes: line breaks, emoji families, flags, Arabic and Persian joiners", () => {
  for (const text of ["two\nlines\tand a tab", "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "مرحبًا ‏5 mg‎", "\r\n".slice(1)]) {
    assert.equal(kinds(text), ["text"], text)
  }
})

test("nothing that was written is lost or made up", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      assert.is(segmentsOf(text).map(shown).join(""), text.replaceAll("\r\n", "\n"))
    }),
  )
})

test("a name is one plain line", () => {
  assert.is(plainName("Dr.\u202E Evil\nNurse\u200B Kim\u200F"), "Dr. Evil Nurse Kim")
  assert.is([...plainName("x".repeat(500))].length, 60)
  assert.is(plainName("\u202E\u200B"), "")
})

test.run()
