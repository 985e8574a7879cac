/** Reads fixed texts, hexadecimal and base64 from the bytes of a line: one spelling for each value, and fast. */
import { WardlineError } from "../errors.ts"

const NONE = 0xff
const HEX_VALUES = valuesOf("0123456789abcdef")
const BASE64_VALUES = valuesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
const PADDING = 0x3d

/** The digit that each byte stands for. */
function valuesOf(digits: string): Uint8Array {
  const values = new Uint8Array(256).fill(NONE)
  for (let i = 0; i < digits.length; i++) values[digits.charCodeAt(i)] = i
  return values
}

/** Every method throws WardlineError ERR_MALFORMED where the text isn't what it is asked for. */
export class TextReader {
  readonly #text: Uint8Array
  #at = 0

  constructor(text: Uint8Array) {
    this.#text = text
  }

  /** Goes past `expected` if that comes next. */
  skips(expected: Uint8Array): boolean {
    const text = this.#text
    const start = this.#at
    for (let i = 0; i < expected.length; i++) if (text[start + i] !== expected[i]) return false
    this.#at = start + expected.length
    return true
  }

  skip(expected: Uint8Array): void {
    if (!this.skips(expected)) throw malformed("not a line of an audit export")
  }

  end(): void {
    if (this.#at !== this.#text.length) throw malformed("something follows on the line")
  }

  /** Lower-case hexadecimal of `length` bytes. */
  hex(length: number): Uint8Array {
    const text = this.#text
    const bytes = new Uint8Array(length)
    let at = this.#at
    let bad = 0
    for (let i = 0; i < length; i++) {
      const high = HEX_VALUES[text[at++] ?? 0] as number
      const low = HEX_VALUES[text[at++] ?? 0] as number
      bad |= high | low
      bytes[i] = (high << 4) | low
    }
    if (bad > 0x0f) throw malformed("not hexadecimal")
    this.#at = at
    return bytes
  }

  /** Padded base64 (RFC 4648, section 4): all that follows.
   * @param length - how many bytes it must be; any number if not given. */
  base64(length?: number): Uint8Array {
    const count = length ?? this.#base64Length()
    const bytes = new Uint8Array(count)
    const text = this.#text
    let at = this.#at
    let bad = 0
    let to = 0
    for (const whole = count - (count % 3); to < whole; ) {
      const a = BASE64_VALUES[text[at++] ?? 0] as number
      const b = BASE64_VALUES[text[at++] ?? 0] as number
      const c = BASE64_VALUES[text[at++] ?? 0] as number
      const d = BASE64_VALUES[text[at++] ?? 0] as number
      bad |= a | b | c | d
      bytes[to++] = (a << 2) | (b >> 4)
      bytes[to++] = (b << 4) | (c >> 2)
      bytes[to++] = (c << 6) | d
    }
    this.#at = at
    if (bad > 0x3f) throw malformed("not base64")
    if (to < count) this.#base64Rest(bytes, to)
    return bytes
  }

  /** The last one or two bytes, in four characters. The bits that no byte needs must be zero. */
  #base64Rest(bytes: Uint8Array, to: number): void {
    const text = this.#text.subarray(this.#at, this.#at + 4)
    const [a, b, c] = [...text].map((byte) => BASE64_VALUES[byte] as number)
    if (a === undefined || b === undefined || c === undefined || a > 0x3f || b > 0x3f)
      throw malformed("not base64")
    const isTwo = bytes.length - to === 2
    const isSpelled = isTwo
      ? c <= 0x3f && (c & 0x03) === 0 && text[3] === PADDING
      : (b & 0x0f) === 0 && text[2] === PADDING && text[3] === PADDING
    if (!isSpelled) throw malformed("not base64")
    bytes[to] = (a << 2) | (b >> 4)
    if (isTwo) bytes[to + 1] = (b << 4) | (c >> 2)
    this.#at += 4
  }

  /** How many bytes the characters up to the next one that isn't base64's stand for. */
  #base64Length(): number {
    const text = this.#text
    let end = this.#at
    while (BASE64_VALUES[text[end] ?? 0] !== NONE) end++
    return Math.floor(((end - this.#at) * 3) / 4)
  }
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
