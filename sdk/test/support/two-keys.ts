/** A ciphertext that XChaCha20-Poly1305 opens under two keys: Poly1305 binds to a key that is secret, not to one key
 * (Len, Grubbs, Ristenpart: Partitioning Oracle Attacks, section 3). For attacks in which two readers see two texts. */
import { createCipheriv } from "node:crypto"

export interface KeyAndNonce {
  /** 32 bytes. */
  key: Uint8Array
  /** 24 bytes. */
  nonce: Uint8Array
}

const P = (1n << 130n) - 5n
const TWO_128 = 1n << 128n
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn
const BLOCK = 16

/** @param filling - the ciphertext, of whole blocks; its first two are replaced.
 * @returns ciphertext and tag. */
export function sealUnderTwoKeys(
  one: KeyAndNonce,
  other: KeyAndNonce,
  aad: Uint8Array,
  filling: Uint8Array,
): Uint8Array {
  const keys = [polyKey(one), polyKey(other)] as const
  const sealed = new Uint8Array(filling.length + BLOCK)
  for (let attempt = 0n; attempt < 1000n; attempt++) {
    sealed.set(filling)
    sealed.set(bytesOf(attempt), BLOCK)
    sealed.set(bytesOf(0n))
    const ciphertext = sealed.subarray(0, filling.length)
    const [a, b] = keys.map(({ r }) => polynomial(r, aad, ciphertext)) as [bigint, bigint]
    // The first block counts with this power of r: all that follow, and the one of lengths.
    const power = BigInt(filling.length / BLOCK + 1)
    const slope = mod(modPow(keys[0].r, power) - modPow(keys[1].r, power))
    const wanted = b - a + keys[1].s - keys[0].s + ((attempt % 7n) - 3n) * TWO_128
    const block = mod(mod(wanted) * modPow(slope, P - 2n))
    if (block >= TWO_128) continue
    sealed.set(bytesOf(block))
    const tags = keys.map(({ r, s }) => (polynomial(r, aad, ciphertext) + s) % TWO_128)
    if (tags[0] !== tags[1]) continue
    sealed.set(bytesOf(tags[0] as bigint), filling.length)
    return sealed
  }
  throw new Error("no such ciphertext was found")
}

function polynomial(r: bigint, aad: Uint8Array, ciphertext: Uint8Array): bigint {
  const lengths = numberOf(
    new Uint8Array(new BigUint64Array([BigInt(aad.length), BigInt(ciphertext.length)]).buffer),
  )
  let sum = 0n
  for (const block of [...blocksOf(aad), ...blocksOf(ciphertext), lengths])
    sum = mod((sum + block + TWO_128) * r)
  return sum
}

function blocksOf(bytes: Uint8Array): bigint[] {
  const blocks: bigint[] = []
  for (let i = 0; i < bytes.length; i += BLOCK) blocks.push(numberOf(bytes.subarray(i, i + BLOCK)))
  return blocks
}

/** The one-time key: the first block of the key stream. */
function polyKey({ key, nonce }: KeyAndNonce): { r: bigint; s: bigint } {
  const iv = Buffer.concat([new Uint8Array(8), nonce.subarray(16)])
  const stream = createCipheriv("chacha20", hchacha20(key, nonce), iv).update(new Uint8Array(32))
  return { r: numberOf(stream.subarray(0, 16)) & CLAMP, s: numberOf(stream.subarray(16)) }
}

/** ChaCha20's rounds are those of its block, which adds the input at the end: taken off again, HChaCha20 is left. */
function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const block = createCipheriv("chacha20", key, nonce.subarray(0, 16)).update(new Uint8Array(64))
  const words = [0, 4, 8, 12, 48, 52, 56, 60].map((at, i) => {
    const input = i < 4 ? CONSTANTS[i] : Buffer.from(nonce).readUInt32LE((i - 4) * 4)
    return (block.readUInt32LE(at) - (input as number)) >>> 0
  })
  const output = Buffer.alloc(32)
  for (const [i, word] of words.entries()) output.writeUInt32LE(word, i * 4)
  return output
}

/** "expand 32-byte k" */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]

function numberOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x00${Buffer.from(littleEndian).reverse().toString("hex")}`)
}

function bytesOf(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(32, "0"), "hex").reverse()
}

function mod(value: bigint): bigint {
  return ((value % P) + P) % P
}

function modPow(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = mod(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square)
    square = mod(square * square)
  }
  return result
}
