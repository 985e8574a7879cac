/** Base64 as the C2SP texts use it: RFC 4648, section 4, with padding, one text for each byte string. */
import { WardlineError } from "../errors.ts"

/** Encodes with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ""
  // Not in one call: a long byte string would overflow the stack with its arguments.
  for (let at = 0; at < bytes.length; at += 8192)
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(binary)
}

/** Decodes the one text that {@link toBase64} gives: nobody may write a signature or a hash in two ways.
 * @throws {WardlineError} ERR_MALFORMED for any other text. */
export function fromBase64(text: string): Uint8Array {
  const binary = /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? atob(text) : undefined
  if (binary === undefined || btoa(binary) !== text) throw new WardlineError("ERR_MALFORMED", "not base64")
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
