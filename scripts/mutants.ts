/** Removes one check at a time from a copy of the sources and shows that a test then fails: a check that nobody
 * can fail is not a check. Mutants are listed in the packages' test/mutants*.json.
 *
 *     node --import tsx scripts/mutants.ts [part of a name or file] */
import { spawn } from "node:child_process"
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { repoRoot } from "./root.ts"

export interface Mutant {
  name: string
  /** The source file, from the root. */
  file: string
  /** Text that stands in the file exactly once. */
  find: string
  replace: string
  /** The test file that must fail. */
  test: string
}

export type Verdict = "killed" | "SURVIVED" | "NOT FOUND"

const PACKAGES = ["sdk", "server", "web-component", "examples"]
/** A check that is gone can make a test wait for ever. */
const TIMEOUT_MS = 90_000
/** What uvu writes for a test that failed. */
const UVU_FAILED = "✘"

export async function listMutants(): Promise<Mutant[]> {
  const mutants: Mutant[] = []
  for (const workspace of PACKAGES) {
    const folder = join(repoRoot, workspace, "test")
    const names = await readdir(folder).catch(() => [])
    for (const name of names.filter((file) => /^mutants.*\.json$/.test(file)).sort()) {
      mutants.push(...(JSON.parse(await readFile(join(folder, name), "utf8")) as Mutant[]))
    }
  }
  return mutants
}

/** A copy of the sources in which one mutant at a time lives. */
export class MutantBench {
  readonly #folder: string

  get folder(): string {
    return this.#folder
  }

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async create(): Promise<MutantBench> {
    const folder = await mkdtemp(join(tmpdir(), "wardline-mutants-"))
    const isSource = (path: string) => !/[/\\](node_modules|dist)$/.test(path)
    for (const part of [...PACKAGES, "docs", "scripts", "package.json", "tsconfig.base.json"]) {
      await cp(join(repoRoot, part), join(folder, part), { recursive: true, filter: isSource })
    }
    // Libraries are shared with the real tree; the workspaces are the copy's own.
    await mkdir(join(folder, "node_modules", "@wardline"), { recursive: true })
    for (const name of await readdir(join(repoRoot, "node_modules"))) {
      if (name !== "@wardline")
        await symlink(join(repoRoot, "node_modules", name), join(folder, "node_modules", name))
    }
    const links = { sdk: "sdk", server: "relay", "web-component": "web-component" }
    for (const [workspace, name] of Object.entries(links)) {
      await symlink(join(folder, workspace), join(folder, "node_modules", "@wardline", name))
    }
    await cp(join(repoRoot, "web-component", "dist"), join(folder, "web-component", "dist"), {
      recursive: true,
    }).catch(() => {})
    return new MutantBench(folder)
  }

  async try(mutant: Mutant): Promise<Verdict> {
    const undo = await this.plant(mutant)
    if (!undo) return "NOT FOUND"
    try {
      return (await this.#passes(mutant.test)) ? "SURVIVED" : "killed"
    } finally {
      await undo()
    }
  }

  /** Changes the copy.
   * @returns what changes it back; nothing if the text to find isn't there exactly once. */
  async plant(change: Pick<Mutant, "file" | "find" | "replace">): Promise<(() => Promise<void>) | undefined> {
    const path = join(this.#folder, change.file)
    const source = await readFile(path, "utf8")
    if (source.split(change.find).length !== 2) return undefined
    await writeFile(
      path,
      source.replace(change.find, () => change.replace),
    )
    return () => writeFile(path, source)
  }

  /** Whether the test file passes and ran at least one test. It is ended at the first test that fails. */
  #passes(test: string): Promise<boolean> {
    return new Promise((resolve) => {
      const args = ["--conditions=source", "--import", "tsx", "scripts/test-file.ts", test]
      // A group of its own, so that what the test started ends with it.
      const child = spawn(process.execPath, args, {
        cwd: this.#folder,
        stdio: ["ignore", "pipe", "ignore"],
        detached: true,
      })
      const end = () => {
        try {
          process.kill(-(child.pid as number), "SIGKILL")
        } catch {
          // It has ended by itself.
        }
      }
      const timer = setTimeout(end, TIMEOUT_MS)
      let output = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text
        if (text.includes(UVU_FAILED)) end()
      })
      child.on("close", (code) => {
        clearTimeout(timer)
        const total = /Total:\s+(\d+)/.exec(output)?.[1]
        const passed = /Passed:\s+(\d+)/.exec(output)?.[1]
        resolve(code === 0 && total !== undefined && total !== "0" && total === passed)
      })
    })
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** Tries mutants, one at a time on each of two copies.
 * @param onVerdict - told as each is done. */
export async function tryMutants(
  mutants: readonly Mutant[],
  onVerdict: (mutant: Mutant, verdict: Verdict) => void = () => {},
): Promise<Map<Mutant, Verdict>> {
  const queue = [...mutants]
  const verdicts = new Map<Mutant, Verdict>()
  const work = async () => {
    const bench = await MutantBench.create()
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const verdict = await bench.try(mutant)
      verdicts.set(mutant, verdict)
      onVerdict(mutant, verdict)
    }
    await bench.remove()
  }
  await Promise.all([work(), work()])
  return verdicts
}

async function main(filter: string): Promise<void> {
  const mutants = (await listMutants()).filter(({ name, file, test }) =>
    `${name} ${file} ${test}`.includes(filter),
  )
  const verdicts = await tryMutants(mutants, ({ file, name }, verdict) =>
    console.log(`${verdict.padEnd(9)} ${file}: ${name}`),
  )
  const killed = [...verdicts.values()].filter((verdict) => verdict === "killed").length
  console.log(`${killed} of ${mutants.length} mutants killed`)
  if (killed < mutants.length || mutants.length === 0) process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv[2] ?? "")
