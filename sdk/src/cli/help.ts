/** Help texts, made from the commands themselves so that they can't drift apart. */
import { COMMON, type Command, type OptionSpec } from "./command.ts"
import { EXIT_CODE_HELP } from "./exit-codes.ts"

export function commandHelp(command: Command): string[] {
  const { argument } = command
  const shown = argument === undefined ? "" : argument.required ? ` ${argument.name}` : ` [${argument.name}]`
  const rows = [
    ...(argument === undefined ? [] : [[argument.name, argument.help] as const]),
    ...optionRows({ ...command.options, ...COMMON }),
  ]
  return [
    `Usage: wardline ${command.name}${shown} [options]`,
    "",
    ...command.description.flatMap((paragraph) => [...wrap(paragraph, 80), ""]),
    ...(argument === undefined ? ["Options"] : ["Arguments and options"]),
    ...columns(rows),
    "",
    "Examples",
    ...command.examples.map((example) => `  ${example}`),
  ]
}

export function groupHelp(group: string, commands: readonly Command[]): string[] {
  return [
    `Usage: wardline ${group} <command> [options]`,
    "",
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    "",
    `More: wardline ${group} <command> --help`,
  ]
}

export function mainHelp(commands: readonly Command[]): string[] {
  return [
    "Usage: wardline <command> [options]",
    "",
    "For the people who hold a clinic's keys, on their own machine. The relay's host runs",
    "wardline-relay instead and never needs a secret key.",
    "",
    "Commands",
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    "",
    "Options of every command",
    ...columns(optionRows(COMMON)),
    "",
    "Exit codes",
    ...columns(EXIT_CODE_HELP.map(([code, meaning]) => [String(code), meaning])),
    "",
    "Start with:  wardline init --help",
  ]
}

function optionRows(options: Readonly<Record<string, OptionSpec>>): (readonly [string, string])[] {
  return Object.entries(options).map(([name, { value, help, multiple }]) => [
    `--${name}${value === undefined ? "" : ` ${value}`}`,
    multiple === true ? `${help} (may be repeated)` : help,
  ])
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.flatMap(([left, right]) =>
    right.split("\n").map((line, i) => `  ${(i === 0 ? left : "").padEnd(width)}  ${line}`),
  )
}

/** Breaks a paragraph into lines of at most `width` characters. */
export function wrap(paragraph: string, width: number): string[] {
  const lines: string[] = []
  let line = ""
  for (const word of paragraph.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}
