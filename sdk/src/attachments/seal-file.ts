/** Seals a file, chunk by chunk: no more than one of them is held. */
import { type HashStream, STREAM_KEY_BYTES, sealStream, sha256Stream } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import { type BlobPlace, CHUNK_BYTES, chunkAad, paddedSize } from "./layout.ts"

/** What a file is read from: its bytes in order, in parts of any size. */
export type FileParts = AsyncIterable<Uint8Array>

/** A file on its way into a blob; read it once. */
export class FileSealer implements AsyncIterable<Uint8Array> {
  readonly #parts: FileParts
  readonly #size: number
  readonly #key: Uint8Array
  readonly #aad: Uint8Array
  readonly #hash: HashStream = sha256Stream()
  #digest: Uint8Array | undefined

  /** @param size - of the file, in bytes.
   * @param key - 32 bytes, random, for this file alone. */
  constructor(parts: FileParts, size: number, key: Uint8Array, place: BlobPlace) {
    this.#parts = parts
    this.#size = size
    this.#key = key.slice(0, STREAM_KEY_BYTES)
    this.#aad = chunkAad(place)
  }

  /** SHA-256 of the whole blob, once it was read to its end.
   * @throws {WardlineError} ERR_INTERNAL before. */
  get hash(): Uint8Array {
    if (this.#digest === undefined) throw new WardlineError("ERR_INTERNAL", "the file isn't sealed yet")
    return this.#digest
  }

  /** The blob, in order: the header, then each sealed chunk.
   * @throws {WardlineError} ERR_MALFORMED if the file turns out shorter or longer than its size. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const stream = sealStream(this.#key)
    this.#hash.update(stream.header)
    yield stream.header
    const padded = paddedSize(this.#size)
    let sealed = 0
    for await (const chunk of chunksOf(this.#parts, this.#size, padded)) {
      sealed += chunk.length
      const bytes = stream.seal(chunk, this.#aad, sealed === padded)
      this.#hash.update(bytes)
      yield bytes
    }
    this.#digest = this.#hash.digest()
  }
}

/** The file and its padding in chunks of CHUNK_BYTES; the memory of each is used again for the next. */
async function* chunksOf(parts: FileParts, size: number, padded: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK_BYTES)
  let filled = 0
  let read = 0
  for await (const part of parts) {
    read += part.length
    if (read > size) throw changed()
    for (let at = 0; at < part.length; ) {
      const taken = part.subarray(at, at + CHUNK_BYTES - filled)
      chunk.set(taken, filled)
      at += taken.length
      filled += taken.length
      if (filled < CHUNK_BYTES) continue
      yield chunk
      filled = 0
    }
  }
  if (read !== size) throw changed()
  chunk.fill(0, filled)
  for (let done = read - filled; done < padded; done += CHUNK_BYTES) {
    yield chunk.subarray(0, Math.min(CHUNK_BYTES, padded - done))
    chunk.fill(0)
  }
}

function changed(): WardlineError {
  return new WardlineError("ERR_MALFORMED", "the file changed while it was being sent: choose it again")
}
