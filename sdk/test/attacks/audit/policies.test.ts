/** Policies by which the log would vouch for itself, or somebody be shown as a witness who is none. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../../src/bytes.ts"
import { policyRows } from "../../../src/cli/policy-view.ts"
import { witnessDeviceName } from "../../../src/client/audit/names.ts"
import { deviceWitnessName, policyOf } from "../../../src/client/clinic-policy.ts"
import { cryptoReady } from "../../../src/crypto/index.ts"
import type { DirectoryState } from "../../../src/directory/index.ts"
import { applyRecords } from "../../../src/directory/index.ts"
import type { Policy } from "../../../src/protocol/index.ts"
import { makeClinic, options, policy } from "../../directory/clinic.ts"
import { AuditLog, fileOf, textOf } from "../../tlog/audit-log.ts"
import { judgeByBoth } from "../../tlog/both-verifiers.ts"

const test = suite("attacks: policies about witnesses")
await cryptoReady()

const { logKey, witnesses } = new AuditLog()
const [one, two] = witnesses as [Policy["witnesses"][number], Policy["witnesses"][number]]

for (const { name, change } of [
  {
    name: "the log's own key as a witness",
    change: { witnesses: [{ name: "a", key: logKey.publicKey }], quorum: 1 },
  },
  { name: "one key under two names", change: { witnesses: [one, { ...one, name: "b" }], quorum: 2 } },
  { name: "two keys under one name", change: { witnesses: [one, { ...two, name: one.name }], quorum: 2 } },
  { name: "a quorum that nobody can reach", change: { witnesses: [one], quorum: 2 } },
  {
    name: "a witness's key of small order",
    change: { witnesses: [{ name: "a", key: new Uint8Array(32) }], quorum: 1 },
  },
])
  test(`${name}: a log with such a policy is refused by both verifiers, at its entry`, () => {
    const log = new AuditLog()
    log.directory(
      log.clinic.issue(
        log.clinic.admin,
        "policy",
        policy({ logKey: log.logKey.publicKey, ...change, witnesses: mine(log, change.witnesses) }),
      ),
    )
    const said = judgeByBoth([fileOf(textOf(log.lines()))])
    assert.is(said.ok, false)
    assert.is(said.place.sequence, log.entries.length)
  })

/** Every log has a key of its own. */
const mine = (log: AuditLog, named: Policy["witnesses"]): Policy["witnesses"] =>
  named.map((witness) =>
    witness.key === logKey.publicKey ? { ...witness, key: log.logKey.publicKey } : witness,
  )

test("a key made under the name of a nurse's device isn't shown as hers", () => {
  const clinic = makeClinic()
  const { nurse } = clinic
  const name = deviceWitnessName(toHex(nurse.id))
  const stateWith = (key: Uint8Array): DirectoryState =>
    applyRecords(
      clinic.state,
      [clinic.issue(clinic.admin, "policy", policy({ witnesses: [{ name, key }] }))],
      options,
    )
  const shownWith = (key: Uint8Array): readonly [string | undefined, boolean] => {
    const state = stateWith(key)
    assert.ok(state.policy)
    const rows = policyRows(policyOf(state.policy), state)
    return [witnessDeviceName(state, name), rows.some(([, value]) => value.includes("inbox"))]
  }
  const [hers, isShown] = shownWith(nurse.signing.publicKey)
  assert.ok(hers !== undefined && isShown)
  assert.equal(shownWith(one.key), [undefined, false])
})

test.run()
