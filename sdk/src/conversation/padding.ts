/** Padding that hides a message's length (docs/protocol.md, Message). */
import { Reader } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { MAX_PAYLOAD_BYTES } from "../protocol/index.ts"

const BLOCK_BYTES = 512
/** Up to here whole blocks; above, Padmé, which wastes at most 12 %. */
const MAX_BLOCK_PADDED_BYTES = 4096

/** The padded length of `length` bytes: a multiple of 512, above 4096 by Padmé (PURBs, section 4). */
export function paddedLength(length: number): number {
  if (length <= MAX_BLOCK_PADDED_BYTES) return Math.max(1, Math.ceil(length / BLOCK_BYTES)) * BLOCK_BYTES
  const exponent = 31 - Math.clz32(length)
  const mantissaBits = 32 - Math.clz32(exponent)
  const granule = 2 ** (exponent - mantissaBits)
  return Math.ceil(length / granule) * granule
}

/** `u32 length ‖ payload ‖ zeros`.
 * @throws {WardlineError} ERR_TOO_LARGE */
export function pad(payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_PAYLOAD_BYTES) throw new WardlineError("ERR_TOO_LARGE", "the message is too long")
  const padded = new Uint8Array(paddedLength(4 + payload.length))
  new DataView(padded.buffer).setUint32(0, payload.length)
  padded.set(payload, 4)
  return padded
}

/** @throws {WardlineError} ERR_OPEN_FAILED unless the padding is exactly what {@link pad} makes. */
export function unpad(padded: Uint8Array): Uint8Array {
  const reader = new Reader(padded)
  const length = padded.length < 4 ? -1 : reader.u32()
  if (length < 0 || length > MAX_PAYLOAD_BYTES || paddedLength(4 + length) !== padded.length) throw failed()
  const payload = reader.bytes(length)
  if (reader.rest().some((byte) => byte !== 0)) throw failed()
  return payload
}

function failed(): WardlineError {
  return new WardlineError("ERR_OPEN_FAILED", "the message could not be opened")
}
