/** The audit export: NDJSON, one clinic after the other, enough to check every chain without the relay.
 *
 *     {"wardline":"audit-export","version":1,"relay":"<hex>","created":<ms>}
 *     {"clinic":"<hex>","rootKey":"<hex>"}
 *     {"entry":"<base64>"}                                                one for each entry, in order
 *     {"entry":"<base64>","record":{"hash":"<hex>","link":"<hex>"}}       what is stored for the record it names
 *     {"scope":"<hex>","records":<n>,"link":"<hex>"}                      one for each stored record chain
 *     {"clinicEnd":"<hex>","entries":<n>,"head":"<hex>"}                  leaf hash of the last entry
 *     {"end":true,"clinics":<n>}                                          a file without it was cut
 */
import { fromHex, toHex } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { ENTRY_BYTES } from "./entry.ts"

export const EXPORT_VERSION = 1

export type ExportLine =
  | { kind: "header"; relay: string; created: number }
  | { kind: "clinic"; clinic: Uint8Array; rootKey: Uint8Array }
  | { kind: "entry"; bytes: Uint8Array; record: { hash: Uint8Array; link: Uint8Array } | undefined }
  | { kind: "scope"; scope: Uint8Array; records: number; link: Uint8Array }
  | { kind: "clinic-end"; clinic: Uint8Array; entries: number; head: Uint8Array }
  | { kind: "end"; clinics: number }

/** Encodes one line, without its newline. */
export function encodeExportLine(line: ExportLine): string {
  switch (line.kind) {
    case "header":
      return JSON.stringify({
        wardline: "audit-export",
        version: EXPORT_VERSION,
        relay: line.relay,
        created: line.created,
      })
    case "clinic":
      return JSON.stringify({ clinic: toHex(line.clinic), rootKey: toHex(line.rootKey) })
    case "entry":
      return JSON.stringify({
        entry: toBase64(line.bytes),
        record: line.record && { hash: toHex(line.record.hash), link: toHex(line.record.link) },
      })
    case "scope":
      return JSON.stringify({ scope: toHex(line.scope), records: line.records, link: toHex(line.link) })
    case "clinic-end":
      return JSON.stringify({
        clinicEnd: toHex(line.clinic),
        entries: line.entries,
        head: toHex(line.head),
      })
    case "end":
      return JSON.stringify({ end: true, clinics: line.clinics })
  }
}

/** Decodes one line.
 * @throws {WardlineError} ERR_MALFORMED, or ERR_UNSUPPORTED for a newer export. */
export function decodeExportLine(text: string): ExportLine {
  const fields = parseObject(text)
  if ("entry" in fields) return decodeEntryLine(fields)
  if ("wardline" in fields) {
    if (fields.wardline !== "audit-export") throw malformed("not an audit export")
    if (fields.version !== EXPORT_VERSION)
      throw new WardlineError("ERR_UNSUPPORTED", "an export of another version")
    return { kind: "header", relay: textOf(fields, "relay"), created: countOf(fields, "created") }
  }
  if ("clinic" in fields)
    return { kind: "clinic", clinic: hexOf(fields, "clinic", 16), rootKey: hexOf(fields, "rootKey", 32) }
  if ("scope" in fields)
    return {
      kind: "scope",
      scope: hexOf(fields, "scope", 16),
      records: countOf(fields, "records"),
      link: hexOf(fields, "link", 32),
    }
  if ("clinicEnd" in fields)
    return {
      kind: "clinic-end",
      clinic: hexOf(fields, "clinicEnd", 16),
      entries: countOf(fields, "entries"),
      head: hexOf(fields, "head", 32),
    }
  if (fields.end === true) return { kind: "end", clinics: countOf(fields, "clinics") }
  throw malformed("not a line of an audit export")
}

function decodeEntryLine(fields: Record<string, unknown>): ExportLine {
  const bytes = fromBase64(textOf(fields, "entry"))
  if (bytes.length !== ENTRY_BYTES) throw malformed("an entry of the wrong length")
  const stored = fields.record
  if (stored === undefined) return { kind: "entry", bytes, record: undefined }
  if (typeof stored !== "object" || stored === null) throw malformed("record is not an object")
  const record = stored as Record<string, unknown>
  return {
    kind: "entry",
    bytes,
    record: { hash: hexOf(record, "hash", 32), link: hexOf(record, "link", 32) },
  }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed("not JSON")
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed("not an object")
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
  const bytes = fromHex(textOf(fields, name))
  if (bytes.length !== length) throw malformed(`${name} is not ${length} bytes`)
  return bytes
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function fromBase64(text: string): Uint8Array {
  try {
    const binary = atob(text)
    const bytes = new Uint8Array(binary.length)
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
    return bytes
  } catch {
    throw malformed("not base64")
  }
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
