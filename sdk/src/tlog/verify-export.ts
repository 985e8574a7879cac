/** Checks an audit export offline: no relay, no database, no trust in whoever made the file (docs/audit-export.md). */
import { copyBytes, equalBytes, fromHex, toHex, utf8 } from "../bytes.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { clinicIdOf } from "../protocol/index.ts"
import { AuditError } from "./audit-fault.ts"
import {
  type AuditFault,
  type AuditReport,
  auditReport,
  beginReport,
  type ClinicReport,
  fillReport,
} from "./audit-report.ts"
import { auditOrigin, type NoteCrypto, parseCheckpoint } from "./checkpoint.ts"
import { ClinicAudit } from "./clinic-audit.ts"
import { entryHash } from "./entry.ts"
import { holdsAt } from "./entry-fields.ts"
import { type ExportLine, LineDecoder } from "./export-lines.ts"
import { parseNote } from "./note.ts"
import type { DecodeBase64 } from "./text-reader.ts"

/** Called now and then with the number of entries checked so far. */
export type OnEntriesChecked = (entries: number) => void
const PROGRESS_EVERY = 50_000

/** An entry as somebody wrote it down earlier: if it is still there, all that came before it is unchanged. */
export interface NotedEntry {
  readonly sequence: number
  /** Its leaf hash. */
  readonly hash: Uint8Array
}

export interface VerifyOptions extends NoteCrypto {
  /** The export must hold the clinic with this root key, 32 bytes. */
  readonly clinicKey?: Uint8Array | undefined
  /** An entry that a clinic of the export must have. */
  readonly noted?: NotedEntry | undefined
  /** Signed notes that somebody kept: the log must contain what they say.
   * They must be checkpoints: what can't be read is the caller's mistake, not the log's. */
  readonly kept?: readonly string[]
  /** The platform's own, where it has one that is faster. */
  readonly decodeBase64?: DecodeBase64
  readonly onProgress?: OnEntriesChecked
}

/** Verifies an export.
 * @param source - the file's bytes, in pieces of any size.
 * @returns a report; `ok` is false and `fault` names the first wrong entry if anything is wrong.
 * @throws {WardlineError} ERR_MALFORMED for a kept note that isn't a checkpoint; whatever `source` throws. */
export async function verifyExport(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: VerifyOptions,
): Promise<AuditReport> {
  const verifier = new ExportVerifier(options)
  for await (const piece of source) if (!verifier.take(piece)) break
  return verifier.report()
}

interface Section {
  readonly clinic: Uint8Array
  readonly audit: ClinicAudit
  readonly report: ClinicReport
  /** The line of its first entry. */
  readonly firstLine: number
  /** Entries come first, then the log's end, then the chains. */
  hasEnded: boolean
}

const NEWLINE = 0x0a
const NOTHING: Uint8Array = new Uint8Array(0)
const LOG_START = utf8('{"log":')
/** The longest line of a true export is one of two notes. */
const MAX_LINE_BYTES: number = 4 * 1024 * 1024

/** Takes an export piece by piece. */
export class ExportVerifier {
  readonly #options: VerifyOptions
  readonly #lines: LineDecoder
  readonly #kept: { readonly text: string; readonly origin: string }[]
  readonly #clinics: ClinicReport[] = []
  /** Of a line whose end hasn't come. */
  #rest: Uint8Array = NOTHING
  #line = 0
  #entries = 0
  #section: Section | undefined
  #isLogLine = false
  #hasEnded = false
  #isNotedFound = false
  #fault: AuditFault | undefined

