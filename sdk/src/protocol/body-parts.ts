/** What the bodies of records have in common: counts, names, texts in several languages. */
import { fromUtf8, Reader, utf8, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { decodeRole, type Role } from "../ids.ts"
import { MAX_LANGUAGES, MAX_NAME_BYTES, MAX_TEXT_BYTES } from "./limits.ts"

/** A text in several languages, in order; the first is the default. */
export type LocalizedText = readonly { readonly language: string; readonly text: string }[]

/** Decodes a whole body; trailing bytes are refused. */
export function decodeWhole<T>(body: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(body)
  const value = read(reader)
  reader.end()
  return value
}

export function encodeLocalized(texts: LocalizedText): Uint8Array {
  return new Writer()
    .u8(texts.length)
    .list(texts, (w, { language, text }) => w.lp16(utf8(language)).lp32(utf8(text)))
    .done()
}

export function readLocalized(reader: Reader): LocalizedText {
  const texts = reader.list(readCount(reader, 1, MAX_LANGUAGES), (r) => ({
    language: readName(r),
    text: fromUtf8(r.lp32(MAX_TEXT_BYTES)),
  }))
  distinct(
    texts.map(({ language }) => language),
    "language twice",
  )
  return texts
}

export function readRole(reader: Reader): Role {
  return decodeRole(reader.lp16(32))
}

export function readName(reader: Reader): string {
  return fromUtf8(reader.lp16(MAX_NAME_BYTES))
}

export function readCount(reader: Reader, min: number, max: number): number {
  const count = reader.u8()
  if (count < min || count > max) throw malformed("count outside its limits")
  return count
}

export function distinct<T>(items: T[], problem: string): T[] {
  if (new Set(items).size !== items.length) throw malformed(problem)
  return items
}

export function malformed(problem: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", problem)
}
