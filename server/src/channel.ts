/** The channel inside a session in which shred keys travel (docs/protocol.md, Channel). Whoever recorded the traffic, and
 * whoever breaks TLS later, doesn't have them by any key that lasts. */
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto"
import { channelInput, SEALED_KEY_BYTES, WardlineError } from "@wardline/sdk/protocol"
import { sha256Text } from "./hashing.ts"
import { EPHEMERAL_MS } from "./limits.ts"

/** The DER bytes before a raw X25519 public key in a SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex")
const CIPHER = "chacha20-poly1305"
const NONCE_BYTES = 12
const TAG = { authTagLength: 16 } as const

/** The relay's half of a channel, until the login. */
export interface Ephemeral {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly secretKey: KeyObject
}

/** A session's channel key: 32 bytes as text. */
export type ChannelKey = string

/** Makes ephemeral keys: one for all connections of a short while, so that thousands of half-open handshakes cost one
 * key. Each session's channel is its own all the same, by the client's half. It is forgotten with the last handshake
 * that was begun with it. */
export class Ephemerals {
  #current: Ephemeral | undefined
  #madeMs = 0

  take(nowMs: number): Ephemeral {
    if (this.#current === undefined || Math.abs(nowMs - this.#madeMs) >= EPHEMERAL_MS) {
      this.#current = newEphemeral()
      this.#madeMs = nowMs
    }
    return this.#current
  }

  /** Forgets a key that is old enough. */
  sweep(nowMs: number): void {
    if (Math.abs(nowMs - this.#madeMs) >= EPHEMERAL_MS) this.#current = undefined
  }
}

function newEphemeral(): Ephemeral {
  const { publicKey, privateKey } = generateKeyPairSync("x25519")
  const spki = publicKey.export({ type: "spki", format: "der" })
  return { publicKey: new Uint8Array(spki.subarray(-32)), secretKey: privateKey }
}

/** @throws {WardlineError} ERR_UNAUTHENTICATED for a client's key that leaves a shared secret of zeros. */
export function channelKey(own: Ephemeral, clientEphemeral: Uint8Array): ChannelKey {
  let shared: Buffer
  try {
    const der = Buffer.concat([SPKI_PREFIX, clientEphemeral])
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" })
    // OpenSSL refuses to derive zeros (RFC 7748, section 6.1).
    shared = diffieHellman({ privateKey: own.secretKey, publicKey })
  } catch (cause) {
    throw new WardlineError("ERR_UNAUTHENTICATED", "unusable ephemeral key", { cause })
  }
  const key = sha256Text(channelInput(shared, own.publicKey, clientEphemeral))
  shared.fill(0)
  return key
}

/** `nonce 12 ‖ key 32 ‖ tag 16`, bound to the conversation whose key it is. */
export function sealKey(channel: ChannelKey, conversation: Uint8Array, key: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, Buffer.from(channel, "latin1"), nonce, TAG)
  cipher.setAAD(conversation, { plaintextLength: key.length })
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
}

/** The key that {@link sealKey}, or a client alike, sealed: 32 bytes.
 * @throws {WardlineError} ERR_MALFORMED */
export function openKey(channel: ChannelKey, conversation: Uint8Array, sealed: Uint8Array): Buffer {
  const tagAt = SEALED_KEY_BYTES - TAG.authTagLength
  try {
    const nonce = sealed.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv(CIPHER, Buffer.from(channel, "latin1"), nonce, TAG)
    decipher.setAAD(conversation, { plaintextLength: tagAt - NONCE_BYTES })
    decipher.setAuthTag(sealed.subarray(tagAt))
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, tagAt)), decipher.final()])
  } catch (cause) {
    throw new WardlineError("ERR_MALFORMED", "a key that doesn't open in this session's channel", { cause })
  }
}
