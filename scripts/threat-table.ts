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
  "server/test/attacks",
  "web-component/test/browser",
  "examples/test/browser",
  "examples/test",
]
const HEADER = "| Attack | Test |\n|---|---|\n"

/** One row for each test of an attack; the line is where it stands. */
export function attackRows(): string[] {
  return FOLDERS.flatMap((folder) =>
    testFiles(folder).flatMap((file) =>
      readFileSync(join(repoRoot, file), "utf8")
        .split("\n")
        .flatMap((line, i) => {
          const name = /^\s*test\(\s*(["`])(.+?)\1,/.exec(line)?.[2]
          return name ? [`| ${name.replaceAll("|", "\\|")} | [${file}:${i + 1}](../${file}#L${i + 1}) |`] : []
        }),
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
