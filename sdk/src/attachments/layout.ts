/** How a file lies in its blob (docs/protocol.md, Attachments): `header 24 ‖ sealed chunks`, of the file and zeros up to
 * its padded size. */
import { concat, utf8 } from "../bytes.ts"
import { STREAM_HEADER_BYTES, STREAM_TAG_BYTES } from "../crypto/index.ts"
import type { ConversationId } from "../ids.ts"
import { MAX_BLOB_BYTES } from "../protocol/index.ts"

/** Plaintext of each chunk but the last, which may be shorter. */
export const CHUNK_BYTES = 65_536
export const SEALED_CHUNK_BYTES: number = CHUNK_BYTES + STREAM_TAG_BYTES
/** Every smaller file looks like this one. */
const MIN_PADDED_BYTES = 4096

/** The largest file: what its padding and tags leave of the largest blob. */
export const MAX_FILE_BYTES: number = 0.875 * MAX_BLOB_BYTES

/** 16 random bytes: names a blob within its conversation. */
export type BlobId = Uint8Array

/** Where a blob belongs: it opens nowhere else. */
export interface BlobPlace {
  readonly conversation: ConversationId
  readonly blob: BlobId
}

/** The size of a file with its padding: 4096 at least, above that by Padmé (PURBs, section 4), 12 % at most. */
export function paddedSize(size: number): number {
  if (size <= MIN_PADDED_BYTES) return MIN_PADDED_BYTES
  const exponent = Math.floor(Math.log2(size))
  const mantissaBits = 32 - Math.clz32(exponent)
  const granule = 2 ** (exponent - mantissaBits)
  return Math.ceil(size / granule) * granule
}

/** The size of a file's blob: what the relay sees. */
export function sealedSize(size: number): number {
  const padded = paddedSize(size)
  return STREAM_HEADER_BYTES + padded + Math.ceil(padded / CHUNK_BYTES) * STREAM_TAG_BYTES
}

/** What every chunk is bound to. */
export function chunkAad({ conversation, blob }: BlobPlace): Uint8Array {
  return concat(utf8("wl1/attachment"), conversation, blob)
}
