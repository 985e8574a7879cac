// Runs every gate, goes on after one fails, and sums up. Arguments: --static leaves out the tests;
// names choose gates (`npm run verify -- types layers`).
import { spawnSync } from "node:child_process"
import { parseArgs } from "node:util"
import { repoRoot } from "./root.ts"
import { toolPath } from "./run.ts"

interface Gate {
  readonly name: string
  readonly what: string
  readonly commands: readonly (readonly string[])[]
}

const script = (name: string): readonly string[] => [
  process.execPath,
  "--import",
  import.meta.resolve("tsx"),
  `scripts/${name}.ts`,
]
const tool = (name: string, ...args: string[]): readonly string[] => [toolPath(name), ...args]
const PACKAGES = ["sdk", "server", "web-component"]

const GATES: readonly Gate[] = [
  { name: "format", what: "format, import order, naming", commands: [tool("biome", "check", ".")] },
  {
    name: "lint",
    what: "floating promises, exhaustive switches …",
    commands: [tool("oxlint", "--type-aware", "--deny-warnings")],
  },
  { name: "layers", what: "who may import whom, no cycles", commands: [script("layers")] },
  { name: "build", what: "packages and bundles", commands: [script("build")] },
  { name: "types", what: "sources, tests, examples, scripts", commands: [tool("tsc", "-b")] },
  { name: "unused", what: "unused files, exports, dependencies", commands: [tool("knip")] },
  {
    name: "packages",
    what: "exports and types as npm would ship them",
    commands: PACKAGES.flatMap((name) => [
      tool("publint", "--strict", name),
      tool("attw", "--pack", name, "--profile", "esm-only", "--format", "ascii", "--no-emoji"),
    ]),
  },
  {
    name: "examples",
    what: "code blocks and tables of the docs",
    commands: [script("doc-examples"), script("doc-commands"), script("threat-table")],
  },
  { name: "sizes", what: "what a page downloads", commands: [tool("size-limit")] },
  { name: "tests", what: "every test", commands: [script("test")] },
  {
    name: "mutants",
    what: "each check taken away, and a test that fails then",
    commands: [script("mutants")],
  },
]

/** Gates that take minutes and show their progress. */
const LONG: ReadonlySet<string> = new Set(["tests", "mutants"])

function passes(gate: Gate): boolean {
  return gate.commands.every(([command = "", ...args]) => {
    const env = { ...process.env, npm_config_loglevel: "error" }
    const isLong = LONG.has(gate.name)
    const ran = spawnSync(command, args, {
      cwd: repoRoot,
      encoding: "utf8",
      env,
      stdio: isLong ? "inherit" : "pipe",
    })
    if (ran.status === 0) return true
    if (ran.error !== undefined) console.log(ran.error.message)
    if (!isLong) console.log(`${ran.stdout}${ran.stderr}`.trimEnd().replace(/^/gm, "    | "))
    return false
  })
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { static: { type: "boolean" } },
})
const unknown = positionals.filter((name) => !GATES.some((gate) => gate.name === name))
if (unknown.length > 0)
  throw new Error(`no gate named ${unknown.join(", ")}; there are: ${GATES.map((g) => g.name).join(", ")}`)
const chosen = GATES.filter(
  (gate) =>
    (positionals.length === 0 || positionals.includes(gate.name)) &&
    !(values.static === true && LONG.has(gate.name)),
)

const failed: string[] = []
for (const gate of chosen) {
  const startedMs = performance.now()
  const ok = passes(gate)
  if (!ok) failed.push(gate.name)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`${ok ? "ok  " : "FAIL"}  ${gate.name.padEnd(9)} ${seconds.padStart(6)} s  ${gate.what}`)
}
console.log(failed.length === 0 ? `All ${chosen.length} gates pass.` : `Failed: ${failed.join(", ")}`)
process.exitCode = failed.length === 0 ? 0 : 1
