// Checks the ```ts blocks of the Markdown files: types against the built packages, and runs those marked so.
// A comment straight before a block says what it is; without one it must be a whole module that compiles.
//   <!-- example: run -->       a whole module; it must also run and exit 0
//   <!-- example: fragment -->  the inside of an async function; further lines of the comment are put before it:
//   <!-- example: fragment
//   declare const client: PatientClient
//   -->
//   <!-- example: skip: why --> not checked
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { repoRoot } from "./root.ts"
import { toolPath } from "./run.ts"

const RUN_TIMEOUT_MS = 60_000
const OUTPUT_FOLDER = join(repoRoot, "test-output/doc-examples")

export type ExampleKind = "module" | "run" | "fragment" | "skip"

export interface Example {
  readonly kind: ExampleKind
  /** Lines that the comment adds before a fragment. */
  readonly preamble: readonly string[]
  readonly code: readonly string[]
  /** Line of the first line of code in the Markdown file, counted from 1. */
  readonly line: number
}

const BLOCK = /(?:<!-- example: (run|fragment|skip)([\s\S]*?)-->\s*?\n)?^```ts\b[^\n]*\n([\s\S]*?)^```/gm

export function extractExamples(markdown: string): Example[] {
  return [...markdown.matchAll(BLOCK)].map((match) => {
    const [all, kind = "module", rest = "", code = ""] = match
    const codeStart = match.index + all.length - "```".length - code.length
    return {
      kind: kind as ExampleKind,
      preamble: kind === "fragment" ? rest.trim().split("\n") : [],
      code: code.trimEnd().split("\n"),
      line: markdown.slice(0, codeStart).split("\n").length,
    }
  })
}

/** Makes a module of an example; `offset` added to a line of it gives the line in the Markdown file. */
export function toModule(example: Example): { text: string; offset: number } {
  if (example.kind !== "fragment")
    return { text: [...example.code, "export {}", ""].join("\n"), offset: example.line - 1 }
  // Imports can't stand inside a function: they move up, and a blank line keeps the others in place.
  const isImport = (line: string): boolean => /^import\s.*["'][^"']+["']/.test(line)
  const before = [...example.code.filter(isImport), ...example.preamble, "export async function example() {"]
  const body = example.code.map((line) => (isImport(line) ? "" : line))
  return { text: [...before, ...body, "}", ""].join("\n"), offset: example.line - 1 - before.length }
}

/** Every page that people read, from the root. */
export function markdownFiles(): string[] {
  const top = [
    "README.md",
    "sdk/README.md",
    "server/README.md",
    "web-component/README.md",
    "examples/README.md",
  ]
  const docs = existsSync(join(repoRoot, "docs"))
    ? readdirSync(join(repoRoot, "docs"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".md"))
        .map((name) => join("docs", name))
    : []
  return [...top, ...docs.sort()].filter((name) => existsSync(join(repoRoot, name)))
}

function main(): void {
  rmSync(OUTPUT_FOLDER, { recursive: true, force: true })
  mkdirSync(OUTPUT_FOLDER, { recursive: true })
  const written = markdownFiles().flatMap((source) =>
    extractExamples(readFileSync(join(repoRoot, source), "utf8"))
      .filter((example) => example.kind !== "skip")
      .map((example) => {
        const file = `${source.replace(/[^a-zA-Z0-9]+/g, "-")}-${example.line}.ts`
        const { text, offset } = toModule(example)
        writeFileSync(join(OUTPUT_FOLDER, file), text)
        return { source, example, file, offset }
      }),
  )
  if (written.length === 0) {
    console.log("no examples")
    return
  }
  // The built packages, not their sources: that is what a reader of the docs installs.
  const options = { customConditions: [], incremental: false }
  const config = { extends: "../../tsconfig.test.json", compilerOptions: options, include: ["*.ts"] }
  writeFileSync(join(OUTPUT_FOLDER, "tsconfig.json"), JSON.stringify(config))
  const checked = spawnSync(toolPath("tsc"), ["-p", "."], { cwd: OUTPUT_FOLDER, encoding: "utf8" })
  const problems = `${checked.stdout}${checked.stderr}`.replace(
    /^([\w-]+\.ts)\((\d+),/gm,
    (all, file: string, line: string) => {
      const at = written.find((one) => one.file === file)
      return at === undefined ? all : `${at.source}(${Number(line) + at.offset},`
    },
  )
  if (problems.trim() !== "") console.log(problems.trimEnd())
  let failed = checked.status !== 0
  const toRun = failed ? [] : written.filter((one) => one.example.kind === "run")
  for (const { source, example, file } of toRun) {
    const args = ["--import", import.meta.resolve("tsx"), join(OUTPUT_FOLDER, file)]
    const ran = spawnSync(process.execPath, args, {
      cwd: repoRoot,
      encoding: "utf8",
      timeout: RUN_TIMEOUT_MS,
    })
    if (ran.status === 0) continue
    failed = true
    console.log(`${source}:${example.line} ended with ${ran.signal ?? `exit code ${ran.status}`}`)
    console.log(`${ran.stdout}${ran.stderr}`.trimEnd())
  }
  console.log(`${written.length} examples type-checked, ${toRun.length} run`)
  process.exitCode = failed ? 1 : 0
}

if (process.argv[1] === import.meta.filename) main()
