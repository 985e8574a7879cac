import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady } from "../../src/crypto/index.ts"
import {
  type AuditReport,
  decodeExportLine,
  type ExportLine,
  ExportVerifier,
  encodeExportLine,
  type VerifyOptions,
  verifyExport,
} from "../../src/tlog/index.ts"
import { hasCode } from "../support/errors.ts"
import { AuditLog, crypto, fileOf, textOf, wrapped } from "./audit-log.ts"

const test = suite("audit export")
await cryptoReady()

const log = new AuditLog().work(120, 4)
const whole = textOf(log.lines())

function check(lines: readonly string[], options: Partial<VerifyOptions> = {}): Promise<AuditReport> {
  return verifyExport([fileOf(lines)], { ...crypto, ...options })
}

test("a whole log verifies, and the report says what was checked", async () => {
  const counted: number[] = []
  const report = await check(whole, { onProgress: (entries) => counted.push(entries) })
  assert.is(report.fault, undefined)
  assert.is(report.ok, true)
  const [clinic] = report.clinics
  assert.equal([clinic?.entries, clinic?.chains], [120, 5])
  assert.is(clinic?.root, Buffer.from(log.rootAt(120)).toString("hex"))
  assert.is(clinic?.roots.checkpoint?.size, 120)
  assert.equal(
    clinic?.roots.witnessed?.witnesses.map(({ name }) => name),
    ["witness.example/0", "witness.example/1"],
  )
  assert.match(
    report.checked.join("\n"),
    /all 120 entries, signed by the log key.*cosigned by witness.example\/0/s,
  )
  assert.equal(counted, [120])
})

test("what no signature covers is said", async () => {
  const report = await check(textOf(log.lines({ checkpoint: 100, witnessed: 90 })))
  assert.is(report.fault, undefined)
  const said = report.notChecked.join("\n")
  assert.match(said, /after 100 were cut off/)
  assert.match(said, /entries 101 to 120: no checkpoint covers them yet/)
  assert.match(said, /entries 91 to 120 by a witness/)
  const unsigned = new AuditLog(1, null)
  const plain = await check(textOf(unsigned.lines({ checkpoint: 0, witnessed: 0 })))
  assert.is(plain.fault, undefined)
  assert.match(plain.notChecked.join("\n"), /any signature over the log/)
})

test("a file in pieces of any size, of several clinics, with and without a last newline", async () => {
  const other = new AuditLog(1).work(60, 2)
  const file = fileOf(textOf(wrapped([log.section(), other.section()])))
  for (const size of [1, 7, 1000, file.length]) {
    const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
      file.subarray(i * size, (i + 1) * size),
    )
    const report = await verifyExport(pieces, crypto)
    assert.is(report.fault, undefined)
    assert.equal(
      report.clinics.map(({ entries }) => entries),
      [120, 60],
    )
  }
  assert.is((await verifyExport([file.subarray(0, -1)], crypto)).ok, true)
})

test("the pieces may be overwritten after they were taken", () => {
  const file = fileOf(whole)
  const verifier = new ExportVerifier(crypto)
  const buffer = Buffer.alloc(777)
  for (let at = 0; at < file.length; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, file.length - at))
    piece.set(file.subarray(at, at + piece.length))
    verifier.take(piece)
  }
  assert.is(verifier.report().fault, undefined)
})

