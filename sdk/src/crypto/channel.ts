/** The channel inside a session, in which keys travel (docs/protocol.md, Channel): X25519 of one ephemeral key of each
 * side, so that recorded traffic doesn't give them to whoever gets hold of the long-lived keys later. */
import { assertLength, concat } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { channelInput, SEALED_KEY_BYTES } from "../protocol/index.ts"
import { sha256 } from "./hash.ts"
import { openFailed } from "./open-failed.ts"
import { sodium } from "./sodium.ts"
import { wipe } from "./wipe.ts"

const SCALAR_BYTES = 32
const NONCE_BYTES = 12
const KEY_BYTES = 32

/** One session's ephemeral X25519 key. */
export interface EphemeralKeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes: any will do (RFC 7748, section 5). */
  readonly secretKey: Uint8Array
}

/** @param secretKey - 32 fresh random bytes. */
export function ephemeralKeyPair(secretKey: Uint8Array): EphemeralKeyPair {
  assertLength(secretKey, SCALAR_BYTES, "ephemeral secret")
  return { publicKey: sodium().crypto_scalarmult_base(secretKey), secretKey }
}

/** The channel's key as the client computes it: SHA-256(channelInput(shared, relay's, client's)).
 * @returns 32 bytes.
 * @throws {WardlineError} ERR_MALFORMED for a relay's key that leaves a shared secret of zeros. */
export function channelKey(own: EphemeralKeyPair, relayEphemeral: Uint8Array): Uint8Array {
  const shared = sharedSecret(own.secretKey, relayEphemeral)
  if (shared.every((byte) => byte === 0)) throw notAKey()
  const key = sha256(channelInput(shared, relayEphemeral, own.publicKey))
  wipe(shared)
  return key
}

/** Seals a key of 32 bytes, or nothing at all.
 * @param nonce - 12 fresh random bytes.
 * @param conversation - whose key it is: 16 bytes, bound to it.
 * @returns `nonce ‖ ciphertext ‖ tag`, 60 bytes. */
export function sealChannelKey(
  channel: Uint8Array,
  nonce: Uint8Array,
  conversation: Uint8Array,
  key: Uint8Array,
): Uint8Array {
  assertLength(channel, KEY_BYTES, "channel key")
  assertLength(nonce, NONCE_BYTES, "nonce")
  assertLength(key, KEY_BYTES, "key")
  const sealed = sodium().crypto_aead_chacha20poly1305_ietf_encrypt(key, conversation, null, nonce, channel)
  return concat(nonce, sealed)
}

/** @returns the key of 32 bytes that {@link sealChannelKey} sealed.
 * @throws {WardlineError} ERR_OPEN_FAILED for every failure alike. */
export function openChannelKey(
  channel: Uint8Array,
  conversation: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  if (sealed.length !== SEALED_KEY_BYTES) throw openFailed()
  const library = sodium()
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const ciphertext = sealed.subarray(NONCE_BYTES)
  try {
    return library.crypto_aead_chacha20poly1305_ietf_decrypt(null, ciphertext, conversation, nonce, channel)
  } catch {
    throw openFailed()
  }
}

/** libsodium throws where the result is zeros; other libraries return them. */
function sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  assertLength(publicKey, SCALAR_BYTES, "ephemeral key")
  try {
    return sodium().crypto_scalarmult(secretKey, publicKey)
  } catch {
    throw notAKey()
  }
}

function notAKey(): WardlineError {
  return new WardlineError("ERR_MALFORMED", "not an ephemeral key")
}
