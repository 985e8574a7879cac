/** What a first visit to a large clinic costs: the bytes are a promise, the time is printed (docs/performance.md). */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { measureFirstVisit } from "../../bench/first-visit/measure.ts"
import { renderVisit } from "../../bench/first-visit/report.ts"
import { cryptoReady, type Device } from "../../src/crypto/index.ts"
import { applyRecord, applyRecords } from "../../src/directory/index.ts"
import type { Role } from "../../src/ids.ts"
import { there } from "../crypto/expect.ts"
import { adminAdd, device, deviceAdd, makeClinic, options, roleKey } from "../directory/clinic.ts"

const test = suite("a first visit to a large clinic")
test.before(cryptoReady)

/** Of directory, for a first-time visitor. */
const MAX_BYTES = 30_000

test("10,000 records: at most 30 KB, and the same directory as the whole log's", async () => {
  const report = await measureFirstVisit(10_000, 1)
  console.log(renderVisit(report))
  const [visit] = report.rounds
  assert.is(report.records, 10_000)
  assert.is(visit?.position, 10_000)
  assert.is(visit?.base, 9_999)
  assert.ok(report.shortBytes > 5_000 && report.shortBytes <= MAX_BYTES, `${report.shortBytes} bytes`)
  assert.ok(report.wholeBytes > 1_000_000, `${report.wholeBytes} bytes`)
})

test("eight roles, each key made by a keeper of its own, whom three administrators added: still 30 KB", () => {
  const { state, admin, issue, issueAsRoot, attest } = makeClinic()
  const admins = [admin, device(401), device(402)] as const
  const changes = [
    issueAsRoot("admin-add", adminAdd(admins[1])),
    issueAsRoot("admin-add", adminAdd(admins[2])),
  ]
  let keeper: Device = admin
  for (let i = 0; i < 6; i++) {
    const role = `role-${i}` as Role
    keeper = device(410 + i)
    changes.push(
      issue(admins[i % 3] as Device, "device-add", deviceAdd(keeper, [{ role, keeper: true }])),
      issue(keeper, "role-key", roleKey(role, 1, device(420 + i).wrapping.publicKey)),
    )
  }
  const before = applyRecords(state, changes, options)
  const after = applyRecord(before, issue(keeper, "attest", attest(before, keeper)), options)
  const { snapshot, record } = there(after.attested)
  const bytes = snapshot.length + record.length
  // The texts of this clinic are short: what is left is for its policy and its consent text.
  assert.ok(bytes < MAX_BYTES - 2_500, `${bytes} bytes`)
})

test.run()
