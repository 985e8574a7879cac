/** The relay's half of a session's channel, by node:crypto alone: an implementation apart from the client's. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from "node:crypto"
import { concat } from "../../src/bytes.ts"
import { channelInput } from "../../src/protocol/index.ts"

const CIPHER = "chacha20-poly1305"
const TAG = { authTagLength: 16 } as const

export class RelayChannel {
  readonly ephemeral: Uint8Array
  readonly #secret: KeyObject

  /** @param scalar - 32 bytes. */
  constructor(scalar: Uint8Array) {
    const der = concat(Buffer.from("302e020100300506032b656e04220420", "hex"), scalar)
    this.#secret = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" })
    const jwk = createPublicKey(this.#secret).export({ format: "jwk" })
    this.ephemeral = new Uint8Array(Buffer.from(jwk.x as string, "base64url"))
  }

  /** The channel's key, 32 bytes. */
  keyWith(clientEphemeral: Uint8Array): Uint8Array {
    const x = Buffer.from(clientEphemeral).toString("base64url")
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" })
    const shared = diffieHellman({ privateKey: this.#secret, publicKey })
    const input = channelInput(new Uint8Array(shared), this.ephemeral, clientEphemeral)
    return new Uint8Array(createHash("sha256").update(input).digest())
  }
}

export function sealByNode(
  channel: Uint8Array,
  nonce: Uint8Array,
  conversation: Uint8Array,
  key: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(CIPHER, channel, nonce, TAG)
  cipher.setAAD(conversation, { plaintextLength: key.length })
  const sealed = Buffer.concat([cipher.update(key), cipher.final()])
  return concat(nonce, new Uint8Array(sealed), new Uint8Array(cipher.getAuthTag()))
}

export function openByNode(channel: Uint8Array, conversation: Uint8Array, sealed: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(CIPHER, channel, sealed.subarray(0, 12), TAG)
  decipher.setAAD(conversation, { plaintextLength: 32 })
  decipher.setAuthTag(sealed.subarray(44))
  return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(12, 44)), decipher.final()]))
}
