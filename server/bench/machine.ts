import { availableParallelism, cpus, loadavg, totalmem } from "node:os"
import { CORES } from "./process.ts"
import type { Machine } from "./results.ts"

/** Where the figures come from: none means anything without it. */
export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model.trim() ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    pinned: CORES !== undefined,
    load: loadavg()[0] ?? 0,
  }
}
