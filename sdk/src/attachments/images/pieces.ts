/** Files that are read where it is needed, and rebuilt out of parts of themselves and a few new bytes. */
import { WardlineError } from "../../errors.ts"

/** A file that can be read anywhere. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number
  /** The bytes from `start` up to `end`, which isn't beyond `size`. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** A part of the source, or bytes of our own. */
export type Piece = Uint8Array | { readonly start: number; readonly end: number }

/** What an image's own structure says of it, and what is left of it without metadata. */
export interface ImagePlan {
  readonly mediaType: "image/jpeg" | "image/png" | "image/webp"
  /** Pixels, as stored. */
  readonly width: number
  readonly height: number
  /** The image without metadata, in order. */
  readonly pieces: readonly Piece[]
}

export function pieceBytes(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.end - piece.start
}

const WINDOW_BYTES = 65_536

/** Reads small things from a source in large steps. */
export class Cursor {
  readonly size: number
  readonly #source: ByteSource
  #window = new Uint8Array(0)
  #windowAt = 0

  constructor(source: ByteSource) {
    this.#source = source
    this.size = source.size
  }

  /** @throws {WardlineError} ERR_MALFORMED if the file ends before. */
  async bytes(start: number, length: number): Promise<Uint8Array> {
    if (start + length > this.size) throw malformedImage("it ends too early")
    const at = start - this.#windowAt
    if (at >= 0 && at + length <= this.#window.length) return this.#window.subarray(at, at + length)
    const end = Math.min(this.size, start + Math.max(length, WINDOW_BYTES))
    this.#window = new Uint8Array(await this.#source.read(start, end))
    this.#windowAt = start
    if (this.#window.length < length) throw malformedImage("it ends too early")
    return this.#window.subarray(0, length)
  }

  /** What there is from `start` on, up to a window's length; empty at the end. */
  ahead(start: number): Promise<Uint8Array> {
    return this.bytes(start, Math.min(WINDOW_BYTES, this.size - start))
  }

  async view(start: number, length: number): Promise<DataView> {
    const bytes = await this.bytes(start, length)
    return new DataView(bytes.buffer, bytes.byteOffset, length)
  }
}

/** Gathers pieces; what lies together stays together. */
export class Pieces {
  readonly list: Piece[] = []
  bytes = 0

  keep(start: number, end: number): void {
    this.bytes += end - start
    const last = this.list.at(-1)
    if (last !== undefined && !(last instanceof Uint8Array) && last.end === start) {
      this.list[this.list.length - 1] = { start: last.start, end }
    } else this.list.push({ start, end })
  }

  add(bytes: Uint8Array): void {
    this.bytes += bytes.length
    this.list.push(bytes)
  }
}

export function malformedImage(why: string): WardlineError {
  return new WardlineError(
    "ERR_MALFORMED",
    `the image can't be read, so its metadata can't be removed: ${why}`,
  )
}

export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
