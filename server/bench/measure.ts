/** The plan of a bench: who runs when. Rounds are interleaved, so that each subject meets each mood of the machine. */
import type { LatencyResult, ThroughputResult } from "./load/runs.ts"
import type { BenchOptions } from "./options.ts"
import { type Child, residentBytes } from "./process.ts"
import { PACED_PER_SECOND } from "./shape.ts"
import { quantile } from "./statistics.ts"
import { type Place, placeFor, type Subject } from "./subjects.ts"

/** A sample of one run; what doesn't apply is left out. */
export interface Sample {
  perSecond?: number
  syncsPerAck?: number | undefined
  cpuMicros?: number | undefined
  loadBusy?: number
  p50Ms?: number
  p99Ms?: number
  bytesPerConnection?: number
}

export type Samples = Map<string, Sample[]>

export interface Party {
  readonly load: Child
  /** The store alone. */
  readonly store: Child
  /** By subject. */
  readonly servers: ReadonlyMap<string, Child>
}

const STORE_BATCHES = [64, 256]
export const storeName = (size: number): string => `sqlite-${size}`
export const PACED_STORE = "sqlite-paced"
export const STORE_TITLES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    STORE_BATCHES.map((size) => [storeName(size), `better-sqlite3 alone, batches of ${size}`]),
  ),
  [PACED_STORE]: "better-sqlite3 alone, paced commits",
}

/** Connections that are there before the idle ones are counted: the first ones also pay for code and pools. */
const WARM_CONNECTIONS = 100
const SETTLE_MS = 300

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function add(samples: Samples, name: string, sample: Sample): void {
  samples.set(name, [...(samples.get(name) ?? []), sample])
}

/** One throughput window for every subject in turn; each round begins with another one. */
export async function throughputRound(
  round: number,
  subjects: readonly Subject[],
  party: Party,
  options: BenchOptions,
  dir: string,
  samples: Samples,
): Promise<void> {
  const { warmMs, throughputMs: runMs } = options
  const windows = [
    ...subjects.map(({ name, subscribers }) => async () => {
      const pid = party.servers.get(name)?.pid
      const request = { op: "throughput", target: name, warmMs, runMs, subscribers, dir, pid }
      add(samples, name, { ...(await party.load.request<ThroughputResult>(request)) })
    }),
    ...STORE_BATCHES.map((size) => async () => {
      const request = { op: "batches", size, warmMs, runMs: runMs / 2 }
      add(samples, storeName(size), await party.store.request<Sample>(request))
    }),
  ]
  for (let i = 0; i < windows.length; i++) await windows[(i + round) % windows.length]?.()
}

export async function latencyRound(
  round: number,
  subjects: readonly Subject[],
  party: Party,
  { latencyMs: runMs, warmMs }: BenchOptions,
  samples: Samples,
): Promise<void> {
  const summary = ({ latenciesMs }: LatencyResult): Sample => ({
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  })
  const perSecond = PACED_PER_SECOND
  const windows = [
    ...subjects
      .filter(({ latency }) => latency)
      .map(({ name, subscribers }) => async () => {
        const request = { op: "latency", target: name, perSecond, warmMs, runMs, subscribers }
        add(samples, name, summary(await party.load.request<LatencyResult>(request)))
      }),
    async () =>
      add(
        samples,
        PACED_STORE,
        summary(await party.store.request<LatencyResult>({ op: "paced", perSecond, runMs })),
      ),
  ]
  for (let i = 0; i < windows.length; i++) await windows[(i + round) % windows.length]?.()
}

/** Memory of a connection that is logged in, subscribed and silent: a fresh server, before and after, both times
 * after a full collection of garbage. */
export async function measureMemory(
  subjects: readonly Subject[],
  load: Child,
  place: Place,
  count: number,
  samples: Samples,
): Promise<void> {
  for (const subject of subjects.filter(({ memory }) => memory)) {
    const target = `${subject.name}-idle`
    const server = await subject.start(placeFor({ ...place, profile: undefined }, target))
    try {
      await prepare(load, subject, server, target, place)
      await load.request({ op: "open-idle", target, count: WARM_CONNECTIONS })
      const before = await settledBytes(server)
      await load.request({ op: "open-idle", target, count })
      const after = await settledBytes(server)
      await load.request({ op: "close-idle" })
      add(samples, subject.name, { bytesPerConnection: (after - before) / count })
    } finally {
      await server.stop()
    }
  }
}

async function settledBytes(server: Child): Promise<number> {
  await pause(SETTLE_MS)
  process.kill(server.pid, "SIGUSR2")
  await pause(SETTLE_MS)
  return residentBytes(server.pid)
}

export async function prepare(
  load: Child,
  subject: Subject,
  server: Child,
  target: string,
  { rootSeed }: Place,
): Promise<void> {
  await load.request({ op: "prepare", target, dialect: subject.dialect, port: server.port, rootSeed })
}
