/** What a command is: data for the help text and for the parser, and one function. */
import type { Input } from "./arguments.ts"
import type { ExitCode } from "./exit-codes.ts"
import type { Output } from "./output.ts"

export interface OptionSpec {
  /** What stands for the value in the help, such as FILE; none for a flag. */
  readonly value?: string
  /** May be given several times. */
  readonly multiple?: boolean
  readonly help: string
}

export interface Command {
  /** One or two words: "init", "staff add". */
  readonly name: string
  readonly summary: string
  /** Paragraphs. */
  readonly description: readonly string[]
  /** At most one argument without a name. */
  readonly argument?: { readonly name: string; readonly help: string; readonly required: boolean }
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly examples: readonly string[]
  /** Returns the exit code; what it throws becomes one. */
  run(input: Input, context: Context): Promise<ExitCode>
}

/** What a command gets from the outside world. */
export interface Context {
  readonly output: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Fires on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  readonly now: () => number
}

/** Options that several commands share, worded once. */
export const SHARED: Readonly<Record<"dir" | "relay" | "passphrase-file", OptionSpec>> = {
  dir: { value: "FOLDER", help: "the clinic's folder (default: ./wardline-clinic)" },
  relay: { value: "URL", help: "the relay's address (default: the one the clinic's folder remembers)" },
  "passphrase-file": {
    value: "FILE",
    help: "read the passphrase from this file's first line; otherwise from the file that\nWARDLINE_PASSPHRASE_FILE names, otherwise you are asked",
  },
}

export const COMMON: Readonly<Record<"json" | "help", OptionSpec>> = {
  json: { help: "print one JSON object instead of text" },
  help: { help: "show this help" },
}
