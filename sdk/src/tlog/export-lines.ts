/** The audit export: NDJSON, one clinic after the other, enough to check every chain, the directory and the signatures
 * without the relay (docs/audit-export.md).
 *
 *     {"wardline":"audit-export","version":2,"relay":"<hex>","created":<ms>}
 *     {"clinic":"<hex>","rootKey":"<hex>","checkpoint":"<note>","witnessed":"<note>"}
 *     {"entry":"<base64>"}                                                        one for each entry, in order
 *     {"entry":"<base64>","record":{"hash":"<hex>","link":"<hex>"}}                stored for the message it names
 *     {"entry":"<base64>","record":{"hash":"<hex>","link":"<hex>","bytes":"<base64>"}}      for any other record
 *     {"log":<entries>,"head":"<hex>"}                                            leaf hash of the last entry
 *     {"scope":"<hex>","records":<n>,"link":"<hex>"}                              one for each stored record chain
 *     {"clinicEnd":"<hex>"}
 *     {"end":true,"clinics":<n>}                                                  a file without it was cut
 *
 * A line is the one text that its content has: nothing may stand in an export that a reader doesn't check. */
import { fromUtf8, toHex, utf8 } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { HASH_BYTES, ID_BYTES } from "../ids.ts"
import { toBase64 } from "./base64.ts"
import { ENTRY_BYTES } from "./entry-layout.ts"
import { type DecodeBase64, decodeBase64, TextReader } from "./text-reader.ts"

export const EXPORT_VERSION = 2

/** What is stored for a record that an entry names. */
export interface StoredFacts {
  /** H(the stored bytes without their detached part). */
  readonly hash: Uint8Array
  readonly link: Uint8Array
  /** The record without its detached part; undefined for messages. */
  readonly bytes: Uint8Array | undefined
}

export type ExportLine =
  | { kind: "header"; relay: string; created: number }
  | {
      kind: "clinic"
      clinic: Uint8Array
      rootKey: Uint8Array
      /** The newest checkpoint, as a signed note; undefined if there is none. */
      checkpoint: string | undefined
      /** The newest with the cosignatures that the policy asks for. */
      witnessed: string | undefined
    }
  | { kind: "entry"; bytes: Uint8Array; record: StoredFacts | undefined }
  | { kind: "log"; entries: number; head: Uint8Array }
  | { kind: "scope"; scope: Uint8Array; records: number; link: Uint8Array }
  | { kind: "clinic-end"; clinic: Uint8Array }
  | { kind: "end"; clinics: number }

/** Encodes one line, without its newline. */
export function encodeExportLine(line: ExportLine): string {
  switch (line.kind) {
    case "header": {
      const { relay, created } = line
      return JSON.stringify({ wardline: "audit-export", version: EXPORT_VERSION, relay, created })
    }
    case "clinic": {
      const { checkpoint, witnessed } = line
      const clinic = toHex(line.clinic)
      return JSON.stringify({ clinic, rootKey: toHex(line.rootKey), checkpoint, witnessed })
    }
    case "entry":
      return JSON.stringify({
        entry: toBase64(line.bytes),
        record: line.record && {
          hash: toHex(line.record.hash),
          link: toHex(line.record.link),
          bytes: line.record.bytes && toBase64(line.record.bytes),
        },
      })
    case "log":
      return JSON.stringify({ log: line.entries, head: toHex(line.head) })
    case "scope":
      return JSON.stringify({ scope: toHex(line.scope), records: line.records, link: toHex(line.link) })
    case "clinic-end":
      return JSON.stringify({ clinicEnd: toHex(line.clinic) })
    case "end":
      return JSON.stringify({ end: true, clinics: line.clinics })
  }
}

const ENTRY_START = utf8('{"entry":"')
const RECORD_START = utf8('","record":{"hash":"')
const LINK_START = utf8('","link":"')
const BYTES_START = utf8('","bytes":"')
const RECORD_END = utf8('"}}')
const ENTRY_END = utf8('"}')

/** Decodes one line, without its newline.
 * @param text - the line, or its UTF-8.
 * @throws {WardlineError} ERR_MALFORMED, or ERR_UNSUPPORTED for an export of another version. */
