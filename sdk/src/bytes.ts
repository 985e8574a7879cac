/** Byte helpers that everything else stands on. No library, no platform API beyond TextEncoder. */
import { WardlineError } from "./errors.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Encodes text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

const literals = new Map<string, Uint8Array>()

/** As {@link utf8}, for texts that stand in the code: each is encoded once and kept, so nothing received may come here.
 * Not to be modified. */
export function literalUtf8(text: string): Uint8Array {
  const known = literals.get(text)
  if (known) return known
  const bytes = utf8(text)
  literals.set(text, bytes)
  return bytes
}

/** Decodes UTF-8.
 * @throws {WardlineError} ERR_MALFORMED for anything that isn't well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new WardlineError("ERR_MALFORMED", "text is not valid UTF-8")
  }
}

/** Joins byte strings into one new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** A copy that shares no memory. `slice()` isn't one: on Node's Buffer it is a view. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

/** Whether two byte strings are the same. Not constant-time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Orders byte strings as memcmp does, a prefix before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function isAllZero(bytes: Uint8Array): boolean {
  let bits = 0
  for (const byte of bytes) bits |= byte
  return bits === 0
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Decodes hexadecimal of either case.
 * @throws {WardlineError} ERR_MALFORMED for an odd length or another character. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new WardlineError("ERR_MALFORMED", "not hexadecimal")
  }
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Reads fixed layouts from received bytes; every overrun is ERR_MALFORMED. Slices are views, not copies. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  #advance(length: number): number {
    if (length > this.remaining) throw new WardlineError("ERR_MALFORMED", "bytes end too early")
    const start = this.#offset
    this.#offset += length
    return start
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4))
  }

  /** A u64 that must be exact as a JavaScript number: at most 2⁵³ − 1. */
  u64(): number {
    const high = this.u32()
    const low = this.u32()
    if (high > 0x1fffff) throw new WardlineError("ERR_MALFORMED", "integer over 2^53 - 1")
    return high * 0x1_0000_0000 + low
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  lp16(maxBytes = 0xffff): Uint8Array {
    return this.#limited(this.u16(), maxBytes)
  }

  lp32(maxBytes: number): Uint8Array {
    return this.#limited(this.u32(), maxBytes)
  }

  #limited(length: number, maxBytes: number): Uint8Array {
    if (length > maxBytes) throw new WardlineError("ERR_MALFORMED", "length over its limit")
    return this.bytes(length)
  }

  /** A byte that must be 0 or 1. */
  flag(): boolean {
    const byte = this.u8()
    if (byte > 1) throw new WardlineError("ERR_MALFORMED", "flag is neither 0 nor 1")
    return byte === 1
  }

  /** Reads `count` items with `read`. */
  list<T>(count: number, read: (reader: Reader) => T): T[] {
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read(this))
    return items
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  /** Refuses trailing bytes. */
  end(): void {
    if (this.remaining !== 0) throw new WardlineError("ERR_MALFORMED", "trailing bytes")
  }
}

/** Writes fixed layouts; the pair of {@link Reader}. It holds its parts until {@link Writer.done} copies them once, so
 * that a secret among them stands in no other place than the result. */
export class Writer {
  /** Byte strings, and integers that the entry of #sizes beside them says the size of. */
  readonly #parts: (Uint8Array | number)[] = []
  readonly #sizes: number[] = []
  #length = 0

  #integer(value: number, max: number, size: number): this {
    assertUnsigned(value, max)
    return this.#part(value, size)
  }

  #part(part: Uint8Array | number, size: number): this {
    this.#parts.push(part)
    this.#sizes.push(size)
    this.#length += size
    return this
  }

  u8(value: number): this {
    return this.#integer(value, 0xff, 1)
  }

  u16(value: number): this {
    return this.#integer(value, 0xffff, 2)
  }

  u32(value: number): this {
    return this.#integer(value, 0xffffffff, 4)
  }

  u64(value: number): this {
    return this.#integer(value, Number.MAX_SAFE_INTEGER, 8)
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0)
  }

  bytes(value: Uint8Array): this {
    return this.#part(value, value.length)
  }

  lp16(value: Uint8Array): this {
    return this.u16(value.length).bytes(value)
  }

  lp32(value: Uint8Array): this {
    return this.u32(value.length).bytes(value)
  }

  list<T>(items: readonly T[], write: (writer: Writer, item: T) => void): this {
    for (const item of items) write(this, item)
    return this
  }

  done(): Uint8Array {
    // Parts are never passed on as arguments: some hundred thousand would overflow the stack.
    const bytes = new Uint8Array(this.#length)
    let offset = 0
    for (let i = 0; i < this.#parts.length; i++) {
      const part = this.#parts[i] as Uint8Array | number
      const size = this.#sizes[i] as number
      if (typeof part === "number") putInteger(bytes, offset, size, part)
      else bytes.set(part, offset)
      offset += size
    }
    return bytes
  }
}

/** Big-endian. Not by shifts: they know 32 bits only. */
function putInteger(bytes: Uint8Array, offset: number, size: number, value: number): void {
  let rest = value
  for (let i = offset + size - 1; i >= offset; i--) {
    bytes[i] = rest
    rest = Math.floor(rest / 256)
  }
}

function assertUnsigned(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new WardlineError("ERR_MALFORMED", `integer outside 0 … ${max}`)
  }
}

/** Guards an entry point.
 * @throws {WardlineError} ERR_MALFORMED unless `value` has exactly `length` bytes. */
export function assertLength(value: Uint8Array, length: number, title: string): void {
  if (!(value instanceof Uint8Array) || value.length !== length) {
    throw new WardlineError("ERR_MALFORMED", `${title} must be ${length} bytes`)
  }
}
