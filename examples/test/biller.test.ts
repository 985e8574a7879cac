/** Roles decide by mathematics: a biller with her own keystore and the relay's whole database opens nothing of a
 * nursing conversation. The same attempt with the nurse's keys opens everything, so the attempt is a real one. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  decodeEnrolment,
  type Enrolment,
  enrolDevice,
  isWardlineError,
  memoryKeystore,
  PatientClient,
  StaffClient,
  type WardlineError,
} from "@wardline/sdk"
import { cryptoReady, deviceFromSeeds, hpkeOpen, sha256, verify } from "@wardline/sdk/crypto"
import { applyRecords, createDirectory, type DirectoryState, grantsFor } from "@wardline/sdk/directory"
import {
  concat,
  decodeEpoch,
  decodeOpen,
  decodeRecord,
  decodeSummaries,
  decodeWraps,
  fromHex,
  grantInfo,
  summaryInfo,
  type WireRecord,
  wrapInfo,
} from "@wardline/sdk/protocol"
import Database from "better-sqlite3"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Demo, startDemo } from "../demo/demo.ts"

const test = suite("the biller and the relay's whole database")
const NOTHING = new Uint8Array(0)

let dataDir: string
let demo: Demo

test.before(async () => {
  await cryptoReady()
  dataDir = mkdtempSync(join(tmpdir(), "wardline-biller-"))
  demo = await startDemo({ dataDir, clinicPort: 0, relayPort: 0, log: () => {} })
})

test.after(async () => {
  await demo.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

function enrolmentIn(inboxUrl: string): Enrolment {
  const enrolment = decodeEnrolment(inboxUrl)
  if (!enrolment) throw new Error("the demo's link holds no enrolment")
  return enrolment
}

async function staffClient(inboxUrl: string): Promise<StaffClient> {
  const keystore = memoryKeystore()
  await enrolDevice(keystore, demo.clinicKey, enrolmentIn(inboxUrl))
  return StaffClient.connect({ relay: demo.relayUrl, clinicKey: demo.clinicKey, keystore })
}

/** Tries every secret that a device has or is granted on every wrap and every sealed summary.
 * @returns how many opened. */
function openAll(records: readonly WireRecord[], directory: DirectoryState, seeds: Enrolment): number {
  const device = deviceFromSeeds(seeds.signingSeed, seeds.wrappingSeed)
  const secrets = [device.wrapping.seed]
  for (const grants of directory.grants.values()) {
    for (const { role, generation, wrap } of grants) {
      if (wrap === undefined) throw new Error("the relay keeps every wrap")
      const info = grantInfo(directory.clinicId, role, generation, device.id)
      secrets.push(...attempt(() => hpkeOpen(device.wrapping.seed, info, NOTHING, wrap)))
    }
  }
  assert.is(secrets.length, 1 + grantsFor(directory, device.id).length)
  let opened = 0
  for (const record of records) {
    for (const secret of secrets) {
      if (record.type === "epoch") {
        const { head, slots } = decodeEpoch(record.body)
        const wraps = decodeWraps(record.detached, slots.length)
        for (const wrap of wraps) {
          for (const slot of wraps.keys()) {
            opened += attempt(() => hpkeOpen(secret, wrapInfo(sha256(head), slot), NOTHING, wrap)).length
          }
        }
      } else if (record.type === "open") {
        const { roles } = decodeOpen(record.body)
        const summaries = decodeSummaries(record.detached, roles.length)
        for (const [i, { role, generation }] of roles.entries()) {
          const info = summaryInfo(record.scope, role, generation)
          opened += attempt(() => hpkeOpen(secret, info, NOTHING, summaries[i] as Uint8Array)).length
        }
      }
    }
  }
  return opened
}

function attempt(open: () => Uint8Array): Uint8Array[] {
  try {
    return [open()]
  } catch (error) {
    if (isWardlineError(error, "ERR_OPEN_FAILED")) return []
    throw error
  }
}

test("she sees no such conversation and may not open it", async () => {
  const patient = await PatientClient.connect({
    relay: demo.relayUrl,
    clinicKey: demo.clinicKey,
    keystore: memoryKeystore(),
  })
  const conversation = await patient.start({ topic: "refill", consent: patient.consent("en").agree() })
  await conversation.send("only for the nurses")
  const nurse = await staffClient(demo.nurseUrl)
  const thread = await nurse.open(conversation.id)
  await thread.send("read by a nurse")
  const biller = await staffClient(demo.billerUrl)
  assert.equal(biller.list, [])
  const refusal = await biller.open(conversation.id).then(
    () => undefined,
    (error: WardlineError) => error.code,
  )
  assert.ok(refusal === "ERR_FORBIDDEN" || refusal === "ERR_NOT_FOUND", `${refusal}`)
  for (const client of [patient, nurse, biller]) await client.close()
})

test("with the relay's database and all that she holds she opens nothing; the nurse opens everything", async () => {
  await demo.stopRelay()
  const db = new Database(join(dataDir, "relay", "relay.db"), { readonly: true })
  const rows = db.prepare("SELECT bytes FROM records ORDER BY key").pluck().all() as Buffer[]
  db.close()
  const records = rows.map((bytes) => decodeRecord(Uint8Array.from(bytes)))
  const root = fromHex(demo.clinicKey)
  const isDirectory = ({ scope }: WireRecord) =>
    Buffer.from(scope).equals(createDirectory(root, sha256).clinicId)
  const directory = applyRecords(
    createDirectory(root, sha256),
    records.filter(isDirectory).map(({ bytes, detached }) => concat(bytes, detached)),
    { hash: sha256, verify },
  )
  const transcript = records.filter((record) => !isDirectory(record))
  assert.ok(transcript.some(({ type }) => type === "message"))
  assert.is(openAll(transcript, directory, enrolmentIn(demo.billerUrl)), 0)
  assert.ok(openAll(transcript, directory, enrolmentIn(demo.nurseUrl)) >= 2)
})

test.run()