export function decodeExportLine(text: string | Uint8Array): ExportLine {
  const bytes = typeof text === "string" ? utf8(text) : text
  return new LineDecoder().decode(bytes, 0, bytes.length)
}

/** Decodes many lines. */
export class LineDecoder {
  readonly #reader: TextReader
  /** One for all: to allocate one for each entry would take as long as to hash it. */
  readonly #entry = new Uint8Array(ENTRY_BYTES)
  readonly #hash = new Uint8Array(HASH_BYTES)
  readonly #link = new Uint8Array(HASH_BYTES)

  constructor(decode: DecodeBase64 = decodeBase64) {
    this.#reader = new TextReader(decode)
  }

  /** Decodes the line that stands in `text` from `start` to before `end`, in UTF-8. What an entry's line holds
   * does so until the next line is decoded.
   * @throws {WardlineError} as {@link decodeExportLine}. */
  decode(text: Uint8Array, start: number, end: number): ExportLine {
    this.#reader.begin(text, start, end)
    return this.#reader.skips(ENTRY_START)
      ? this.#readEntry(this.#reader)
      : decodeRareLine(fromUtf8(text.subarray(start, end)))
  }

  /** By hand, not by JSON: a log is checked by the million. */
  #readEntry(reader: TextReader): ExportLine {
    reader.base64Into(this.#entry)
    let record: StoredFacts | undefined
    if (reader.skips(RECORD_START)) {
      const hash = reader.hexInto(this.#hash)
      reader.skip(LINK_START)
      const link = reader.hexInto(this.#link)
      record = { hash, link, bytes: reader.skips(BYTES_START) ? reader.base64() : undefined }
      reader.skip(RECORD_END)
    } else reader.skip(ENTRY_END)
    reader.end()
    return { kind: "entry", bytes: this.#entry, record }
  }
}

function decodeRareLine(text: string): ExportLine {
  const fields = parseObject(text)
  const line = lineOf(fields)
  if (line === undefined || encodeExportLine(line) !== text) throw malformed("not a line of an audit export")
  return line
}

/** @returns undefined, or a line that may have taken less than what stands there: the caller compares. */
function lineOf(fields: Record<string, unknown>): ExportLine | undefined {
  if (fields.wardline === "audit-export") {
    if (fields.version !== EXPORT_VERSION)
      throw new WardlineError("ERR_UNSUPPORTED", "an export of another version: use the program that fits it")
    return { kind: "header", relay: textOf(fields, "relay"), created: countOf(fields, "created") }
  }
  if ("clinic" in fields)
    return {
      kind: "clinic",
      clinic: hexOf(fields, "clinic", ID_BYTES),
      rootKey: hexOf(fields, "rootKey", HASH_BYTES),
      checkpoint: "checkpoint" in fields ? textOf(fields, "checkpoint") : undefined,
      witnessed: "witnessed" in fields ? textOf(fields, "witnessed") : undefined,
    }
  if ("log" in fields)
    return { kind: "log", entries: countOf(fields, "log"), head: hexOf(fields, "head", HASH_BYTES) }
  if ("scope" in fields)
    return {
      kind: "scope",
      scope: hexOf(fields, "scope", ID_BYTES),
      records: countOf(fields, "records"),
      link: hexOf(fields, "link", HASH_BYTES),
    }
  if ("clinicEnd" in fields) return { kind: "clinic-end", clinic: hexOf(fields, "clinicEnd", ID_BYTES) }
  return "end" in fields ? { kind: "end", clinics: countOf(fields, "clinics") } : undefined
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed("not JSON")
  }
  if (typeof value !== "object" || value === null) throw malformed("not an object")
  return value as Record<string, unknown>
}

function textOf(fields: Record<string, unknown>, name: string): string {
  const value = fields[name]
  if (typeof value !== "string") throw malformed(`${name} is not text`)
  return value
}

function countOf(fields: Record<string, unknown>, name: string): number {
  const value = fields[name]
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw malformed(`${name} is not a count`)
  return value
}

function hexOf(fields: Record<string, unknown>, name: string, length: number): Uint8Array {
  const text = utf8(textOf(fields, name))
  const reader = new TextReader(decodeBase64)
  reader.begin(text, 0, text.length)
  const bytes = reader.hexInto(new Uint8Array(length))
  reader.end()
  return bytes
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
