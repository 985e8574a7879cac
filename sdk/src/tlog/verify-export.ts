/** Checks an audit export offline: no relay, no database, no trust in whoever made the file. */
import { equalBytes, isAllZero, toHex } from "../bytes.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { ClinicAudit } from "./clinic-audit.ts"
import type { Hash } from "./entry.ts"
import { decodeExportLine, type ExportLine } from "./export-lines.ts"

export interface ClinicReport {
  /** Hexadecimal. */
  clinic: string
  rootKey: string
  entries: number
  records: number
  /** Directory and conversations. */
  chains: number
  /** Leaf hash of the last entry, in hexadecimal: compare it with one noted earlier. */
  head: string
}

/** The first thing wrong. */
export interface AuditFault {
  clinic?: string
  /** The wrong entry's. */
  sequence?: number
  /** Of the export, from 1. */
  line?: number
  message: string
}

export interface AuditReport {
  ok: boolean
  clinics: ClinicReport[]
  fault?: AuditFault
  checked: readonly string[]
  notChecked: readonly string[]
}

/** What a passed check of a log and its records says. */
export const AUDIT_CHECKED: readonly string[] = [
  "every entry continues the one before it (sequence and hash)",
  "every record that an entry names is there, with that hash and link",
  "every link of every directory and transcript, computed anew",
  "every stored record has one entry",
]
/** What no check of one log alone can say. */
export const AUDIT_NOT_CHECKED: readonly string[] = [
  "whether entries and their records were cut off together at the end: compare the head with one noted earlier",
  "the records' signatures: clients check each",
]

/** Called now and then with the number of entries checked so far. */
export type AuditProgress = (entries: number) => void
const PROGRESS_EVERY = 50_000

/** Verifies an export.
 * @param lines - of the file, without newlines; the format is in export-lines.ts.
 * @param hash - SHA-256.
 * @returns a report; `ok` is false and `fault` names the first wrong entry if anything is wrong. */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  hash: Hash,
  onProgress: AuditProgress = () => {},
): Promise<AuditReport> {
  const reader = new ExportReader(hash, onProgress)
  let fault: AuditFault | undefined
  try {
    for await (const line of lines) reader.take(line)
    reader.finish()
  } catch (error) {
    if (!isWardlineError(error)) throw error
    fault = reader.faultOf(error)
  }
  const report = { clinics: reader.clinics, checked: AUDIT_CHECKED, notChecked: AUDIT_NOT_CHECKED }
  return fault === undefined ? { ok: true, ...report } : { ok: false, fault, ...report }
}

interface Section {
  clinic: Uint8Array
  audit: ClinicAudit
  report: ClinicReport
  /** Entries come before chains. */
  isConfirming: boolean
}

class ExportReader {
  readonly clinics: ClinicReport[] = []
  readonly #hash: Hash
  readonly #onProgress: AuditProgress
  #line = 0
  #entries = 0
  #section: Section | undefined
  #inEntry = false
  #ended = false

  constructor(hash: Hash, onProgress: AuditProgress) {
    this.#hash = hash
    this.#onProgress = onProgress
  }

  take(text: string): void {
    this.#line++
    this.#inEntry = false
    if (this.#ended) throw malformed("something follows the export's end")
    const line = decodeExportLine(text)
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
      case "scope":
        this.#takeScope(line)
        return
      case "clinic-end":
        this.#endClinic(line)
        return
      case "end":
        if (this.#section) throw malformed("the last clinic has no end")
        if (line.clinics !== this.clinics.length) throw malformed("another number of clinics than it says")
        this.#ended = true
    }
  }

  #begin({ clinic, rootKey }: ExportLine & { kind: "clinic" }): void {
    if (this.#section) throw malformed("a clinic begins within another")
    if (!equalBytes(clinic, clinicIdOf(this.#hash, rootKey)))
      throw malformed("the clinic's id isn't that of its key")
    const name = toHex(clinic)
    if (this.clinics.some((report) => report.clinic === name)) throw malformed("the same clinic twice")
    const report = { clinic: name, rootKey: toHex(rootKey), entries: 0, records: 0, chains: 0, head: "" }
    this.clinics.push(report)
    this.#section = { clinic, audit: new ClinicAudit(this.#hash), report, isConfirming: false }
  }

  #takeEntry({ bytes, record }: ExportLine & { kind: "entry" }): void {
    const { audit, isConfirming } = this.#current()
    if (isConfirming) throw malformed("an entry after the chains")
    this.#inEntry = true
    audit.add(bytes, record)
    if (++this.#entries % PROGRESS_EVERY === 0) this.#onProgress(this.#entries)
  }

  #takeScope({ scope, records, link }: ExportLine & { kind: "scope" }): void {
    const section = this.#current()
    section.isConfirming = true
    section.audit.confirmChain(scope, records, link)
  }

  #endClinic(line: ExportLine & { kind: "clinic-end" }): void {
    const { clinic, audit, report } = this.#current()
    audit.finish()
    if (!equalBytes(line.clinic, clinic)) throw malformed("another clinic ends than began")
    const { sequence, leafHash } = audit.head
    if (line.entries !== sequence || !equalBytes(line.head, leafHash))
      throw new WardlineError("ERR_FORK", "the log's end isn't the one that the export names")
    report.entries = sequence
    report.records = audit.records
    report.chains = audit.chains
    report.head = isAllZero(leafHash) ? "" : toHex(leafHash)
    this.#section = undefined
  }

  #current(): Section {
    if (!this.#section) throw malformed("a line that belongs to no clinic")
    return this.#section
  }

  finish(): void {
    this.#line++
    this.#inEntry = false
    if (!this.#ended) throw malformed("the export was cut: its last line is missing")
    this.#onProgress(this.#entries)
  }

  faultOf(error: WardlineError): AuditFault {
    const fault: AuditFault = { line: this.#line, message: error.message }
    if (this.#section) fault.clinic = this.#section.report.clinic
    if (this.#inEntry && this.#section) fault.sequence = this.#section.audit.added
    return fault
  }
}

function clinicIdOf(hash: Hash, rootKey: Uint8Array): Uint8Array {
  const tag = new TextEncoder().encode("wl1/clinic")
  const input = new Uint8Array(tag.length + rootKey.length)
  input.set(tag)
  input.set(rootKey, tag.length)
  return hash(input).subarray(0, 16)
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
