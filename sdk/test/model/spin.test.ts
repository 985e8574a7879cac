/** The protocols in sdk/model/*.pml: in no run is an assertion violated while every check stands, and without any one
 * of them there is a run that violates one (docs/model.md). */
import { readFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { checksOf, explore, protocolNames } from "./spin.ts"

/** For each check the assertion that must fall without it. */
const ATTACKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "transcript.pml": {
    NO_SIGNATURE: "forged",
    NO_SCOPE: "false_alarm",
    NO_SEQUENCE: "replayed",
    NO_SEEN_LINK: "unnoticed",
    NO_SEEN_PAST: "out_of_context",
    NO_LINK_FIRST: "unnoticed",
  },
  "directory.pml": {
    NO_ROLLBACK: "rolled_back",
    NO_FORK: "rolled_back",
    NO_FRESH: "stale_key",
    NO_REFERENCE: "parted",
    NO_REVOKED: "heard_ex",
    NO_FLOOR: "heard_ex",
  },
  "heads.pml": {
    NO_AGE: "withheld",
    NO_SIGNED_TIME: "withheld",
    NO_POSITION: "withheld",
  },
}
/** Of each protocol at least: a search that ended early would look like a success. */
const MIN_STATES = 100_000

const DOC = new URL("../../../docs/model.md", import.meta.url)

test("every protocol and check has its row, and docs/model.md names the checks", () => {
  const doc = readFileSync(DOC, "utf8")
  assert.equal(protocolNames(), Object.keys(ATTACKS).sort())
  for (const [name, attacks] of Object.entries(ATTACKS)) {
    assert.equal(checksOf(name), Object.keys(attacks).sort(), name)
    for (const check of Object.keys(attacks)) assert.ok(doc.includes(`\`${check}\``), check)
  }
})

for (const [name, attacks] of Object.entries(ATTACKS)) {
  test(`${name}: with every check no run violates anything`, async () => {
    const { violated, states, trail } = await explore(name)
    assert.is(violated, undefined, trail)
    assert.ok(states >= MIN_STATES, `${states} states`)
  })

  test(`${name}: the honest end is reached`, async () => {
    assert.is.not((await explore(name, "REACH")).violated, undefined)
  })

  for (const [check, assertion] of Object.entries(attacks))
    test(`${name}: ${check} lets ${assertion} happen`, async () => {
      assert.is((await explore(name, check)).violated, `!(${assertion})`)
    })
}

test.run()
