/** Random bytes, with a check for a source that is plainly broken. */
import { toHex } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { sha256 } from "./hash.ts"

/** Fills the array in place, as crypto.getRandomValues does. */
export type RandomSource = (bytes: Uint8Array<ArrayBuffer>) => void

/** Every draw is at least this long, so that each can be judged: two honest draws agree with probability 2⁻¹²⁸. */
const JUDGED_BYTES = 16
/** How many earlier draws a new one is compared with. */
const REMEMBERED_DRAWS = 64
/** getRandomValues refuses more at once (Web Crypto, section 10.1.1). */
const SOURCE_LIMIT_BYTES = 65_536

/** Makes a generator over `source`.
 * @returns a function of a length in bytes; it throws {WardlineError} ERR_RANDOM if the source throws, gives one
 * byte value over and over, or begins a draw as it began one of the latest {@link REMEMBERED_DRAWS}. */
export function createRandom(source: RandomSource): (length: number) => Uint8Array {
  // Hashes, because the draws themselves are keys.
  const remembered = new Set<string>()

  const fill = (bytes: Uint8Array<ArrayBuffer>): void => {
    for (let at = 0; at < bytes.length; at += SOURCE_LIMIT_BYTES) {
      const chunk = bytes.subarray(at, at + SOURCE_LIMIT_BYTES)
      try {
        source(chunk)
      } catch (cause) {
        throw new WardlineError("ERR_RANDOM", "the random source failed", { cause })
      }
    }
  }

  return (length) => {
    const drawn = new Uint8Array(Math.max(length, JUDGED_BYTES))
    fill(drawn)
    if (drawn.every((byte) => byte === drawn[0])) throw broken()
    const fingerprint = toHex(sha256(drawn.subarray(0, JUDGED_BYTES)))
    if (remembered.has(fingerprint)) throw broken()
    remembered.add(fingerprint)
    const oldest = remembered.values().next().value
    if (remembered.size > REMEMBERED_DRAWS && oldest !== undefined) remembered.delete(oldest)
    return drawn.slice(0, length)
  }
}

function broken(): WardlineError {
  return new WardlineError("ERR_RANDOM", "the random source is broken")
}

/** `length` bytes from the platform's generator.
 * @throws {WardlineError} ERR_RANDOM if it is missing or plainly broken. */
export const randomBytes: (length: number) => Uint8Array = createRandom((bytes) =>
  // Looked up at each draw: libsodium's own generator is several times slower.
  globalThis.crypto.getRandomValues(bytes),
)
