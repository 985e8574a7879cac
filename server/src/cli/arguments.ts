/** The command line, taken apart: an unknown or doubled option never passes silently. */
import { WardlineError } from "@wardline/sdk/protocol"
import { type Flags, SETTINGS } from "../config.ts"
import { COMMANDS } from "./help.ts"

export interface Arguments {
  /** Such as "audit verify"; empty if none was named. */
  command: string
  flags: Flags
  config: string | undefined
  out: string | undefined
  /** Files, as often as the option was given. */
  checkpoints: string[]
  isJson: boolean
  isHelp: boolean
}

/** @throws {WardlineError} ERR_CONFIG naming everything that is wrong. */
export function parseArguments(argv: readonly string[]): Arguments {
  const parsed: Arguments = {
    command: "",
    flags: {},
    config: undefined,
    out: undefined,
    checkpoints: [],
    isJson: false,
    isHelp: false,
  }
  const words: string[] = []
  const problems: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string
    if (!argument.startsWith("-")) {
      words.push(argument)
      continue
    }
    const equals = argument.indexOf("=")
    const name = equals < 0 ? argument : argument.slice(0, equals)
    const takeValue = (): string => {
      if (equals >= 0) return argument.slice(equals + 1)
      const next = argv[i + 1]
      if (next === undefined || next.startsWith("--")) {
        problems.push(`${name} needs a value`)
        return ""
      }
      i++
      return next
    }
    takeOption(parsed, name, takeValue, problems)
  }
  parsed.command = words.join(" ")
  if (!parsed.isHelp && parsed.command !== "" && !COMMANDS.some((command) => command.name === parsed.command))
    problems.push(`there is no command ${JSON.stringify(parsed.command)}: see wardline-relay --help`)
  if (problems.length > 0) throw new WardlineError("ERR_CONFIG", problems.join("\n"))
  return parsed
}

function takeOption(parsed: Arguments, name: string, takeValue: () => string, problems: string[]): void {
  switch (name) {
    case "--help":
    case "-h":
      parsed.isHelp = true
      return
    case "--json":
      parsed.isJson = true
      return
    case "--config":
      parsed.config = takeValue()
      return
    case "--out":
      parsed.out = takeValue()
      return
    case "--checkpoint":
      parsed.checkpoints.push(takeValue())
      return
  }
  const setting = SETTINGS.find((item) => `--${item.name}` === name)
  if (setting === undefined) {
    problems.push(`there is no option ${name}: see --help`)
    return
  }
  const key = setting.name
  const before = parsed.flags[key]
  const value = setting.value === undefined ? "true" : takeValue()
  if (before === undefined) parsed.flags[key] = value
  else if (setting.isList === true) parsed.flags[key] = `${before},${value}`
  else problems.push(`${name} is given twice`)
}
