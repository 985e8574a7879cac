/** Audit entries as a table: RFC 4180, and nothing in it that a spreadsheet computes (docs/fhir.md). */
import type { ReadableEntry } from "./readable.ts"

/** What spreadsheets take for a formula, full-width signs and the spaces before it included. */
const FORMULA = /^[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/
/** An id that a spreadsheet would round as a number. */
const LONG_NUMBER = /^\d+(?:e\d+)?$/i
const MAX_NUMBER_DIGITS = 15

const COLUMNS: readonly (readonly [title: string, cell: (entry: ReadableEntry) => string])[] = [
  ["Number", ({ sequence }) => String(sequence)],
  ["Time (UTC)", ({ time }) => time.replace("T", " ").replace("Z", "")],
  ["What happened", ({ meaning }) => meaning],
  ["Action", ({ action }) => action],
  ["Outcome", ({ outcome }) => outcome],
  ["Purpose", ({ purpose }) => purpose],
  ["By", ({ device, clinic }) => (device === "" ? "the relay" : device === clinic ? "the root key" : device)],
  ["In role", ({ role }) => role],
  ["Conversation", ({ conversation }) => conversation],
  ["Patient", ({ patient }) => patient],
  ["Position", ({ position }) => (position === 0 ? "" : String(position))],
  ["Record hash", ({ recordHash }) => recordHash],
  ["Entry hash", ({ entryHash }) => entryHash],
  ["Clinic", ({ clinic }) => clinic],
  ["Checked", ({ verified }) => (verified ? "yes" : "NO")],
]

/** The first line of a table of entries, with its line end. */
export const CSV_HEADER: string = csvLine(COLUMNS.map(([title]) => title))

/** A line of a table of entries, with its line end. */
export function csvEntry(entry: ReadableEntry): string {
  return csvLine(COLUMNS.map(([, cell]) => cell(entry)))
}

/** One line of RFC 4180, with its CRLF. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`
}

/** A cell that no spreadsheet computes: an apostrophe before whatever could be a formula. */
function csvCell(text: string): string {
  const isRisky = FORMULA.test(text) || (text.length > MAX_NUMBER_DIGITS && LONG_NUMBER.test(text))
  const safe = isRisky ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
