import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { sha256 } from "../../src/crypto/index.ts"
import {
  decodeEntry,
  decodeExportLine,
  type ExportLine,
  encodeEntry,
  verifyExport,
} from "../../src/tlog/index.ts"
import { hasCode } from "../support/errors.ts"
import { makeExport, textOf } from "./log.ts"

const test = suite("audit export")

type EntryLine = Extract<ExportLine, { kind: "entry" }>

test("a whole log verifies, and the report counts it", async () => {
  const counted: number[] = []
  const report = await verifyExport(textOf(makeExport(3, 4)), sha256, (entries) => counted.push(entries))
  assert.is(report.ok, true)
  assert.is(report.fault, undefined)
  assert.is(report.clinics[0]?.entries, 13)
  assert.is(report.clinics[0]?.records, 12)
  assert.is(report.clinics[0]?.chains, 3)
  assert.ok(report.checked.length > 0 && report.notChecked.length > 0)
  assert.equal(counted, [13])
})

test("an async source and several clinics verify", async () => {
  const [header, ...first] = makeExport(1, 2)
  const [, ...second] = makeExport(2, 1)
  const lines = [
    header as ExportLine,
    ...first.slice(0, -1),
    ...second.slice(0, -1),
    { kind: "end", clinics: 2 } as const,
  ]
  async function* slowly() {
    for (const line of textOf(lines)) yield line
  }
  const report = await verifyExport(slowly(), sha256)
  assert.is(report.ok, true)
  assert.is(report.clinics.length, 2)
})

const entryAt = (lines: ExportLine[], sequence: number): EntryLine => lines[sequence + 1] as EntryLine

const ATTACKS: readonly {
  name: string
  attack: (lines: ExportLine[]) => void
  sequence?: number
  message: RegExp
}[] = [
  {
    name: "an entry edited",
    attack: (lines) => entryAt(lines, 5).bytes.fill(7, 20, 36),
    sequence: 6,
    message: /continue/,
  },
  { name: "an entry removed", attack: (lines) => lines.splice(6, 1), sequence: 5, message: /sequence 6/ },
  {
    name: "two entries reordered",
    attack: (lines) => lines.splice(6, 2, ...lines.slice(6, 8).reverse()),
    sequence: 5,
    message: /sequence 6/,
  },
  {
    name: "a stored record changed",
    attack: (lines) => entryAt(lines, 5).record?.hash.fill(1),
    sequence: 5,
    message: /record was changed/,
  },
  {
    name: "a stored link changed",
    attack: (lines) => entryAt(lines, 5).record?.link.fill(1),
    sequence: 5,
    message: /link stored/,
  },
  {
    name: "a stored record missing",
    attack: (lines) => {
      entryAt(lines, 5).record = undefined
    },
    sequence: 5,
    message: /missing/,
  },
  {
    name: "a record and its entry changed together",
    attack: (lines) => {
      const line = entryAt(lines, 5)
      const entry = decodeEntry(line.bytes)
      const hash = new Uint8Array(32).fill(9)
      line.bytes = encodeEntry({ ...entry, recordHash: hash })
      line.record = { hash, link: entry.link }
    },
    sequence: 5,
    message: /continue its chain/,
  },
  {
    name: "a record's position changed",
    attack: (lines) => {
      const line = entryAt(lines, 5)
      line.bytes = encodeEntry({ ...decodeEntry(line.bytes), position: 9 })
    },
    sequence: 5,
    message: /position 9/,
  },
  {
    name: "a stored record without an entry",
    attack: (lines) => {
      for (const line of lines) if (line.kind === "scope") line.records++
    },
    message: /has no entry/,
  },
  {
    name: "a stored record gone from its chain's end",
    attack: (lines) => {
      for (const line of lines) if (line.kind === "scope") line.records--
    },
    message: /is missing/,
  },
  {
    name: "a chain's head changed",
    attack: (lines) => {
      for (const line of lines) if (line.kind === "scope") line.link = new Uint8Array(32)
    },
    message: /isn't the one logged/,
  },
  {
    name: "a whole chain missing",
    attack: (lines) => {
      const at = lines.findIndex(({ kind }) => kind === "scope")
      lines.splice(at, 1)
    },
    message: /missing from the store/,
  },
  {
    name: "the log's tail cut, its records left",
    attack: (lines) => lines.splice(12, 3),
    message: /has no entry/,
  },
  { name: "the file cut", attack: (lines) => lines.splice(-1, 1), message: /was cut/ },
  { name: "the clinic's end cut", attack: (lines) => lines.splice(-2, 1), message: /no end/ },
  {
    name: "another root key",
    attack: (lines) => {
      const line = lines[1]
      if (line?.kind === "clinic") line.rootKey.fill(5)
    },
    message: /isn't that of its key/,
  },
  { name: "no header", attack: (lines) => lines.splice(0, 1), message: /header/ },
  {
    name: "something after the end",
    attack: (lines) => lines.push({ kind: "end", clinics: 1 }),
    message: /follows/,
  },
  {
    name: "another last entry than it names",
    attack: (lines) => {
      const line = lines.at(-2)
      if (line?.kind === "clinic-end") line.head.fill(0)
    },
    message: /log's end/,
  },
]

for (const { name, attack, sequence, message } of ATTACKS)
  test(`${name} is found`, async () => {
    const lines = makeExport(3, 4)
    attack(lines)
    const report = await verifyExport(textOf(lines), sha256)
    assert.is(report.ok, false)
    assert.match(report.fault?.message ?? "", message)
    if (sequence !== undefined) assert.is(report.fault?.sequence, sequence)
  })

test("every single character changed is found, or changes nothing that is checked", async () => {
  const whole = textOf(makeExport(1, 2)).join("\n")
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.constantFrom("0", "f", "A", "}", '"'),
      async (at, character) => {
        if (whole[at] === character) return
        const spoiled = `${whole.slice(0, at)}${character}${whole.slice(at + 1)}`
        const report = await verifyExport(spoiled.split("\n"), sha256)
        // The header's relay id and time are labels; hexadecimal has two cases.
        if (report.ok)
          assert.ok(at < whole.indexOf("\n") || whole[at]?.toLowerCase() === character.toLowerCase())
      },
    ),
    { numRuns: 300 },
  )
})

for (const text of ["", "[]", "null", "1", "{", '{"x":1}', '{"entry":"AAAA"}', '{"entry":"*"}', '{"end":1}'])
  test(`decodeExportLine refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => decodeExportLine(text), hasCode("ERR_MALFORMED"))
  })

test("decodeExportLine refuses a newer export", () => {
  const text = '{"wardline":"audit-export","version":2,"relay":"","created":1}'
  assert.throws(() => decodeExportLine(text), hasCode("ERR_UNSUPPORTED"))
})

test.run()
