#!/usr/bin/env node
/** `wardline-relay`: what the relay's host does. It never needs a clinic's private key. */
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { type Arguments, parseArguments } from "./cli/arguments.ts"
import { runAuditExport, runAuditVerify } from "./cli/audit.ts"
import { runCheck } from "./cli/check.ts"
import { COMMANDS, commandHelp, limitsHelp, mainHelp } from "./cli/help.ts"
import { EXIT, exitCodeOf, Output } from "./cli/output.ts"
import { runStart } from "./cli/start.ts"
import { type Config, readConfig } from "./config.ts"
import { DEFAULT_LIMITS } from "./limits.ts"

async function main(argv: readonly string[]): Promise<number> {
  const output = new Output(process.stdout, process.stderr, argv.includes("--json"))
  try {
    return await run(parseArguments(argv), output)
  } catch (error) {
    if (isWardlineError(error)) output.failure(error)
    else {
      output.failure(new WardlineError("ERR_INTERNAL", "a bug: please report it with what follows"))
      console.error(error)
    }
    return exitCodeOf(error)
  }
}

async function run(given: Arguments, output: Output): Promise<number> {
  const command = COMMANDS.find(({ name }) => name === given.command)
  if (given.isHelp || command === undefined) {
    const lines = command === undefined ? mainHelp() : commandHelp(command)
    process.stdout.write(`${lines.join("\n")}\n`)
    return given.isHelp ? EXIT.done : EXIT.usage
  }
  switch (given.command) {
    case "start":
      await runStart(configOf(given), output)
      return EXIT.done
    case "check":
      return (await runCheck(configOf(given), output)) ? EXIT.done : EXIT.checkFailed
    case "audit verify":
      return (await runAuditVerify(dataOf(given), given.checkpoints, output)) ? EXIT.done : EXIT.checkFailed
    case "audit export":
      if (given.out === undefined) throw new WardlineError("ERR_CONFIG", "--out FILE is missing")
      await runAuditExport(dataOf(given), given.out, output)
      return EXIT.done
    default:
      output.result(DEFAULT_LIMITS as unknown as Record<string, unknown>, limitsHelp())
      return EXIT.done
  }
}

/** @throws {WardlineError} ERR_CONFIG with every problem, one a line. */
function configOf(given: Arguments): Config {
  const read = readConfig(given.flags, process.env, given.config)
  if ("problems" in read) throw new WardlineError("ERR_CONFIG", read.problems.join("\n"))
  return read.config
}

/** The data folder alone: an audit needs no other setting. */
function dataOf(given: Arguments): string {
  const data = given.flags.data ?? process.env.WARDLINE_DATA
  if (data !== undefined && data !== "") return data
  return configOf(given).relay.data
}

process.exitCode = await main(process.argv.slice(2))
