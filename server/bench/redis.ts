import { spawnSync } from "node:child_process"
import { createServer } from "node:net"
import { type Child, launch } from "./process.ts"
import type { Place } from "./subjects.ts"

/** The installed server's version; undefined where there is none. */
export function redisVersion(): string | undefined {
  const { status, stdout } = spawnSync("redis-server", ["--version"], { encoding: "utf8" })
  return status === 0 ? /v=(\S+)/.exec(stdout)?.[1] : undefined
}

/** Starts Redis with the relay's durability: an fsync of the append-only file before any reply. */
export async function launchRedis({ dir }: Pick<Place, "dir">): Promise<Child> {
  const port = await freePort()
  const settings = {
    port: `${port}`,
    bind: "127.0.0.1",
    dir,
    appendonly: "yes",
    appendfsync: "always",
    save: "",
    // A rewrite in the middle of a window would measure the rewrite.
    "auto-aof-rewrite-percentage": "0",
  }
  return launch({
    command: "redis-server",
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    core: "server",
    ready: (output) => (output.includes("Ready to accept connections") ? port : undefined),
  })
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("no port")
  return address.port
}
