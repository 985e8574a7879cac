// `npm run bench:crypto`: sealing, opening and group keys against other libraries in one run (docs/performance.md).
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describeMachine } from "../../../server/bench/machine.ts"
import { type BenchOptions, readOptions, USAGE } from "./options.ts"
import { installPeers, missingPeers } from "./peers.ts"
import { type CryptoBenchResult, judge, renderReport, type SubjectResult } from "./report.ts"
import { TASKS, type TaskName, type Timing } from "./subject.ts"
import { FLOOR, PARTICIPANTS, type Participant, WARDLINE } from "./subjects/index.ts"
import { compileWorker, startWorker, type Worker } from "./workers.ts"

function choose({ only, peers }: BenchOptions): { chosen: Participant[]; skipped: string[] } {
  const unknown = only?.filter((name) => PARTICIPANTS.every((participant) => participant.name !== name)) ?? []
  if (unknown.length > 0) {
    const names = PARTICIPANTS.map(({ name }) => name).join(", ")
    throw new Error(`no subject named ${unknown.join(", ")}; there are ${names}`)
  }
  const wanted = PARTICIPANTS.filter(
    ({ name }) => only === undefined || name === WARDLINE || name === FLOOR || only.includes(name),
  )
  const skipped = wanted.flatMap(({ title, needs }) => {
    const missing = missingPeers(peers, needs)
    const why = `${title} left out: ${missing.join(", ")} not installed (npm run bench:crypto -- --install).`
    return missing.length > 0 ? [why] : []
  })
  return { chosen: wanted.filter(({ needs }) => missingPeers(peers, needs).length === 0), skipped }
}

type Results = Map<string, Map<TaskName, Timing[]>>

/** The subjects take turns in short windows: whatever slows the machine down for a while slows all of them. */
async function runRounds(workers: ReadonlyMap<string, Worker>, options: BenchOptions): Promise<Results> {
  const results: Results = new Map([...workers.keys()].map((name) => [name, new Map()]))
  // The first round isn't counted: compilers learn in it.
  for (let round = 0; round <= options.rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(`round ${round} of ${options.rounds} …\n`)
    for (const task of TASKS) {
      for (const [name, worker] of workers) {
        if (!worker.tasks.includes(task)) continue
        const timing = await worker.time(task, options.windowMs)
        const timings = results.get(name)?.get(task) ?? []
        if (round > 0) results.get(name)?.set(task, [...timings, timing])
      }
    }
  }
  return results
}

async function bench(options: BenchOptions): Promise<void> {
  const startMs = performance.now()
  if (options.install) installPeers(options.peers)
  const machine = describeMachine()
  const { chosen, skipped } = choose(options)
  const program = await compileWorker()
  const workers = new Map<string, Worker>()
  let results: Results
  try {
    for (const { name, title, needs } of chosen) {
      try {
        workers.set(name, await startWorker(program, name, options.peers))
      } catch (error) {
        if (needs.length === 0) throw error
        // A library that has no build for this platform, for instance.
        skipped.push(`${title} left out: ${(error as Error).message}`)
      }
    }
    results = await runRounds(workers, options)
  } finally {
    for (const worker of workers.values()) worker.stop()
  }
  const subjects = chosen.flatMap(({ name, title }): SubjectResult[] => {
    const timings = results.get(name)
    return timings === undefined ? [] : [{ name, title, timings: Object.fromEntries(timings) }]
  })
  const result: CryptoBenchResult = {
    when: new Date().toISOString(),
    machine,
    options,
    subjects,
    verdicts: judge(subjects),
    skipped,
    tookSeconds: (performance.now() - startMs) / 1000,
  }
  console.log(renderReport(result))
  if (options.json !== undefined) {
    mkdirSync(dirname(options.json), { recursive: true })
    writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
}

const options = readOptions(process.argv.slice(2))
if (options === "help") console.log(USAGE)
else await bench(options)
