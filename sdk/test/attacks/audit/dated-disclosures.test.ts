/** A relay dates the entry of a disclosure out of the years that a patient may ask for: what was signed has its own date. */
import { writeFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady, signRecord } from "../../../src/crypto/index.ts"
import { encodeAccess } from "../../../src/protocol/index.ts"
import { makeDesk, wardlineHere } from "../../cli/wardline.ts"
import { NURSING } from "../../directory/clinic.ts"
import { AuditLog, textOf } from "../../tlog/audit-log.ts"

const test = suite("attacks: disclosures that are dated away")
await cryptoReady()

const HOUR_MS = 3_600_000
const OPENED_MS = Date.UTC(2027, 0, 20, 12)
const CHAT = new Uint8Array(16).fill(7)
const desk = makeDesk()
test.after(() => desk.clear())

/** How many disclosures of January 2027 are listed where the entry has that time. */
async function listed(name: string, time: number): Promise<number> {
  const log = new AuditLog()
  const { nurse, state } = log.clinic
  const { position, link } = state
  const body = encodeAccess({
    role: NURSING,
    purpose: "HLEGAL",
    until: OPENED_MS + HOUR_MS,
    directory: { position, link },
    sealedReason: new Uint8Array(64),
  })
  const record = signRecord(nurse, { type: "access", scope: CHAT, issued: OPENED_MS }, body)
  log.signed("disclosure", record, { role: NURSING, purpose: 7, time })
  const path = desk.path(name)
  writeFileSync(path, `${textOf(log.lines()).join("\n")}\n`)
  const { stdout, code, stderr } = await wardlineHere([
    "audit",
    "disclosures",
    path,
    "--from",
    "2027-01-01",
    "--to",
    "2027-01-31",
    "--json",
  ])
  assert.is(code, 0, stderr)
  return (JSON.parse(stdout) as { disclosures: unknown[] }).disclosures.length
}

test("by the relay's clock it was long ago, or will be: it is listed all the same", async () => {
  assert.is(await listed("honest.ndjson", OPENED_MS + 1000), 1)
  assert.is(await listed("past.ndjson", Date.UTC(1990, 0, 1)), 1)
  assert.is(await listed("future.ndjson", Date.UTC(2090, 0, 1)), 1)
})

test.run()
