/** Real exports of a real relay, turned into what others read: whole ones, and none that somebody changed. */
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { startRelay } from "@wardline/relay"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { sha256 } from "../../src/crypto/index.ts"
import type { AuditEvent } from "../../src/fhir/index.ts"
import { AdminClient, enrolDevice, memoryKeystore, PatientClient } from "../../src/index.ts"
import { decodeEntry, entryHash } from "../../src/tlog/index.ts"
import type { ReadableEntry } from "../../src/tlog/readable.ts"
import { profileProblems } from "../fhir/balp.ts"
import { problemsOf } from "../fhir/validators.ts"
import { type Desk, makeDesk, type Ran, wardline } from "./wardline.ts"

const test = suite("audit export")
const RELAY_CLI = fileURLToPath(new URL("../../../server/src/cli.ts", import.meta.url))

let desk: Desk
let clinicKey: string
let whole: string
/** Of the export. */
let lines: string[]
let entries: Uint8Array[]
let count = 0

test.before(async () => {
  desk = makeDesk()
  const created = await AdminClient.createClinic({
    adminName: "Dana",
    policy: {
      name: { en: "Clinic" },
      emergency: { en: "Call 911." },
      timeZone: "UTC",
      hours: [],
      topics: [{ id: "refill", label: { en: "Refill" }, replyWithinMinutes: 60, roles: ["nursing"] }],
    },
    consent: { id: "chat", texts: { en: "I agree." } },
  })
  clinicKey = created.clinicKey
  const data = desk.path("relay")
  const relay = await startRelay({ data, clinicKeys: [clinicKey], port: 0, webRoot: desk.path("none") })
  const keystore = memoryKeystore()
  await AdminClient.publish({ relay: relay.url, clinicKey, keystore }, created.records)
  await enrolDevice(keystore, clinicKey, created.admin)
  const patient = await PatientClient.connect({ relay: relay.url, clinicKey, keystore: memoryKeystore() })
  const chat = await patient.start({ topic: "refill", consent: patient.consent().agree() })
  await chat.send("words that no audit log may have")
  await patient.close()
  await relay.close()
  whole = desk.path("audit.ndjson")
  const node = ["--conditions=source", "--import", import.meta.resolve("tsx"), RELAY_CLI]
  await promisify(execFile)(process.execPath, [...node, "audit", "export", "--data", data, "--out", whole])
  lines = readFileSync(whole, "utf8").trimEnd().split("\n")
  entries = lines
    .filter((line) => line.startsWith('{"entry"'))
    .map((line) => Buffer.from((JSON.parse(line) as { entry: string }).entry, "base64"))
})

test.after(() => desk.clear())

async function convert(args: readonly string[], file = whole): Promise<{ ran: Ran; out: string }> {
  const out = desk.path(`out-${++count}`)
  return { ran: await wardline(["audit", "export", file, "--out", out, ...args]), out }
}

async function converted(...args: string[]): Promise<ReadableEntry[]> {
  const { ran, out } = await convert(["--format", "ndjson", ...args])
  assert.is(ran.code, 0, ran.stderr)
  return readFileSync(out, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ReadableEntry)
}

/** The export with one entry's time changed. */
function tampered(sequence: number): string {
  let seen = 0
  const changed = lines.map((line) => {
    if (!line.startsWith('{"entry"') || ++seen !== sequence) return line
    const fields = JSON.parse(line) as { entry: string }
    const bytes = Buffer.from(fields.entry, "base64")
    bytes[19] = (bytes[19] ?? 0) ^ 1
    return JSON.stringify({ ...fields, entry: bytes.toString("base64") })
  })
  const file = desk.path("tampered.ndjson")
  writeFileSync(file, `${changed.join("\n")}\n`)
  return file
}

test("JSON: every entry, in order, with its hash and its patient", async () => {
  const found = await converted()
  assert.equal(
    found.map(({ sequence, entryHash: hash }) => [sequence, hash]),
    entries.map((bytes, i) => [i + 1, toHex(entryHash(sha256, bytes))]),
  )
  assert.ok(found.every(({ verified }) => verified))
  const consent = found.find(({ action }) => action === "consent")
  const ofConversation = found.filter(({ conversation }) => conversation !== "")
  assert.ok(ofConversation.length > 4)
  assert.ok(ofConversation.every(({ patient }) => patient === consent?.device))
  assert.ok(found.every(({ conversation, patient }) => (conversation === "") === (patient === "")))
})

