/** Each check is taken away in a copy of the sources, and the test that attacks it must then fail. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { listMutants, type Mutant, tryMutants, type Verdict } from "../../../scripts/mutants.ts"

const test = suite("mutants")
const mutants = await listMutants()
let verdicts: Map<Mutant, Verdict>

test.before(async () => {
  verdicts = await tryMutants(mutants)
})

test("there are mutants", () => assert.ok(mutants.length > 100))

for (const mutant of mutants) {
  test(`${mutant.file}: ${mutant.name}`, () => assert.is(verdicts.get(mutant), "killed"))
}

test.run()
