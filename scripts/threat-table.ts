/** The table of attacks in docs/threat-model.md, made from the attack tests' own names, so that it can't drift.
 *
 *     node --import tsx scripts/threat-table.ts          check
 *     node --import tsx scripts/threat-table.ts --write  bring it up to date */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { repoRoot } from "./root.ts"

const DOC = join(repoRoot, "docs/threat-model.md")
const FOLDERS = [
  "sdk/test/attacks",
  "sdk/test/browser",
  "server/test/attacks",
  "web-component/test/browser",
  "examples/test/browser",
  "examples/test",
]
const HEADER = "| Attack | Test |\n|---|---|\n"

/** A test, or a call of a helper that makes one; the name may stand on the next line. */
const CALL = /^\s*(?:test|refuses)\(\s*(?:$|(["`])(.+?)\1,)/
const NAME_ALONE = /^\s*(["`])(.+?)\1,$/
/** A row in a table of attacks that a loop makes tests of. */
const ROW = /^\s*(?:\{ )?name: (["`])(.+?)\1,/

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
  for (const [i, text] of lines.entries()) {
    const call = CALL.exec(text)
    const after =
      call !== null && call[2] === undefined ? NAME_ALONE.exec(lines[i + 1] ?? "")?.[2] : undefined
    const name = call?.[2] ?? after ?? (withRows ? ROW.exec(text)?.[2] : undefined)
    if (name !== undefined && !name.includes("${"))
      found.push({ name, line: i + (after === undefined ? 1 : 2) })
  }
  return found
}

/** One row for each attack; the line is where its name stands. */
export function attackRows(): string[] {
  return FOLDERS.flatMap((folder) =>
    testFiles(folder).flatMap((file) =>
      attacksOf(readFileSync(join(repoRoot, file), "utf8"), folder.endsWith("/attacks")).map(
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

/** The document with the table as it should be. */
export function withTable(document: string): string {
  const start = document.indexOf(HEADER)
  if (start < 0) throw new Error("docs/threat-model.md has no table of attacks")
  return `${document.slice(0, start) + HEADER + attackRows().join("\n")}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const document = readFileSync(DOC, "utf8")
  const wanted = withTable(document)
  if (process.argv.includes("--write")) writeFileSync(DOC, wanted)
  else if (document !== wanted) {
    console.error(
      "docs/threat-model.md is behind the tests: node --import tsx scripts/threat-table.ts --write",
    )
    process.exitCode = 1
  }
}
