/** Ed25519 (RFC 8032) under tags: a signature for one purpose holds for no other (docs/protocol.md, Primitives). */
import { assertLength, concat } from "../bytes.ts"
import type { SigningPublicKey } from "../ids.ts"
import {
  SIGNATURE_BYTES,
  SIGNING_KEY_BYTES,
  signatureInput,
  signaturePrefix,
  type Verify,
} from "../protocol/index.ts"
import { sodium } from "./sodium.ts"

export const SIGNING_SEED_BYTES = 32
/** libsodium's form: the seed, then the public key. */
const SECRET_KEY_BYTES = 64

const SIGNATURE_ROOM = new Uint8Array(SIGNATURE_BYTES)

export interface SigningKeyPair {
  /** 32 bytes. */
  readonly publicKey: SigningPublicKey
  /** 64 bytes. Keep the seed instead and make this anew: a changed public half would betray the secret one. */
  readonly secretKey: Uint8Array
}

/** Makes the key pair of a 32-byte seed (RFC 8032, 5.1.5). */
export function signingKeyPair(seed: Uint8Array): SigningKeyPair {
  assertLength(seed, SIGNING_SEED_BYTES, "signing seed")
  const { publicKey, privateKey } = sodium().crypto_sign_seed_keypair(seed)
  return { publicKey, secretKey: privateKey }
}

/** Signs `message` under `tag`, such as "wl1/message": 64 bytes. */
export function sign(tag: string, message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  assertLength(secretKey, SECRET_KEY_BYTES, "signing secret key")
  return sodium().crypto_sign_detached(signatureInput(tag, message), secretKey)
}

/** Signs a note's message as it is: 64 bytes. Its first line sets it apart from what is signed under a tag: a tag's
 * length comes first there, and none is as long as a letter's code. */
export function signNote(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  assertLength(secretKey, SECRET_KEY_BYTES, "signing secret key")
  return sodium().crypto_sign_detached(message, secretKey)
}

/** Signs `parts` as one message, as {@link sign} does, without a copy for each step.
 * @returns the parts joined, the signature behind them: a whole record. */
export function signJoined(tag: string, parts: readonly Uint8Array[], secretKey: Uint8Array): Uint8Array {
  assertLength(secretKey, SECRET_KEY_BYTES, "signing secret key")
  const before = signaturePrefix(tag)
  const bytes = concat(before, ...parts, SIGNATURE_ROOM)
  const end = bytes.length - SIGNATURE_BYTES
  bytes.set(sodium().crypto_sign_detached(bytes.subarray(0, end), secretKey), end)
  return bytes.slice(before.length)
}

/** Whether `signature` is of `input` = signatureInput(tag, message), as the pure modules ask. Never throws for wrong
 * bytes. libsodium checks the equation without the cofactor, and refuses scalars over the group order (RFC 8032, 5.1.7),
 * keys that aren't canonical, and keys and nonces of small order. A key of mixed order counts: it harms its owner alone.
 * The relay's OpenSSL accepts all of this and small orders too; what only it accepts, every client refuses. */
export const verify: Verify = (publicKey, input, signature) => {
  if (publicKey.length !== SIGNING_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  return sodium().crypto_sign_verify_detached(signature, input, publicKey)
}

/** Whether `signature` is that of `message` under `tag` by `publicKey`. */
export function verifySignature(
  tag: string,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return verify(publicKey, signatureInput(tag, message), signature)
}