  /** @throws {WardlineError} ERR_MALFORMED for a kept note that isn't a checkpoint. */
  constructor(options: VerifyOptions) {
    this.#options = options
    this.#lines = new LineDecoder(options.decodeBase64)
    this.#kept = (options.kept ?? []).map((text) => ({
      text,
      origin: parseCheckpoint(parseNote(text).body).origin,
    }))
  }

  /** Takes the file's next bytes; not modified, not kept.
   * @returns false if something was wrong: nothing more needs to be read. */
  take(piece: Uint8Array): boolean {
    return this.#fault === undefined && this.#try(() => this.#takeLines(piece))
  }

  /** The file has ended. */
  report(): AuditReport {
    if (this.#fault === undefined) this.#try(() => this.#finish())
    this.#options.onProgress?.(this.#entries)
    return auditReport(this.#clinics, this.#fault)
  }

  #try(step: () => void): boolean {
    try {
      step()
      return true
    } catch (error) {
      if (!isWardlineError(error)) throw error
      this.#fault = this.#faultOf(error)
      return false
    }
  }

  #takeLines(piece: Uint8Array): void {
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      if (this.#rest.length === 0) this.#takeLine(piece, start, end)
      else this.#takeRest(piece.subarray(start, end))
      start = end + 1
    }
    this.#rest = joined(this.#rest, piece.subarray(start))
    if (this.#rest.length > MAX_LINE_BYTES) this.#takeRest(NOTHING)
  }

  /** A line that came in several pieces. */
  #takeRest(end: Uint8Array): void {
    const line = joined(this.#rest, end)
    this.#rest = NOTHING
    this.#takeLine(line, 0, line.length)
  }

  #takeLine(text: Uint8Array, start: number, end: number): void {
    this.#line++
    this.#isLogLine = holdsAt(text, start, LOG_START)
    if (end - start > MAX_LINE_BYTES) throw malformed("a line of more than 4 MiB")
    if (this.#hasEnded) throw malformed("something follows the export's end")
    const line = this.#decode(text, start, end)
    if ((this.#line === 1) !== (line.kind === "header")) throw malformed("the header is the first line alone")
    switch (line.kind) {
      case "header":
        return
      case "clinic":
        this.#begin(line)
        return
      case "entry":
        this.#takeEntry(line)
        return
      case "log":
        this.#endEntries(line)
        return
      case "scope":
        this.#takeScope(line)
        return
      case "clinic-end":
        this.#endClinic(line)
        return
      case "end":
        if (this.#section) throw malformed("the last clinic has no end")
        if (line.clinics !== this.#clinics.length) throw malformed("another number of clinics than it says")
        this.#hasEnded = true
    }
  }

  #decode(text: Uint8Array, start: number, end: number): ExportLine {
    let line: ExportLine
    try {
      line = this.#lines.decode(text, start, end)
    } catch (error) {
      // What was wrong before this line is the first thing wrong.
      this.#section?.audit.breakOff(undefined)
      throw error
    }
    if (line.kind !== "entry" && line.kind !== "log") this.#section?.audit.breakOff(undefined)
    return line
  }

  #begin({ clinic, rootKey, checkpoint, witnessed }: ExportLine & { kind: "clinic" }): void {
    if (this.#section) throw malformed("a clinic begins within another")
    if (!equalBytes(clinic, clinicIdOf(this.#options.hash, rootKey)))
      throw malformed("the clinic's id isn't that of its key")
    const name = toHex(clinic)
    if (this.#clinics.some((report) => report.clinic === name)) throw malformed("the same clinic twice")
    const report = beginReport(clinic, rootKey)
    this.#clinics.push(report)
    const origin = auditOrigin(clinic)
    const kept = this.#kept.filter((note) => note.origin === origin).map(({ text }) => text)
    const audit = new ClinicAudit(rootKey, { checkpoint, witnessed, kept }, this.#options)
    this.#section = { clinic, audit, report, firstLine: this.#line + 1, hasEnded: false }
  }

  #takeEntry({ bytes, record }: ExportLine & { kind: "entry" }): void {
    const { audit, hasEnded } = this.#current()
    if (hasEnded) throw malformed("an entry after the log's end")
    audit.add(bytes, record)
    const { noted } = this.#options
    if (noted?.sequence === audit.entries && equalBytes(entryHash(this.#options.hash, bytes), noted.hash))
      this.#isNotedFound = true
    if (++this.#entries % PROGRESS_EVERY === 0) this.#options.onProgress?.(this.#entries)
  }

  #endEntries({ entries, head }: ExportLine & { kind: "log" }): void {
    const section = this.#current()
    if (section.hasEnded) throw malformed("the log ends twice")
    section.audit.endEntries(entries, head)
    section.hasEnded = true
  }

  #takeScope({ scope, records, link }: ExportLine & { kind: "scope" }): void {
    const { audit, hasEnded } = this.#current()
    if (!hasEnded) throw malformed("a chain before the log's end")
    audit.confirmChain(scope, records, link)
  }

  #endClinic(line: ExportLine & { kind: "clinic-end" }): void {
    const { clinic, audit, report, hasEnded } = this.#current()
    if (!hasEnded) throw malformed("the log's end is missing")
    if (!equalBytes(line.clinic, clinic)) throw malformed("another clinic ends than began")
    audit.finish()
    fillReport(report, audit)
    this.#section = undefined
  }

  #current(): Section {
    if (!this.#section) throw malformed("a line that belongs to no clinic")
    return this.#section
  }

  #finish(): void {
    if (this.#rest.length > 0) this.#takeRest(NOTHING)
    this.#line++
    this.#section?.audit.breakOff(undefined)
    if (!this.#hasEnded) throw malformed("the export was cut: its last line is missing")
    const { clinicKey, noted } = this.#options
    if (clinicKey !== undefined && !this.#clinics.some(({ rootKey }) => rootKey === toHex(clinicKey)))
      throw new WardlineError("ERR_FORK", "the export doesn't hold the clinic whose key was given")
    const origins = this.#clinics.map(({ clinic }) => auditOrigin(fromHex(clinic)))
    if (this.#kept.some(({ origin }) => !origins.includes(origin)))
      throw new WardlineError(
        "ERR_FORK",
        "the export doesn't hold the clinic of the checkpoint that was kept",
      )
    if (noted !== undefined && !this.#isNotedFound)
      throw new WardlineError(
        "ERR_FORK",
        "the noted entry isn't there: entries were cut off, or the log was rewritten since it was noted",
      )
  }

  #faultOf(error: WardlineError): AuditFault {
    const place = error instanceof AuditError ? error.place : {}
    const fault: AuditFault = { line: this.#line, message: error.message, ...place }
    const section = this.#section
    if (section === undefined) return fault
    fault.clinic = section.report.clinic
    if (section.hasEnded) return fault
    // An entry belongs here, or the log's end.
    if (!this.#isLogLine) fault.sequence ??= section.audit.entries + 1
    if (fault.sequence !== undefined) fault.line = section.firstLine + fault.sequence - 1
    return fault
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return copyBytes(b)
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
