/** A doctor reads what is none of his business; the operator of the relay, who has its database and the log's key, takes
 * his reading out of the audit log and signs it anew. The patient, the witness and the auditor each notice. */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { equalBytes, fromHex, toHex } from "../../../src/bytes.ts"
import { deviceWitnessName } from "../../../src/client/clinic-policy.ts"
import { deviceAt } from "../../../src/directory/index.ts"
import {
  type Conversation,
  type Keystore,
  memoryKeystore,
  StaffClient,
  verifyLogEvidence,
  type WhoHasRead,
} from "../../../src/index.ts"
import type { AuditEntry } from "../../../src/tlog/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../../support/live-clinic.ts"
import { noteOf } from "./lying-log.ts"
import { rewriteLog } from "./operator.ts"

const RELAY = fileURLToPath(new URL("../../../../server/src/cli.ts", import.meta.url))
const WARDLINE = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url))
const ALONE = fileURLToPath(new URL("../../../../docs/verify-audit.mjs", import.meta.url))
const SOURCE = ["--conditions=source", "--import", import.meta.resolve("tsx")]

const test = suite("an operator who takes a reading out of the log")
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Story {
  readonly clinic: LiveClinic
  readonly patient: Keystore
  readonly nurse: Keystore
  /** What the patient was told before. */
  readonly before: WhoHasRead
  /** A checkpoint that the auditor put by. */
  readonly kept: string
}

const reads = (conversation: Conversation, text: string): Promise<void> =>
  until(conversation, "change", () => conversation.view.messages.some((message) => message.text === text))

/** Up to the operator's deed: he has been asked for a favour, and the log is witnessed. */
async function untilTheDeed(isWitnessed = true): Promise<Story> {
  const clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
  const id = clinic.deviceIds.nurse
  const key = toHex(deviceAt(clinic.admin.directory, fromHex(id))?.keys.signing ?? new Uint8Array(0))
  if (isWitnessed)
    await clinic.admin.setPolicy({ witnesses: [{ name: deviceWitnessName(id), key }], quorum: 1 })
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore)
  const conversation = await begin(patient, "question")
  await conversation.send("I haven't told anybody yet")
  const doctor = await clinic.staff("doctor")
  const byDoctor = await doctor.open(conversation.id, { role: "medical" })
  await reads(byDoctor, "I haven't told anybody yet")
  await byDoctor.markRead()
  await until(conversation, "change", () => conversation.view.messages.some(({ state }) => state === "read"))
  await doctor.close()
  await pause(1_500)
  const nurseKeys = await clinic.staffKeystore("nurse")
  const nurse = await StaffClient.connect(clinic.options(nurseKeys))
  if (isWitnessed) await until(nurse, "witness", () => (nurse.witness?.size ?? 0) > 0)
  const before = await conversation.whoHasRead()
  const kept = await noteOf(clinic)
  await nurse.close()
  await patient.close()
  return { clinic, patient: keystore, nurse: nurseKeys, before, kept }
}

/** The reading, the key with it, and that it ended. The access record he can't take out: the patient has it. */
function isHis({ deviceIds }: LiveClinic): (entry: AuditEntry) => boolean {
  return ({ action, actor }) =>
    equalBytes(actor, fromHex(deviceIds.doctor)) && ["read", "keys-served", "delivered"].includes(action)
}

async function ask({ clinic }: Story, keystore: Keystore): Promise<WhoHasRead> {
  const patient = await clinic.patient(keystore)
  const answer = await patient.conversations[0]?.whoHasRead()
  await patient.close()
  assert.ok(answer)
  return answer
}

const kindsOf = ({ problems }: WhoHasRead): string[] => problems.map(({ kind }) => kind)

/** What both verifiers say of an export: exit code and words. */
function audit({ clinic }: Story, more: readonly string[]): { code: number | null; text: string }[] {
  const file = join(clinic.copyData(), "export.ndjson")
  const run = (args: readonly string[]): { code: number | null; text: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" })
    return { code: status, text: stdout + stderr }
  }
  const made = run([...SOURCE, RELAY, "audit", "export", "--data", clinic.data, "--out", file])
  assert.is(made.code, 0, made.text)
  return [run([...SOURCE, WARDLINE, "audit", "verify", file, ...more]), run([ALONE, file, ...more])]
}

test("before: the patient sees the doctor's reading, proven, and both verifiers are content", async () => {
  const story = await untilTheDeed()
  assert.equal(story.before.problems, [])
  const [reading] = story.before.readings.filter(({ who }) => who.kind === "staff")
  assert.is(reading?.who.name, "Dr. Osei")
  assert.is(reading?.role, "medical")
  assert.is(reading?.proof, "proven")
  await story.clinic.stopRelay()
  for (const { code, text } of audit(story, [])) assert.is(code, 0, text)
  await story.clinic.close()
})

