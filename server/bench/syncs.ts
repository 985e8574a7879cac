/** Counts the disk's flushes: the same measure for every subject, whatever it calls a commit. */
import { readFileSync, statSync } from "node:fs"

/** Flush requests completed (Linux, Documentation/block/stat.rst). */
const FLUSHES_FIELD = 15

/** The flushes of the device that holds `dir`, by everything on this machine. */
export class Syncs {
  readonly #path: string | undefined

  constructor(dir: string) {
    this.#path = statPathOf(dir)
  }

  /** How many there have been; undefined where the system doesn't tell. */
  count(): number | undefined {
    if (this.#path === undefined) return undefined
    const field = readFileSync(this.#path, "utf8").trim().split(/\s+/)[FLUSHES_FIELD]
    return field === undefined ? undefined : Number(field)
  }

  /** Flushes since `before` for each of `acks`. */
  since(before: number | undefined, acks: number): number | undefined {
    const now = this.count()
    return before === undefined || now === undefined || acks === 0 ? undefined : (now - before) / acks
  }
}

/** The device's number as stat has it: 12 bits of major around 20 of minor (glibc's makedev). */
function statPathOf(dir: string): string | undefined {
  const { dev } = statSync(dir)
  const major = Math.floor(dev / 256) % 4096
  const minor = (dev % 256) + Math.floor(dev / 2 ** 20) * 256
  // Flushes are counted for the whole disk, which is the folder above a partition's.
  for (const path of [`/sys/dev/block/${major}:${minor}/../stat`, `/sys/dev/block/${major}:${minor}/stat`]) {
    try {
      if (readFileSync(path, "utf8").trim().split(/\s+/).length > FLUSHES_FIELD) return path
    } catch {
      // Not a partition, or not Linux.
    }
  }
  return undefined
}
