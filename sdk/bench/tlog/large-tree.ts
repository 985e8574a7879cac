/** A tree of millions of leaves in memory, as tiles; a smaller tree is a part of it. */
import { sha256 } from "../../../server/src/hashing.ts"
import { type Hash, perfectRoot, type ReadTile, TILE_WIDTH } from "../../src/tlog/index.ts"

/** As the relay and the commands hash. */
export const nodeSha256: Hash = sha256

const TILE_BYTES = 32 * TILE_WIDTH

export class LargeTree {
  readonly size: number
  /** Of processor time. */
  readonly growthSeconds: number
  /** By level, all hashes of it joined. */
  readonly #levels: Uint8Array[]
  /** How much was read since it was set. */
  bytesRead = 0

  constructor(size: number) {
    const start = process.cpuUsage()
    this.size = size
    const leaves = new Uint8Array(32 * size)
    const entry = new Uint8Array(1 + 212)
    const view = new DataView(entry.buffer)
    for (let i = 0; i < size; i++) {
      view.setUint32(9, i + 1)
      leaves.set(nodeSha256(entry), 32 * i)
    }
    this.#levels = [leaves]
    for (let row = leaves; row.length >= TILE_BYTES; ) {
      const tiles = Math.floor(row.length / TILE_BYTES)
      const above = new Uint8Array(32 * tiles)
      for (let i = 0; i < tiles; i++)
        above.set(perfectRoot(nodeSha256, row.subarray(i * TILE_BYTES, (i + 1) * TILE_BYTES)), 32 * i)
      this.#levels.push(above)
      row = above
    }
    const { user, system } = process.cpuUsage(start)
    this.growthSeconds = (user + system) / 1e6
  }

  leaf(index: number): Uint8Array {
    return (this.#levels[0] as Uint8Array).subarray(32 * index, 32 * (index + 1))
  }

  readonly readTile: ReadTile = (level, index, width) => {
    this.bytesRead += 32 * width
    return (this.#levels[level] as Uint8Array).subarray(index * TILE_BYTES, index * TILE_BYTES + 32 * width)
  }
}
