/** Turns the entries of an audit export into another format, one at a time. */
import { copyBytes, toHex } from "../bytes.ts"
import { isWardlineError } from "../errors.ts"
import { toAuditEvent } from "../fhir/index.ts"
import { CSV_HEADER, csvEntry } from "../tlog/csv.ts"
import {
  type Action,
  type AuditEntry,
  type AuditReport,
  decodeEntry,
  decodeExportLine,
  type ExportLine,
  entryHash,
  type Hash,
  type Outcome,
} from "../tlog/index.ts"
import { type EntryContext, readableEntry } from "../tlog/readable.ts"

export const EXPORT_FORMATS = ["ndjson", "csv", "fhir"] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** Which entries are wanted; an empty set is all. Ids are hexadecimal. */
export interface EntryFilter {
  readonly fromMs: number
  /** The first that isn't wanted any more. */
  readonly toMs: number
  readonly scopes: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
  readonly roles: ReadonlySet<string>
  readonly actions: ReadonlySet<Action>
  readonly outcomes: ReadonlySet<Outcome>
}

const NEWLINE = 0x0a

export class AuditConverter {
  readonly #format: ExportFormat
  readonly #filter: EntryFilter
  readonly #hash: Hash
  readonly #isVerified: (clinic: string, sequence: number) => boolean
  /** The device that consented, by the conversation's id as text. */
  readonly #patients = new Map<string, Uint8Array>()
  #relay = ""
  #clinic: Uint8Array = new Uint8Array(16)
  #rest: Uint8Array = new Uint8Array(0)
  #entries = 0
  #written = 0
  #unreadable = 0

  /** @param isVerified - whether an entry is one of those that were checked and found right. */
  constructor(
    format: ExportFormat,
    filter: EntryFilter,
    hash: Hash,
    isVerified: (clinic: string, sequence: number) => boolean,
  ) {
    this.#format = format
    this.#filter = filter
    this.#hash = hash
    this.#isVerified = isVerified
  }

  get entries(): number {
    return this.#entries
  }

  get written(): number {
    return this.#written
  }

  /** Lines that aren't those of an export. */
  get unreadable(): number {
    return this.#unreadable
  }

  /** What stands before the entries. */
  begin(): string {
    return this.#format === "csv" ? CSV_HEADER : ""
  }

  /** Takes the export's next bytes; not modified.
   * @returns what comes of the entries that ended in them. */
  take(piece: Uint8Array): string {
    let text = ""
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      text += this.#takeLine(this.#joined(piece.subarray(start, end)))
      start = end + 1
    }
    this.#rest = copyBytes(this.#joined(piece.subarray(start)))
    return text
  }

  /** The export has ended. */
  end(): string {
    return this.#rest.length === 0 ? "" : this.#takeLine(this.#rest)
  }

  #joined(part: Uint8Array): Uint8Array {
    if (this.#rest.length === 0) return part
    const whole = new Uint8Array(this.#rest.length + part.length)
    whole.set(this.#rest)
    whole.set(part, this.#rest.length)
    this.#rest = new Uint8Array(0)
    return whole
  }

  #takeLine(bytes: Uint8Array): string {
    let line: ExportLine
    try {
      line = decodeExportLine(bytes)
      if (line.kind === "entry") return this.#takeEntry(line.bytes, decodeEntry(line.bytes))
    } catch (error) {
      if (!isWardlineError(error)) throw error
      this.#unreadable++
      return ""
    }
    if (line.kind === "header") this.#relay = line.relay
    if (line.kind === "clinic") this.#clinic = line.clinic
    return ""
  }

  #takeEntry(bytes: Uint8Array, entry: AuditEntry): string {
    this.#entries++
    const scope = toHex(entry.scope)
    // A transcript's first record, and so before all that concerns it.
    if (entry.action === "consent") this.#patients.set(scope, entry.actor.slice())
    if (!this.#isWanted(entry, scope)) return ""
    this.#written++
    return this.#convert(entry, {
      clinic: this.#clinic,
      leafHash: entryHash(this.#hash, bytes),
      patient: this.#patients.get(scope),
      isVerified: this.#isVerified(toHex(this.#clinic), entry.sequence),
    })
  }

  #isWanted(entry: AuditEntry, scope: string): boolean {
    const { fromMs, toMs, scopes, devices, roles, actions, outcomes } = this.#filter
    return (
      entry.time >= fromMs &&
      entry.time < toMs &&
      has(scopes, scope) &&
      has(roles, entry.actorRole) &&
      has(actions, entry.action) &&
      has(outcomes, entry.outcome) &&
      (devices.size === 0 || devices.has(toHex(entry.actor)))
    )
  }

  #convert(entry: AuditEntry, context: EntryContext): string {
    switch (this.#format) {
      case "csv":
        return csvEntry(readableEntry(entry, context))
      case "ndjson":
        return `${JSON.stringify(readableEntry(entry, context))}\n`
      case "fhir":
        return `${JSON.stringify(toAuditEvent(entry, { ...context, relay: this.#relay }))}\n`
    }
  }
}

function has<T>(set: ReadonlySet<T>, value: T): boolean {
  return set.size === 0 || set.has(value)
}

/** Which entries of a broken export a report vouches for: those before the first wrong one. */
export function verifiedBy({ clinics, fault }: AuditReport): (clinic: string, sequence: number) => boolean {
  return (clinic, sequence) => {
    if (fault === undefined) return true
    const first = fault.from ?? fault.sequence
    if (fault.clinic === clinic) return first !== undefined && sequence < first
    return clinics.some((report) => report.clinic === clinic && report.root !== "")
  }
}
