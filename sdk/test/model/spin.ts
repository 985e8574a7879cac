/** Explores every run of a protocol in sdk/model/*.pml with the model checker Spin (docs/model.md). */
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { findCompiler, findSpin } from "../../../scripts/find-prover.ts"

const MODELS = fileURLToPath(new URL("../../model", import.meta.url))
/** Assertions and deadlocks alone, states compressed: a gigabyte would be too much for a small machine. Optimizing would
 * take longer than it saves. */
const COMPILE = ["-O0", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=900", "-o", "pan", "pan.c"]

export interface Exploration {
  /** What was violated first, an assertion's text; undefined where every run was explored and nothing was. */
  readonly violated: string | undefined
  readonly states: number
  /** How it came to the violation, as the model's own printf tell it. */
  readonly trail: string
}

/** The names of the protocols, such as `transcript.pml`. */
export function protocolNames(): string[] {
  return readdirSync(MODELS)
    .filter((name) => name.endsWith(".pml"))
    .sort()
}

/** What can be taken away from a protocol: `NO_…`. */
export function checksOf(name: string): string[] {
  const text = readFileSync(join(MODELS, name), "utf8")
  return [
    ...new Set([...text.matchAll(/^#ifn?def (NO_[A-Z_]+)/gm)].map(([, check]) => check as string)),
  ].sort()
}

/** Explores the protocol, with `define` (`NO_…` or `REACH`) if given.
 * @throws {Error} when Spin, the compiler or the search fails. */
export async function explore(name: string, define?: string): Promise<Exploration> {
  const folder = mkdtempSync(join(tmpdir(), "wardline-spin-"))
  const defines = define === undefined ? [] : [`-D${define}`]
  const compiler = findCompiler()
  // Spin would call gcc by name for the preprocessor.
  const spin = (...args: string[]): Promise<string> =>
    run(findSpin(), [`-P${compiler} -E -x c`, ...defines, ...args, join(MODELS, name)], folder)
  try {
    await spin("-a")
    await run(compiler, COMPILE, folder)
    const output = await run(join(folder, "pan"), ["-m100000"], folder)
    const states = Number(/(\d+) states, stored/.exec(output)?.[1])
    if (/errors: 0$/m.test(output) && !/not completed|too small/.test(output))
      return { violated: undefined, states, trail: "" }
    const violated = /^pan:1: (?:assertion violated )?(.+?) \(at depth \d+\)$/m.exec(output)?.[1]?.trim()
    if (violated === undefined) throw new Error(`Spin came to no end on ${name}:\n${output}`)
    return { violated, states, trail: await spin("-t", "-T", "-k", join(folder, `${name}.trail`)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((done, failed) => {
    execFile(command, args, { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      // pan and spin -t tell of a violation by their output; a missing or crashed program has no code to tell.
      if (error !== null && typeof error.code !== "number") failed(error)
      else if (error !== null && stdout === "") failed(new Error(`${command}: ${stderr}`, { cause: error }))
      else done(stdout)
    })
  })
}
