/** Why staff broke the glass, sealed to the role and gone with the conversation (docs/protocol.md, access). */
import { fromUtf8, Reader, utf8, Writer } from "../bytes.ts"
import { type ListingKey, maskReason, type SealedReason, unmaskReason } from "../conversation/index.ts"
import { hpkeOpen, hpkeSeal, randomBytes } from "../crypto/index.ts"
import { type DirectoryState, newestRoleKey } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { ConversationId, Role } from "../ids.ts"
import { reasonInfo } from "../protocol/index.ts"

const BLOCK_BYTES = 256
const MAX_REASON_BYTES = 766
const EMPTY = new Uint8Array(0)

/** Seals a reason to the newest generation of a role, under the conversation's listing key.
 * @throws {WardlineError} ERR_TOO_LARGE over 766 bytes; ERR_NOT_FOUND for a role without a key. */
export function sealReason(
  directory: DirectoryState,
  conversation: ConversationId,
  role: Role,
  listingKey: ListingKey,
  reason: string,
): Uint8Array {
  const text = utf8(reason)
  if (text.length > MAX_REASON_BYTES) throw new WardlineError("ERR_TOO_LARGE", "the reason is too long")
  const key = newestRoleKey(directory, role)
  if (key === undefined) throw new WardlineError("ERR_NOT_FOUND", "the role has no key")
  const encoded = new Writer().lp16(text).done()
  const padded = new Uint8Array(Math.ceil(encoded.length / BLOCK_BYTES) * BLOCK_BYTES)
  padded.set(encoded)
  const info = reasonInfo(conversation, role, key.generation)
  return hpkeSeal(key.publicKey, info, EMPTY, maskReason(listingKey, padded), { seed: randomBytes(64) })
}

/** Opens a reason, for staff of the role that gave it.
 * @param roleSeed - the generation's, 32 bytes.
 * @returns undefined where it can't be opened: whoever gave it may have written anything there. */
export function openReason(
  { generation, sealed }: SealedReason,
  conversation: ConversationId,
  role: Role,
  roleSeed: Uint8Array,
  listingKey: ListingKey,
): string | undefined {
  try {
    const masked = hpkeOpen(roleSeed, reasonInfo(conversation, role, generation), EMPTY, sealed)
    return fromUtf8(new Reader(unmaskReason(listingKey, masked)).lp16(MAX_REASON_BYTES))
  } catch (error) {
    if (!isWardlineError(error)) throw error
    return undefined
  }
}
