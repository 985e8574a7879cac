// The store alone, without a network: what the disk and SQLite give, in batches and paced by a timer.
import { join } from "node:path"
import { startPace } from "../pace.ts"
import { ReferenceStore } from "../reference-store.ts"
import { CONVERSATIONS, PAYLOAD_BYTES } from "../shape.ts"
import { Syncs } from "../syncs.ts"

export type StoreRequest =
  | { op: "batches"; size: number; warmMs: number; runMs: number }
  | { op: "paced"; perSecond: number; runMs: number }

const dir = process.argv[2] ?? "."
const store = new ReferenceStore(join(dir, "sqlite-alone.db"))
const syncs = new Syncs(dir)
const body = Buffer.alloc(PAYLOAD_BYTES, "x")

function appendUntil(size: number, endMs: number): number {
  const batch = Array.from({ length: size }, (_, i) => ({ conversation: i % CONVERSATIONS, body }))
  let rows = 0
  while (performance.now() < endMs) rows += store.append(batch).length
  return rows
}

function runBatches({ size, warmMs, runMs }: { size: number; warmMs: number; runMs: number }): object {
  appendUntil(size, performance.now() + warmMs)
  const before = syncs.count()
  const startMs = performance.now()
  const acks = appendUntil(size, startMs + runMs)
  const seconds = (performance.now() - startMs) / 1000
  return { perSecond: acks / seconds, syncsPerAck: syncs.since(before, acks) }
}

async function runPaced({ perSecond, runMs }: { perSecond: number; runMs: number }): Promise<object> {
  const latenciesMs: number[] = []
  await startPace(perSecond, runMs, (i) => {
    const startMs = performance.now()
    store.append([{ conversation: i % CONVERSATIONS, body }])
    latenciesMs.push(performance.now() - startMs)
  })
  return { latenciesMs }
}

process.once("disconnect", () => process.exit(0))
process.on("message", (request: StoreRequest) => {
  if (request.op === "batches") process.send?.(runBatches(request))
  else void runPaced(request).then((result) => process.send?.(result))
})
process.send?.({ port: 0 })
