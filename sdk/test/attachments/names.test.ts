/** File names from strangers, shown and saved. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { inertMediaType, mediaTypeOf, safeFileName, sentFileName } from "../../src/attachments/index.ts"
import { utf8 } from "../../src/bytes.ts"

const test = suite("file names")

const NAMES: Record<string, [name: string, safe: string]> = {
  "a plain one": ["Befund Müller 2026.pdf", "Befund Müller 2026.pdf"],
  "of another script": ["تقرير.pdf", "تقرير.pdf"],
  "composed and decomposed alike": ["Mu\u0308ller.pdf", "Müller.pdf"],
  "reading backwards": ["invoice\u202egpj.exe", "invoicegpj.exe"],
  "with isolates and marks": ["a\u2066b\u2069c\u200f.txt", "abc.txt"],
  "with zero-width characters": ["pa\u200bss\u2060wo\ufeffrd\u00ad.txt", "password.txt"],
  "with a byte of zero": ["a.png\0.exe", "a.png.exe"],
  "with line breaks": ["a\r\nb\u2028c.txt", "abc.txt"],
  "a path up": ["../../etc/passwd", "_.._etc_passwd"],
  "a Windows path": ["C:\\Windows\\system32\\cmd.exe", "C__Windows_system32_cmd.exe"],
  "a path in look-alikes": ["a\u2215b\uff0fc\u29f8d", "a_b_c_d"],
  "a stream of another file": ["a.txt:hidden", "a.txt_hidden"],
  "wildcards and quotes": ['a*b?"<>|c', "a_b_____c"],
  "a hidden file": [".bashrc", "bashrc"],
  "a folder": ["..", "file"],
  "dots and spaces at the end": ["a.exe. . ", "a.exe"],
  "strange spaces": ["a\u00a0\u2003b.txt", "a b.txt"],
  "a device": ["CON", "_CON"],
  "a device with an extension": ["nul.txt", "_nul.txt"],
  "a device by another digit": ["COM¹", "_COM¹"],
  "no device": ["console.txt", "console.txt"],
  empty: ["", "file"],
  invisible: ["\u200b\u202e", "file"],
  "half a character": ["a\ud800b.txt", "ab.txt"],
}
for (const [what, [name, safe]] of Object.entries(NAMES)) {
  test(`a name ${what}`, () => assert.is(safeFileName(name), safe))
}

test("a long name keeps its extension and fits a disk", () => {
  const safe = safeFileName(`${"ü".repeat(300)}.pdf`)
  assert.ok(safe.endsWith("ü.pdf"))
  assert.ok(utf8(safe).length <= 200)
  assert.ok(utf8(safeFileName("x".repeat(5000))).length <= 200)
  assert.ok(utf8(safeFileName(`a.${"x".repeat(5000)}`)).length <= 200)
})

test("whatever comes in, a name is safe, and safe again", () => {
  const anything = fc.string({ unit: "binary", maxLength: 300 })
  fc.assert(
    fc.property(anything, (name) => {
      const safe = safeFileName(name)
      assert.not.match(safe, /[\p{Cc}\p{Cf}\p{Cs}/\\:*?"<>|]/u)
      assert.not.match(safe, /^[.\s]|[.\s]$/u)
      assert.ok(safe.length > 0 && utf8(safe).length <= 201)
      assert.is(safeFileName(safe), safe)
    }),
    { numRuns: 500 },
  )
})

test("a sent name has no folders and fits the payload", () => {
  assert.is(sentFileName("C:\\Users\\kim\\scan.pdf"), "scan.pdf")
  assert.is(sentFileName("/home/kim/scan.pdf"), "scan.pdf")
  assert.is(sentFileName(""), "file")
  assert.is(sentFileName("folder/"), "file")
  assert.ok(sentFileName(`${"x".repeat(400)}.pdf`).length <= 255)
})

test("a media type is one, or none", () => {
  assert.is(mediaTypeOf("image/JPEG"), "image/jpeg")
  assert.is(mediaTypeOf("text/plain; charset=utf-8"), "text/plain")
  for (const text of ["", "image", "a/b/c", "image/\u202ejpeg", "x".repeat(200), "text/<b>"])
    assert.is(mediaTypeOf(text), "application/octet-stream", text)
})

test("a browser is never told that a file may run: HTML, SVG, XML, scripts", () => {
  assert.is(inertMediaType("image/png"), "image/png")
  assert.is(inertMediaType("application/pdf"), "application/pdf")
  for (const type of [
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/xml",
    "text/javascript",
    "application/x-shockwave-flash",
    "multipart/x-mixed-replace",
    "x-anything/else",
  ])
    assert.is(inertMediaType(type), "application/octet-stream", type)
})

test.run()
