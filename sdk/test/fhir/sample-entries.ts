/** One audit entry of each action, as the relay writes it, and what is known beside it. */
import { sha256 } from "../../src/crypto/index.ts"
import type { AuditEventContext } from "../../src/fhir/index.ts"
import {
  ACTIONS,
  type Action,
  type AuditEntry,
  encodeEntry,
  entryHash,
  isRecordAction,
} from "../../src/tlog/index.ts"

const id = (byte: number): Uint8Array => new Uint8Array(16).fill(byte)
export const CLINIC: Uint8Array = id(0xc1)
export const CONVERSATION: Uint8Array = id(0xc2)
export const PATIENT: Uint8Array = id(0xda)
export const NURSE: Uint8Array = id(0xdb)
export const RELAY = "5e".repeat(16)

/** Entries of the clinic's own chain; all others are of a conversation. */
const OF_CLINIC: ReadonlySet<Action> = new Set<Action>([
  "relay-start",
  "relay-stop",
  "configuration-change",
  "export",
  "backup",
  "restore",
  "retention-run",
  "refusals-unnoted",
  "login",
  "login-failure",
  "logout",
  "list",
  "audit-read",
  "directory-change",
  "policy-change",
  "admin-change",
  "device-add",
  "device-revoke",
  "device-roles",
  "role-key",
  "role-grant",
  "attest",
  "consent-text",
  "key-recovery",
])
const BY_RELAY: ReadonlySet<Action> = new Set<Action>([
  "relay-start",
  "relay-stop",
  "configuration-change",
  "export",
  "backup",
  "restore",
  "retention-run",
  "refusals-unnoted",
  "break-glass-end",
])
const BY_PATIENT: ReadonlySet<Action> = new Set<Action>(["consent", "open", "withdraw"])
const PURPOSE: Partial<Record<Action, number>> = { access: 1, read: 1, "break-glass": 3, disclosure: 7 }

export const ACTION_NAMES: readonly Action[] = Object.keys(ACTIONS) as Action[]

export function sampleEntry(action: Action, other: Partial<AuditEntry> = {}): AuditEntry {
  const isRecord = isRecordAction(action)
  return {
    action,
    outcome: action === "refusal" || action === "login-failure" ? "refused" : "success",
    purpose: PURPOSE[action] ?? 0,
    sequence: ACTIONS[action],
    time: 1_790_000_000_000,
    actor: BY_RELAY.has(action) ? id(0) : BY_PATIENT.has(action) ? PATIENT : NURSE,
    actorRole: BY_RELAY.has(action) || BY_PATIENT.has(action) ? "" : "nursing",
    scope: OF_CLINIC.has(action) ? CLINIC : CONVERSATION,
    position: isRecord || action === "read" || action === "refusals-unnoted" ? 7 : 0,
    recordHash: new Uint8Array(32).fill(isRecord ? 0xaa : 0),
    link: new Uint8Array(32).fill(isRecord ? 0xbb : 0),
    salt: new Uint8Array(16).fill(0x5a),
    before: 0,
    previous: new Uint8Array(32).fill(0xee),
    ...other,
  }
}

export function contextOf(entry: AuditEntry, other: Partial<AuditEventContext> = {}): AuditEventContext {
  return {
    clinic: CLINIC,
    relay: RELAY,
    leafHash: entryHash(sha256, encodeEntry(entry)),
    patient: entry.scope === CONVERSATION ? PATIENT : undefined,
    isVerified: true,
    ...other,
  }
}
