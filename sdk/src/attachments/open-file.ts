/** Opens a blob as it comes in: no more than a chunk is held, and nothing counts as the file before its end. */
import { equalBytes } from "../bytes.ts"
import {
  type HashStream,
  openFailed,
  openStream,
  STREAM_HEADER_BYTES,
  type StreamOpener,
  sha256Stream,
} from "../crypto/index.ts"
import { type BlobPlace, chunkAad, SEALED_CHUNK_BYTES, sealedSize } from "./layout.ts"

/** What a payload says of its file, as far as opening it goes. */
export interface FileSecrets {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** SHA-256 of the whole blob. */
  readonly hash: Uint8Array
  /** Of the file, in bytes. */
  readonly size: number
}

export class FileOpener {
  /** Of the whole blob. */
  readonly sealedSize: number
  readonly #secrets: FileSecrets
  readonly #aad: Uint8Array
  readonly #hash: HashStream = sha256Stream()
  readonly #unit = new Uint8Array(SEALED_CHUNK_BYTES)
  #filled = 0
  #taken = 0
  #opened = 0
  #stream: StreamOpener | undefined
  #isWhole = false

  constructor(secrets: FileSecrets, place: BlobPlace) {
    this.#secrets = secrets
    this.#aad = chunkAad(place)
    this.sealedSize = sealedSize(secrets.size)
  }

  /** How many bytes of the blob it has been given. */
  get taken(): number {
    return this.#taken
  }

  /** Whether the whole blob was taken and is what its sender sealed: only then is what `take` gave the file. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Takes the next bytes of the blob.
   * @returns the next bytes of the file; the last ones only if everything fits.
   * @throws {WardlineError} ERR_OPEN_FAILED for whatever isn't as its sender sealed it, all alike. */
  *take(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    if (this.#taken + bytes.length > this.sealedSize) throw openFailed()
    this.#hash.update(bytes)
    for (let at = 0; at < bytes.length; ) {
      const wanted = this.#unitBytes() - this.#filled
      const part = bytes.subarray(at, at + wanted)
      this.#unit.set(part, this.#filled)
      this.#filled += part.length
      this.#taken += part.length
      at += part.length
      if (part.length === wanted) {
        const plaintext = this.#openUnit()
        if (plaintext.length > 0) yield plaintext
      }
    }
  }

  /** The header first; then whole chunks, and the rest. */
  #unitBytes(): number {
    if (this.#stream === undefined) return STREAM_HEADER_BYTES
    return Math.min(SEALED_CHUNK_BYTES, this.sealedSize - this.#taken + this.#filled)
  }

  #openUnit(): Uint8Array {
    const unit = this.#unit.subarray(0, this.#filled)
    this.#filled = 0
    if (this.#stream === undefined) {
      this.#stream = openStream(this.#secrets.key, unit)
      return new Uint8Array(0)
    }
    const isLast = this.#taken === this.sealedSize
    const chunk = this.#stream.open(unit, this.#aad, isLast)
    const file = chunk.subarray(0, Math.max(0, this.#secrets.size - this.#opened))
    this.#opened += file.length
    if (chunk.subarray(file.length).some((byte) => byte !== 0)) throw openFailed()
    if (isLast) this.#checkWhole()
    return file
  }

  #checkWhole(): void {
    if (!equalBytes(this.#hash.digest(), this.#secrets.hash)) throw openFailed()
    this.#isWhole = true
  }
}
