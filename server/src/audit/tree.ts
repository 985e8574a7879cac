/** The Merkle tree over one clinic's audit entries (RFC 6962), kept as C2SP tiles (docs/protocol.md, Audit tree). In
 * memory are the tiles at its right edge alone, one for each level; it grows within the transaction that stores the
 * entries, and goes back with it. */
import { WardlineError } from "@wardline/sdk/protocol"
import { ENTRY_BYTES, entryHash, type ReadTile, TILE_WIDTH } from "@wardline/sdk/tlog"
import { keyOf, sha256, writeKey } from "../hashing.ts"
import type { ClinicRef, Store, Tile } from "../store/store.ts"
import { HASH_BYTES, hashPairs } from "./nodes.ts"

const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** The tile at the right edge of a level; it is never full. */
interface Edge {
  index: number
  width: number
  /** TILE_BYTES; those after `width` hashes mean nothing. */
  hashes: Buffer
}

export class AuditTree {
  readonly #store: Pick<Store, "readTile">
  readonly #clinic: ClinicRef
  /** By level. What is being staged is written into the same buffers, after the hashes that count. */
  #edges: readonly Edge[]
  #staged: readonly Edge[] | undefined

  private constructor(store: Pick<Store, "readTile">, clinic: ClinicRef, edges: readonly Edge[]) {
    this.#store = store
    this.#clinic = clinic
    this.#edges = edges
  }

  /** Reads the right edge of the tree over a clinic's first `size` entries, which must be all: one tile for each level,
   * and fewer than 256 entries.
   * @throws {WardlineError} ERR_STORE where tiles or entries are missing. */
  static async open(store: Store, clinic: ClinicRef, size: number): Promise<AuditTree> {
    const edges: Edge[] = [await openLeaves(store, clinic, size)]
    for (let above = Math.floor(size / TILE_WIDTH); above > 0; above = Math.floor(above / TILE_WIDTH)) {
      const edge = newEdge(Math.floor(above / TILE_WIDTH))
      edge.width = above % TILE_WIDTH
      const stored = edge.width === 0 ? undefined : await store.readTile(clinic, edges.length, edge.index)
      if (edge.width > 0 && stored?.length !== edge.width * HASH_BYTES) throw damaged()
      if (stored !== undefined) edge.hashes.set(stored)
      edges.push(edge)
    }
    return new AuditTree(store, clinic, edges)
  }

  /** How many entries it covers, all of them stored. */
  get size(): number {
    const { index, width } = this.#edges[0] as Edge
    return index * TILE_WIDTH + width
  }

  /** Adds leaves, as part of a transaction: `committed` or `rollBack` must follow.
   * @param leafHashes - 32 bytes each, as text.
   * @returns the tiles to store with their entries: those that have become full, and of the levels above the leaves
   *   those that are new at the edge, which replace their shorter selves. */
  stage(leafHashes: readonly string[]): Tile[] {
    const edges = this.#edges.map((edge) => ({ ...edge }))
    const tiles: Tile[] = []
    for (const leafHash of leafHashes) append(edges, 0, leafHash, tiles)
    // A level has grown where the one below it has filled a tile.
    const grown = new Set(tiles.map(({ level }) => level + 1))
    for (const level of grown) {
      const { index, width, hashes } = edges[level] as Edge
      if (width > 0) tiles.push({ level, index, hashes: hashes.subarray(0, width * HASH_BYTES) })
    }
    this.#staged = edges
    return tiles
  }

  /** What was staged is stored. */
  committed(): void {
    this.#edges = this.#staged ?? this.#edges
    this.#staged = undefined
  }

  /** What was staged could not be stored. */
  rollBack(): void {
    this.#staged = undefined
  }

  /** The first `width` hashes of a tile; bound, so that the SDK's proofs can read by it.
   * @throws {WardlineError} ERR_NOT_FOUND if the tree doesn't have them yet. */
  readonly read: ReadTile = (level, index, width) => {
    const edge = this.#edges[level]
    if (edge === undefined || index > edge.index) throw notThere()
    if (index === edge.index) {
      if (width > edge.width) throw notThere()
      return edge.hashes.subarray(0, width * HASH_BYTES)
    }
    const stored = this.#store.readTile(this.#clinic, level, index)
    return stored instanceof Promise ? stored.then((tile) => cut(tile, width)) : cut(stored, width)
  }
}

function cut(tile: Uint8Array | undefined, width: number): Uint8Array {
  if (tile?.length !== TILE_BYTES) throw damaged()
  return tile.subarray(0, width * HASH_BYTES)
}

function newEdge(index: number): Edge {
  return { index, width: 0, hashes: Buffer.allocUnsafeSlow(TILE_BYTES) }
}

function append(edges: Edge[], level: number, hash: string, full: Tile[]): void {
  let edge = edges[level]
  if (edge === undefined) {
    edge = newEdge(0)
    edges.push(edge)
  }
  writeKey(edge.hashes, hash, edge.width * HASH_BYTES)
  edge.width++
  if (edge.width < TILE_WIDTH) return
  full.push({ level, index: edge.index, hashes: edge.hashes })
  append(edges, level + 1, tileHash(edge.hashes), full)
  edges[level] = newEdge(edge.index + 1)
}

const scratch = Buffer.alloc(TILE_BYTES / 2)

/** The root over a full tile, as text. */
function tileHash(hashes: Buffer): string {
  hashPairs(hashes, scratch, TILE_WIDTH / 2)
  for (let width = TILE_WIDTH / 4; width >= 1; width /= 2) hashPairs(scratch, scratch, width)
  return keyOf(scratch, 0, HASH_BYTES)
}

/** The leaves after the last full tile, from their entries. */
async function openLeaves(store: Store, clinic: ClinicRef, size: number): Promise<Edge> {
  const edge = newEdge(Math.floor(size / TILE_WIDTH))
  const first = edge.index * TILE_WIDTH
  while (first + edge.width < size) {
    const entries = await store.readAudit(clinic, first + edge.width)
    if (entries.length === 0) throw damaged()
    for (let at = 0; at < entries.length && edge.width < TILE_WIDTH; at += ENTRY_BYTES) {
      const leafHash = entryHash(sha256, entries.subarray(at, at + ENTRY_BYTES))
      writeKey(edge.hashes, keyOf(leafHash), edge.width * HASH_BYTES)
      edge.width++
    }
  }
  return edge
}

function notThere(): WardlineError {
  return new WardlineError("ERR_NOT_FOUND", "the log's tree isn't that large")
}

function damaged(): WardlineError {
  return new WardlineError(
    "ERR_STORE",
    "the audit log's tree isn't whole: restore the database from a backup",
  )
}
