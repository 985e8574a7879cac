/** Reads a record's fields in place. For messages, the hot path, without making an object for each part; it accepts
 * exactly what decodeRecord and decodeMessage accept. */
import {
  HEADER_BYTES,
  MAX_BODY_BYTES,
  MESSAGE_PREFIX_BYTES,
  SIGNATURE_BYTES,
  WardlineError,
} from "@wardline/sdk/protocol"
import { keyOf } from "../hashing.ts"

const MAGIC_VERSION_MESSAGE = 0x574c0123
/** Where a message's fields begin, after its flags. */
const MESSAGE = HEADER_BYTES + 1
const MIN_CIPHERTEXT_BYTES = 528
const MIN_BODY_BYTES = MESSAGE_PREFIX_BYTES + MIN_CIPHERTEXT_BYTES
const QUIET = 1
/** The upper half of 2^53 − 1. */
const MAX_HIGH = 0x1fffff

export function isMessage(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC_VERSION_MESSAGE
}

/** Checks a message's layout.
 * @throws {WardlineError} ERR_MALFORMED, ERR_TOO_LARGE */
export function checkMessageShape(bytes: Buffer): void {
  if (bytes.length < HEADER_BYTES) throw malformed("bytes end too early")
  const length = bytes.readUInt32BE(44)
  if (length > MAX_BODY_BYTES) throw new WardlineError("ERR_TOO_LARGE", "record body over its limit")
  if (bytes.length !== HEADER_BYTES + length + SIGNATURE_BYTES)
    throw malformed("a record of another length than it says")
  if (length < MIN_BODY_BYTES) throw malformed("no ciphertext")
  if (bytes.readUInt32BE(36) > MAX_HIGH || bytes.readUInt32BE(MESSAGE + 36) > MAX_HIGH)
    throw malformed("integer over 2^53 - 1")
  if ((bytes[HEADER_BYTES] as number) > QUIET) throw malformed("unknown flags")
}

// Of any record that has a header.
export const scopeKey = (bytes: Buffer): string => keyOf(bytes, 4, 20)
export const issuerKey = (bytes: Buffer): string => keyOf(bytes, 20, 36)
export const issuedMs = (bytes: Buffer): number =>
  bytes.readUInt32BE(36) * 0x1_0000_0000 + bytes.readUInt32BE(40)

// Of a message that passed checkMessageShape.
export const isQuiet = (bytes: Buffer): boolean => bytes[HEADER_BYTES] === QUIET
export const messageEpoch = (bytes: Buffer): string => keyOf(bytes, MESSAGE, MESSAGE + 32)
export const messageSequence = (bytes: Buffer): number => bytes.readUInt32BE(MESSAGE + 32)
export const messageSeenPosition = (bytes: Buffer): number =>
  bytes.readUInt32BE(MESSAGE + 36) * 0x1_0000_0000 + bytes.readUInt32BE(MESSAGE + 40)

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
