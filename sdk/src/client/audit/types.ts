/** What clients tell of the audit log, as plain data: who read a conversation, what the log's own checks say, and the
 * clinic's whole log for whoever may read it (docs/protocol.md, Reading the log). */
import type { Purpose } from "../../protocol/index.ts"
import type { Action, Outcome } from "../../tlog/index.ts"

/** How far the log vouches for an entry. `proven`: it is in the tree of a checkpoint that as many witnesses signed as
 * the clinic demands. `pending`: newer than that checkpoint, or there is none. `unproven`: it should be in that tree, and
 * its proof fails. */
export type Proof = "proven" | "pending" | "unproven"

/** Who an entry is about, by the clinic's directory and the conversation. `unknown`: neither names this device. */
export interface AuditActor {
  readonly kind: "self" | "patient" | "staff" | "admin" | "relay" | "unknown"
  /** Hexadecimal; empty for the relay. */
  readonly deviceId: string
  /** As the directory names it. */
  readonly name?: string
}

/** One device's reading of a conversation: everything between its first and last word of it under one access, with
 * breaks of a few minutes. */
export interface Reading {
  readonly who: AuditActor
  /** The role that it acted in; staff only. */
  readonly role?: string
  readonly purpose?: Purpose
  /** Why, where the purpose asks for a reason and this device can open it. */
  readonly reason?: string
  /** `open`: it goes on, or the server noted no end. `ended`. `announced`: an access was signed and nothing read.
   * `refused`: it was tried and refused. */
  readonly state: "open" | "ended" | "announced" | "refused"
  /** Milliseconds since 1970, by the relay's clock. */
  readonly from: number
  /** Of its last entry. */
  readonly to: number
  /** Position of the newest record that it was given, as far as the log or its own words say; 0 if nothing says. */
  readonly upTo: number
  /** How often it began, reconnecting included. */
  readonly times: number
  /** Attached files that it fetched. */
  readonly files: number
  /** Of the weakest of its entries. */
  readonly proof: Proof
  /** Sequences in the log, ascending. */
  readonly entries: readonly number[]
}

/** What doesn't fit. All but `late` say that the log, or who serves it, can't be believed.
 *
 * - `log-forked`: the log contradicts what it said, signed, before. The evidence is kept.
 * - `log-unexplained`: the log doesn't show that it continues what this device saw; nothing newer is believed until it does.
 * - `log-older`: the log that is shown is older than one that this device saw.
 * - `checkpoint-refused`: what the relay shows as its witnessed checkpoint isn't one.
 * - `gap`: an entry of this conversation was left out: the one before `sequence` isn't the one that it names, or the one
 *   with that sequence was shown before and is gone.
 * - `end-missing`: this device's own reading, of just now, isn't in the list: its end may be cut off.
 * - `unreadable`: an entry can't be decoded, or is about something else.
 * - `not-proven`: an entry isn't proven to be in the witnessed log.
 * - `late`: an entry is over an hour old and still in no witnessed checkpoint.
 * - `missing-entry`: a record that this device has is in no entry.
 * - `doubled-entry`: a record is in two.
 * - `unknown-record`: an entry names a record that this device wasn't given.
 * - `wrong-entry`: an entry says something else of its record than the record itself.
 * - `hidden-reading`: a device has said what it had read, and no entry shows that it was given it.
 * - `reading-without-access`: a device was given the conversation without the right to it. */
export type AuditProblemKind =
  | "log-forked"
  | "log-unexplained"
  | "log-older"
  | "checkpoint-refused"
  | "gap"
  | "end-missing"
  | "unreadable"
  | "not-proven"
  | "late"
  | "missing-entry"
  | "doubled-entry"
  | "unknown-record"
  | "wrong-entry"
  | "hidden-reading"
  | "reading-without-access"

export interface AuditProblem {
  readonly kind: AuditProblemKind
  /** Of the entry that it is about. */
  readonly sequence?: number
  /** Of the record in the conversation that it is about. */
  readonly position?: number
  readonly who?: AuditActor
  /** Milliseconds since 1970. */
  readonly at?: number
}

/** The state of the log that everything here was checked against. */
export interface CheckpointInfo {
  /** How many entries it has. */
  readonly size: number
  /** Hexadecimal. */
  readonly root: string
  /** When the last witness that the quorum needs signed it, by that witness's clock; when this device first saw it where
   * nobody needs to. Milliseconds since 1970. */
  readonly at: number
  /** The clinic's witnesses that signed it. */
  readonly witnesses: readonly WitnessInfo[]
  /** How many have to. 0: nobody but the relay vouches for it. */
  readonly quorum: number
}

export interface WitnessInfo {
  /** As the policy names it. */
  readonly name: string
  /** Of the member of staff whose device it is, if it is one. */
  readonly deviceName?: string
  /** Milliseconds since 1970, by the witness's clock. */
  readonly at: number
}

/** Who has read a conversation. */
export interface WhoHasRead {
  /** Newest first. */
  readonly readings: readonly Reading[]
  /** Undefined while no checkpoint has the witnesses that the clinic demands, or the clinic's policy names no log key. */
  readonly checkpoint: CheckpointInfo | undefined
  readonly problems: readonly AuditProblem[]
  /** How many entries were looked at. */
  readonly entries: number
  /** Nothing was left out before this time, unless a problem says so: of this device's own newest entry that is proven.
   * Whatever is newer than the checkpoint a relay could still have made up. Milliseconds since 1970; undefined where there
   * is none. */
  readonly completeTo: number | undefined
}

export interface AuditProgress {
  /** Entries checked. */
  readonly done: number
  /** In all, as far as is known. */
  readonly of: number | undefined
}

export interface AuditOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: AuditProgress) => void
}

/** One entry of the clinic's log. */
export interface AuditLogEntry {
  readonly sequence: number
  /** Milliseconds since 1970, by the relay's clock. */
  readonly time: number
  readonly action: Action
  readonly outcome: Outcome
  readonly purpose?: Purpose
  readonly who: AuditActor
  readonly role?: string
  /** The conversation that it is about, hexadecimal; undefined: the clinic. */
  readonly conversation?: string
  /** As the action has it (docs/protocol.md, Audit entry). */
  readonly position: number
  /** Hexadecimal, where the entry names a record. */
  readonly recordHash?: string
  /** The 212 bytes. */
  readonly bytes: Uint8Array
}

/** How far a reader of the clinic's log has come. */
export interface AuditLogState {
  /** Sequence of the newest entry that was read; all up to it continue each other. */
  readonly read: number
  /** Sequence up to which they are proven against the checkpoint. */
  readonly provenTo: number
  readonly checkpoint: CheckpointInfo | undefined
  /** Empty as long as all is well. After `log-forked`, `gap` or `unreadable` nothing more is read. */
  readonly problems: readonly AuditProblem[]
}

/** What a staff client does for the clinic as a witness of the log, without being asked. */
export interface WitnessState {
  /** As the policy names it. */
  readonly name: string
  /** The newest checkpoint that it signed; 0 before the first. */
  readonly size: number
  /** When, milliseconds since 1970. */
  readonly at: number | undefined
  /** Why it signs nothing now. */
  readonly problem:
    | "log-forked"
    | "log-unexplained"
    | "log-older"
    | "checkpoint-refused"
    | "offline"
    | undefined
}
