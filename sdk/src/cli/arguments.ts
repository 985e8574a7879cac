/** Arguments of one command, checked: an unknown or doubled option never passes silently. */
import { parseArgs } from "node:util"
import { WardlineError } from "../errors.ts"
import { COMMON, type Command, type OptionSpec } from "./command.ts"
import { inline } from "./output.ts"
import { closest } from "./suggest.ts"

/** What was typed, by option name. */
export interface Input {
  readonly argument: string | undefined
  /** The option's value, or undefined. */
  text(name: string): string | undefined
  /** The option's value.
   * @throws {WardlineError} ERR_CONFIG if it is missing. */
  required(name: string): string
  /** Every value of a repeatable option. */
  list(name: string): readonly string[]
  flag(name: string): boolean
}

/** @throws {WardlineError} ERR_CONFIG */
export function parseInput(command: Command, args: readonly string[]): Input {
  const specs: Readonly<Record<string, OptionSpec>> = { ...command.options, ...COMMON }
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [
      name,
      { type: spec.value === undefined ? ("boolean" as const) : ("string" as const), multiple: true },
    ]),
  )
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== "option") continue
    if (token.rawName === "-h") {
      values.set("help", [""])
      continue
    }
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined
    if (spec === undefined || token.rawName !== `--${token.name}`)
      throw unknownOption(token.rawName, Object.keys(specs))
    if (spec.value === undefined && token.value !== undefined) throw usage(`--${token.name} takes no value`)
    // `--name --json` is a forgotten value far more often than a value that begins with a dash.
    const isForgotten = token.value === undefined || (!token.inlineValue && token.value.startsWith("--"))
    if (spec.value !== undefined && isForgotten) throw usage(`--${token.name} needs a value: ${spec.value}`)
    const before = values.get(token.name) ?? []
    if (before.length > 0 && spec.multiple !== true && spec.value !== undefined)
      throw usage(`--${token.name} was given twice`)
    values.set(token.name, [...before, token.value ?? ""])
  }
  const input = new ParsedInput(positionals[0], values)
  if (!input.flag("help")) checkArgument(command, positionals)
  return input
}

function checkArgument(command: Command, positionals: readonly string[]): void {
  const { argument } = command
  const extra = positionals[argument === undefined ? 0 : 1]
  if (extra !== undefined) throw usage(`"${inline(extra)}" is one argument too many`)
  if (argument?.required === true && positionals[0] === undefined)
    throw usage(`${argument.name} is missing: ${argument.help}`)
}

class ParsedInput implements Input {
  readonly argument: string | undefined
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(argument: string | undefined, values: ReadonlyMap<string, readonly string[]>) {
    this.argument = argument
    this.#values = values
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.[0]
    if (value?.trim() === "") throw usage(`--${name} is empty`)
    return value
  }

  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw usage(`--${name} is missing`)
    return value
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  flag(name: string): boolean {
    return this.#values.has(name)
  }
}

function unknownOption(rawName: string, known: readonly string[]): WardlineError {
  const near = closest(rawName.replace(/^-+/, ""), known)
  const meant = near === undefined ? "" : `; did you mean --${near}?`
  return usage(`there is no option ${inline(rawName)}${meant}`)
}

export function usage(message: string): WardlineError {
  return new WardlineError("ERR_CONFIG", message)
}
