/** Files that are made to break a verifier, not to convince it: both have to call them wrong, and soon. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady } from "../../../src/crypto/index.ts"
import { encodeExportLine } from "../../../src/tlog/index.ts"
import { judgeByBoth, other } from "../../tlog/both-verifiers.ts"

const test = suite("attacks: files that are to break a verifier")
await cryptoReady()

const HEADER = encodeExportLine({ kind: "header", relay: "00", created: 0 })
const DEPTH = 200_000
const PIECE = Buffer.alloc(1024 * 1024, "a")

for (const { name, line } of [
  { name: "lists in lists", line: `{"log":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)},"head":"00"}` },
  {
    name: "objects in objects",
    line: `{"clinic":"00","rootKey":${'{"a":'.repeat(DEPTH)}1${"}".repeat(DEPTH)}}`,
  },
  { name: "a prototype", line: '{"__proto__":{"end":true},"clinics":0}' },
  { name: "a prototype beside the rest", line: '{"end":true,"clinics":0,"__proto__":{"a":1}}' },
  { name: "a method's name", line: '{"constructor":1}' },
  { name: "a field twice", line: '{"end":true,"end":true,"clinics":0}' },
  { name: "a zero below zero", line: '{"end":true,"clinics":-0}' },
  { name: "a number in another spelling", line: '{"end":true,"clinics":0.0}' },
  { name: "a letter in another spelling", line: '{"\\u0065nd":true,"clinics":0}' },
  { name: "a mark of the byte order", line: '\ufeff{"end":true,"clinics":0}' },
  { name: "a carriage return", line: '{"end":true,"clinics":0}\r' },
  { name: "a line separator within it", line: '{"end":true,\u2028"clinics":0}' },
])
  test(`a line with ${name} is called wrong, where it stands`, () => {
    const said = judgeByBoth([Buffer.from(`${HEADER}\n${line}\n`)])
    assert.is(said.ok, false)
    assert.is(said.place.line, 2)
  })

test("a file without a line's end is read no further than a line may be long", () => {
  let taken = 0
  const endless = function* (): Generator<Uint8Array> {
    for (taken = 0; taken < 64; taken++) yield PIECE
  }
  assert.is(other.verifyAudit(endless()).fault?.line, 1)
  assert.ok(taken < 8, `it read ${taken} MiB`)
})

test.run()