test("FHIR: every event is valid, by both validators and IHE's profile, and leads to its entry", async () => {
  const { ran, out } = await convert(["--format", "fhir"])
  assert.is(ran.code, 0, ran.stderr)
  const events = readFileSync(out, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditEvent)
  assert.is(events.length, entries.length)
  for (const [i, event] of events.entries()) {
    assert.equal([...problemsOf(event), ...profileProblems(event)], [])
    const hash = event.extension[0]?.extension?.find(({ url }) => url === "leafHash")?.valueString
    assert.is(hash, toHex(entryHash(sha256, entries[i] ?? new Uint8Array())))
  }
  const profiles = events.flatMap(({ meta }) => meta?.profile ?? []).map((url) => url.split(".").at(-1))
  for (const profile of ["PatientCreate", "PatientRead", "Create"])
    assert.ok(profiles.includes(profile), profile)
})

test("CSV: a header and a row for each entry", async () => {
  const { ran, out } = await convert(["--format", "csv"])
  assert.is(ran.code, 0, ran.stderr)
  assert.match(ran.stdout, `The log is whole.\n${out}: all ${entries.length} entries, as a CSV table.`)
  const rows = readFileSync(out, "utf8").split("\r\n")
  assert.is(rows.length, entries.length + 2)
  assert.ok(rows[0]?.startsWith("Number,Time (UTC),What happened,"))
  assert.is(rows.at(-1), "")
})

test("no format has what was written in a conversation, or an entry's salt", async () => {
  for (const format of ["ndjson", "csv", "fhir"]) {
    const { out } = await convert(["--format", format])
    const text = readFileSync(out, "utf8")
    assert.is(text.includes("words that no audit log may have"), false)
    for (const bytes of entries) assert.is(text.includes(toHex(decodeEntry(bytes).salt)), false)
  }
})

test("entries are chosen by action, scope, device, outcome and time, and by all of them together", async () => {
  const all = await converted()
  const of = (fits: (entry: ReadableEntry) => boolean): number[] =>
    all.filter(fits).map(({ sequence }) => sequence)
  const numbers = async (...args: string[]): Promise<number[]> =>
    (await converted(...args)).map(({ sequence }) => sequence)
  const consent = all.find(({ action }) => action === "consent")
  const { conversation = "", device = "", time = "" } = consent ?? {}
  assert.equal(
    await numbers("--action", "login", "--action", "logout"),
    of(({ action }) => action === "login" || action === "logout"),
  )
  assert.equal(
    await numbers("--scope", conversation.toUpperCase()),
    of((entry) => entry.conversation === conversation),
  )
  assert.equal(
    await numbers("--device", device, "--action", "create"),
    of((entry) => entry.device === device && entry.action === "create"),
  )
  assert.equal(await numbers("--outcome", "failed"), [])
  assert.equal(await numbers("--role", "nursing"), [])
  assert.equal(
    await numbers("--from", time),
    of((entry) => entry.time >= time),
  )
  assert.equal(
    await numbers("--to", time),
    of((entry) => entry.time < time),
  )
  const day = time.slice(0, 10)
  assert.equal(
    await numbers("--from", day, "--to", day),
    of((entry) => entry.time.startsWith(day)),
  )
  // The patient of a conversation is known although the consent itself isn't among what is wanted.
  assert.ok((await converted("--action", "create")).every(({ patient }) => patient === device))
})

test("an entry that somebody changed: 1, where, and nothing is written", async () => {
  const before = readdirSync(desk.path("")).length
  const { ran, out } = await convert(["--format", "csv"], tampered(5))
  assert.is(ran.code, 1)
  assert.match(ran.stdout, /^THE LOG IS NOT WHOLE\.\nline \d+, entry 5,/)
  assert.match(ran.stdout, "Nothing was written.")
  assert.is(existsSync(out), false)
  assert.ok(readdirSync(desk.path("")).length <= before + 1, "no half-written file is left")
})

