/** What one bench run found; written whole with --json. */
import type { Spread } from "./statistics.ts"

export interface SubjectResult {
  readonly name: string
  readonly title: string
  /** One for each round: durable acknowledgements per second. */
  readonly perSecond: readonly number[]
  readonly syncsPerAck: number | undefined
  /** Processor time of the server. */
  readonly cpuMicrosPerAck: number | undefined
  /** Of the load generator's core; NaN where the subject needs no load. */
  readonly loadBusy: number
  /** One for each latency round. */
  readonly p50Ms: readonly number[]
  readonly p99Ms: readonly number[]
  readonly bytesPerConnection: number | undefined
}

export interface Comparison {
  readonly name: string
  readonly what: string
  readonly ratio: Spread
  /** At least (or at most) this; none where the ratio is only told. */
  readonly aim?: number
  readonly atLeast: boolean
}

export interface Machine {
  readonly cores: number
  readonly model: string
  readonly memoryGiB: number
  readonly node: string
  readonly platform: string
  readonly pinned: boolean
  readonly load: number
}

export interface BenchResult {
  readonly when: string
  readonly machine: Machine
  readonly options: object
  readonly shape: object
  readonly subjects: readonly SubjectResult[]
  readonly comparisons: readonly Comparison[]
  readonly skipped: readonly string[]
  readonly tookSeconds: number
}
