/** The sealed line by which an inbox lists a conversation without opening it (docs/protocol.md, open). */
import * as v from "valibot"
import { fromUtf8, utf8 } from "../bytes.ts"
import { hpkeOpen, hpkeSeal } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import type { ConversationId, Role } from "../ids.ts"
import { SUMMARY_BYTES, summaryInfo } from "../protocol/index.ts"
import { type ListingKey, maskSummary } from "./shred.ts"

export interface Summary {
  /** A topic's id in the policy. */
  topic: string
  /** BCP 47: what the patient reads. */
  language: string
  priority: "routine" | "urgent"
}

const SummarySchema: v.GenericSchema<Summary> = v.object({
  topic: v.pipe(v.string(), v.maxLength(32)),
  language: v.pipe(v.string(), v.maxLength(35)),
  priority: v.picklist(["routine", "urgent"]),
})

const EMPTY = new Uint8Array(0)

/** Seals to one role's generation, under the listing key.
 * @param seed - 64 fresh random bytes for the encapsulation.
 * @throws {WardlineError} ERR_MALFORMED against its schema, such as a language of more than 35 characters; ERR_TOO_LARGE
 * when it doesn't fit 255 bytes. */
export function sealSummary(
  summary: Summary,
  to: { conversation: ConversationId; role: Role; generation: number; publicKey: Uint8Array },
  listingKey: ListingKey,
  seed: Uint8Array,
): Uint8Array {
  const checked = v.safeParse(SummarySchema, summary)
  if (!checked.success) throw new WardlineError("ERR_MALFORMED", "the summary doesn't fit its form")
  const json = utf8(JSON.stringify(checked.output))
  if (json.length >= SUMMARY_BYTES) throw new WardlineError("ERR_TOO_LARGE", "the summary is too long")
  const padded = new Uint8Array(SUMMARY_BYTES)
  padded.set(json)
  padded[json.length] = 0x80
  const masked = maskSummary(listingKey, to.role, to.generation, padded)
  return hpkeSeal(to.publicKey, summaryInfo(to.conversation, to.role, to.generation), EMPTY, masked, { seed })
}

/** @param roleSeed - the generation's 32-byte seed.
 * @throws {WardlineError} ERR_OPEN_FAILED, whatever is wrong. */
export function openSummary(
  sealed: Uint8Array,
  from: { conversation: ConversationId; role: Role; generation: number },
  roleSeed: Uint8Array,
  listingKey: ListingKey,
): Summary {
  const info = summaryInfo(from.conversation, from.role, from.generation)
  const masked = hpkeOpen(roleSeed, info, EMPTY, sealed)
  const padded = maskSummary(listingKey, from.role, from.generation, masked)
  const end = padded.lastIndexOf(0x80)
  try {
    if (end < 0 || padded.subarray(end + 1).some((byte) => byte !== 0)) throw new Error("padding")
    return v.parse(SummarySchema, JSON.parse(fromUtf8(padded.subarray(0, end))))
  } catch {
    throw new WardlineError("ERR_OPEN_FAILED", "the summary could not be opened")
  }
}
