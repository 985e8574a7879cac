/** The stored tiles of a clinic's log against its entries: the tree that proofs are served from must be the tree over
 * what is stored. As tiles hold each entry's hash, they name the very entry that was changed. */
import { equalBytes } from "@wardline/sdk/protocol"
import { AuditError, type ClinicAudit, perfectRoot, TILE_WIDTH } from "@wardline/sdk/tlog"
import { sha256 } from "../hashing.ts"
import type { Awaitable, ClinicRef, Store } from "../store/store.ts"
import { HASH_BYTES } from "./nodes.ts"

/** The tile of a level that is being filled. */
interface Filling {
  /** Within its level, from 0. */
  index: number
  width: number
  /** 256 hashes, those computed so far. */
  readonly hashes: Uint8Array
  /** As stored; undefined for one that isn't. */
  stored: Uint8Array | undefined
}

export class TileCheck {
  readonly #store: Pick<Store, "readTile">
  readonly #clinic: ClinicRef
  readonly #levels: Filling[] = []
  #added = 0

  constructor(store: Pick<Store, "readTile">, clinic: ClinicRef) {
    this.#store = store
    this.#clinic = clinic
  }

  /** Compares the audit's newest entry, if it took one.
   * @throws {AuditError} */
  add(audit: ClinicAudit): Awaitable<void> {
    if (audit.entries === this.#added) return undefined
    this.#added = audit.entries
    return this.#append(0, audit.leafHash)
  }

  #append(level: number, hash: Uint8Array): Awaitable<void> {
    const filling = this.#levels[level]
    if (filling === undefined || filling.width === TILE_WIDTH)
      return this.#begin(level, filling === undefined ? 0 : filling.index + 1, hash)
    return this.#put(level, filling, hash)
  }

  async #begin(level: number, index: number, hash: Uint8Array): Promise<void> {
    const stored = await this.#store.readTile(this.#clinic, level, index)
    const filling = { index, width: 0, hashes: new Uint8Array(TILE_WIDTH * HASH_BYTES), stored }
    this.#levels[level] = filling
    await this.#put(level, filling, hash)
  }

  #put(level: number, filling: Filling, hash: Uint8Array): Awaitable<void> {
    const at = filling.width * HASH_BYTES
    const { stored } = filling
    // A level's last tile is stored once it is full, or has all of its hashes.
    if (stored !== undefined && !equalBytes(stored.subarray(at, at + HASH_BYTES), hash))
      throw new AuditError(
        level === 0
          ? "isn't the one that the stored tree holds"
          : `isn't in the stored tree: tile ${filling.index} of level ${level} is of other entries`,
        { sequence: this.#added },
      )
    filling.hashes.set(hash, at)
    filling.width++
    if (filling.width < TILE_WIDTH) return undefined
    if (stored === undefined)
      throw new AuditError(`isn't in the stored tree: tile ${filling.index} of level ${level} is missing`, {
        sequence: this.#added,
      })
    return this.#append(level + 1, perfectRoot(sha256, filling.hashes))
  }

  /** There are no more entries: nor may there be more in the tree.
   * @throws {AuditError} */
  async finish(audit: ClinicAudit): Promise<void> {
    const { entries } = audit
    for (let level = 0; level === 0 || level < this.#levels.length; level++) {
      const hashes = Math.floor(entries / TILE_WIDTH ** level)
      const index = Math.floor(hashes / TILE_WIDTH)
      const stored = await this.#store.readTile(this.#clinic, level, index)
      // Leaves after the last full tile are hashed from their entries, and stored nowhere else.
      const width = level === 0 ? 0 : hashes % TILE_WIDTH
      const storedWidth = (stored?.length ?? 0) / HASH_BYTES
      if (storedWidth > width)
        throw new AuditError("is missing: the stored tree holds more entries", { sequence: entries + 1 })
      if (storedWidth < width)
        throw new AuditError(`isn't in the stored tree: tile ${index} of level ${level} is too short`, {
          sequence: entries,
        })
    }
  }
}
