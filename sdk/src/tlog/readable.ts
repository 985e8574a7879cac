/** Audit entries for people: the same fields, in words where there are any (docs/fhir.md). */
import { equalBytes, isAllZero, toHex } from "../bytes.ts"
import { type Purpose, purposeOf } from "../protocol/index.ts"
import type { Action, AuditEntry, Outcome } from "./entry.ts"

/** What an entry doesn't say itself. */
export interface EntryContext {
  /** 16 bytes. */
  readonly clinic: Uint8Array
  /** 32 bytes: of the entry. */
  readonly leafHash: Uint8Array
  /** 16 bytes: the device that gave the consent of the entry's conversation; undefined where there is none. */
  readonly patient: Uint8Array | undefined
  /** Whether the entry was checked, with all before it. */
  readonly isVerified: boolean
}

/** Ids and hashes are hexadecimal; what there is none of is empty. */
export interface ReadableEntry {
  readonly clinic: string
  readonly sequence: number
  /** ISO 8601, UTC. */
  readonly time: string
  readonly action: Action
  readonly meaning: string
  readonly outcome: Outcome
  readonly purpose: Purpose | ""
  /** The device that acted; empty for the relay itself, the clinic's id for its root key. */
  readonly device: string
  readonly role: string
  /** Empty for what concerns the clinic alone. */
  readonly conversation: string
  readonly patient: string
  /** 0 for none. */
  readonly position: number
  readonly recordHash: string
  readonly entryHash: string
  readonly verified: boolean
}

/** What each action means. */
export const MEANINGS: Readonly<Record<Action, string>> = {
  "relay-start": "the relay started",
  "relay-stop": "the relay stopped",
  login: "a device logged in",
  "login-failure": "a login failed",
  logout: "a device logged out",
  "directory-change": "the clinic's directory changed",
  create: "a message was stored",
  read: "a conversation was read",
  list: "conversations were listed",
  refusal: "a request was refused",
  export: "the audit log was exported",
  backup: "a backup was made",
  "configuration-change": "the relay started with other settings",
  "blob-write": "a file was uploaded",
  "blob-read": "a file was downloaded",
  "member-change": "who belongs to a conversation changed",
  grant: "somebody was given the keys of the past",
  archive: "a conversation went to the archive",
  reopen: "a conversation was reopened",
  withdraw: "the patient withdrew consent",
  shred: "a conversation was destroyed",
  "keys-served": "a device was given what decrypts a conversation",
  consent: "the patient consented",
  open: "a conversation began",
  epoch: "a conversation got a new key",
  access: "staff opened a conversation",
  "break-glass": "emergency access began",
  "break-glass-end": "emergency access ended",
  close: "a conversation was closed",
  delivered: "a device had been given records up to the position",
  "refusals-unnoted": "refusals that weren't noted one by one; their number stands as the position",
  "policy-change": "the clinic's policy changed",
  "admin-change": "an administrator was added or removed",
  "device-add": "a staff device was added",
  "device-revoke": "a staff device was revoked",
  "device-roles": "a staff device's roles changed",
  "role-key": "a role got a new key",
  "role-grant": "a device was given a role's key",
  attest: "somebody confirmed the directory",
  "consent-text": "the clinic's consent text changed",
  "audit-read": "somebody read the audit log",
  disclosure: "staff opened a conversation to disclose it",
  "key-recovery": "a split key was put together",
  hold: "a legal hold was placed",
  unhold: "a legal hold was lifted",
  "retention-run": "what was past its time was destroyed",
  restore: "a backup was restored",
}

export function readableEntry(entry: AuditEntry, context: EntryContext): ReadableEntry {
  return {
    clinic: toHex(context.clinic),
    sequence: entry.sequence,
    time: new Date(entry.time).toISOString(),
    action: entry.action,
    meaning: MEANINGS[entry.action],
    outcome: entry.outcome,
    purpose: entry.purpose === 0 ? "" : purposeOf(entry.purpose),
    device: hexUnlessZero(entry.actor),
    role: entry.actorRole,
    conversation: equalBytes(entry.scope, context.clinic) ? "" : toHex(entry.scope),
    patient: context.patient === undefined ? "" : toHex(context.patient),
    position: entry.position,
    recordHash: hexUnlessZero(entry.recordHash),
    entryHash: toHex(context.leafHash),
    verified: context.isVerified,
  }
}

function hexUnlessZero(bytes: Uint8Array): string {
  return isAllZero(bytes) ? "" : toHex(bytes)
}
