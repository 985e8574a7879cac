import { test } from "uvu"
import * as assert from "uvu/assert"
import { attackTables, type MappedAttack } from "../attack-map.ts"
import type { Mutant } from "../mutants.ts"
import { attacksOf, withTables } from "../threat-table.ts"

/** A hole, spelled so that lint doesn't take it for one of this file's own. */
const HOLE = "\u0024{a}"
const NAME_HOLE = "\u0024{name}"

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

test("only objects that begin with a name are rows, and a loop's test completes their names", () => {
  const source = [
    "const good = {",
    '  name: "a.png",',
    "}",
    'addStaff({ name: "Rae", roles })',
    "for (const { name } of [",
    '  { name: "of nobody", code: 1 },',
    "  {",
    '    name: "of somebody",',
    "  },",
    "]) {",
    `  test(\`a message ${NAME_HOLE} is refused\`, () => {})`,
    "}",
    "const taken = [",
    '  { name: "an attack with a name of its own", code: 1 },',
    "]",
    "addAttacks(test, taken)",
    `for (const name of names) test(\`another ${NAME_HOLE}\`, () => {})`,
  ].join("\n")
  assert.equal(attacksOf(source, true), [
    { name: "a message of nobody is refused", line: 6 },
    { name: "a message of somebody is refused", line: 8 },
    { name: "an attack with a name of its own", line: 14 },
  ])
})

const ROW: MappedAttack = {
  attack: "A message | replayed",
  test: "sdk/test/attacks/a.test.ts",
  name: "a plain test",
  mutant: "replays pass",
}
const MUTANT: Mutant = { name: "replays pass", file: "a.ts", find: "x", replace: "y", test: ROW.test }
const tables = (change: Partial<MappedAttack>, mutant: Partial<Mutant> = {}): string =>
  attackTables(
    [{ section: "Envelopes", attacks: [{ ...ROW, ...change }] }],
    [{ ...MUTANT, ...mutant }],
    () => SOURCE,
  )

test("an attack's row links its test and names its mutant", () => {
  assert.is(
    tables({}),
    [
      "### Envelopes",
      "",
      "| Attack | Test | Without the check |",
      "|---|---|---|",
      "| A message \\| replayed | [sdk/test/attacks/a.test.ts:1](../sdk/test/attacks/a.test.ts#L1) | replays pass |",
      "",
    ].join("\n"),
  )
  const { mutant: _, ...bare } = ROW
  const impossible = [{ section: "State", attacks: [{ ...bare, instead: "nothing is stored" }] }]
  assert.match(
    attackTables(impossible, [], () => SOURCE),
    "| no mutant: nothing is stored |",
  )
})

test("a test or a mutant that isn't there is an error, and so is a row that has neither mutant nor reason", () => {
  assert.throws(() => tables({ name: "no such test" }), /no such test, or several/)
  assert.throws(() => tables({ name: "name" }), /no such test, or several/)
  assert.throws(() => tables({ mutant: "nothing of that name" }), /no such mutant: nothing of that name/)
  assert.throws(() => tables({}, { test: "another.test.ts" }), /the mutant runs another test file/)
  const { mutant: _, ...bare } = ROW
  assert.throws(() => attackTables([{ section: "x", attacks: [bare] }], [], () => SOURCE), /neither a mutant/)
})

test("the tables are put between the titles, and the words there stay", () => {
  const document = [
    "# Threats",
    "## Attack by attack",
    "words",
    "",
    "### Old",
    "old rows",
    "## Attacks and their tests",
    "more words",
    "",
    "| Attack | Test |",
    "|---|---|",
    "| old | row |",
  ].join("\n")
  const made = withTables(document, "### New\n\nnew rows\n")
  assert.ok(
    made.startsWith("# Threats\n## Attack by attack\nwords\n\n### New\n\nnew rows\n\n## Attacks and their"),
  )
  assert.not.match(made, /old rows|\| old \| row/)
  assert.is(withTables(made, "### New\n\nnew rows\n"), made)
  assert.throws(() => withTables("# Threats", "x"), /no table of attacks/)
})

test("rows count only where they are asked for", () => {
  assert.equal(
    attacksOf(SOURCE, false).map(({ line }) => line),
    [1, 3, 5],
  )
})

test.run()
