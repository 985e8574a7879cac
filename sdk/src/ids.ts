/** Branded types for what is otherwise just bytes or just a string: the wrong call shouldn't compile. */
import { assertLength, equalBytes, fromHex, fromUtf8, toHex, utf8 } from "./bytes.ts"
import { WardlineError } from "./errors.ts"

type Brand<T, B extends string> = T & { readonly __brand?: B }

/** 16 bytes; first half of H("wl1/clinic" ‖ root public key). */
export type ClinicId = Brand<Uint8Array, "ClinicId">
/** 16 bytes; first half of H("wl1/device" ‖ Ed25519 key ‖ X-Wing key). */
export type DeviceId = Brand<Uint8Array, "DeviceId">
/** 16 random bytes. */
export type ConversationId = Brand<Uint8Array, "ConversationId">
/** 32 bytes: SHA-256 of a whole record. */
export type RecordHash = Brand<Uint8Array, "RecordHash">
/** 32 bytes: a value of a record chain. */
export type Link = Brand<Uint8Array, "Link">
/** 32 bytes: an Ed25519 public key. */
export type SigningPublicKey = Brand<Uint8Array, "SigningPublicKey">
/** 1216 bytes: an X-Wing public key. */
export type WrappingPublicKey = Brand<Uint8Array, "WrappingPublicKey">
/** A shared function such as `nursing`: 1–32 of a–z 0–9 -, a letter first. */
export type Role = Brand<string, "Role">

export const ID_BYTES = 16
export const HASH_BYTES = 32

const SLUG = /^[a-z][a-z0-9-]{0,31}$/

export function isSlug(text: string): boolean {
  return SLUG.test(text)
}

/** Checks a role's or topic's name.
 * @throws {WardlineError} ERR_MALFORMED */
export function asRole(text: string): Role {
  if (!isSlug(text)) {
    throw new WardlineError(
      "ERR_MALFORMED",
      "a role is 1–32 characters of a–z, 0–9 and -, beginning with a letter",
    )
  }
  return text
}

/** A role as bytes, checked; topics and consent texts are named in the same way. */
export function encodeRole(role: string): Uint8Array {
  return utf8(asRole(role))
}

export function decodeRole(bytes: Uint8Array): Role {
  return asRole(fromUtf8(bytes))
}

/** Parses a 16-byte id from hexadecimal.
 * @throws {WardlineError} ERR_MALFORMED */
export function parseId(hex: string): Uint8Array {
  const id = fromHex(hex)
  assertLength(id, ID_BYTES, "id")
  return id
}

/** An id as a map key and for people: lower-case hexadecimal. */
export function idText(id: Uint8Array): string {
  return toHex(id)
}

export { equalBytes as equalIds }
