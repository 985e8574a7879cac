/** Envelopes: one payload sealed and signed (docs/protocol.md, Message). */
import { concat } from "../bytes.ts"
import { aeadOpen, aeadSeal, type Device, derive, signJoined } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import type { ConversationId } from "../ids.ts"
import {
  encodeHeader,
  encodeMessagePrefix,
  HEADER_BYTES,
  MESSAGE_PREFIX_BYTES,
  type MessageBody,
  type MessagePrefix,
  signatureTag,
  type WireRecord,
} from "../protocol/index.ts"
import type { EpochKey } from "./epoch.ts"
import { pad, unpad } from "./padding.ts"

const KEY_BYTES = 32
const NONCE_BYTES = 24
const TAG_BYTES = 16

/** Seals and signs a payload.
 * @param payload - at most MAX_PAYLOAD_BYTES.
 * @param prefix - its salt must be 32 fresh random bytes.
 * @returns the record.
 * @throws {WardlineError} ERR_TOO_LARGE */
export function sealMessage(
  device: Device,
  at: { conversation: ConversationId; issued: number },
  prefix: MessagePrefix,
  epochKey: EpochKey,
  payload: Uint8Array,
): Uint8Array {
  const padded = pad(payload)
  const header = { type: "message", scope: at.conversation, issuer: device.id, issued: at.issued } as const
  const encodedPrefix = encodeMessagePrefix(prefix)
  const bound = concat(encodeHeader(header, encodedPrefix.length + padded.length + TAG_BYTES), encodedPrefix)
  const { key, nonce } = messageKey(epochKey, bound)
  const ciphertext = aeadSeal(key, nonce, bound, padded)
  return signJoined(signatureTag("message"), [bound, ciphertext], device.signing.secretKey)
}

/** Opens an envelope whose signature has been checked.
 * @param record - as received; not modified.
 * @param epochKey - 32 bytes; not kept.
 * @returns the payload's bytes.
 * @throws {WardlineError} ERR_OPEN_FAILED for every failure alike. */
export function openMessage(record: WireRecord, body: MessageBody, epochKey: EpochKey): Uint8Array {
  const bound = record.bytes.subarray(0, HEADER_BYTES + MESSAGE_PREFIX_BYTES)
  const { key, nonce } = messageKey(epochKey, bound)
  try {
    return unpad(aeadOpen(key, nonce, bound, body.ciphertext))
  } catch {
    throw new WardlineError("ERR_OPEN_FAILED", "the message could not be opened")
  }
}

/** One key and nonce for these exact bytes: `P` of the spec, which holds a random salt. */
function messageKey(epochKey: EpochKey, bound: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const derived = derive(epochKey, "message", bound, KEY_BYTES + NONCE_BYTES)
  return { key: derived.subarray(0, KEY_BYTES), nonce: derived.subarray(KEY_BYTES) }
}