test("an export that was cut: 1, and nothing is written", async () => {
  const file = desk.path("cut.ndjson")
  writeFileSync(file, `${lines.slice(0, -2).join("\n")}\n`)
  const { ran, out } = await convert(["--format", "fhir", "--json"], file)
  assert.is(ran.code, 1)
  const said = JSON.parse(ran.stdout) as { ok: boolean; problem: string; file?: string }
  assert.is(said.ok, false)
  assert.match(said.problem, "cut")
  assert.is(said.file, undefined)
  assert.is(existsSync(out), false)
})

test("a broken one, when told to: everything that can be read, and what wasn't checked says so", async () => {
  const { ran, out } = await convert(["--format", "ndjson", "--even-if-broken"], tampered(5))
  assert.is(ran.code, 1)
  assert.match(ran.stdout, "don't rely on one that wasn't")
  const found = readFileSync(out, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ReadableEntry)
  assert.is(found.length, entries.length)
  assert.equal(
    found.map(({ verified }) => verified),
    found.map(({ sequence }) => sequence < 5),
  )
})

test("lines that are none are counted and left out", async () => {
  const file = desk.path("noise.ndjson")
  writeFileSync(file, `${[...lines.slice(0, 4), "\u001b[2Jowned", ...lines.slice(4)].join("\n")}\n`)
  const { ran, out } = await convert(["--format", "csv", "--even-if-broken"], file)
  assert.is(ran.code, 1)
  assert.match(ran.stdout, "1 line couldn't be read and is left out.")
  assert.is(ran.stdout.includes("\u001b"), false)
  assert.is(readFileSync(out, "utf8").split("\r\n").length, entries.length + 2)
})

test("a file that is there is never written over: 5", async () => {
  const out = desk.path("precious")
  writeFileSync(out, "precious")
  const ran = await wardline(["audit", "export", whole, "--format", "csv", "--out", out])
  assert.is(ran.code, 5)
  assert.is(readFileSync(out, "utf8"), "precious")
})

test("another clinic's export: 1, and nothing is written", async () => {
  const { ran, out } = await convert(["--format", "csv", "--clinic-key", "ab".repeat(32)])
  assert.is(ran.code, 1)
  assert.is(existsSync(out), false)
  assert.is((await convert(["--format", "csv", "--clinic-key", clinicKey])).ran.code, 0)
})

for (const { name, args, said } of [
  { name: "a format that isn't one", args: ["--format", "xml"], said: "ndjson, csv, fhir" },
  { name: "no format", args: [], said: "--format is missing" },
  {
    name: "an action with a slip",
    args: ["--format", "csv", "--action", "logn"],
    said: "did you mean login",
  },
  { name: "an id that is none", args: ["--format", "csv", "--scope", "12"], said: "32 hexadecimal" },
  { name: "a day that isn't one", args: ["--format", "csv", "--from", "2026-02-31"], said: "--from must be" },
  { name: "a time without a zone", args: ["--format", "csv", "--to", "2026-11-30T09:00"], said: "zone" },
  {
    name: "an end before the beginning",
    args: ["--format", "csv", "--from", "2026-11-30", "--to", "2026-11-29"],
    said: "--from must be before --to",
  },
])
  test(`${name}: 2, and nothing is written`, async () => {
    const { ran, out } = await convert(args)
    assert.is(ran.code, 2, ran.stdout)
    assert.match(ran.stderr, said)
    assert.is(existsSync(out), false)
  })

test("an export that isn't there: 2, and no file is left", async () => {
  const { ran, out } = await convert(["--format", "csv"], desk.path("missing.ndjson"))
  assert.is(ran.code, 2)
  assert.is(existsSync(out), false)
  const nowhere = desk.path("no/such/folder/out")
  const ranNowhere = await wardline(["audit", "export", whole, "--format", "csv", "--out", nowhere])
  assert.is(ranNowhere.code, 2)
  assert.match(ranNowhere.stderr, "can't be written")
})

test.run()
