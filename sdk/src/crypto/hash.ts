/** Hashing and key derivation (docs/protocol.md, Primitives). */
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js"
import { literalUtf8, utf8, Writer } from "../bytes.ts"
import { sodium } from "./sodium.ts"
import { wipe } from "./wipe.ts"

const DOMAIN = utf8("wl1")

/** SHA-256 (FIPS 180-4): 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes)
}

/** SHA-256 of bytes that come in parts. */
export interface HashStream {
  update(bytes: Uint8Array): unknown
  /** 32 bytes; nothing may be added afterwards. */
  digest(): Uint8Array
}

export function sha256Stream(): HashStream {
  return nobleSha256.create()
}

/** SHAKE256 (FIPS 202): `length` bytes. */
export function shake256(input: Uint8Array, length: number): Uint8Array {
  return sodium().crypto_xof_shake256(length, input)
}

/** LD(key, label, context, n) of docs/protocol.md: SHAKE256(lp16(key) ‖ "wl1" ‖ lp16(label) ‖ u16(n) ‖ lp32(context)).
 * @param key - a secret; not kept.
 * @param label - names the use; a literal in the caller, whose bytes are kept.
 * @returns `length` bytes, at most 65,535. */
export function derive(key: Uint8Array, label: string, context: Uint8Array, length: number): Uint8Array {
  const input = new Writer().lp16(key).bytes(DOMAIN).lp16(literalUtf8(label)).u16(length).lp32(context).done()
  const output = shake256(input, length)
  wipe(input)
  return output
}
