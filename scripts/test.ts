// Runs every *.test.ts in its own process. Arguments: path substrings to choose files, and
//   --timeout-ms=N   limit for each file (default below)
//   --root=DIR       look for tests under DIR instead of the repository
// Ends with one line, `N passed, N failed`, counted over test cases.
import { spawn } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { join, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs, stripVTControlCharacters } from "node:util"
import { checkNativeModules } from "./native.ts"
import { repoRoot } from "./root.ts"

const TEST_FOLDERS = ["sdk/test", "server/test", "web-component/test", "examples/test", "scripts/test"]
const AT_ONCE = 2
/** Long enough for Argon2id and process starts on a slow machine. */
const FILE_TIMEOUT_MS = 300_000
/** Files in a `browser` or `slow` folder run alone and may start several processes. */
const HEAVY_FILE_TIMEOUT_MS = 1_200_000
/** After the summary a file has this long to close what it opened. */
const EXIT_GRACE_MS = 10_000

interface FileResult {
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly problem: string | null
  readonly output: string
  readonly tookMs: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "timeout-ms": { type: "string" }, root: { type: "string" } },
})
const root = resolve(values.root ?? repoRoot)
const running = new Set<number>()

function findTests(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.split(sep).includes("node_modules"))
    .map((name) => join(folder, name))
    .sort()
}

const isHeavy = (file: string): boolean => /[\\/](browser|slow)[\\/]/.test(relative(root, file))

/** Reads uvu's last summary; null when the file printed none. */
function readSummary(output: string): { total: number; passed: number; skipped: number } | null {
  const plain = stripVTControlCharacters(output)
  const found = [...plain.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm)].at(-1)
  if (found === undefined) return null
  return { total: Number(found[1]), passed: Number(found[2]), skipped: Number(found[3]) }
}

function killTree(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // Nothing of the group is left.
  }
}

function runFile(file: string): Promise<FileResult> {
  const startedMs = performance.now()
  const limitMs = Number(values["timeout-ms"] ?? (isHeavy(file) ? HEAVY_FILE_TIMEOUT_MS : FILE_TIMEOUT_MS))
  const runner = fileURLToPath(import.meta.resolve("./test-file.ts"))
  return new Promise((done) => {
    const child = spawn(
      process.execPath,
      ["--conditions=source", "--import", import.meta.resolve("tsx"), runner, file],
      {
        cwd: root,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, FORCE_COLOR: "0" },
      },
    )
    const pid = child.pid ?? 0
    running.add(pid)
    let output = ""
    let killedFor: string | null = null
    let grace: NodeJS.Timeout | undefined
    const stop = (why: string): void => {
      killedFor = why
      killTree(pid)
    }
    const limit = setTimeout(() => stop(`took longer than ${limitMs / 1000} s`), limitMs)
    const collect = (chunk: string): void => {
      output += chunk
      if (grace === undefined && readSummary(output) !== null)
        grace = setTimeout(
          () => stop("finished but left something open (a server, socket or timer)"),
          EXIT_GRACE_MS,
        )
    }
    child.stdout.setEncoding("utf8").on("data", collect)
    child.stderr.setEncoding("utf8").on("data", collect)
    // A leftover grandchild could hold the pipes open, so the group goes as soon as the file's process ends.
    child.on("exit", () => killTree(pid))
    child.on("error", (error) => {
      output += String(error)
    })
    child.on("close", (code, signal) => {
      clearTimeout(limit)
      clearTimeout(grace)
      running.delete(pid)
      const tookMs = performance.now() - startedMs
      done(judge({ file, output, tookMs, killedFor, code, signal }))
    })
  })
}

function judge(end: {
  file: string
  output: string
  tookMs: number
  killedFor: string | null
  code: number | null
  signal: NodeJS.Signals | null
}): FileResult {
  const { file, output, tookMs } = end
  const summary = readSummary(output)
  const passed = summary?.passed ?? 0
  const skipped = summary?.skipped ?? 0
  // A failing `before` hook makes uvu skip the cases and still exit 0: count cases, don't trust the code.
  let failed = summary === null ? 0 : summary.total - summary.passed
  let problem: string | null = end.killedFor
  if (problem === null && summary === null)
    problem = `ended before its tests did (${end.signal ?? `exit code ${end.code}`})`
  if (problem === null && summary?.total === 0) problem = "ran no test: is test.run() missing?"
  if (problem === null && end.code !== 0 && failed === 0)
    problem = `exited with ${end.signal ?? `code ${end.code}`}`
  if (problem !== null) failed = Math.max(failed, 1)
  return { file, passed, failed, skipped, problem, output, tookMs }
}

function report(result: FileResult): void {
  const name = relative(root, result.file)
  const seconds = `${(result.tookMs / 1000).toFixed(1)} s`
  const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : ""
  if (result.failed === 0) {
    console.log(`ok    ${name}  ${result.passed} passed${skipped}  ${seconds}`)
    return
  }
  console.log(`FAIL  ${name}  ${result.passed} passed, ${result.failed} failed${skipped}  ${seconds}`)
  if (result.problem !== null) console.log(`      ${result.problem}`)
  console.log(result.output.trimEnd().replace(/^/gm, "    | "))
}

async function runAll(files: readonly string[], atOnce: number, results: FileResult[]): Promise<void> {
  const queue = [...files]
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file)
      results.push(result)
      report(result)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    for (const pid of running) killTree(pid)
    process.exit(1)
  })

const all = TEST_FOLDERS.flatMap((folder) => findTests(join(root, folder)))
const chosen =
  positionals.length === 0
    ? all
    : all.filter((file) => positionals.some((part) => relative(root, file).includes(part)))
const native = values.root === undefined ? checkNativeModules() : null
if (native !== null) console.error(native)

const results: FileResult[] = []
await runAll(
  chosen.filter((file) => !isHeavy(file)),
  AT_ONCE,
  results,
)
await runAll(chosen.filter(isHeavy), 1, results)

const sum = (pick: (result: FileResult) => number): number =>
  results.reduce((so, result) => so + pick(result), 0)
const failedFiles = results.filter((result) => result.failed > 0)
if (chosen.length === 0) console.log("No test file matches.")
if (failedFiles.length > 0)
  console.log(`\nFailed: ${failedFiles.map((result) => relative(root, result.file)).join(" ")}`)
const skipped = sum((result) => result.skipped)
if (skipped > 0) console.log(`${skipped} skipped`)
console.log(`${sum((result) => result.passed)} passed, ${sum((result) => result.failed)} failed`)
process.exitCode = failedFiles.length > 0 || chosen.length === 0 ? 1 : 0
