/** Bare libsodium: one signature or check, one derivation and one AEAD, over the lengths that Wardline has. */
import { randomBytes } from "node:crypto"
import sodium from "libsodium-wrappers"
import { PAYLOAD_BYTES, repeated, type Subject, task } from "../subject.ts"

const PADDED_BYTES = PAYLOAD_BYTES + 4
/** Header and prefix of a message. */
const BOUND_BYTES = 157
const TAG_BYTES = 16
/** The length byte and "wl1/message" before what is signed. */
const SIGNATURE_TAG_BYTES = 12
/** What LD hashes beside its context: a key, "wl1", "message" and their lengths. */
const DERIVE_EXTRA_BYTES = 2 + 32 + 3 + 2 + 7 + 2 + 4

export async function loadFloor(): Promise<Subject> {
  await sodium.ready
  const pair = sodium.crypto_sign_seed_keypair(randomBytes(32))
  const bound = new Uint8Array(randomBytes(BOUND_BYTES))
  const padded = new Uint8Array(randomBytes(PADDED_BYTES))
  const signed = new Uint8Array(randomBytes(SIGNATURE_TAG_BYTES + BOUND_BYTES + PADDED_BYTES + TAG_BYTES))
  const deriveInput = new Uint8Array(randomBytes(DERIVE_EXTRA_BYTES + BOUND_BYTES))
  const key = new Uint8Array(randomBytes(32))
  const nonce = new Uint8Array(randomBytes(24))
  const signature = sodium.crypto_sign_detached(signed, pair.privateKey)
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(padded, bound, null, nonce, key)
  return {
    seal: task(repeated(signed), (message) => {
      sodium.crypto_xof_shake256(56, deriveInput)
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(padded, bound, null, nonce, key)
      return sodium.crypto_sign_detached(message, pair.privateKey).length
    }),
    open: task(repeated(signed), (message) => {
      if (!sodium.crypto_sign_verify_detached(signature, message, pair.publicKey))
        throw new Error("signature")
      sodium.crypto_xof_shake256(56, deriveInput)
      return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, bound, nonce, key).length
    }),
  }
}
