// Reads the commands in the docs' ```sh blocks as the built `wardline` and `wardline-relay` would: a command or an
// option that isn't there any more fails the gate. Nothing is run.
//
//     node --import tsx scripts/doc-commands.ts
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { markdownFiles } from "./doc-examples.ts"
import { repoRoot } from "./root.ts"

export interface DocCommand {
  readonly words: readonly string[]
  /** In the Markdown file, from 1. */
  readonly line: number
}

const BLOCK = /^([ \t]*)```sh\n([\s\S]*?)^\1```/gm

/** The commands in a Markdown file's shell blocks, whatever program they name. */
export function commandsOf(markdown: string): DocCommand[] {
  return [...markdown.matchAll(BLOCK)].flatMap((match) => {
    const [all, , code = ""] = match
    const start = match.index + all.indexOf("\n") + 1
    const first = markdown.slice(0, start).split("\n").length
    const commands: DocCommand[] = []
    let open = ""
    for (const [i, text] of code.split("\n").entries()) {
      const line = open + text.trim()
      open = line.endsWith("\\") ? line.slice(0, -1) : ""
      const words = open === "" ? shellWords(line) : []
      if (words.length > 0) commands.push({ words, line: first + i })
    }
    return commands
  })
}

/** A line's words, without comments and redirections. Variables stay as they stand there. */
export function shellWords(line: string): string[] {
  const words: string[] = []
  for (const [, double, single, bare] of line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)) {
    if (bare !== undefined && /^(?:#|>|\||&)/.test(bare)) break
    words.push(double ?? single ?? bare ?? "")
  }
  return words
}

/** What the programs' own parsers say of the words after their name; throws what is wrong. */
type Check = (words: readonly string[]) => void

async function loadChecks(): Promise<Readonly<Record<string, Check>>> {
  const load = async (path: string): Promise<Record<string, unknown>> =>
    (await import(pathToFileURL(join(repoRoot, path)).href)) as Record<string, unknown>
  const { parseInput } = (await load("sdk/dist/cli/arguments.js")) as {
    parseInput: (command: unknown, args: readonly string[]) => unknown
  }
  const { COMMANDS } = (await load("sdk/dist/cli/commands.js")) as { COMMANDS: readonly { name: string }[] }
  const { parseArguments } = (await load("server/dist/cli/arguments.js")) as {
    parseArguments: (args: readonly string[]) => { command: string }
  }
  return {
    wardline: (words) => {
      const flags = words.every((word) => word.startsWith("-"))
      if (flags) return
      const command = [words.slice(0, 2).join(" "), words[0]]
        .map((name) => COMMANDS.find((one) => one.name === name))
        .find((one) => one !== undefined)
      if (command === undefined) throw new Error(`there is no command "${words.slice(0, 2).join(" ")}"`)
      parseInput(command, words.slice(command.name.split(" ").length))
    },
    "wardline-relay": (words) => {
      parseArguments(words)
    },
  }
}

async function main(): Promise<void> {
  const checks = await loadChecks()
  let checked = 0
  for (const file of markdownFiles())
    for (const { words, line } of commandsOf(readFileSync(join(repoRoot, file), "utf8"))) {
      const [program = "", ...rest] = words
      const check = Object.hasOwn(checks, program) ? checks[program] : undefined
      if (check === undefined) continue
      checked++
      try {
        check(rest)
      } catch (error) {
        process.exitCode = 1
        console.log(
          `${file}:${line} ${words.join(" ")}\n  ${error instanceof Error ? error.message : "fails"}`,
        )
      }
    }
  console.log(`${checked} commands in the docs read as they are typed`)
}

if (process.argv[1] === import.meta.filename) await main()
