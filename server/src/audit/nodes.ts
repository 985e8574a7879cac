/** Hashes of the tree's inner nodes: what the SDK's nodeHash gives, without an object for each. */
import { sha256Text, writeKey } from "../hashing.ts"

export const HASH_BYTES = 32

/** 0x01 ‖ left ‖ right (RFC 6962, 2.1): the input of a node's hash, one buffer for all. */
const input = Buffer.alloc(1 + 2 * HASH_BYTES, 1)

/** Writes the hashes of `count` pairs of neighbours, 64 bytes each in `from`, to the beginning of `to`; both may be one
 * buffer. */
export function hashPairs(from: Buffer, to: Buffer, count: number): void {
  for (let i = 0; i < count; i++) {
    from.copy(input, 1, i * 2 * HASH_BYTES, (i + 1) * 2 * HASH_BYTES)
    writeKey(to, sha256Text(input), i * HASH_BYTES)
  }
}
