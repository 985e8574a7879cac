// `npm run bench`: the relay and its references in one run (docs/performance.md).
import { randomBytes } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { renderChart } from "./chart.ts"
import { compare } from "./compare.ts"
import { compilePrograms, programPath } from "./compile.ts"
import { describeMachine } from "./machine.ts"
import {
  latencyRound,
  measureMemory,
  type Party,
  prepare,
  type Sample,
  type Samples,
  STORE_TITLES,
  throughputRound,
} from "./measure.ts"
import { type BenchOptions, readOptions, USAGE } from "./options.ts"
import { type Child, launch } from "./process.ts"
import { redisVersion } from "./redis.ts"
import { renderReport } from "./report.ts"
import type { BenchResult, SubjectResult } from "./results.ts"
import { CONVERSATIONS, IN_FLIGHT, PACED_PER_SECOND, PAYLOAD_BYTES, SUBSCRIBERS } from "./shape.ts"
import { spreadOf } from "./statistics.ts"
import { BEST_REFERENCE, type Place, placeFor, RELAY, SUBJECTS, type Subject } from "./subjects.ts"

const CHART = fileURLToPath(new URL("../../docs/assets/performance.svg", import.meta.url))

function chooseSubjects(only: readonly string[] | undefined): { subjects: Subject[]; skipped: string[] } {
  const unknown = only?.filter((name) => !SUBJECTS.some((subject) => subject.name === name)) ?? []
  if (unknown.length > 0)
    throw new Error(
      `no subject named ${unknown.join(", ")}; there are ${SUBJECTS.map((s) => s.name).join(", ")}`,
    )
  const wanted = SUBJECTS.filter(
    ({ name }) => only === undefined || name === RELAY || name === BEST_REFERENCE || only.includes(name),
  )
  if (redisVersion() !== undefined || !wanted.some(({ name }) => name === "redis"))
    return { subjects: wanted, skipped: [] }
  return {
    subjects: wanted.filter(({ name }) => name !== "redis"),
    skipped: ["Redis left out: redis-server is not installed."],
  }
}

async function runAll(place: Place, subjects: readonly Subject[], options: BenchOptions): Promise<Samples> {
  const samples: Samples = new Map()
  const children: Child[] = []
  const started = async (child: Promise<Child>): Promise<Child> => {
    children.push(await child)
    return child
  }
  const node = process.execPath
  try {
    const load = await started(
      launch({ command: node, args: [programPath(place.programs, "load")], core: "load" }),
    )
    const store = await started(
      launch({
        command: node,
        args: [programPath(place.programs, "sqlite-alone"), place.dir],
        core: "server",
      }),
    )
    const servers = new Map<string, Child>()
    for (const subject of subjects) {
      const server = await started(subject.start(placeFor(place, subject.name)))
      servers.set(subject.name, server)
      await prepare(load, subject, server, subject.name, place)
    }
    const party: Party = { load, store, servers }
    progress("warming up")
    const warmRound = { ...options, throughputMs: options.warmRoundMs }
    await throughputRound(0, subjects, party, warmRound, place.dir, new Map())
    for (let round = 0; round < options.rounds; round++) {
      progress(`throughput, round ${round + 1} of ${options.rounds}`)
      await throughputRound(round, subjects, party, options, place.dir, samples)
    }
    for (let round = 0; round < options.latencyRounds; round++) {
      progress(`latency, round ${round + 1} of ${options.latencyRounds}`)
      await latencyRound(round, subjects, party, options, samples)
    }
    for (const server of servers.values()) await server.stop()
    progress("memory")
    await measureMemory(subjects, load, place, options.idleConnections, samples)
  } finally {
    for (const child of children) await child.stop()
  }
  return samples
}

function sumUp(samples: Samples, subjects: readonly Subject[]): SubjectResult[] {
  const titles = new Map(subjects.map(({ name, title }) => [name, title]))
  const names = [...titles.keys(), ...Object.keys(STORE_TITLES)]
  return names.map((name) => {
    const own = samples.get(name) ?? []
    const values = (key: keyof Sample) =>
      own.map((sample) => sample[key]).filter((value) => value !== undefined)
    const medianOf = (list: number[]): number | undefined =>
      list.length > 0 ? spreadOf(list).median : undefined
    return {
      name,
      title: titles.get(name) ?? STORE_TITLES[name] ?? name,
      perSecond: values("perSecond"),
      syncsPerAck: medianOf(values("syncsPerAck")),
      cpuMicrosPerAck: medianOf(values("cpuMicros")),
      loadBusy: medianOf(values("loadBusy")) ?? 0,
      p50Ms: values("p50Ms"),
      p99Ms: values("p99Ms"),
      bytesPerConnection: medianOf(values("bytesPerConnection")),
    }
  })
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${what} …\n`)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

async function bench(options: BenchOptions): Promise<void> {
  const startMs = performance.now()
  const machine = describeMachine()
  const dir = mkdtempSync(join(options.dir ?? tmpdir(), "wardline-bench-"))
  // However it ends: the children go with the process (process.ts), and so do their files.
  process.once("exit", () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1))
  const { subjects, skipped } = chooseSubjects(options.only)
  const place: Place = {
    programs: await compilePrograms(),
    dir,
    rootSeed: randomBytes(32).toString("hex"),
    profile: options.profile,
  }
  const samples = await runAll(place, subjects, options)
  const result: BenchResult = {
    when: new Date().toISOString(),
    machine,
    options,
    shape: { CONVERSATIONS, SUBSCRIBERS, IN_FLIGHT, PAYLOAD_BYTES, PACED_PER_SECOND },
    subjects: sumUp(samples, subjects),
    comparisons: compare(samples),
    skipped,
    tookSeconds: (performance.now() - startMs) / 1000,
  }
  console.log(renderReport(result))
  if (options.json !== undefined) write(options.json, `${JSON.stringify(result, null, 2)}\n`)
  if (options.chart) write(CHART, renderChart(result))
}

const options = readOptions(process.argv.slice(2))
if (options === "help") console.log(USAGE)
else await bench(options)
