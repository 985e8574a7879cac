/** X-Wing, X25519 with ML-KEM-768 (draft-connolly-cfrg-xwing-kem). */
import { assertLength, copyBytes } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import type { WrappingPublicKey } from "../ids.ts"
import { openFailed } from "./open-failed.ts"
import { sodium } from "./sodium.ts"

export const XWING_SEED_BYTES = 32
export const XWING_PUBLIC_KEY_BYTES = 1216
export const XWING_ENCAPSULATION_BYTES = 1120
/** Randomness of one encapsulation. */
export const XWING_ENCAPSULATION_SEED_BYTES = 64
export const XWING_SHARED_SECRET_BYTES = 32

/** A device's or a role's key pair for wraps. */
export interface WrappingKeyPair {
  /** 1216 bytes. */
  readonly publicKey: WrappingPublicKey
  /** 32 bytes; the whole secret key. */
  readonly seed: Uint8Array
}

/** Makes the key pair of a 32-byte seed (GenerateKeyPairDerand in section 5.2 of the draft). */
export function wrappingKeyPair(seed: Uint8Array): WrappingKeyPair {
  assertLength(seed, XWING_SEED_BYTES, "wrapping seed")
  const { publicKey } = sodium().crypto_kem_xwing_seed_keypair(seed)
  return { publicKey, seed: copyBytes(seed) }
}

/** Makes a shared secret for the owner of `publicKey` (EncapsulateDerand).
 * @param seed - 64 random bytes, used once.
 * @returns a 1120-byte encapsulation and a 32-byte secret.
 * @throws {WardlineError} ERR_MALFORMED for a key that is no X-Wing key (FIPS 203, 7.2, or an X25519 share of zero). */
export function xwingEncapsulate(
  publicKey: WrappingPublicKey,
  seed: Uint8Array,
): { encapsulation: Uint8Array; sharedSecret: Uint8Array } {
  assertLength(publicKey, XWING_PUBLIC_KEY_BYTES, "wrapping key")
  assertLength(seed, XWING_ENCAPSULATION_SEED_BYTES, "encapsulation seed")
  const library = sodium()
  try {
    const { ciphertext, sharedSecret } = library.crypto_kem_xwing_enc_deterministic(publicKey, seed)
    return { encapsulation: ciphertext, sharedSecret }
  } catch (cause) {
    throw new WardlineError("ERR_MALFORMED", "the wrapping key is not an X-Wing key", { cause })
  }
}

/** Recovers the 32-byte secret of an encapsulation. A wrong one gives an unrelated secret (implicit rejection).
 * @throws {WardlineError} ERR_OPEN_FAILED for a wrong length or an X25519 share of small order. Both can be seen
 * in the encapsulation itself, so that failing early tells nothing about the key. */
export function xwingDecapsulate(seed: Uint8Array, encapsulation: Uint8Array): Uint8Array {
  assertLength(seed, XWING_SEED_BYTES, "wrapping seed")
  const library = sodium()
  try {
    return library.crypto_kem_xwing_dec(encapsulation, seed)
  } catch {
    throw openFailed()
  }
}
