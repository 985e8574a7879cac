/** An auditor with nothing but a file: real exports of a real relay, whole and tampered with. */
import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { startRelay } from "@wardline/relay"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { AdminClient, enrolDevice, memoryKeystore, PatientClient } from "../../src/index.ts"
import { type Desk, makeDesk, wardline } from "./wardline.ts"

const test = suite("an auditor with a file")
const RELAY_CLI = fileURLToPath(new URL("../../../server/src/cli.ts", import.meta.url))

let desk: Desk
let clinicKey: string
/** Before and after a conversation. */
let early: string
let late: string
let lines: string[]
let noted: string

async function exportLog(name: string): Promise<string> {
  const out = desk.path(name)
  const args = ["audit", "export", "--data", desk.path("relay"), "--out", out]
  const node = ["--conditions=source", "--import", import.meta.resolve("tsx"), RELAY_CLI]
  await promisify(execFile)(process.execPath, [...node, ...args])
  return out
}

function tampered(name: string, change: (lines: string[]) => string[]): string {
  const file = desk.path(name)
  writeFileSync(file, `${change([...lines]).join("\n")}\n`)
  return file
}

const isEntry = (line: string): boolean => line.startsWith('{"entry"')
/** Changes one byte of the n-th entry, counted from 1. */
function changeEntry(all: string[], n: number, at: number): string[] {
  let seen = 0
  return all.map((line) => {
    if (!isEntry(line) || ++seen !== n) return line
    const fields = JSON.parse(line) as { entry: string }
    const bytes = Buffer.from(fields.entry, "base64")
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return JSON.stringify({ ...fields, entry: bytes.toString("base64") })
  })
}

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
  const options = { data: desk.path("relay"), clinicKeys: [clinicKey], port: 0, webRoot: desk.path("none") }
  let relay = await startRelay(options)
  const keystore = memoryKeystore()
  await AdminClient.publish({ relay: relay.url, clinicKey, keystore }, created.records)
  await enrolDevice(keystore, clinicKey, created.admin)
  await relay.close()
  early = await exportLog("early.ndjson")
  relay = await startRelay(options)
  const patient = await PatientClient.connect({ relay: relay.url, clinicKey, keystore: memoryKeystore() })
  const chat = await patient.start({ topic: "refill", consent: patient.consent().agree() })
  await chat.send("hello")
  await patient.close()
  await relay.close()
  late = await exportLog("late.ndjson")
  lines = readFileSync(late, "utf8").trimEnd().split("\n")
})

test.after(() => desk.clear())

test("a whole log: 0, what was checked and what wasn't, and a line to write down", async () => {
  const ran = await wardline(["audit", "verify", early, "--clinic-key", clinicKey])
  assert.is(ran.code, 0, ran.stderr)
  assert.match(ran.stdout, /^The log is whole\./)
  assert.match(ran.stdout, /Not checked:\n.*cut off/)
  noted = /--noted (\d+:[0-9a-f]{64})/.exec(ran.stdout)?.[1] ?? ""
  assert.ok(noted)
})

test("a later export still holds what was noted", async () => {
  const ran = await wardline(["audit", "verify", late, "--noted", noted, "--json"])
  assert.is(ran.code, 0, ran.stderr)
  const report = JSON.parse(ran.stdout) as { ok: boolean; clinics: { entries: number; records: number }[] }
  assert.ok(report.ok)
  assert.ok((report.clinics[0]?.records ?? 0) > 8)
})

for (const { title, change } of [
  { title: "an entry's time changed", change: (all: string[]) => changeEntry(all, 3, 15) },
  { title: "an entry's actor changed", change: (all: string[]) => changeEntry(all, 5, 25) },
  { title: "an entry removed", change: (all: string[]) => all.toSpliced(all.findIndex(isEntry) + 2, 1) },
  {
    title: "two entries swapped",
    change: (all: string[]) => {
      const at = all.findIndex(isEntry)
      return all.toSpliced(at + 1, 2, all[at + 2] ?? "", all[at + 1] ?? "")
    },
  },
  { title: "the last line cut off", change: (all: string[]) => all.slice(0, -1) },
  { title: "something added at the end", change: (all: string[]) => [...all, all[2] ?? ""] },
  { title: "a line that isn't JSON", change: (all: string[]) => all.toSpliced(3, 0, "\u001b[2Jowned") },
] as const) {
  test(`${title}: 1, and where`, async () => {
    const file = tampered("tampered.ndjson", change)
    const ran = await wardline(["audit", "verify", file])
    assert.is(ran.code, 1, ran.stdout)
    assert.match(ran.stdout, /^THE LOG IS NOT WHOLE\.\nline \d+/)
    assert.is.not(ran.stdout.includes("\u001b"), true)
    const json = await wardline(["audit", "verify", file, "--json"])
    assert.is((JSON.parse(json.stdout) as { ok: boolean }).ok, false)
  })
}

test("a log that was rewritten since it was noted: 1", async () => {
  const [sequence, hash = ""] = noted.split(":")
  const other = `${sequence}:${hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))}`
  const ran = await wardline(["audit", "verify", late, "--noted", other])
  assert.is(ran.code, 1)
  assert.match(ran.stdout, /the noted entry isn't there/)
})

test("a log from before what was noted: 1", async () => {
  const later = /--noted (\S+)/.exec((await wardline(["audit", "verify", late])).stdout)?.[1] ?? ""
  assert.is((await wardline(["audit", "verify", early, "--noted", later])).code, 1)
})

test("another clinic's key: 1; what isn't a key, a note or a file: 2", async () => {
  const other = await wardline(["audit", "verify", late, "--clinic-key", "ab".repeat(32)])
  assert.is(other.code, 1)
  for (const args of [
    [late, "--clinic-key", "abc"],
    [late, "--noted", "12"],
    [desk.path("missing.ndjson")],
    [desk.path("")],
    [],
  ]) {
    const ran = await wardline(["audit", "verify", ...args])
    assert.is(ran.code, 2, args.join(" "))
    assert.match(ran.stderr, "Help: wardline audit verify --help")
  }
})

test.run()
