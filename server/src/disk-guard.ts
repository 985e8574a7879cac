/** Watches the disk: nearly full or failing, the relay takes no more records, keeps serving what it has, and says so. */
import { statfs } from "node:fs/promises"
import { isWardlineError } from "@wardline/sdk/protocol"
import { errorFields, type Log } from "./log.ts"
import type { Store } from "./store/store.ts"

/** Once read-only, this much more than the limit must be free again: not on, off, on, off. */
const RECOVERY = 1.25

export class DiskGuard {
  readonly #store: Store
  readonly #folder: string
  readonly #minFreeBytes: number
  readonly #log: Log
  #isReadOnly = false
  #hasFailed = false

  constructor(store: Store, folder: string, minFreeBytes: number, log: Log) {
    this.#store = store
    this.#folder = folder
    this.#minFreeBytes = minFreeBytes
    this.#log = log
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly
  }

  /** A transaction failed: gives up the reserve, so that reads can still be noted. */
  async failed(error: unknown): Promise<void> {
    if (!isWardlineError(error, "ERR_READ_ONLY")) {
      // A bug, or another program's hand in the database: this batch is lost, the next may not be.
      this.#log.error("a transaction failed", errorFields(error))
      return
    }
    if (!this.#isReadOnly) this.#log.error("the disk is full or failing: read-only", errorFields(error))
    this.#isReadOnly = true
    this.#hasFailed = true
    await this.#store.holdReserve(false)
  }

  /** Looks at the free space, and ends the read-only time when there is enough. */
  async look(): Promise<void> {
    const free = await freeBytes(this.#folder)
    if (!this.#isReadOnly) {
      if (free >= this.#minFreeBytes) return
      this.#isReadOnly = true
      this.#log.error("the disk is nearly full: read-only", { count: free })
      return
    }
    if (free < this.#minFreeBytes * RECOVERY) return
    if (this.#hasFailed && !(await this.#store.holdReserve(true))) return
    this.#isReadOnly = false
    this.#hasFailed = false
    this.#log.info("the disk has space again: records are taken")
  }
}

/** Bytes that the relay's user may still write to the folder's file system. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
