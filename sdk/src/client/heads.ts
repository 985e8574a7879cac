/** Signed heads: what the relay has to sign so that it can't withhold the newest records unnoticed
 * (docs/protocol.md, Heads). */
import { verify } from "../crypto/index.ts"
import { HASH_BYTES, ID_BYTES } from "../ids.ts"
import { headNote, SIGNATURE_BYTES } from "../protocol/index.ts"
import type { SignedHead } from "../transport/index.ts"
import { decodeStored, encodeStored } from "./storage.ts"

/** Without a newer head for so long a conversation isn't called live: two may be late, or one lost. */
export const MAX_HEAD_AGE_MS = 75_000
/** How far a head's time may be from the relay's own clock as it was at login: networks delay. */
const MAX_HEAD_SKEW_MS = 30_000

/** Whether the relay's log key signed this head. */
export function isSigned(head: SignedHead, clinic: Uint8Array, logKey: Uint8Array): boolean {
  return verify(logKey, headNote(clinic, head), head.signature)
}

/** Whether it says how things are now, and not how they were.
 * @param relayNowMs - by the session's clock. */
export function isNear(head: SignedHead, relayNowMs: number): boolean {
  return Math.abs(head.time - relayNowMs) <= MAX_HEAD_SKEW_MS
}

/** Whether it is from before the newest one. */
export function isOlder(head: SignedHead, newest: SignedHead | undefined): boolean {
  return newest !== undefined && head.time < newest.time
}

/** Whether two signed heads say that a transcript has shrunk. */
export function isShorter(head: SignedHead, newest: SignedHead): boolean {
  return head.time > newest.time && head.position < newest.position
}

/** A head as it is kept on the device: a relay that says something else later has signed both. */
export function encodeSignedHead({ conversation, position, link, time, signature }: SignedHead): Uint8Array {
  return encodeStored((w) => w.bytes(conversation).u64(position).bytes(link).u64(time).bytes(signature))
}

/** @throws {WardlineError} ERR_KEYSTORE */
export function decodeSignedHead(stored: Uint8Array): SignedHead {
  return decodeStored(stored, (r) => ({
    conversation: r.bytes(ID_BYTES),
    position: r.u64(),
    link: r.bytes(HASH_BYTES),
    time: r.u64(),
    signature: r.bytes(SIGNATURE_BYTES),
  }))
}
