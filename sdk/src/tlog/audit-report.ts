/** What a check of logs says: what was found, what was checked, and what no check of one log can say. */
import { isAllZero, toHex } from "../bytes.ts"
import type { SignedRoots } from "./audit-notes.ts"
import type { ClinicAudit } from "./clinic-audit.ts"

export interface ClinicReport {
  /** Hexadecimal. */
  clinic: string
  rootKey: string
  entries: number
  records: number
  /** Directory and conversations. */
  chains: number
  /** Leaf hash of the last entry, in hexadecimal: compare it with one noted earlier. Empty for an empty log, and for one
   * that wasn't read to its end. */
  head: string
  /** Root of the tree over the entries, in hexadecimal. */
  root: string
  /** What signatures say of it. */
  roots: SignedRoots
}

/** The first thing wrong. */
export interface AuditFault {
  clinic?: string
  /** The wrong entry's; one past the last for one that is missing at the end. */
  sequence?: number
  /** Where only a signed root tells that entries were changed: the first that may be; `sequence` is the last. */
  from?: number
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

/** A clinic's report before its log was read. */
export function beginReport(clinic: Uint8Array, rootKey: Uint8Array): ClinicReport {
  const roots: SignedRoots = { kept: [], hasLogKey: false }
  const name = toHex(clinic)
  return {
    clinic: name,
    rootKey: toHex(rootKey),
    entries: 0,
    records: 0,
    chains: 0,
    head: "",
    root: "",
    roots,
  }
}

/** Fills in what a log was found to be, after it was read to its end. */
export function fillReport(report: ClinicReport, audit: ClinicAudit): void {
  const { entries, records, chains, roots, leafHash } = audit
  const head = isAllZero(leafHash) ? "" : toHex(leafHash)
  Object.assign(report, { entries, records, chains, head, root: toHex(audit.root()), roots })
}

const CHECKED: readonly string[] = [
  "every entry continues the one before it, by number and hash, and names the one before it of its scope",
  "every record that an entry names is there, with that hash and link, and is what the entry calls it",
  "every link of every directory and transcript, computed anew",
  "every stored record has one entry",
  "every directory, replayed from the clinic's root key: each record's signature and its issuer's right to it",
]

/** The report on clinics that were read, whole or up to a fault. */
export function auditReport(clinics: ClinicReport[], fault: AuditFault | undefined): AuditReport {
  const whole = clinics.filter(({ root }) => root !== "")
  const report = {
    clinics,
    checked: [...CHECKED, ...whole.flatMap(signedLines)],
    notChecked: [...whole.flatMap(unsignedLines), "the transcripts' signatures: clients check each"],
  }
  return fault === undefined ? { ok: true, ...report } : { ok: false, fault, ...report }
}

/** Where a fault is, and what it is. */
export function faultText({ line, sequence, from, clinic, message }: AuditFault): string {
  const parts = [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(sequence === undefined
      ? []
      : [from === undefined || from === sequence ? `entry ${sequence}` : `entries ${from} to ${sequence}`]),
    ...(clinic === undefined ? [] : [`clinic ${clinic}`]),
  ]
  return parts.length === 0 ? message : `${parts.join(", ")}: ${message}`
}

function signedLines({ clinic, entries, roots }: ClinicReport): string[] {
  const { checkpoint, witnessed, kept } = roots
  const name = short(clinic)
  return [
    ...(checkpoint === undefined
      ? []
      : [
          `clinic ${name}: the root over ${upTo(checkpoint.size, entries)}, signed by the log key that its policy names`,
        ]),
    ...(witnessed === undefined || witnessed.witnesses.length === 0
      ? []
      : [
          `clinic ${name}: the root over ${upTo(witnessed.size, entries)}, cosigned by ${witnessed.witnesses
            .map((witness) => `${witness.name} on ${new Date(witness.timeSeconds * 1000).toISOString()}`)
            .join(", ")}`,
        ]),
    ...kept.map(({ size }) => `clinic ${name}: the checkpoint that was kept, over ${upTo(size, entries)}`),
  ]
}

function unsignedLines({ clinic, entries, roots }: ClinicReport): string[] {
  const { checkpoint, witnessed, kept, hasLogKey } = roots
  const name = short(clinic)
  const signed = checkpoint?.size ?? 0
  const cosigned = witnessed !== undefined && witnessed.witnesses.length > 0 ? witnessed.size : 0
  const lines: string[] = []
  if (kept.length === 0)
    lines.push(
      `clinic ${name}: whether entries after ${Math.max(signed, cosigned).toLocaleString("en")} were cut off: compare with a head or a checkpoint that somebody kept`,
    )
  if (!hasLogKey) lines.push(`clinic ${name}: any signature over the log, since its policy names no log key`)
  else if (signed < entries)
    lines.push(`clinic ${name}: entries ${after(signed, entries)}: no checkpoint covers them yet`)
  if (hasLogKey && cosigned < entries)
    lines.push(
      `clinic ${name}: entries ${after(cosigned, entries)} by a witness: whoever has the log key could have rewritten them`,
    )
  return lines
}

function upTo(size: number, entries: number): string {
  return size === entries
    ? `all ${entries.toLocaleString("en")} entries`
    : `entries 1 to ${size.toLocaleString("en")}`
}

function after(size: number, entries: number): string {
  return `${(size + 1).toLocaleString("en")} to ${entries.toLocaleString("en")}`
}

function short(clinic: string): string {
  return clinic.slice(0, 8)
}
