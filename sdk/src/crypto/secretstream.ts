/** crypto_secretstream_xchacha20poly1305: a long plaintext as a chain of chunks, each bound to those before it and to
 * what it is marked as. Encrypting attachments is its one use. */
import { assertLength } from "../bytes.ts"
import { openFailed } from "./open-failed.ts"
import { sodium } from "./sodium.ts"

export const STREAM_KEY_BYTES = 32
/** What comes before the first chunk. */
export const STREAM_HEADER_BYTES = 24
/** By which a sealed chunk is longer than its plaintext. */
export const STREAM_TAG_BYTES = 17

export interface StreamSealer {
  /** 24 bytes, from libsodium's random source. */
  readonly header: Uint8Array
  /** Seals the next chunk.
   * @param isLast - nothing can be added after it. */
  seal(chunk: Uint8Array, aad: Uint8Array, isLast: boolean): Uint8Array
}

/** @param key - 32 bytes, for this one stream. */
export function sealStream(key: Uint8Array): StreamSealer {
  assertLength(key, STREAM_KEY_BYTES, "key")
  const library = sodium()
  const { state, header } = library.crypto_secretstream_xchacha20poly1305_init_push(key)
  return {
    header,
    seal: (chunk, aad, isLast) => {
      const tag = isLast
        ? library.crypto_secretstream_xchacha20poly1305_TAG_FINAL
        : library.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
      return library.crypto_secretstream_xchacha20poly1305_push(state, chunk, aad, tag)
    },
  }
}

export interface StreamOpener {
  /** Opens the next chunk.
   * @param isLast - whether it must be the one marked as the last, or mustn't be.
   * @throws {WardlineError} ERR_OPEN_FAILED for every failure alike. */
  open(sealed: Uint8Array, aad: Uint8Array, isLast: boolean): Uint8Array
}

/** @param key - 32 bytes.
 * @param header - 24 bytes. */
export function openStream(key: Uint8Array, header: Uint8Array): StreamOpener {
  assertLength(key, STREAM_KEY_BYTES, "key")
  assertLength(header, STREAM_HEADER_BYTES, "header")
  const library = sodium()
  const state = library.crypto_secretstream_xchacha20poly1305_init_pull(header, key)
  return {
    open: (sealed, aad, isLast) => {
      // The library throws an error of its own for fewer bytes.
      if (sealed.length < STREAM_TAG_BYTES) throw openFailed()
      const opened = library.crypto_secretstream_xchacha20poly1305_pull(state, sealed, aad)
      if (opened === false) throw openFailed()
      const isFinal = opened.tag === library.crypto_secretstream_xchacha20poly1305_TAG_FINAL
      if (isFinal !== isLast) throw openFailed()
      return opened.message
    },
  }
}
