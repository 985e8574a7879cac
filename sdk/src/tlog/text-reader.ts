/** Reads fixed texts, hexadecimal and base64 from the bytes of a line: one spelling for each value, and fast. */
import { WardlineError } from "../errors.ts"

const PADDING = 0x3d
const QUOTE = 0x22
const HEX_DIGITS = "0123456789abcdef"
const BASE64_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
/** Beyond all that a pair of digits can stand for. */
const NO_PAIR = 0x1_0000
/** By two characters, big-endian: one lookup for a pair is what makes this fast. */
const HEX_PAIRS = pairsOf(HEX_DIGITS, 4)
const BASE64_PAIRS = pairsOf(BASE64_DIGITS, 6)

function pairsOf(digits: string, bits: number): Uint32Array {
  const pairs = new Uint32Array(0x1_0000).fill(NO_PAIR)
  for (let high = 0; high < digits.length; high++)
    for (let low = 0; low < digits.length; low++)
      pairs[(digits.charCodeAt(high) << 8) | digits.charCodeAt(low)] = (high << bits) | low
  return pairs
}

/** Writes the `length` bytes that the base64 in `text` from `start` to before `end` stands for, padding included, to the
 * beginning of `into`, which has room for them. False unless that is the one spelling of so many bytes (RFC 4648,
 * section 4). */
export type DecodeBase64 = (
  text: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  length: number,
) => boolean

/** Portable; a platform's own may be several times faster. */
export const decodeBase64: DecodeBase64 = (text, start, end, into, length) => {
  if (end - start !== base64Length(length)) return false
  const whole = length - (length % 3)
  let at = start
  let bad = 0
  for (let to = 0; to < whole; to += 3, at += 4) {
    const high = pairAt(text, at)
    const low = pairAt(text, at + 2)
    bad |= high | low
    const quad = (high << 12) | low
    into[to] = quad >> 16
    into[to + 1] = quad >> 8
    into[to + 2] = quad
  }
  return bad < NO_PAIR && (whole === length || decodeRest(text, at, into, whole, length))
}

/** The last one or two bytes, in four characters. The bits that no byte needs must be zero. */
function decodeRest(text: Uint8Array, at: number, into: Uint8Array, to: number, length: number): boolean {
  const isTwo = length - to === 2
  const high = pairAt(text, at)
  // Of the character before the padding.
  const low = isTwo ? (BASE64_PAIRS[((text[at + 2] as number) << 8) | A] as number) : 0
  const unused = isTwo ? low & 0xff : high & 0x0f
  into[to] = high >> 4
  if (isTwo) into[to + 1] = (high << 4) | (low >> 8)
  const isPadded = text[at + 3] === PADDING && (isTwo || text[at + 2] === PADDING)
  return high !== NO_PAIR && low !== NO_PAIR && unused === 0 && isPadded
}

const A = BASE64_DIGITS.charCodeAt(0)

function pairAt(text: Uint8Array, at: number): number {
  return BASE64_PAIRS[((text[at] as number) << 8) | (text[at + 1] as number)] as number
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3)
}

/** Reads a piece of text after the other. Every method that can fail throws WardlineError ERR_MALFORMED. */
export class TextReader {
  readonly #decode: DecodeBase64
  #text: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0
  /** For base64 of any length. */
  #room: Uint8Array = new Uint8Array(0)

  constructor(decode: DecodeBase64) {
    this.#decode = decode
  }

  /** Begins with what stands in `text` from `start` to before `end`. */
  begin(text: Uint8Array, start: number, end: number): void {
    this.#text = text
    this.#at = start
    this.#end = end
  }

  /** Goes past `expected` if that comes next. */
  skips(expected: Uint8Array): boolean {
    const text = this.#text
    const start = this.#at
    if (start + expected.length > this.#end) return false
    for (let i = 0; i < expected.length; i++) if (text[start + i] !== expected[i]) return false
    this.#at = start + expected.length
    return true
  }

  skip(expected: Uint8Array): void {
    if (!this.skips(expected)) throw malformed("not a line of an audit export")
  }

  end(): void {
    if (this.#at !== this.#end) throw malformed("something follows on the line")
  }

  /** Lower-case hexadecimal of as many bytes as `into` has. */
  hexInto(into: Uint8Array): Uint8Array {
    const text = this.#text
    let at = this.#at
    if (at + 2 * into.length > this.#end) throw malformed("hexadecimal that ends too early")
    let bad = 0
    for (let i = 0; i < into.length; i++, at += 2) {
      const pair = HEX_PAIRS[((text[at] as number) << 8) | (text[at + 1] as number)] as number
      bad |= pair
      into[i] = pair
    }
    if (bad >= NO_PAIR) throw malformed("not hexadecimal")
    this.#at = at
    return into
  }

  /** Base64 of as many bytes as `into` has. */
  base64Into(into: Uint8Array): void {
    this.#base64(into, into.length)
  }

  /** The base64 up to the next quotation mark. The bytes hold until the next such call. */
  base64(): Uint8Array {
    const text = this.#text
    const end = text.indexOf(QUOTE, this.#at)
    if (end < 0 || end > this.#end) throw malformed("base64 that doesn't end")
    const padding = text[end - 1] !== PADDING ? 0 : text[end - 2] === PADDING ? 2 : 1
    const length = Math.max(0, ((end - this.#at) / 4) * 3 - padding)
    if (length > this.#room.length) this.#room = new Uint8Array(2 * length)
    this.#base64(this.#room, length)
    return this.#room.subarray(0, length)
  }

  #base64(into: Uint8Array, length: number): void {
    const end = this.#at + base64Length(length)
    if (end > this.#end || !this.#decode(this.#text, this.#at, end, into, length))
      throw malformed("not base64")
    this.#at = end
  }
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
