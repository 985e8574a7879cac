import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { PEER_FOLDER } from "./peers.ts"

export const USAGE = `Measures sealing, opening and group keys against other libraries in one run.

  npm run bench:crypto -- [options]

  --install       installs the libraries to compare with, apart from the project (about 180 MB)
  --quick         fewer and shorter windows
  --only NAMES    subjects to take, separated by commas (wardline and floor always take part)
  --rounds N      interleaved rounds
  --ms N          length of each window
  --peers DIR     where the libraries to compare with are (default: ${PEER_FOLDER})
  --json FILE     writes every figure of every round`

export interface BenchOptions {
  readonly install: boolean
  readonly only: readonly string[] | undefined
  readonly rounds: number
  readonly windowMs: number
  readonly peers: string
  readonly json: string | undefined
}

/** @throws {Error} for an unknown option or a number that isn't one. */
export function readOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      install: { type: "boolean" },
      quick: { type: "boolean" },
      only: { type: "string" },
      rounds: { type: "string" },
      ms: { type: "string" },
      peers: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  })
  if (values.help === true) return "help"
  const quick = values.quick === true
  return {
    install: values.install === true,
    only: values.only?.split(","),
    rounds: positive(values.rounds, quick ? 3 : 7),
    windowMs: positive(values.ms, quick ? 100 : 250),
    peers: resolve(values.peers ?? PEER_FOLDER),
    json: values.json,
  }
}

function positive(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${text} is not a positive number`)
  return value
}