test("the patient notices: what she saw proven isn't in the log, and the doctor has said that he read it", async () => {
  const story = await untilTheDeed()
  await story.clinic.stopRelay()
  rewriteLog(story.clinic.data, (entries) => entries.filter((entry) => !isHis(story.clinic)(entry)))
  await story.clinic.restartRelay()
  const after = await ask(story, story.patient)
  const kinds = kindsOf(after)
  assert.ok(kinds.includes("not-proven") || kinds.includes("log-older"), kinds.join())
  const hidden = after.problems.find(({ kind }) => kind === "hidden-reading")
  assert.is(hidden?.who?.name, "Dr. Osei")

  // So does one who asks for the first time: her device has no memory of the log.
  const fresh = memoryKeystore()
  for (const key of await story.patient.keys(""))
    if (!key.includes("/audit/")) await fresh.set({ [key]: await story.patient.get(key) })
  const first = await ask(story, fresh)
  assert.ok(kindsOf(first).includes("hidden-reading"))
  const [announced] = first.readings.filter(({ who }) => who.kind === "staff")
  assert.is(announced?.state, "announced")
  assert.is(announced?.who.name, "Dr. Osei")
  await story.clinic.close()
})

test("the witness notices: it doesn't sign, and has a file that shows others why", async () => {
  const story = await untilTheDeed()
  const signed = story.before.checkpoint?.size ?? 0
  await story.clinic.stopRelay()
  rewriteLog(story.clinic.data, (entries) => entries.filter((entry) => !isHis(story.clinic)(entry)))
  await story.clinic.restartRelay()
  // The log grows beyond what was witnessed: before that, there is nothing to compare.
  const passer = await story.clinic.staff("biller")
  await passer.close()
  await pause(1_500)
  const nurse = await StaffClient.connect(story.clinic.options(story.nurse))
  await until(nurse, "witness", () => nurse.witness?.problem !== undefined)
  assert.is(nurse.witness?.problem, "log-forked")
  const file = await nurse.logEvidence()
  const verdict = file && verifyLogEvidence(file, story.clinic.created.clinicKey)
  assert.is(verdict?.proves, "fork")
  assert.ok((verdict?.checkpoints[0].size ?? 0) >= signed)
  assert.equal(
    verdict?.checkpoints[0].witnesses.map(({ name }) => name),
    [deviceWitnessName(story.clinic.deviceIds.nurse)],
  )
  assert.is(verdict?.checkpoints[1].logKey, toHex(story.clinic.relay.logKey))
  await nurse.close()
  const patient = await ask(story, story.patient)
  assert.ok((patient.checkpoint?.size ?? 0) <= signed, "nobody signs it any more, so nobody believes it")
  await story.clinic.close()
})

test("the auditor notices, with both verifiers and nothing but an export", async () => {
  const story = await untilTheDeed()
  await story.clinic.stopRelay()
  // He leaves the checkpoint that the witness signed: the tree isn't the one that it signed.
  rewriteLog(story.clinic.data, (entries) => entries.filter((entry) => !isHis(story.clinic)(entry)), true)
  for (const { code, text } of audit(story, [])) assert.is(code, 1, text)
  // He takes it away and lets the relay sign the log anew: the clinic's policy demands a witness's signature.
  rewriteLog(story.clinic.data, (entries) => entries)
  await story.clinic.restartRelay()
  await story.clinic.stopRelay()
  for (const { code, text } of audit(story, [])) assert.is(code, 1, text)
  await story.clinic.close()
})

test("a clinic without witnesses: whoever has seen or kept a checkpoint notices, and nobody else", async () => {
  const story = await untilTheDeed(false)
  await story.clinic.stopRelay()
  rewriteLog(story.clinic.data, (entries) => entries.filter((entry) => !isHis(story.clinic)(entry)))
  await story.clinic.restartRelay()
  await (await story.clinic.staff("biller")).close()
  await pause(1_500)
  const patient = await story.clinic.patient(story.patient)
  const [conversation] = patient.conversations as [Conversation]
  assert.ok(kindsOf(await conversation.whoHasRead()).includes("log-forked"))
  const file = await conversation.logEvidence()
  assert.is(file && verifyLogEvidence(file, story.clinic.created.clinicKey).proves, "fork")
  await patient.close()

  await story.clinic.stopRelay()
  for (const { code, text } of audit(story, [])) assert.is(code, 0, text)
  const kept = join(story.clinic.copyData(), "kept.txt")
  writeFileSync(kept, story.kept)
  for (const { code, text } of audit(story, ["--checkpoint", kept])) assert.is(code, 1, text)
  await story.clinic.close()
})

test.run()
