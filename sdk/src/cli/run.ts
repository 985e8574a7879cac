/** Finds the command, runs it, and turns whatever goes wrong into a message and an exit code. */
import { readFileSync } from "node:fs"
import { cryptoReady } from "../crypto/index.ts"
import { isWardlineError } from "../errors.ts"
import { parseInput, usage } from "./arguments.ts"
import type { Command } from "./command.ts"
import { COMMANDS } from "./commands.ts"
import { EXIT, type ExitCode, exitCodeOf } from "./exit-codes.ts"
import { commandHelp, groupHelp, mainHelp } from "./help.ts"
import { inline, Output, plain, type Sink } from "./output.ts"
import { closest } from "./suggest.ts"

export interface Surroundings {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly now: () => number
}

/** Runs `wardline` with these arguments. Never throws. */
export async function run(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  const { stdout, stderr } = around
  const output = new Output(stdout, stderr, args.includes("--json"))
  const print = (lines: readonly string[]): void => {
    stdout.write(`${lines.join("\n")}\n`)
  }
  let command: Command | undefined
  try {
    const { words, rest } = splitWords(args)
    if (words.length === 0) {
      if (rest.includes("--version")) {
        print([version()])
        return EXIT.done
      }
      print(mainHelp(COMMANDS))
      return rest.includes("--help") || rest.includes("-h") ? EXIT.done : EXIT.usage
    }
    const wantsHelp = words[0] === "help"
    const found = findCommand(wantsHelp ? words.slice(1) : words)
    if (found.kind === "group") {
      print(found.name === "" ? mainHelp(COMMANDS) : groupHelp(found.name, found.commands))
      return wantsHelp || rest.includes("--help") || rest.includes("-h") ? EXIT.done : EXIT.usage
    }
    command = found.command
    const input = parseInput(command, [...found.left, ...rest])
    if (wantsHelp || input.flag("help")) {
      print(commandHelp(command))
      return EXIT.done
    }
    await cryptoReady()
    return await command.run(input, { output, env: around.env, signal: around.signal, now: around.now })
  } catch (error) {
    return report(error, command, output, around)
  }
}

function report(
  error: unknown,
  command: Command | undefined,
  output: Output,
  { stderr, env }: Surroundings,
): ExitCode {
  const code = exitCodeOf(error)
  const isKnown = isWardlineError(error)
  const hint =
    isKnown && error.code === "ERR_CONFIG"
      ? `Help: wardline ${command === undefined ? "--help" : `${command.name} --help`}`
      : code === EXIT.bug
        ? "This looks like a bug. Run it again with WARDLINE_DEBUG=1 and report what it prints."
        : undefined
  output.failure(
    isKnown
      ? { code: error.code, message: error.message, retryable: error.retryable }
      : { code: "ERR_INTERNAL", message: "something went wrong inside wardline", retryable: false },
    hint,
  )
  // Stacks hold code and system messages, no keys; still only on request.
  if (env.WARDLINE_DEBUG === "1" && error instanceof Error) stderr.write(`${plain(describe(error))}\n`)
  return code
}

function describe(error: Error): string {
  const { cause } = error
  return `${error.stack ?? error.message}${cause instanceof Error ? `\ncaused by ${describe(cause)}` : ""}`
}

/** Splits the words that name a command from the options after them; options before a command may only be flags. */
function splitWords(args: readonly string[]): { words: string[]; rest: string[] } {
  const start = args.findIndex((arg) => !arg.startsWith("-"))
  if (start === -1) return { words: [], rest: [...args] }
  const tail = args.slice(start)
  const end = tail.findIndex((arg) => arg.startsWith("-"))
  const words = end === -1 ? tail : tail.slice(0, end)
  return { words, rest: [...args.slice(0, start), ...(end === -1 ? [] : tail.slice(end))] }
}

type Found =
  | { readonly kind: "command"; readonly command: Command; readonly left: readonly string[] }
  | { readonly kind: "group"; readonly name: string; readonly commands: readonly Command[] }

/** @throws {WardlineError} ERR_CONFIG for a command that doesn't exist, with the one that was probably meant. */
function findCommand(words: readonly string[]): Found {
  const [first, second] = words
  if (first === undefined) return { kind: "group", name: "", commands: COMMANDS }
  const single = COMMANDS.find(({ name }) => name === first)
  if (single !== undefined) return { kind: "command", command: single, left: words.slice(1) }
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length > 0 && second === undefined) return { kind: "group", name: first, commands: group }
  const typed = group.length > 0 ? `${first} ${second}` : first
  const exact = group.find(({ name }) => name === typed)
  if (exact !== undefined) return { kind: "command", command: exact, left: words.slice(2) }
  throw usage(`there is no command "${inline(typed)}"${suggestion(words, group)}`)
}

function suggestion(words: readonly string[], group: readonly Command[]): string {
  const names = COMMANDS.map(({ name }) => name)
  const two = words.slice(0, 2).join(" ")
  const near =
    closest(two, group.length > 0 ? group.map(({ name }) => name) : names) ??
    closest(words[0] ?? "", [...new Set(names.map((name) => name.split(" ", 1)[0] ?? name))])
  return near === undefined ? "" : `; did you mean: wardline ${near}`
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url)
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version
}
