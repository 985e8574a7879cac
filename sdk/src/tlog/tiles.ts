/** The tree stored as tiles (c2sp.org/tlog-tiles), and the proofs that are computed from them. A tile of level L holds up
 * to 256 neighbouring hashes, each of a perfect subtree of 256^L leaves. Nothing here checks that tiles are true: a proof
 * from wrong tiles fails where it is verified. */
import { WardlineError } from "../errors.ts"
import { HASH_BYTES } from "../ids.ts"
import type { Hash } from "./entry.ts"
import { EMPTY_ROOT, nodeHash } from "./merkle.ts"

/** Hashes in a full tile. */
export const TILE_WIDTH = 256
/** A higher level's tile would have hashes of more than 2^53 leaves. */
const MAX_LEVEL = 6

export interface TileId {
  readonly level: number
  /** From 0, within the level. */
  readonly index: number
  /** How many hashes: 256, or fewer at a tree's right edge. */
  readonly width: number
}

/** The tile's path below `tile/`: `<L>/<N>` or `<L>/<N>.p/<W>`, such as `0/x001/x234/067.p/12`. */
export function tilePath({ level, index, width }: TileId): string {
  let elements = ""
  let rest = index
  do {
    const element = String(rest % 1000).padStart(3, "0")
    elements = elements === "" ? element : `x${element}/${elements}`
    rest = Math.floor(rest / 1000)
  } while (rest > 0)
  return `${level}/${elements}${width === TILE_WIDTH ? "" : `.p/${width}`}`
}

/** Parses what {@link tilePath} gives.
 * @throws {WardlineError} ERR_MALFORMED for any other text. */
export function parseTilePath(path: string): TileId {
  const parts = /^([0-9])\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path)
  if (parts === null) throw malformed("not a tile's path")
  const [, level, elements, width] = parts as unknown as [string, string, string, string | undefined]
  const id = {
    level: Number(level),
    index: Number(elements.replaceAll(/[x/]/g, "")),
    width: width === undefined ? TILE_WIDTH : Number(width),
  }
  const exists =
    id.level <= MAX_LEVEL && Number.isSafeInteger(id.index) && id.width > 0 && id.width <= TILE_WIDTH
  if (!exists || tilePath(id) !== path) throw malformed("not a tile's path")
  return id
}

/** How many hashes a tile has in a tree of `size` leaves; 0 if it isn't there. */
export function tileWidth(size: number, level: number, index: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH
  return Math.max(0, Math.min(TILE_WIDTH, hashes))
}

/** Gives a tile's first `width` hashes, joined; asked for no more than the tree has. */
export type ReadTile = (level: number, index: number, width: number) => Uint8Array | Promise<Uint8Array>

/** The leaves from `start` to before `end` of a node: every node of RFC 6962's tree is such a range. */
type Range = readonly [start: number, end: number]

/** The tree of `size` leaves, read from its tiles, for many proofs: each tile is read and hashed once. */
export class TileTree {
  readonly #hash: Hash
  readonly #readTile: ReadTile
  readonly #size: number
  readonly #tiles = new Map<string, Promise<TileRows>>()

  /** @throws {WardlineError} ERR_MALFORMED for what is no size. */
  constructor(hash: Hash, readTile: ReadTile, size: number) {
    assertCount(size)
    this.#hash = hash
    this.#readTile = readTile
    this.#size = size
  }

  /** The tree's root.
   * @throws what `readTile` throws. */
  root(): Promise<Uint8Array> {
    return this.#size === 0 ? Promise.resolve(EMPTY_ROOT) : this.#node([0, this.#size])
  }

