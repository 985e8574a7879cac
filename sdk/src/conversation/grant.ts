/** Past epochs' secrets for somebody newly a member, or for the vault: one shape (docs/protocol.md, Grant). */
import { concat } from "../bytes.ts"
import { hpkeOpen, hpkeSeal, sha256 } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import type { ConversationId, RecordHash } from "../ids.ts"
import {
  type DirectoryReference,
  encodeGrantHead,
  GRANT_OVERHEAD_BYTES,
  type GrantBody,
  grantedEpochsInfo,
} from "../protocol/index.ts"
import { type Member, type SlotKeys, seedFor } from "./epoch.ts"

const SECRET_BYTES = 32
const EMPTY = new Uint8Array(0)

/** Wraps epoch secrets to one member.
 * @param epochs - each with its masked secret.
 * @param seed - 64 fresh random bytes for the encapsulation.
 * @returns the body's head and the wrap, the record's detached part. */
export function createGrant(options: {
  type: "grant" | "archive"
  conversation: ConversationId
  member: Member
  directory: DirectoryReference
  epochs: readonly { readonly hash: RecordHash; readonly masked: Uint8Array }[]
  seed: Uint8Array
}): { head: Uint8Array; wrap: Uint8Array } {
  const { type, conversation, member, directory, epochs, seed } = options
  const head = encodeGrantHead({ slot: member, directory, epochs: epochs.map(({ hash }) => hash) })
  const info = grantedEpochsInfo(type, conversation, sha256(head))
  const secrets = concat(...epochs.map(({ masked }) => masked))
  return { head, wrap: hpkeSeal(member.publicKey, info, EMPTY, secrets, { seed }) }
}

/** Unwraps a grant that is ours.
 * @param wrap - the record's detached part, if it came with it.
 * @returns the masked secrets, in the order of `body.epochs`; undefined when the slot isn't ours or the wrap is gone.
 * @throws {WardlineError} ERR_OPEN_FAILED whatever is wrong with it. */
export function openGrant(
  type: "grant" | "archive",
  body: GrantBody,
  wrap: Uint8Array | undefined,
  conversation: ConversationId,
  keys: SlotKeys,
): Uint8Array[] | undefined {
  const seed = seedFor(body.slot, keys)
  if (seed === undefined || wrap === undefined) return undefined
  if (wrap.length !== GRANT_OVERHEAD_BYTES + body.epochs.length * SECRET_BYTES)
    throw new WardlineError("ERR_OPEN_FAILED", "not a secret for each epoch")
  const secrets = hpkeOpen(seed, grantedEpochsInfo(type, conversation, sha256(body.head)), EMPTY, wrap)
  return body.epochs.map((_, i) => secrets.slice(i * SECRET_BYTES, (i + 1) * SECRET_BYTES))
}
