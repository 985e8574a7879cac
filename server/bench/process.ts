/** Children of the bench: each pinned to a core where the system can, and ended by its own id. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"

const START_MS = 30_000
const STOP_MS = 5000

/** Servers share one core and the load generator has the other; undefined where there is nothing to choose. */
export const CORES: { server: number; load: number } | undefined =
  availableParallelism() >= 2 && spawnSync("taskset", ["-V"]).status === 0
    ? { server: 0, load: 1 }
    : undefined

export interface Child {
  readonly pid: number
  /** The port that it listens on; 0 for none. */
  readonly port: number
  /** Sends a request and waits for the one answer.
   * @throws {Error} what the child reports, or that it ended. */
  request<T>(request: object): Promise<T>
  /** Asks it to end, and insists after a while. */
  stop(): Promise<void>
}

export interface Launch {
  command: string
  args: readonly string[]
  core: "server" | "load"
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** How it tells that it is ready: by a message `{ port }`, or by what this finds in its output so far. */
  ready?: (output: string) => number | undefined
}

/** @throws {Error} with the child's output when it ends or stays silent. */
export async function launch(spec: Launch): Promise<Child> {
  const pinned = CORES ? ["taskset", "-c", `${CORES[spec.core]}`] : []
  const [command = "", ...args] = [...pinned, spec.command, ...spec.args]
  const usesMessages = spec.ready === undefined
  const child = spawn(command, args, {
    cwd: spec.cwd,
    env: spec.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe", ...(usesMessages ? (["ipc"] as const) : [])],
  })
  running.add(child)
  let output = ""
  const collect = (chunk: Buffer): void => {
    // The end of it says why something failed.
    output = (output + chunk.toString()).slice(-20_000)
  }
  child.stdout?.on("data", collect)
  child.stderr?.on("data", collect)
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject)
    child.once("exit", (code, signal) => {
      running.delete(child)
      reject(new Error(`${spec.args.join(" ")} ended (${signal ?? code}):\n${output}`))
    })
  })
  // Whoever waits sees it; nobody waits while it is idle or being stopped.
  ended.catch(() => {})
  const port = await Promise.race([
    ended,
    deadline(START_MS, () => output),
    becomeReady(child, spec, () => output),
  ])
  return {
    pid: child.pid ?? 0,
    port,
    request: (request) => Promise.race([ended, answer(child, request)]) as Promise<never>,
    stop: () => stop(child),
  }
}

const running = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

function becomeReady(child: ChildProcess, spec: Launch, output: () => string): Promise<number> {
  return new Promise((resolve) => {
    child.once("message", (message: { port: number }) => resolve(message.port))
    const look = (): void => {
      const port = spec.ready?.(output())
      if (port !== undefined) resolve(port)
    }
    child.stdout?.on("data", look)
    child.stderr?.on("data", look)
  })
}

async function answer(child: ChildProcess, request: object): Promise<unknown> {
  const message = await new Promise<object>((resolve) => {
    child.once("message", (value) => resolve(value as object))
    child.send(request)
  })
  if ("error" in message) throw new Error(String(message.error))
  return "result" in message ? message.result : message
}

function deadline(ms: number, output: () => string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not ready after ${ms / 1000} s:\n${output()}`)), ms).unref()
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  child.kill("SIGTERM")
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS)
  await gone
  clearTimeout(timer)
}

/** Resident memory of a process in bytes (Linux or any system with ps). */
export function residentBytes(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
    return Number(line?.[1]) * 1024
  } catch {
    return Number(spawnSync("ps", ["-o", "rss=", "-p", `${pid}`], { encoding: "utf8" }).stdout) * 1024
  }
}