  /** The proof that the leaf at `index` is in the tree (RFC 6962, 2.1.1): the hashes from its sibling up.
   * @throws {WardlineError} ERR_MALFORMED if there is no such leaf; what `readTile` throws. */
  async inclusionProof(index: number): Promise<Uint8Array[]> {
    assertCount(index)
    if (index >= this.#size) throw malformed("the tree has no such leaf")
    const siblings: Range[] = []
    let [start, end] = [0, this.#size]
    while (end - start > 1) {
      const middle = start + split(end - start)
      siblings.unshift(index < middle ? [middle, end] : [start, middle])
      if (index < middle) end = middle
      else start = middle
    }
    return Promise.all(siblings.map((range) => this.#node(range)))
  }

  /** The proof that the tree begins with the tree of `oldSize` leaves (RFC 6962, 2.1.2).
   * @throws {WardlineError} ERR_MALFORMED if that is larger; what `readTile` throws. */
  async consistencyProof(oldSize: number): Promise<Uint8Array[]> {
    assertCount(oldSize)
    if (oldSize > this.#size) throw malformed("the older tree is larger")
    if (oldSize === 0) return []
    const nodes: Range[] = []
    let [start, end] = [0, this.#size]
    while (end !== oldSize) {
      const middle = start + split(end - start)
      nodes.unshift(oldSize <= middle ? [middle, end] : [start, middle])
      if (oldSize <= middle) end = middle
      else start = middle
    }
    // From 0 it is the older tree itself, whose root the verifier knows.
    if (start > 0) nodes.unshift([start, end])
    return Promise.all(nodes.map((range) => this.#node(range)))
  }

  async #node([start, end]: Range): Promise<Uint8Array> {
    const half = split(end - start)
    if (end - start === 1 || half * 2 === end - start) return this.#perfect(start, end - start)
    const [left, right] = await Promise.all([this.#perfect(start, half), this.#node([start + half, end])])
    return nodeHash(this.#hash, left, right)
  }

  /** A perfect subtree: some neighbouring hashes of one tile. */
  async #perfect(start: number, leaves: number): Promise<Uint8Array> {
    let level = 0
    while (TILE_WIDTH ** (level + 1) <= leaves) level++
    const first = start / TILE_WIDTH ** level
    const index = Math.floor(first / TILE_WIDTH)
    const key = `${level}/${index}`
    const tile = this.#tiles.get(key) ?? this.#read(level, index)
    this.#tiles.set(key, tile)
    const row = Math.log2(leaves / TILE_WIDTH ** level)
    return hashAt((await tile)[row] as Uint8Array, (first % TILE_WIDTH) / 2 ** row)
  }

  async #read(level: number, index: number): Promise<TileRows> {
    const width = tileWidth(this.#size, level, index)
    const tile = await this.#readTile(level, index, width)
    if (tile.length !== width * HASH_BYTES) throw malformed("a tile of another width")
    return rowsOf(this.#hash, tile)
  }
}

/** {@link TileTree.inclusionProof} of one leaf. */
export async function inclusionProof(
  hash: Hash,
  readTile: ReadTile,
  size: number,
  index: number,
): Promise<Uint8Array[]> {
  return new TileTree(hash, readTile, size).inclusionProof(index)
}

/** {@link TileTree.consistencyProof} from one older size. */
export async function consistencyProof(
  hash: Hash,
  readTile: ReadTile,
  oldSize: number,
  size: number,
): Promise<Uint8Array[]> {
  return new TileTree(hash, readTile, size).consistencyProof(oldSize)
}

/** {@link TileTree.root} of the tree of `size` leaves. */
export async function rootOf(hash: Hash, readTile: ReadTile, size: number): Promise<Uint8Array> {
  return new TileTree(hash, readTile, size).root()
}

/** The largest power of two below `count`: where RFC 6962 splits a tree in two. */
function split(count: number): number {
  let half = 1
  while (half * 2 < count) half *= 2
  return half
}

/** A tile's hashes, and above them row by row those of their perfect pairs, each row joined. */
type TileRows = readonly Uint8Array[]

function rowsOf(hash: Hash, tile: Uint8Array): TileRows {
  const rows = [tile]
  for (let row = tile; row.length >= 2 * HASH_BYTES; ) {
    const pairs = Math.floor(row.length / (2 * HASH_BYTES))
    const above = new Uint8Array(pairs * HASH_BYTES)
    for (let i = 0; i < pairs; i++)
      above.set(nodeHash(hash, hashAt(row, 2 * i), hashAt(row, 2 * i + 1)), i * HASH_BYTES)
    rows.push(above)
    row = above
  }
  return rows
}

/** The root of the perfect tree over neighbouring hashes: over a full tile's, one hash of the level above.
 * @param hashes - a power of two of hashes, 32 bytes each, joined.
 * @throws {WardlineError} ERR_MALFORMED for another number. */
export function perfectRoot(hash: Hash, hashes: Uint8Array): Uint8Array {
  if (!Number.isInteger(Math.log2(hashes.length / HASH_BYTES))) throw malformed("not a perfect tree")
  return rowsOf(hash, hashes).at(-1) as Uint8Array
}

function hashAt(row: Uint8Array, index: number): Uint8Array {
  return row.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
}

function assertCount(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw malformed("not a size or an index")
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
