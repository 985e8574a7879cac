/** An officer's questions to an export: prove this entry, what was disclosed, what could a stolen laptop open. A real
 * relay, real clients, the real command. */
import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { memoryKeystore, type PatientClient } from "../../src/index.ts"
import { encodeVerifierKey, NOTE_COSIGNATURE } from "../../src/tlog/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { AuditLog, textOf } from "../tlog/audit-log.ts"
import { Signer } from "../tlog/tree.ts"
import { done, refused } from "./clinic-desk.ts"
import { sha256 } from "./evil-log.ts"
import { type Desk, makeDesk, type Ran, wardlineHere } from "./wardline.ts"

const test = suite("an officer's questions")
const RELAY_CLI = fileURLToPath(new URL("../../../server/src/cli.ts", import.meta.url))

let clinic: LiveClinic
let desk: Desk
let file: string
let lines: string[]
/** Conversations. */
const ids: Record<"refill" | "bill" | "again" | "later", string> = {
  refill: "",
  bill: "",
  again: "",
  later: "",
}
/** Between what happened before and after the theft. */
let theftMs: number

const ask = (...args: string[]): Promise<Ran> => wardlineHere(["audit", ...args])
const askJson = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await done(ask(...args, "--json"))) as Record<string, unknown>
const at = (ms: number): string => new Date(ms).toISOString()

async function exportTo(name: string): Promise<string> {
  const out = desk.path(name)
  const node = ["--conditions=source", "--import", import.meta.resolve("tsx"), RELAY_CLI]
  await promisify(execFile)(process.execPath, [
    ...node,
    "audit",
    "export",
    "--data",
    clinic.data,
    "--out",
    out,
  ])
  return out
}

async function converse(patient: PatientClient, topic: string, ...texts: string[]): Promise<string> {
  const chat = await begin(patient, topic)
  for (const text of texts) await chat.send(text)
  return chat.id
}

test.before(async () => {
  desk = makeDesk()
  clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
  const rosa = await clinic.patient()
  const tom = await clinic.patient(memoryKeystore())
  ids.refill = await converse(rosa, "refill", "my pills", "are gone")
  ids.bill = await converse(tom, "bill", "too much")
  ids.again = await converse(rosa, "refill", "me again")
  const nurse = await clinic.staff("nurse")
  const care = await nurse.open(ids.refill)
  await until(care, "change", () => care.view.messages.length === 2)
  await care.send("on their way")
  await nurse.close()
  const doctor = await clinic.staff("doctor")
  await doctor.open(ids.refill, { role: "nursing", purpose: "PUBHLTH", reason: "the county's report" })
  await doctor.close()
  await new Promise((resolve) => setTimeout(resolve, 50))
  theftMs = Date.now()
  await new Promise((resolve) => setTimeout(resolve, 50))
  await clinic.admin.revokeDevice(clinic.deviceIds.doctor)
  ids.later = await converse(tom, "refill", "and pills")
  await rosa.close()
  await tom.close()
  await clinic.stopRelay()
  file = await exportTo("audit.ndjson")
  lines = readFileSync(file, "utf8").trimEnd().split("\n")
})
test.after(async () => {
  desk.clear()
  await clinic.close()
})

