/** XChaCha20-Poly1305-IETF (draft-irtf-cfrg-xchacha): seals payloads and stored keys. */
import { assertLength } from "../bytes.ts"
import { openFailed } from "./open-failed.ts"
import { sodium } from "./sodium.ts"

export const AEAD_KEY_BYTES = 32
export const AEAD_NONCE_BYTES = 24
export const AEAD_TAG_BYTES = 16

/** Seals `plaintext`.
 * @param key - 32 bytes.
 * @param nonce - 24 bytes, never used twice with one key.
 * @param aad - bound to the ciphertext, not part of it.
 * @returns the ciphertext and its 16-byte tag. */
export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  assertLength(key, AEAD_KEY_BYTES, "key")
  assertLength(nonce, AEAD_NONCE_BYTES, "nonce")
  return sodium().crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, aad, null, nonce, key)
}

/** Opens what {@link aeadSeal} made.
 * @throws {WardlineError} ERR_OPEN_FAILED for every failure alike. */
export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  assertLength(key, AEAD_KEY_BYTES, "key")
  assertLength(nonce, AEAD_NONCE_BYTES, "nonce")
  const library = sodium()
  try {
    return library.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, aad, nonce, key)
  } catch {
    throw openFailed()
  }
}
