import { suite } from "uvu"
import * as assert from "uvu/assert"
import { CSV_HEADER, csvEntry, csvLine } from "../../src/tlog/csv.ts"
import { ACTIONS, type Action } from "../../src/tlog/index.ts"
import { MEANINGS, readableEntry } from "../../src/tlog/readable.ts"
import { CLINIC, contextOf, sampleEntry } from "../fhir/sample-entries.ts"

const test = suite("audit entries as a table")

/** RFC 4180, read by the book. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let at = 0
  while (at < text.length) {
    const row: string[] = []
    for (;;) {
      const quoted = /"((?:[^"]|"")*)"/y
      const plain = /[^",\r\n]*/y
      quoted.lastIndex = at
      plain.lastIndex = at
      const found = text[at] === '"' ? quoted.exec(text) : plain.exec(text)
      if (found === null) throw new Error(`a quote without an end at ${at}`)
      row.push(found[1]?.replaceAll('""', '"') ?? found[0])
      at += found[0].length
      if (text[at] !== ",") break
      at++
    }
    if (text.slice(at, at + 2) !== "\r\n") throw new Error(`no line end at ${at}`)
    at += 2
    rows.push(row)
  }
  return rows
}

test("every entry is a row with a cell for each column", () => {
  const actions = Object.keys(ACTIONS) as Action[]
  const lines = actions.map((action) => {
    const entry = sampleEntry(action)
    return csvEntry(readableEntry(entry, contextOf(entry)))
  })
  const rows = parseCsv(CSV_HEADER + lines.join(""))
  assert.is(rows.length, actions.length + 1)
  assert.ok(rows.every((row) => row.length === rows[0]?.length))
})

test("a row says who did what, when, and whether it was checked", () => {
  const entry = sampleEntry("break-glass")
  const [header = [], row = []] = parseCsv(CSV_HEADER + csvEntry(readableEntry(entry, contextOf(entry))))
  const cells = Object.fromEntries(header.map((title, i) => [title, row[i]]))
  assert.is(cells.Number, "31")
  assert.is(cells["Time (UTC)"], "2026-09-21 14:13:20.000")
  assert.is(cells["What happened"], "emergency access began")
  assert.is(cells.Action, "break-glass")
  assert.is(cells.Purpose, "BTG")
  assert.is(cells.By, "db".repeat(16))
  assert.is(cells["In role"], "nursing")
  assert.is(cells.Conversation, "c2".repeat(16))
  assert.is(cells.Patient, "da".repeat(16))
  assert.is(cells.Checked, "yes")
  const unchecked = readableEntry(entry, contextOf(entry, { isVerified: false }))
  assert.is(parseCsv(csvEntry(unchecked))[0]?.at(-1), "NO")
})

test("the relay's own doings name the relay, and no conversation where there is none", () => {
  const entry = sampleEntry("relay-start")
  const readable = readableEntry(entry, contextOf(entry))
  assert.is(readable.device, "")
  assert.is(readable.conversation, "")
  assert.ok(csvEntry(readable).includes(",the relay,"))
})

test("what the root key signed says so", () => {
  const entry = sampleEntry("admin-change", { actor: CLINIC })
  assert.ok(csvEntry(readableEntry(entry, contextOf(entry))).includes(",the root key,"))
})

test("every action has words of its own", () => {
  const words = Object.values(MEANINGS)
  assert.is(new Set(words).size, words.length)
})

for (const { name, cell } of [
  { name: "a comma", cell: "a,b" },
  { name: "a quote", cell: 'say "ah"' },
  { name: "a line break", cell: "a\r\nb" },
  { name: "nothing", cell: "" },
  { name: "letters of other scripts", cell: "الممرضة" },
])
  test(`a cell with ${name} comes back as it was`, () => {
    assert.equal(parseCsv(csvLine(["x", cell, "y"])), [["x", cell, "y"]])
  })

test.run()
