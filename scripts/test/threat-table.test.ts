import { test } from "uvu"
import * as assert from "uvu/assert"
import { attacksOf } from "../threat-table.ts"

/** A hole, spelled so that lint doesn't take it for one of this file's own. */
const HOLE = "\u0024{a}"

const SOURCE = [
  'test("a plain test", () => {})',
  `test(\`one with ${HOLE} in it\`, () => {})`,
  'refuses("a helper\'s call", "ERR_FORBIDDEN")',
  "refuses(",
  '  "a name on the next line",',
  '  "ERR_FORBIDDEN",',
  ")",
  "const rows = [",
  '  { name: "a row", code: 1 },',
  "  {",
  '    name: "a row of several lines",',
  "    code: 2,",
  "  },",
  `  { name: \`a row with ${HOLE} in it\`, code: 3 },`,
  "]",
  "function refuses(name: string): void {}",
  'const other = encode({ keys, name: "nobody", roles })',
].join("\n")

test("tests, calls and rows are found where their names stand", () => {
  assert.equal(attacksOf(SOURCE, true), [
    { name: "a plain test", line: 1 },
    { name: "a helper's call", line: 3 },
    { name: "a name on the next line", line: 5 },
    { name: "a row", line: 9 },
    { name: "a row of several lines", line: 11 },
  ])
})

test("rows count only where they are asked for", () => {
  assert.equal(
    attacksOf(SOURCE, false).map(({ line }) => line),
    [1, 3, 5],
  )
})

test.run()
