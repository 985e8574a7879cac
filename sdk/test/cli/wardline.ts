/** Runs the real `wardline` in its own process. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { run } from "../../src/cli/run.ts"

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

export const PASSPHRASE = "correct horse battery staple"

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Answers a question of the command's; undefined ends the input. */
export type Answer = (question: string) => string | undefined

/** Without a passphrase file in the environment unless the test names one.
 * @param answer - told each line that ends in a colon and a blank; without it, there is no input. */
export function wardline(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  answer?: Answer,
): Promise<Ran> {
  const { WARDLINE_PASSPHRASE_FILE: _, ...inherited } = process.env
  const child = spawn(
    process.execPath,
    ["--conditions=source", "--import", import.meta.resolve("tsx"), MAIN, ...args],
    { stdio: [answer === undefined ? "ignore" : "pipe", "pipe", "pipe"], env: { ...inherited, ...env } },
  )
  let stdout = ""
  let stderr = ""
  let asked = 0
  const reply = (): void => {
    const question = /([^\n]*: )$/.exec(stderr.slice(asked))?.[1]
    if (answer === undefined || question === undefined) return
    asked = stderr.length
    const text = answer(question)
    if (text === undefined) child.stdin?.end()
    else child.stdin?.write(`${text}\n`)
  }
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
    reply()
  })
  return new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, stdout, stderr }))
  })
}

/** The same command in this process, for what reads files and asks nobody: a process for each costs a second. */
export async function wardlineHere(args: readonly string[]): Promise<Ran> {
  let stdout = ""
  let stderr = ""
  const code = await run(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    signal: new AbortController().signal,
    now: Date.now,
  })
  return { code, stdout, stderr }
}

export interface Desk {
  /** A path in a folder that goes away with the test. */
  path(name: string): string
  /** A passphrase file, 0600. */
  readonly passphraseFile: string
  clear(): void
}

export function makeDesk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), "wardline-cli-"))
  const passphraseFile = join(folder, "passphrase")
  writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 })
  return {
    path: (name) => join(folder, name),
    passphraseFile,
    clear: () => rmSync(folder, { recursive: true, force: true }),
  }
}