test("an entry is proved in a file, and the file is checked without export and relay", async () => {
  const out = desk.path("five.tlog-proof")
  const made = await done(ask("prove", file, "--entry", "5", "--out", out))
  assert.match(made, /The proof of entry 5 is/)
  assert.match(made, /wardline audit check .*five\.tlog-proof --clinic-key [0-9a-f]{64}/)
  assert.match(readFileSync(out, "utf8"), /^c2sp\.org\/tlog-proof@v1\nextra \S+\nindex 4\n/)
  const key = ["--clinic-key", clinic.created.clinicKey]
  const logKey = ["--log-key", Buffer.from(clinic.relay.logKey).toString("hex")]
  const checked = await done(ask("check", out, ...key, ...logKey))
  assert.match(checked, /^The entry stands in the clinic's audit log\.$/m)
  assert.match(checked, /^Entry +5$/m)
  assert.match(checked, /No witness of the clinic's signed that/)
  await refused(ask("prove", file, "--entry", "5", "--out", out), 5, /never overwritten/)
})

test("every entry's proof holds, at the tree's edge too", async () => {
  const { checkpoint } = JSON.parse(lines[1] ?? "") as { checkpoint: string }
  const size = Number(checkpoint.split("\n")[1])
  for (const entry of [1, 2, size - 1, size]) {
    const out = desk.path(`proof-${entry}`)
    await done(ask("prove", file, "--entry", String(entry), "--out", out))
    const logKey = Buffer.from(clinic.relay.logKey).toString("hex")
    const args = ["--clinic-key", clinic.created.clinicKey, "--log-key", logKey]
    assert.is(((await askJson("check", out, ...args)).entry as { sequence: number }).sequence, entry)
  }
  // The export's own entry came after the last checkpoint.
  await refused(
    ask("prove", file, "--entry", String(size + 1)),
    5,
    /is newer than the log's newest checkpoint/,
  )
  await refused(ask("prove", file, "--entry", "100000"), 5, /the log has no entry/)
  for (const entry of ["0", "-1", "x", "1e3"])
    await refused(ask("prove", file, `--entry=${entry}`), 2, /--entry/)
})

test("a proof that was changed, of another log, or without the witnesses that count, proves nothing", async () => {
  const out = desk.path("tampered.tlog-proof")
  await done(ask("prove", file, "--entry", "7", "--out", out))
  const text = readFileSync(out, "utf8")
  const logKey = Buffer.from(clinic.relay.logKey).toString("hex")
  const key = ["--clinic-key", clinic.created.clinicKey]
  const tampered: Record<string, string> = {
    "another place": text.replace("index 6", "index 7"),
    "another entry": text.replace(
      /extra (.{60})./,
      (_, begin: string) => `extra ${begin}${text.includes(`${begin}A`) ? "B" : "A"}`,
    ),
    "a hash less": text.replace(/(index 6\n).*\n/, "$1"),
    "another size": text.replace(
      /(wardline\/audit\/.*\n)(\d+)/,
      (_, origin: string, size: string) => `${origin}${Number(size) + 1}`,
    ),
    empty: "",
  }
  for (const [name, changed] of Object.entries(tampered)) {
    const path = desk.path(name.replaceAll(" ", "-"))
    writeFileSync(path, changed)
    await refused(ask("check", path, ...key, "--log-key", logKey), 1, /proves nothing/)
  }
  await refused(ask("check", out, ...key, "--log-key", "ab".repeat(32)), 1, /proves nothing/)
  await refused(ask("check", out, "--clinic-key", "ab".repeat(32), "--log-key", logKey), 1, /proves nothing/)
  const witness = new Signer("nobody asked")
  const vkey = encodeVerifierKey(sha256, { name: "w.example", type: NOTE_COSIGNATURE, key: witness.key })
  await refused(ask("check", out, ...key, "--log-key", logKey, "--witness", vkey), 1, /proves nothing/)
  await done(ask("check", out, ...key, "--log-key", logKey, "--witness", vkey, "--quorum", "0"))
  await refused(ask("check", out, ...key), 2, /whose keys count\?/)
  await refused(ask("check", desk.path("none"), ...key, "--log-key", logKey), 2, /there is no file/)
})

test("a proof by what the policy said earlier counts only for whoever asks for it", async () => {
  const out = desk.path("early.tlog-proof")
  await done(ask("prove", file, "--entry", "3", "--out", out))
  await clinic.restartRelay()
  const from = ["--clinic-key", clinic.created.clinicKey, "--relay", clinic.url]
  await done(ask("check", out, ...from))
  const witness = new Signer("from now on")
  const key = Buffer.from(witness.key).toString("hex")
  await clinic.admin.setPolicy({ witnesses: [{ name: "w.example", key }], quorum: 1 })
  await refused(ask("check", out, ...from), 1, /holds only by an earlier policy.*--earlier-policies/)
  assert.match(await done(ask("check", out, ...from, "--earlier-policies")), /those of an earlier policy/)
  await clinic.stopRelay()
})

test("disclosures: who, when, for what, and what the clinic must add", async () => {
  const said = await done(ask("disclosures", file))
  assert.match(said, /^Conversations opened for a disclosure, .*: 1\.$/m)
  assert.match(said, new RegExp(`${ids.refill} +public health +Dr\\. Osei, nursing`))
  assert.match(said, /Who received it, and their address/)
  const csv = desk.path("disclosures.csv")
  const report = await askJson("disclosures", file, "--conversation", ids.again, "--csv", csv)
  const [row] = report.disclosures as { conversation: string; purpose: string; hasReason: boolean }[]
  // Her other conversation's, for the patient is the same.
  assert.equal([row?.conversation, row?.purpose, row?.hasReason], [ids.refill, "PUBHLTH", true])
  assert.match(readFileSync(csv, "utf8"), /^Date \(UTC\),Received by \(add\)/)
  assert.equal((await askJson("disclosures", file, "--conversation", ids.bill)).disclosures, [])
  assert.equal((await askJson("disclosures", file, "--to", at(theftMs - 3_600_000))).disclosures, [])
  assert.equal((await askJson("disclosures", file, "--from", at(theftMs))).disclosures, [])
  await refused(ask("disclosures", file, "--conversation", "ab".repeat(16)), 2, /has no conversation/)
  await refused(ask("disclosures", file, "--from", "2027-01-02", "--to", "2027-01-01"), 2, /after --to/)
})

test("a disclosure that nobody of the clinic's signed is left out, and said so", async () => {
  const made = new AuditLog()
  made.transcript("disclosure", "access", new Uint8Array(16).fill(7), { role: "nursing", purpose: 8 })
  const path = desk.path("made-up.ndjson")
  writeFileSync(path, `${textOf(made.lines()).join("\n")}\n`)
  const said = await done(ask("disclosures", path, "--to", "2099-01-01"))
  assert.match(said, /for a disclosure, .*: none\./)
  assert.match(said, /LEFT OUT: 1 that no member of staff signed/)
})

interface Scope {
  readonly couldBeOpened: { conversation: string; keys: string[]; messages: number; patient: string }[]
  readonly wereRead: { conversation: string; reads: number; purposes: string[] }[]
  readonly keys: { key: string; holders: string[] }[]
}

async function scopeOf(...args: string[]): Promise<Scope> {
  return (await askJson("breach-scope", file, ...args)) as unknown as Scope
}

const conversationsOf = (found: readonly { readonly conversation: string }[]): string[] =>
  found.map(({ conversation }) => conversation).sort()

test("a stolen device: what its keys open, and apart from that what it read", async () => {
  const scope = await scopeOf("--device", "Dr. Osei")
  // Nursing and medical, until it was revoked; billing never.
  assert.equal(conversationsOf(scope.couldBeOpened), [ids.refill, ids.again].sort())
  assert.equal(conversationsOf(scope.wereRead), [ids.refill])
  assert.equal(scope.wereRead[0]?.purposes, ["PUBHLTH"])
  const refill = scope.couldBeOpened.find(({ conversation }) => conversation === ids.refill)
  assert.equal([refill?.messages, refill?.keys], [3, ["role/nursing/1"]])
  assert.ok(scope.keys.every(({ holders }) => holders.includes(clinic.deviceIds.doctor)))
  const said = await done(ask("breach-scope", file, "--device", clinic.deviceIds.doctor))
  assert.match(said, /^Could be opened with these keys: 2 conversations of 1 patient, 4 messages\.$/m)
  assert.match(said, /^Was read, by the log: 1 conversation\.$/m)
  assert.match(said, /Dr\. Osei, revoked 20/)
  assert.match(said, /What this can't know:/)
})

test("what began after the keys were renewed is out of a revoked device's reach", async () => {
  const { couldBeOpened } = await scopeOf("--device", "Dr. Osei", "--from", at(theftMs))
  assert.is(conversationsOf(couldBeOpened).includes(ids.later), false)
  const nurse = await scopeOf("--device", clinic.deviceIds.nurse)
  assert.ok(conversationsOf(nurse.couldBeOpened).includes(ids.later))
})

test("what wasn't written yet at the period's end isn't in it", async () => {
  const { couldBeOpened, wereRead } = await scopeOf("--role", "nursing", "--to", at(theftMs))
  assert.equal(conversationsOf(couldBeOpened), [ids.refill, ids.again].sort())
  assert.equal(conversationsOf(wereRead), [ids.refill])
})

test("a role's keys: all that was ever sealed to it; another role's, nothing of it", async () => {
  const nursing = await scopeOf("--role", "nursing")
  assert.equal(conversationsOf(nursing.couldBeOpened), [ids.refill, ids.again, ids.later].sort())
  const billing = await scopeOf("--role", "billing")
  assert.equal(conversationsOf(billing.couldBeOpened), [ids.bill])
  assert.equal(billing.wereRead, [])
})

test("a conversation: who could have read it, and who did; the patient's own reading is no breach", async () => {
  const { keys, couldBeOpened, wereRead } = await scopeOf("--conversation", ids.refill)
  assert.equal(conversationsOf(couldBeOpened), [ids.refill])
  assert.equal(couldBeOpened[0]?.keys, ["role/nursing/1"])
  const { nurse, doctor, biller } = clinic.deviceIds
  const [nursing] = keys
  assert.ok(nursing?.holders.includes(nurse) && nursing.holders.includes(doctor))
  assert.is(nursing?.holders.includes(biller), false)
  assert.equal(wereRead[0]?.purposes.sort(), ["PUBHLTH", "TREAT"])
})

for (const { args, words } of [
  { args: [], words: /whose keys are in question/ },
  { args: ["--device", "Nobody"], words: /no device of this clinic/ },
  { args: ["--role", "nurssing"], words: /there is no role/ },
  { args: ["--conversation", "12"], words: /32 hexadecimal/ },
  { args: ["--role", "nursing", "--from", "yesterday"], words: /--from must be a day/ },
])
  test(`breach-scope ${args.join(" ")}: 2`, () => refused(ask("breach-scope", file, ...args), 2, words))

test("nothing is concluded from a log that isn't whole", async () => {
  const cut = desk.path("cut.ndjson")
  const without = lines.findIndex((line) => line.startsWith('{"entry"')) + 3
  writeFileSync(cut, `${lines.toSpliced(without, 1).join("\n")}\n`)
  for (const args of [
    ["prove", cut, "--entry", "1", "--out", desk.path("never")],
    ["disclosures", cut],
    ["breach-scope", cut, "--role", "nursing"],
  ])
    await refused(ask(...args), 1, /the log is not whole, so nothing is concluded from it: line \d+/)
  await refused(ask("disclosures", desk.path("none")), 2, /there is no file/)
})

test.run()
