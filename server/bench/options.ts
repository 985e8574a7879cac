import { resolve } from "node:path"
import { parseArgs } from "node:util"

export const USAGE = `Measures the relay against references in one run, as ratios.

  npm run bench -- [options]

  --quick         fewer and shorter runs (under 40 s)
  --json FILE     writes every figure as JSON
  --chart         draws docs/assets/performance.svg
  --only NAMES    subjects to take, separated by commas (wardline and frames-once always take part)
  --rounds N      interleaved rounds
  --seconds N     length of each throughput window
  --idle N        idle connections opened
  --profile DIR   writes a CPU profile of each server to DIR
  --dir DIR       where the databases are put (default: the system's temporary folder)`

export interface BenchOptions {
  readonly rounds: number
  /** A round before the others that isn't counted: compilers learn in it. */
  readonly warmRoundMs: number
  /** Before each window. */
  readonly warmMs: number
  readonly throughputMs: number
  readonly latencyRounds: number
  readonly latencyMs: number
  readonly idleConnections: number
  readonly only: readonly string[] | undefined
  readonly json: string | undefined
  readonly chart: boolean
  readonly dir: string | undefined
  readonly profile: string | undefined
}

/** @throws {Error} for an unknown option or a number that isn't one. */
export function readOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean" },
      json: { type: "string" },
      chart: { type: "boolean" },
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      idle: { type: "string" },
      dir: { type: "string" },
      profile: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  })
  if (values.help === true) return "help"
  const quick = values.quick === true
  const seconds = positive(values.seconds, quick ? 0.6 : 1.6)
  return {
    rounds: positive(values.rounds, quick ? 2 : 4),
    warmRoundMs: Math.min(1000, seconds * 700),
    warmMs: Math.min(500, seconds * 250),
    throughputMs: seconds * 1000,
    latencyRounds: Math.min(positive(values.rounds, 4), quick ? 1 : 2),
    latencyMs: Math.min(4000, seconds * (quick ? 1600 : 2000)),
    idleConnections: positive(values.idle, quick ? 400 : 1500),
    only: values.only?.split(","),
    json: values.json,
    chart: values.chart === true,
    dir: values.dir,
    profile: values.profile === undefined ? undefined : resolve(values.profile),
  }
}

function positive(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${text} is not a positive number`)
  return value
}
