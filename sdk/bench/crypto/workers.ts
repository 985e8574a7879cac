/** The processes of the subjects: started, asked, and ended by their own ids. */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import type { TaskName, Timing } from "./subject.ts"
import type { WorkerRequest } from "./worker.ts"

/** Under node_modules, so that the program finds its packages and nothing is left in the tree. */
const OUT = fileURLToPath(
  new URL("../../../node_modules/.cache/wardline-crypto-bench/worker.mjs", import.meta.url),
)

/** Compiles the workers' program: run through tsx, each closure would pay for keeping its name. */
export async function compileWorker(): Promise<string> {
  await build({
    entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
    outfile: OUT,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["source"],
    external: ["libsodium-wrappers", "@noble/*", "valibot"],
    logLevel: "warning",
  })
  return OUT
}

export interface Worker {
  readonly tasks: readonly TaskName[]
  /** @throws {Error} what went wrong in the worker. */
  time(task: TaskName, windowMs: number): Promise<Timing>
  stop(): void
}

interface Answer {
  readonly tasks?: readonly TaskName[]
  readonly timing?: Timing
  readonly error?: string
}

function nextAnswer(child: ChildProcess, name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`${name} ended with ${code}`))
    child.once("exit", ended)
    child.once("message", (answer: Answer) => {
      child.off("exit", ended)
      if (answer.error === undefined) resolve(answer)
      else reject(new Error(`${name}: ${answer.error}`))
    })
  })
}

/** Starts a subject and waits until its keys are made. */
export async function startWorker(program: string, name: string, peerFolder: string): Promise<Worker> {
  const child = fork(program, [name, peerFolder], { execArgv: ["--expose-gc"] })
  const { tasks = [] } = await nextAnswer(child, name)
  return {
    tasks,
    async time(task, windowMs) {
      const request: WorkerRequest = { task, windowMs }
      child.send(request)
      const { timing } = await nextAnswer(child, name)
      if (timing === undefined) throw new Error(`${name} measured nothing`)
      return timing
    },
    stop: () => {
      child.kill("SIGKILL")
    },
  }
}
