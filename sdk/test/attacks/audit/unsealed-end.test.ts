/** A relay whose log is honest towards witnesses and auditors, and which makes up its newest end for the patient: what no
 * checkpoint covers yet can be anything, so it must not say that nothing is missing before it. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { equalBytes, fromHex } from "../../../src/bytes.ts"
import {
  type AuditProblemKind,
  type Conversation,
  type Keystore,
  memoryKeystore,
  type PatientClient,
  type WhoHasRead,
} from "../../../src/index.ts"
import type { ServedEntry } from "../../../src/protocol/index.ts"
import { type AuditEntry, decodeEntry, encodeEntry } from "../../../src/tlog/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../../support/live-clinic.ts"
import { type EvilHooks, type EvilRelay, startEvilRelay } from "../evil-relay.ts"

const test = suite("a relay that makes up the log's newest end for the patient")
let clinic: LiveClinic
let proxy: EvilRelay
const patients: PatientClient[] = []

test.before(async () => {
  clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
  proxy = await startEvilRelay(clinic.url)
})
test.before.each(() => {
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
})
test.after(async () => {
  for (const patient of patients) await patient.close()
  await proxy.close()
  await clinic.close()
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Until what was written so far is in a checkpoint: the relay looks once a second. */
const sealed = (): Promise<void> => pause(2_200)
const kinds = ({ problems }: WhoHasRead): AuditProblemKind[] => problems.map(({ kind }) => kind)
const isHidden = ({ actor, action }: AuditEntry): boolean =>
  equalBytes(actor, fromHex(clinic.deviceIds.nurse)) && ["read", "keys-served", "delivered"].includes(action)
const byNurse = ({ readings }: WhoHasRead): number =>
  readings.filter(({ who, times }) => who.kind === "staff" && times > 0).length

/** A patient over the proxy, whose conversation the nurse has read without a word; all of it is sealed. */
async function readByNurse(): Promise<{
  keystore: Keystore
  patient: PatientClient
  conversation: Conversation
}> {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  patients.push(patient)
  const conversation = await begin(patient)
  await conversation.send("hello")
  const staff = await clinic.staff("nurse")
  const opened = await staff.open(conversation.id)
  await until(opened, "change", () => opened.view.messages.some(({ text }) => text === "hello"))
  await staff.close()
  await sealed()
  return { keystore, patient, conversation }
}

/** Leaves the nurse's readings out, and numbers what comes after them as if it were all newer than the checkpoint that
 * the patient proves entries by. */
function hideBehindEnd(hooks: EvilHooks): void {
  let size = 0
  hooks.toRelay = (frame) => {
    if (frame.kind === "audit") size = frame.treeSize
    return undefined
  }
  hooks.toClient = (frame) =>
    frame.kind === "entries" ? [{ ...frame, entries: withoutReadings(frame.entries, size) }] : undefined
}

function withoutReadings(served: readonly ServedEntry[], size: number): ServedEntry[] {
  const shown: ServedEntry[] = []
  let sequence = size
  let before = 0
  let isMadeUp = false
  for (const { bytes, proof } of served.toReversed()) {
    const entry = decodeEntry(bytes)
    isMadeUp ||= isHidden(entry)
    if (isHidden(entry)) continue
    if (isMadeUp) sequence = Math.max(sequence + 1, entry.sequence)
    shown.push(
      isMadeUp ? { bytes: encodeEntry({ ...entry, sequence, before }), proof: [] } : { bytes, proof },
    )
    before = isMadeUp ? sequence : entry.sequence
  }
  return shown.toReversed()
}

test("an honest relay: once its own reading is sealed, nothing is missing up to it", async () => {
  const { conversation } = await readByNurse()
  const first = await conversation.whoHasRead()
  assert.equal(first.problems, [])
  assert.is(byNurse(first), 1)
  await sealed()
  const again = await conversation.whoHasRead()
  assert.equal(again.problems, [])
  assert.ok((again.completeTo ?? 0) > (first.completeTo ?? 0))
})

test("hides a sealed reading behind a made-up end: it isn't said that nothing is missing up to now", async () => {
  const { keystore, patient, conversation } = await readByNurse()
  const honest = await conversation.whoHasRead()
  const reading = honest.readings.find(({ who }) => who.kind === "staff")
  await patient.close()
  hideBehindEnd(proxy.hooks)
  // The page is opened anew.
  const again = await clinic.patient(keystore, proxy.url)
  patients.push(again)
  const [fresh] = again.conversations as [Conversation]
  const answer = await fresh.whoHasRead()
  assert.is(byNurse(answer), 0, "the reading is hidden")
  assert.ok(answer.readings.some(({ proof }) => proof === "pending"))
  assert.ok((answer.completeTo ?? 0) < (reading?.from ?? 0), "nothing vouches for what came after that time")
  assert.ok(kinds(answer).includes("gap"), "the device has stored which end it was shown before")
})

test("hides it from a device that asks for the first time: nothing is said to be whole up to now", async () => {
  const { conversation } = await readByNurse()
  hideBehindEnd(proxy.hooks)
  const answer = await conversation.whoHasRead()
  assert.is(byNurse(answer), 0)
  const proven = answer.readings.filter(({ proof }) => proof === "proven")
  assert.ok((answer.completeTo ?? 0) <= Math.max(0, ...proven.map(({ to }) => to)))
})

test("makes its end up anew once it ought to be sealed: what was shown before is gone", async () => {
  const { conversation } = await readByNurse()
  hideBehindEnd(proxy.hooks)
  const first = await conversation.whoHasRead()
  assert.is(byNurse(first), 0)
  await sealed()
  for (let look = 0; look < 2; look++) assert.ok(kinds(await conversation.whoHasRead()).includes("gap"))
})

test.run()
