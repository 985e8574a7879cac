/** A file that only takes up space, to be given up when the disk is full: then reads can still be noted. */
import { randomBytes } from "node:crypto"
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from "node:fs"
import { RESERVE_BYTES } from "../limits.ts"

/** Makes or removes the file; answers whether it is there. Random bytes, so that no file system compresses it away. */
export function holdReserveFile(path: string, isHeld: boolean): boolean {
  try {
    if (!isHeld) {
      rmSync(path, { force: true })
      return false
    }
    if (statSync(path, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return true
    const file = openSync(path, "w", 0o600)
    try {
      const block = randomBytes(65_536)
      for (let written = 0; written < RESERVE_BYTES; ) written += writeSync(file, block)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    return true
  } catch {
    // Too little space for it: half of it would be in the way.
    rmSync(path, { force: true })
    return false
  }
}
