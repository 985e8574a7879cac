/** What the compliance officer's page shows, as plain data, and what it asks for. */
import type { AuditLogEntry, AuditLogState, AuditProblem, ClinicInfo } from "@wardline/sdk"
import type { InboxStrings } from "../../strings/inbox-strings.ts"

/** Of something that reads entries. `of` is 0 while it isn't known. */
export interface AuditWork {
  readonly done: number
  readonly of: number
}

/** Where the check of the whole log stands. */
export type Verification =
  | { readonly kind: "none" }
  | { readonly kind: "running"; readonly work: AuditWork }
  | {
      readonly kind: "whole"
      readonly atMs: number
      readonly count: number
      /** How many entries the signed state has; 0 where there is none yet. */
      readonly size: number
      /** Whether witnesses had to sign it. */
      readonly isWitnessed: boolean
    }
  | { readonly kind: "broken"; readonly atMs: number; readonly problems: readonly AuditProblem[] }
  /** It couldn't be finished; an error's code. */
  | { readonly kind: "failed"; readonly code: string }

/** A witness that the policy names, whether or not it has signed. */
export interface WitnessLine {
  readonly name: string
  readonly deviceName?: string
  /** When it last signed, and how many entries; absent if it isn't known to have signed. */
  readonly signedMs?: number
  readonly size?: number
}

/** How an entry's own proof stands. */
export type EntryProof =
  | { readonly kind: "checking" }
  | { readonly kind: "proven" | "pending" | "unproven"; readonly file?: string }
  | { readonly kind: "failed"; readonly code: string }

export interface AuditModel {
  readonly strings: InboxStrings
  readonly clinic: ClinicInfo | null
  readonly nowMs: number
  /** Newest first, without a gap. */
  readonly entries: readonly AuditLogEntry[]
  /** Whether there are older ones than these. */
  readonly hasOlder: boolean
  /** Entries are being read. */
  readonly loading: AuditWork | null
  /** Why reading stopped: an error's code. */
  readonly problem: string | null
  readonly log: AuditLogState | null
  readonly witnesses: readonly WitnessLine[]
  readonly quorum: number
  readonly verification: Verification
}

export interface AuditActions {
  /** Leaves the page. */
  close(): void
  /** Reads back to this time, in milliseconds since 1970. */
  readSince(sinceMs: number): void
  /** Reads a little further back. */
  readOlder(): void
  stopReading(): void
  verify(): void
  stopVerifying(): void
  /** Checks one entry's proof. */
  prove(entry: AuditLogEntry, signal: AbortSignal): Promise<EntryProof>
  /** Makes a file of entries. */
  makeFile(format: "csv" | "fhir" | "ndjson", entries: readonly AuditLogEntry[]): Promise<Blob>
  /** Makes a file of what shows that the log is false. */
  makeEvidence(): Promise<Blob>
}
