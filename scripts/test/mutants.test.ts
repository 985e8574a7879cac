/** Every listed mutant must fit the sources as they are. Whether each is killed is shown by `npm run mutants`. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { listMutants } from "../mutants.ts"
import { repoRoot } from "../root.ts"

const test = suite("mutants")
const mutants = await listMutants()

test("there are mutants, and no two of a file have one name", () => {
  assert.ok(mutants.length > 300)
  const names = mutants.map(({ file, name, test: testFile }) => `${file} ${name} ${testFile}`)
  assert.equal(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  )
})

test("each one's text stands in its file exactly once, and changes", () => {
  const unfit = mutants.filter(({ file, find, replace }) => {
    const source = readFileSync(join(repoRoot, file), "utf8")
    return source.split(find).length !== 2 || find === replace
  })
  assert.equal(
    unfit.map(({ file, name }) => `${file}: ${name}`),
    [],
  )
})

test("each one's test file is there", () => {
  assert.equal(
    mutants.filter((mutant) => !existsSync(join(repoRoot, mutant.test))),
    [],
  )
})

test.run()
