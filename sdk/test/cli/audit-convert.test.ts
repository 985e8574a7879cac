import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex, utf8 } from "../../src/bytes.ts"
import { AuditConverter, type EntryFilter, verifiedBy } from "../../src/cli/audit-convert.ts"
import { sha256 } from "../../src/crypto/index.ts"
import { type AuditReport, type ClinicReport, encodeEntry, encodeExportLine } from "../../src/tlog/index.ts"
import type { ReadableEntry } from "../../src/tlog/readable.ts"
import { CLINIC, CONVERSATION, NURSE, PATIENT, RELAY, sampleEntry } from "../fhir/sample-entries.ts"

const test = suite("converting an export")

const ALL: EntryFilter = {
  fromMs: 0,
  toMs: Number.MAX_SAFE_INTEGER,
  scopes: new Set(),
  devices: new Set(),
  roles: new Set(),
  actions: new Set(),
  outcomes: new Set(),
}
const OTHER_CLINIC = new Uint8Array(16).fill(0xcc)

const clinicLine = (clinic: Uint8Array): string =>
  encodeExportLine({
    kind: "clinic",
    clinic,
    rootKey: new Uint8Array(32),
    checkpoint: undefined,
    witnessed: undefined,
  })
const entryLine = (entry: ReturnType<typeof sampleEntry>): string =>
  encodeExportLine({ kind: "entry", bytes: encodeEntry(entry), record: undefined })

const EXPORT = utf8(
  `${[
    encodeExportLine({ kind: "header", relay: RELAY, created: 1 }),
    clinicLine(CLINIC),
    entryLine(sampleEntry("consent", { sequence: 1, time: 1000 })),
    entryLine(sampleEntry("read", { sequence: 2, time: 2000 })),
    entryLine(sampleEntry("login", { sequence: 3, time: 3000 })),
    clinicLine(OTHER_CLINIC),
    entryLine(sampleEntry("relay-stop", { sequence: 1, time: 4000, scope: OTHER_CLINIC })),
    encodeExportLine({ kind: "end", clinics: 2 }),
  ].join("\n")}\n`,
)

function convert(filter: Partial<EntryFilter> = {}, pieceBytes: number = EXPORT.length): ReadableEntry[] {
  const converter = new AuditConverter("ndjson", { ...ALL, ...filter }, sha256, () => true)
  let text = converter.begin()
  for (let at = 0; at < EXPORT.length; at += pieceBytes)
    text += converter.take(EXPORT.subarray(at, at + pieceBytes))
  text += converter.end()
  const entries = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ReadableEntry)
  assert.is(converter.entries, 4)
  assert.is(converter.written, entries.length)
  assert.is(converter.unreadable, 0)
  return entries
}

test("it makes no difference in which pieces the export comes", () => {
  const whole = convert()
  assert.is(whole.length, 4)
  for (const bytes of [1, 7, 300, 1000]) assert.equal(convert({}, bytes), whole)
})

test("an export without its last newline loses nothing", () => {
  const converter = new AuditConverter("csv", ALL, sha256, () => true)
  converter.take(EXPORT.subarray(0, EXPORT.length - encodeExportLine({ kind: "end", clinics: 2 }).length - 2))
  assert.is(converter.entries, 3)
  assert.ok(converter.end().includes("relay-stop"))
})

test("each entry has its own clinic and its conversation's patient", () => {
  const found = convert()
  assert.equal(
    found.map(({ clinic }) => clinic),
    [CLINIC, CLINIC, CLINIC, OTHER_CLINIC].map(toHex),
  )
  assert.equal(
    found.map(({ patient }) => patient),
    [toHex(PATIENT), toHex(PATIENT), "", ""],
  )
  assert.equal(convert({ actions: new Set(["read"]) })[0]?.patient, toHex(PATIENT))
})

for (const { name, filter, found } of [
  { name: "a time from which on", filter: { fromMs: 2000 }, found: ["read", "login", "relay-stop"] },
  { name: "a time before which", filter: { toMs: 3000 }, found: ["consent", "read"] },
  { name: "a scope", filter: { scopes: new Set([toHex(CONVERSATION)]) }, found: ["consent", "read"] },
  { name: "a device", filter: { devices: new Set([toHex(NURSE)]) }, found: ["read", "login"] },
  { name: "a role", filter: { roles: new Set(["nursing"]) }, found: ["read", "login"] },
  { name: "an action", filter: { actions: new Set(["login"] as const) }, found: ["login"] },
  { name: "an outcome", filter: { outcomes: new Set(["refused"] as const) }, found: [] },
  { name: "several", filter: { roles: new Set(["nursing"]), toMs: 3000 }, found: ["read"] },
])
  test(`${name} chooses entries`, () => {
    assert.equal(
      convert(filter).map(({ action }) => action),
      found,
    )
  })

const report = (fault: AuditReport["fault"]): AuditReport =>
  ({
    ok: false,
    clinics: [
      { clinic: "aa", root: "00" },
      { clinic: "bb", root: "" },
    ] as ClinicReport[],
    fault,
    checked: [],
    notChecked: [],
  }) as AuditReport

test("of a broken export, what comes before the first wrong entry was checked", () => {
  const isVerified = verifiedBy(report({ clinic: "bb", sequence: 5, message: "x" }))
  assert.equal(
    [4, 5, 6].map((n) => isVerified("bb", n)),
    [true, false, false],
  )
  assert.is(isVerified("aa", 9), true, "a clinic that was read to its end")
  assert.is(isVerified("cc", 1), false, "a clinic behind the fault")
})

test("where a root alone tells, all that it covers is in doubt", () => {
  const isVerified = verifiedBy(report({ clinic: "bb", from: 3, sequence: 5, message: "x" }))
  assert.equal(
    [2, 3, 4].map((n) => isVerified("bb", n)),
    [true, false, false],
  )
})

test("a fault that names no entry leaves its clinic unchecked", () => {
  const isVerified = verifiedBy(report({ clinic: "aa", message: "x" }))
  assert.is(isVerified("aa", 1), false)
})

test.run()
