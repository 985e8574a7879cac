/** What `wardline-relay check` says of the audit log of a relay that doesn't run. */
import { cpSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runCheck } from "../../src/cli/check.ts"
import { Output } from "../../src/cli/output.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import type { ClinicRef } from "../../src/store/store.ts"
import { TestLog, TestWitness } from "../support/audit-log.ts"
import { TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("check of the audit log")

async function check(data: string, clinic: TestClinic): Promise<{ isFit: boolean; text: string }> {
  let text = ""
  const sink = { write: (more: string) => (text += more) }
  const relay = { data, clinicKeys: [clinic.key], port: 0 }
  const isFit = await runCheck({ relay, logLevel: "silent" }, new Output(sink, sink, false))
  return { isFit, text }
}

async function inFolder(
  clinic: TestClinic,
  work: (folder: string) => Promise<void>,
  inRelay: (log: TestLog) => Promise<void> = async () => {},
): Promise<void> {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  await inRelay(new TestLog(relay, clinic))
  await relay.close()
  await work(folder)
  removeFolder(folder)
}

test("says how long the log is, and that nobody but the relay vouches for it", async () => {
  const clinic = new TestClinic()
  await inFolder(clinic, async (folder) => {
    const { isFit, text } = await check(folder, clinic)
    assert.ok(isFit, text)
    const [, entries, covered] = /audit log has (\d+) entries, (\d+) under a checkpoint/.exec(text) ?? []
    assert.is(entries, covered)
    assert.match(text, /warning .*names no witnesses/)
  })
})

test("says how far the log is witnessed, or that it isn't", async () => {
  const witness = new TestWitness("witness.example")
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [witness], quorum: 1 })
  await inFolder(clinic, async (folder) => {
    assert.match(
      (await check(folder, clinic)).text,
      /warning .*no checkpoint is signed by 1 of its 1 witnesses/,
    )
  })
  let size = 0
  await inFolder(
    clinic,
    async (folder) =>
      assert.match((await check(folder, clinic)).text, new RegExp(`ok .* ${size} entries are witnessed`)),
    async (log) => {
      const { body, size: signed } = await log.checkpoint()
      size = signed
      assert.is((await log.post(witness.cosigned(body))).status, 200)
    },
  )
  const careless = new TestClinic()
  careless.setPolicy({ witnesses: [witness], quorum: 0 })
  await inFolder(careless, async (folder) => {
    assert.match((await check(folder, careless)).text, /warning .*names 1 witnesses and demands none/)
  })
})

test("says that a log isn't the one that was signed, or isn't whole", async () => {
  const clinic = new TestClinic()
  await inFolder(clinic, async (folder) => {
    const copy = newFolder()
    cpSync(folder, copy, { recursive: true })
    await (await start(clinic, { data: copy })).close()
    const newer = new SqliteStore(copy)
    const note = newer.checkpoint(newer.clinics()[0] as ClinicRef, "newest") ?? ""
    newer.close()
    removeFolder(copy)
    const store = new SqliteStore(folder)
    store.saveCheckpoints([{ clinic: store.clinics()[0] as ClinicRef, kind: "newest", note }])
    store.close()
    const { isFit, text } = await check(folder, clinic)
    assert.not.ok(isFit)
    assert.match(text, /WRONG .*isn't the one that this relay has signed/)
  })
})

test.run()
