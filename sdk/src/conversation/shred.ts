/** The shred key: without it nothing of a conversation can be opened, whoever has every other key
 * (docs/protocol.md, Shred key). What is wrapped is masked by it; destroying it destroys what every copy holds. */
import { concat, utf8, Writer } from "../bytes.ts"
import { derive, randomBytes } from "../crypto/index.ts"
import type { ConversationId } from "../ids.ts"

/** 32 random bytes for each conversation, kept apart from its records. */
export type ShredKey = Uint8Array

/** 32 bytes: masks what is sealed by and for those who only list a conversation, summaries and the reasons of whoever
 * is about to open it, so that neither takes the shred key. */
export type ListingKey = Uint8Array

const SALT_BYTES = 16

export function listingKeyOf(shredKey: ShredKey, conversation: ConversationId): ListingKey {
  return derive(shredKey, "list", conversation, 32)
}

/** Masks an epoch secret for wrapping, or unmasks it: both are one XOR.
 * @param headHash - H(E) of its epoch. */
export function maskSecret(shredKey: ShredKey, headHash: Uint8Array, secret: Uint8Array): Uint8Array {
  return xor(secret, derive(shredKey, "shred", headHash, secret.length))
}

/** Masks or unmasks the padded summary for one role's generation. */
export function maskSummary(
  key: ListingKey,
  role: string,
  generation: number,
  padded: Uint8Array,
): Uint8Array {
  const context = new Writer().lp16(utf8(role)).u32(generation).done()
  return xor(padded, derive(key, "summary", context, padded.length))
}

/** Masks a break-glass reason; a random salt goes before it, as one device may give several. */
export function maskReason(
  key: ListingKey,
  padded: Uint8Array,
  salt: Uint8Array = randomBytes(SALT_BYTES),
): Uint8Array {
  return concat(salt, xor(padded, derive(key, "reason", salt, padded.length)))
}

export function unmaskReason(key: ListingKey, masked: Uint8Array): Uint8Array {
  const salt = masked.subarray(0, SALT_BYTES)
  const padded = masked.subarray(SALT_BYTES)
  return xor(padded, derive(key, "reason", salt, padded.length))
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}
