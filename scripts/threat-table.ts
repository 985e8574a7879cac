/** The tables of attacks in docs/threat-model.md: one from scripts/attacks.json, whose tests and mutants must be there,
 * and one from the attack tests' own names, so that neither can drift.
 *
 *     node --import tsx scripts/threat-table.ts          check
 *     node --import tsx scripts/threat-table.ts --write  bring it up to date */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { attackTables, readAttackMap } from "./attack-map.ts"
import { listMutants } from "./mutants.ts"
import { repoRoot } from "./root.ts"

const DOC = join(repoRoot, "docs/threat-model.md")
const FOLDERS = [
  "sdk/test/attacks",
  "sdk/test/attacks/audit",
  "sdk/test/browser",
  "server/test/attacks",
  "web-component/test/browser",
  "examples/test/browser",
  "examples/test",
]
const HEADER = "| Attack | Test |\n|---|---|\n"
const MAP_TITLE = "## Attack by attack\n"
const TESTS_TITLE = "## Attacks and their tests\n"

/** A test, or a call of a helper that makes one; the name may stand on the next line. */
const CALL = /^\s*(?:test|refuses)\(\s*(?:$|(["`])(.+?)\1,)/
const NAME_ALONE = /^\s*(["`])(.+?)\1,$/
/** A row in a table of attacks that a loop makes tests of: an object that begins with its name. */
const ROW = /^\s*\{ name: (["`])(.+?)\1,/
const ROW_BEGINS = /^\s*\{$/
const ROW_NAME = /^\s*name: (["`])(.+?)\1,/
/** The test that a loop makes of rows: the names of those before it stand in its own. */
const OF_ROWS = /^\s*test\(\s*`([^`]*\$\{name\}[^`]*)`,/

/** A helper that makes tests of the rows before it, under their own names. */
const TAKEN = /^(?!for\b)\w+\(/
const HOLE = "\u0024{name}"

export interface NamedAttack {
  readonly name: string
  /** Where the name stands, from 1. */
  readonly line: number
}

/** The attacks that a test file names. A name with a hole in it says little, and its rows may have names of their own.
 * @param withRows - whether objects that begin with a name are attacks, too. */
export function attacksOf(source: string, withRows: boolean): NamedAttack[] {
  const lines = source.split("\n")
  const found: NamedAttack[] = []
  /** Rows that no test was made of yet, by their places in `found`. */
  let rows: number[] = []
  for (const [i, text] of lines.entries()) {
    const call = CALL.exec(text)
    const after =
      call !== null && call[2] === undefined ? NAME_ALONE.exec(lines[i + 1] ?? "")?.[2] : undefined
    const row = withRows ? rowName(text, lines[i - 1] ?? "") : undefined
    const name = call?.[2] ?? after ?? row
    const whole = OF_ROWS.exec(text)?.[1]
    if (whole !== undefined) {
      for (const at of rows) {
        const attack = found[at] as NamedAttack
        found[at] = { ...attack, name: whole.replace(HOLE, () => attack.name) }
      }
    }
    if (call !== null || TAKEN.test(text)) rows = []
    if (name === undefined || name.includes("${")) continue
    if (row !== undefined) rows.push(found.length)
    found.push({ name, line: i + (after === undefined ? 1 : 2) })
  }
  return found.filter(({ name }) => !name.includes("${"))
}

function rowName(text: string, before: string): string | undefined {
  return (ROW.exec(text) ?? (ROW_BEGINS.test(before) ? ROW_NAME.exec(text) : null))?.[2]
}

/** One row for each attack; the line is where its name stands. */
export function attackRows(): string[] {
  return FOLDERS.flatMap((folder) =>
    testFiles(folder).flatMap((file) =>
      attacksOf(readFileSync(join(repoRoot, file), "utf8"), folder.includes("/attacks")).map(
        ({ name, line }) => `| ${name.replaceAll("|", "\\|")} | [${file}:${line}](../${file}#L${line}) |`,
      ),
    ),
  )
}

function testFiles(folder: string): string[] {
  try {
    const names = readdirSync(join(repoRoot, folder)).filter((name) => name.endsWith(".test.ts"))
    return names.sort().map((name) => `${folder}/${name}`)
  } catch {
    return []
  }
}

/** The document with its tables as they should be.
 * @param map - what stands between the words under "Attack by attack" and the next title. */
export function withTables(document: string, map: string): string {
  const mapStart = document.indexOf("\n### ", document.indexOf(MAP_TITLE))
  const testsStart = document.indexOf(TESTS_TITLE)
  const start = document.indexOf(HEADER, testsStart)
  if (!document.includes(MAP_TITLE) || mapStart < 0 || testsStart < mapStart || start < 0)
    throw new Error("docs/threat-model.md has no table of attacks")
  const words = document.slice(testsStart, start)
  return `${document.slice(0, mapStart)}\n${map}\n${words}${HEADER}${attackRows().join("\n")}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const document = readFileSync(DOC, "utf8")
  const sourceOf = (file: string) => readFileSync(join(repoRoot, file), "utf8")
  const wanted = withTables(document, attackTables(readAttackMap(), await listMutants(), sourceOf))
  if (process.argv.includes("--write")) writeFileSync(DOC, wanted)
  else if (document !== wanted) {
    console.error(
      "docs/threat-model.md is behind the tests: node --import tsx scripts/threat-table.ts --write",
    )
    process.exitCode = 1
  }
}