test("what was noted and kept is found again; what wasn't isn't", async () => {
  const hash = Buffer.from(whole[52] as string)
  assert.ok(hash.length > 0)
  const { entries, head } = (await check(textOf(log.lines()))).clinics[0] as { entries: number; head: string }
  const noted = { sequence: entries, hash: Buffer.from(head, "hex") }
  assert.is((await check(whole, { noted, kept: [log.noteAt(77), log.noteAt(120, 2)] })).fault, undefined)
  const other = await check(whole, { noted: { ...noted, sequence: 119 } })
  assert.match(other.fault?.message ?? "", /the noted entry isn't there/)
  assert.match(
    (await check(whole, { clinicKey: new Uint8Array(32) })).fault?.message ?? "",
    /whose key was given/,
  )
  assert.is((await check(whole, { clinicKey: log.rootKey })).ok, true)
  const stranger = await check(whole, { kept: [new AuditLog(1).noteAt(5)] })
  assert.match(stranger.fault?.message ?? "", /the clinic of the checkpoint that was kept/)
})

test("an empty log verifies", async () => {
  const lines: ExportLine[] = [
    {
      kind: "clinic",
      clinic: log.clinic.id,
      rootKey: log.rootKey,
      checkpoint: undefined,
      witnessed: undefined,
    },
    { kind: "log", entries: 0, head: new Uint8Array(32) },
    { kind: "clinic-end", clinic: log.clinic.id },
  ]
  assert.is((await check(textOf(wrapped([lines])))).fault, undefined)
})

test("each line is read back as it was written", () => {
  for (const [i, line] of log.lines().entries())
    assert.is(encodeExportLine(decodeExportLine(whole[i] as string)), encodeExportLine(line))
})

const spoiled: readonly { name: string; spoil: (line: string) => string }[] = [
  {
    name: "upper-case hexadecimal",
    spoil: (line) => line.replace(/(?<="(link|clinic)":")[0-9a-f]*/, (hex) => hex.toUpperCase()),
  },
  { name: "a space", spoil: (line) => line.replace(":", ": ") },
  { name: "another field", spoil: (line) => line.replace(/}$/, ',"more":1}') },
  { name: "a field twice", spoil: (line) => line.replace(/^\{("[a-zA-Z]*":[^,}]*)/, "{$1,$1") },
  { name: "a carriage return", spoil: (line) => `${line}\r` },
  { name: "a byte order mark", spoil: (line) => `\ufeff${line}` },
]
for (const { name, spoil } of spoiled)
  test(`a line has one spelling: ${name} is refused`, () => {
    for (const line of [whole[0], whole[1], whole[2], whole[3], whole.at(-3), whole.at(-1)] as string[])
      if (spoil(line) !== line) assert.throws(() => decodeExportLine(spoil(line)), hasCode("ERR_MALFORMED"))
  })

test("base64 with bits that no byte needs is refused", () => {
  const line = { kind: "entry", bytes: new Uint8Array(212), record: undefined } as const
  const text = encodeExportLine(line)
  assert.match(text, /A=="}$|A="}$/)
  assert.throws(() => decodeExportLine(text.replace(/A(=+"})$/, "B$1")), hasCode("ERR_MALFORMED"))
  assert.throws(() => decodeExportLine(text.replace(/=+"}$/, '"}')), hasCode("ERR_MALFORMED"))
  for (let length = 112; length < 118; length++) {
    const bytes = new Uint8Array(length).fill(0xfb)
    const record = { hash: new Uint8Array(32), link: new Uint8Array(32), bytes }
    const read = decodeExportLine(encodeExportLine({ ...line, record }))
    assert.equal(read.kind === "entry" && [...(read.record?.bytes ?? [])], [...bytes])
  }
})

test("no character of a file can be changed unnoticed but in the header's labels", async () => {
  // Of a quorum of all: others' signatures under a note may be anything.
  const text = textOf(new AuditLog(0, 2).work(20, 1).lines()).join("\n")
  await fc.assert(
    fc.asyncProperty(
      fc.nat(text.length - 1),
      fc.constantFrom("0", "f", "A", "}", '"', "\n", "é"),
      async (at, character) => {
        if (text[at] === character) return
        const other = `${text.slice(0, at)}${character}${text.slice(at + 1)}`
        const report = await verifyExport([Buffer.from(other)], crypto)
        // The relay's id and the time of the export are what the exporter says of itself.
        if (report.ok) assert.ok(at < text.indexOf("\n"))
      },
    ),
    { numRuns: 500 },
  )
})

const other = textOf(new AuditLog(1).lines())
const STRUCTURE: readonly { name: string; lines: readonly string[]; message: RegExp }[] = [
  { name: "cut after its last clinic", lines: whole.slice(0, -1), message: /was cut/ },
  { name: "cut within its entries", lines: whole.slice(0, 50), message: /was cut/ },
  {
    name: "with something after its end",
    lines: [...whole, whole[3] as string],
    message: /follows the export's end/,
  },
  { name: "without its header", lines: whole.slice(1), message: /header/ },
  { name: "with two headers", lines: [whole[0] as string, ...whole], message: /header/ },
  { name: "without a clinic's end", lines: whole.toSpliced(-2, 1), message: /last clinic has no end/ },
  { name: "without a clinic's beginning", lines: whole.toSpliced(1, 1), message: /belongs to no clinic/ },
  { name: "without a log's end", lines: whole.toSpliced(122, 1), message: /chain before the log's end/ },
  {
    name: "without a log's end and chains",
    lines: [...whole.slice(0, 122), ...whole.slice(-2)],
    message: /log's end is missing/,
  },
  {
    name: "with a log that ends twice",
    lines: whole.toSpliced(122, 0, whole[122] as string),
    message: /ends twice/,
  },
  {
    name: "with an entry after its log's end",
    lines: whole.toSpliced(123, 0, whole[2] as string),
    message: /after the log's end/,
  },
  {
    name: "with a clinic within another",
    lines: whole.toSpliced(50, 0, other[1] as string),
    message: /within another/,
  },
  {
    name: "with another clinic's end",
    lines: whole.with(-2, other.at(-2) as string),
    message: /another clinic ends/,
  },
  {
    name: "with one clinic twice",
    lines: [...whole.slice(0, -1), ...whole.slice(1, -1), '{"end":true,"clinics":2}'],
    message: /same clinic twice/,
  },
  {
    name: "with fewer clinics than it says",
    lines: whole.with(-1, '{"end":true,"clinics":2}'),
    message: /number of clinics/,
  },
  {
    name: "with another root key",
    lines: whole.with(1, (whole[1] as string).replace(/"rootKey":"../, '"rootKey":"00')),
    message: /isn't that of its key/,
  },
]
for (const { name, lines, message } of STRUCTURE)
  test(`a file ${name} is refused`, async () => {
    const { ok, fault } = await check(lines)
    assert.is(ok, false)
    assert.match(fault?.message ?? "", message)
  })

for (const text of ["", "[]", "null", "1", "{", '{"x":1}', '{"entry":"AAAA"}', '{"entry":"*"}', '{"end":1}'])
  test(`decodeExportLine refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => decodeExportLine(text), hasCode("ERR_MALFORMED"))
  })

for (const version of [1, 3])
  test(`decodeExportLine refuses version ${version}`, () => {
    const text = `{"wardline":"audit-export","version":${version},"relay":"","created":1}`
    assert.throws(() => decodeExportLine(text), hasCode("ERR_UNSUPPORTED"))
  })

test.run()
