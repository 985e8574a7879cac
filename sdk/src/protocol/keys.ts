/** Sizes of public keys, and which of them are refused when they are registered (docs/protocol.md, Primitives). */
import { copyBytes, type Reader, toHex, type Writer } from "../bytes.ts"
import type { SigningPublicKey, WrappingPublicKey } from "../ids.ts"

export const SIGNING_KEY_BYTES = 32
export const WRAPPING_KEY_BYTES = 1216
/** An HPKE wrap of a 32-byte secret: encapsulation, secret, tag. */
export const WRAP_BYTES: number = 1120 + 32 + 16

export interface DeviceKeys {
  signing: SigningPublicKey
  wrapping: WrappingPublicKey
}

export function writeKeys(writer: Writer, keys: DeviceKeys): Writer {
  return writer.bytes(keys.signing).bytes(keys.wrapping)
}

export function readKeys(reader: Reader): DeviceKeys {
  return { signing: reader.bytes(SIGNING_KEY_BYTES), wrapping: reader.bytes(WRAPPING_KEY_BYTES) }
}

/** y-coordinates of Edwards25519's points of small order, the non-canonical encodings (y + p) included,
 * little-endian, the sign bit cleared. Under such a key, one signature can hold for many messages. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
])

/** u-coordinates of Curve25519's points of small order and of its twist's, likewise (RFC 7748, section 6.1:
 * the shared secret would be zero whatever the other key). */
const SMALL_ORDER_U: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
])

export function isAcceptableSigningKey(key: Uint8Array): boolean {
  return key.length === SIGNING_KEY_BYTES && !SMALL_ORDER_Y.has(withoutTopBit(key))
}

/** Checks the X25519 half, an X-Wing key's last 32 bytes; ML-KEM checks its own half on use. */
export function isAcceptableWrappingKey(key: Uint8Array): boolean {
  return key.length === WRAPPING_KEY_BYTES && !SMALL_ORDER_U.has(withoutTopBit(key.subarray(-32)))
}

function withoutTopBit(coordinate: Uint8Array): string {
  const masked = copyBytes(coordinate)
  masked[31] = (masked[31] as number) & 0x7f
  return toHex(masked)
}
