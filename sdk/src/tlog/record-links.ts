/** Links of record chains, as docs/protocol.md (Record) defines them. Written again here, apart from the code that
 * makes the links: what checks an audit log shares as little as possible with what wrote it. */
import { concat, utf8 } from "../bytes.ts"
import { HASH_BYTES } from "../ids.ts"
import type { Hash } from "./entry.ts"

const CHAIN = utf8("wl1/chain")
const LINK = utf8("wl1/link")

/** link₀ of a scope. */
export function firstRecordLink(hash: Hash, scope: Uint8Array): Uint8Array {
  return hash(concat(CHAIN, scope))
}

/** Derives link after link, with one buffer for all. */
export function recordLinker(
  hash: Hash,
): (previous: Uint8Array, position: number, recordHash: Uint8Array) => Uint8Array {
  const input = new Uint8Array(LINK.length + HASH_BYTES + 8 + HASH_BYTES)
  const view = new DataView(input.buffer)
  const positionAt = LINK.length + HASH_BYTES
  input.set(LINK)
  return (previous, position, recordHash) => {
    input.set(previous, LINK.length)
    view.setUint32(positionAt, Math.floor(position / 0x1_0000_0000))
    view.setUint32(positionAt + 4, position % 0x1_0000_0000)
    input.set(recordHash, positionAt + 8)
    return hash(input)
  }
}
