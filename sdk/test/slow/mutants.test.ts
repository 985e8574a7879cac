/** Each check is taken away in a copy of the sources, and the test that attacks it must then fail. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { listMutants, MutantBench } from "../../../scripts/mutants.ts"

const test = suite("mutants")
const mutants = await listMutants()
let bench: MutantBench

test.before(async () => {
  bench = await MutantBench.create()
})
test.after(() => bench.remove())

test("there are mutants", () => assert.ok(mutants.length > 50))

for (const mutant of mutants) {
  test(`${mutant.file}: ${mutant.name}`, async () => assert.is(await bench.try(mutant), "killed"))
}

test.run()
