// The load generator: a process of its own, on a core of its own, told by its parent what to do next.
import type { Connection, Dialect } from "./dialect.ts"
import { PlainDialect } from "./plain-dialect.ts"
import { RedisDialect } from "./redis-dialect.ts"
import { openIdle, runLatency, runThroughput } from "./runs.ts"
import { SocketIoDialect } from "./socket-io-dialect.ts"
import { WardlineDialect } from "./wardline-dialect.ts"

export type DialectName = "plain" | "socket-io" | "socket-io-base64" | "wardline" | "redis"

export type LoadRequest =
  | { op: "prepare"; target: string; dialect: DialectName; port: number; rootSeed: string }
  | {
      op: "throughput"
      target: string
      warmMs: number
      runMs: number
      subscribers: number
      dir: string
      pid: number
    }
  | { op: "latency"; target: string; perSecond: number; warmMs: number; runMs: number; subscribers: number }
  | { op: "open-idle"; target: string; count: number }
  | { op: "close-idle" }

const dialects = new Map<string, Dialect>()
let idle: Connection[] = []

function makeDialect(name: DialectName, port: number, rootSeed: string): Dialect {
  if (name === "wardline") return new WardlineDialect(port, Buffer.from(rootSeed, "hex"))
  if (name === "socket-io") return new SocketIoDialect(port, "bytes")
  if (name === "socket-io-base64") return new SocketIoDialect(port, "base64")
  return name === "redis" ? new RedisDialect(port) : new PlainDialect(port)
}

function dialectOf(target: string): Dialect {
  const dialect = dialects.get(target)
  if (!dialect) throw new Error(`${target} isn't prepared`)
  return dialect
}

async function perform(request: LoadRequest): Promise<unknown> {
  switch (request.op) {
    case "prepare": {
      const dialect = makeDialect(request.dialect, request.port, request.rootSeed)
      await dialect.prepare()
      dialects.set(request.target, dialect)
      return {}
    }
    case "throughput":
      return runThroughput(dialectOf(request.target), request)
    case "latency":
      return runLatency(dialectOf(request.target), request)
    case "open-idle":
      idle.push(...(await openIdle(dialectOf(request.target), request.count)))
      return {}
    case "close-idle":
      for (const connection of idle) connection.close()
      idle = []
      return {}
  }
}

process.once("disconnect", () => process.exit(0))
process.on("message", (request: LoadRequest) => {
  perform(request).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.send?.({ port: 0 })
