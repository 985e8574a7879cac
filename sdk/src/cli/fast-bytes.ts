/** Node's own hash and base64, several times faster than portable code: an export has millions of lines. */
import { hash } from "node:crypto"
import type { DecodeBase64, Hash } from "../tlog/index.ts"

/** SHA-256. Node hands it out as text several times faster than as a Buffer. */
export const fastSha256: Hash = (bytes) => {
  const text = hash("sha256", bytes, "binary")
  const digest = new Uint8Array(32)
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i)
  return digest
}

/** Buffer's own methods, which @types/node leaves out. */
interface FastBuffer {
  latin1Slice(start: number, end: number): string
  base64Slice(start: number, end: number): string
  base64Write(text: string, offset: number, length: number): number
}

/** Node's decoder takes two alphabets, passes over what is of neither, and doesn't mind padding and unused bits. So there
 * must be as many bytes as the characters can stand for, none of them of the other alphabet, and the last four characters
 * must be those that such bytes are written with. */
export const fastBase64: DecodeBase64 = (text, start, end, into, length) => {
  if (end - start !== 4 * Math.ceil(length / 3)) return false
  const encoded = fast(text).latin1Slice(start, end)
  const room = fast(into)
  if (room.base64Write(encoded, 0, length) !== length || encoded.includes("-") || encoded.includes("_"))
    return false
  const last = Math.max(0, length - (length % 3 || 3))
  return encoded.endsWith(room.base64Slice(last, length))
}

/** The same memory, as a Buffer. Whoever decodes millions of lines does so from few buffers, into few. */
function fast(bytes: Uint8Array): FastBuffer {
  if (bytes instanceof Buffer) return bytes as unknown as FastBuffer
  const known = buffers.get(bytes)
  if (known) return known
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) as unknown as FastBuffer
  buffers.set(bytes, buffer)
  return buffer
}

const buffers = new WeakMap<Uint8Array, FastBuffer>()
