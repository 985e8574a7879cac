/** What is measured: our relay, and what it is measured against. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { programPath } from "./compile.ts"
import type { DialectName } from "./load/main.ts"
import { type Child, launch } from "./process.ts"
import { launchRedis } from "./redis.ts"
import { SUBSCRIBERS } from "./shape.ts"

export interface Place {
  /** The compiled programs. */
  programs: string
  /** Where a subject's files go; its own. */
  dir: string
  /** 64 hex digits: the clinic's root key, as a seed. */
  rootSeed: string
  /** Where CPU profiles go, if they are wanted. */
  profile: string | undefined
}

export interface Subject {
  readonly name: string
  readonly title: string
  readonly dialect: DialectName
  /** For each conversation. */
  readonly subscribers: number
  /** Which runs it takes part in beside throughput. */
  readonly latency: boolean
  readonly memory: boolean
  start(place: Place): Promise<Child>
}

/** The relay itself. */
export const RELAY = "wardline"
/** The bar: what the store and the socket give when nothing else is done. */
export const BEST_REFERENCE = "frames-once"

function nodeServer(
  name: string,
  title: string,
  program: string,
  traits: Partial<Pick<Subject, "dialect" | "subscribers" | "latency" | "memory">> = {},
): Subject {
  return {
    name,
    title,
    dialect: "plain",
    subscribers: SUBSCRIBERS,
    latency: false,
    memory: false,
    ...traits,
    start: ({ programs, dir, rootSeed, profile }) =>
      launch({
        command: process.execPath,
        args: [
          ...collectArgs(programs),
          ...(profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", join(profile, name)]),
          programPath(programs, program),
          dir,
          rootSeed,
        ],
        core: "server",
      }),
  }
}

/** Lets SIGUSR2 collect garbage in a Node server. */
function collectArgs(programs: string): string[] {
  return ["--expose-gc", "--import", programPath(programs, "collect-on-signal")]
}

export const SUBJECTS: readonly Subject[] = [
  nodeServer(RELAY, "Wardline relay", "wardline", { dialect: "wardline", latency: true, memory: true }),
  nodeServer("frames-once", "ws + store, frames built once (best reference)", "store-frames-once", {
    latency: true,
  }),
  nodeServer("plain", "ws + store, group commit, plain send", "store-plain"),
  nodeServer("one-each", "ws + store, one transaction per message", "store-one-each"),
  nodeServer("socket-io", "socket.io 4 + store, group commit", "socket-io", {
    dialect: "socket-io",
    latency: true,
    memory: true,
  }),
  nodeServer("socket-io-base64", "socket.io 4 + store, bytes as base64 text", "socket-io", {
    dialect: "socket-io-base64",
  }),
  nodeServer("echo", "raw ws echo, nothing stored", "echo", { subscribers: 0, latency: true, memory: true }),
  {
    name: "redis",
    title: "Redis streams, appendfsync always",
    dialect: "redis",
    subscribers: SUBSCRIBERS,
    latency: true,
    memory: false,
    start: launchRedis,
  },
]

/** A folder for one subject's files. */
export function placeFor(base: Place, name: string): Place {
  const dir = join(base.dir, name)
  mkdirSync(dir, { recursive: true })
  return { ...base, dir }
}
