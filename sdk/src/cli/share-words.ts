/** A share's bytes as lines of words that a tired person can write down, read aloud and type again.
 *
 * 44 bytes are 8 lines of four words of 11 bits each, from the BIP 39 list, in which the first four letters tell any
 * two words apart. A fifth word on each line is a checksum of the line and its number, so that a slip is found on the
 * line where it was made: one that the list doesn't betray gets past it once in 2048 times. */
import { wordlist } from "@scure/bip39/wordlists/english.js"
import { utf8, Writer } from "../bytes.ts"
import { sha256 } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"

export const SHARE_BYTES = 44
export const SHARE_LINES = 8
/** Words on a line, the checksum's among them. */
export const LINE_WORDS = 5

const WORD_BITS = 11
const DATA_WORDS = LINE_WORDS - 1
/** As many letters as tell the list's words apart. */
const TELLING_LETTERS = 4
const LIST: readonly string[] = wordlist
const BY_WORD: ReadonlyMap<string, number> = new Map(LIST.map((word, i) => [word, i]))
const BY_BEGINNING: ReadonlyMap<string, number> = new Map(
  LIST.map((word, i) => [word.slice(0, TELLING_LETTERS), i]),
)

/** The lines of a share, five words each.
 * @param bytes - SHARE_BYTES. */
export function encodeLines(bytes: Uint8Array): string[] {
  return Array.from({ length: SHARE_LINES }, (_, line) => {
    const numbers = Array.from({ length: DATA_WORDS }, (_, i) => bitsAt(bytes, DATA_WORDS * line + i))
    return [...numbers, checkWord(line + 1, numbers)].map((number) => LIST[number]).join(" ")
  })
}

/** Reads one line as somebody typed it: a number before it, capitals, commas and shortened words don't matter.
 * @param line - from 1.
 * @returns the numbers of its four words of data.
 * @throws {WardlineError} ERR_MALFORMED: which word is wrong, never what it is. */
export function parseLine(text: string, line: number): number[] {
  const typed = text.toLowerCase().match(/[a-z]+/g) ?? []
  if (typed.length !== LINE_WORDS)
    throw wrong(line, `has ${typed.length} words and should have ${LINE_WORDS}`)
  const numbers = typed.map((word, i) => {
    const number = wordNumber(word)
    if (number === undefined) throw wrong(line, `word ${i + 1} is not a word of the list; look at it again`)
    return number
  })
  const data = numbers.slice(0, DATA_WORDS)
  if (numbers[DATA_WORDS] !== checkWord(line, data))
    throw wrong(
      line,
      "its words don't fit its last one: one of them is wrong, in another place, or of another line",
    )
  return data
}

/** The bytes of a share from what {@link parseLine} read, line by line. */
export function joinLines(lines: readonly (readonly number[])[]): Uint8Array {
  const bits = lines
    .flat()
    .map((number) => number.toString(2).padStart(WORD_BITS, "0"))
    .join("")
  return Uint8Array.from({ length: SHARE_BYTES }, (_, i) => Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2))
}

function wordNumber(word: string): number | undefined {
  const whole = BY_WORD.get(word)
  if (whole !== undefined || word.length < TELLING_LETTERS) return whole
  const number = BY_BEGINNING.get(word.slice(0, TELLING_LETTERS))
  return number !== undefined && LIST[number]?.startsWith(word) === true ? number : undefined
}

/** The n-th 11 bits, big-endian. */
function bitsAt(bytes: Uint8Array, n: number): number {
  let value = 0
  for (let bit = WORD_BITS * n; bit < WORD_BITS * (n + 1); bit++)
    value = 2 * value + (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1)
  return value
}

function checkWord(line: number, data: readonly number[]): number {
  const input = new Writer()
    .bytes(utf8("wl1/share-line"))
    .u8(line)
    .list(data, (w, number) => w.u16(number))
  return bitsAt(sha256(input.done()), 0)
}

function wrong(line: number, what: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", `line ${line}: ${what}`)
}
