/** The audit log's unit: who did what, when, to which record, and never its content (docs/protocol.md, Audit entry). */
import { assertLength, compareBytes, fromUtf8, isAllZero, utf8, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { HASH_BYTES, ID_BYTES, isSlug } from "../ids.ts"
import { ENTRY_BYTES, ENTRY_OFFSETS, ENTRY_VERSION, MAX_PURPOSE } from "./entry-layout.ts"

/** SHA-256; passed in, so that the relay may use a faster one. */
export type Hash = (bytes: Uint8Array) => Uint8Array

const ROLE_BYTES = 32
/** The last instant that a Date can hold: a later one would be an error wherever it is shown. */
export const MAX_TIME_MS = 8_640_000_000_000_000

export const ACTIONS = {
  "relay-start": 1,
  "relay-stop": 2,
  login: 3,
  "login-failure": 4,
  logout: 5,
  "directory-change": 6,
  create: 7,
  read: 8,
  list: 9,
  refusal: 10,
  export: 11,
  backup: 12,
  "configuration-change": 13,
  "blob-write": 14,
  "blob-read": 15,
  "member-change": 20,
  grant: 21,
  archive: 22,
  reopen: 23,
  withdraw: 24,
  shred: 25,
  "keys-served": 26,
  consent: 27,
  open: 28,
  epoch: 29,
  access: 30,
  "break-glass": 31,
  "break-glass-end": 32,
  close: 33,
  delivered: 34,
  "refusals-unnoted": 35,
  "policy-change": 36,
  "admin-change": 37,
  "device-add": 38,
  "device-revoke": 39,
  "device-roles": 40,
  "role-key": 41,
  "role-grant": 42,
  attest: 43,
  "consent-text": 44,
  "audit-read": 45,
  disclosure: 46,
  "key-recovery": 47,
  hold: 48,
  unhold: 49,
  "retention-run": 50,
  restore: 51,
} as const

export const OUTCOMES = { success: 0, refused: 1, failed: 2 } as const

export type Action = keyof typeof ACTIONS
export type Outcome = keyof typeof OUTCOMES

const ACTION_NAMES = new Map(Object.entries(ACTIONS).map(([name, code]) => [code as number, name as Action]))
const OUTCOME_NAMES = new Map(
  Object.entries(OUTCOMES).map(([name, code]) => [code as number, name as Outcome]),
)

export interface AuditEntry {
  action: Action
  outcome: Outcome
  /** Purpose of use, 1–9 as in access records; 0 is none. */
  purpose: number
  /** From 1. */
  sequence: number
  /** Milliseconds since 1970, by the relay's clock. */
  time: number
  /** 16 bytes: a device; zeros for the relay itself. */
  actor: Uint8Array
  /** The role that the actor acted in; empty for none. */
  actorRole: string
  /** 16 bytes: clinic or conversation id. */
  scope: Uint8Array
  /** The record's position; for a read the cursor; for a delivery the last record delivered; for refusals that weren't
   * noted their number; 0 for none. */
  position: number
  /** 32 bytes, zeros where there is no record. */
  recordHash: Uint8Array
  /** 32 bytes, zeros where there is no record. */
  link: Uint8Array
  /** 16 random bytes: nobody can guess an entry from its leaf hash. */
  salt: Uint8Array
  /** Sequence of the newest earlier entry of the same scope; 0 if there is none. */
  before: number
  /** 32 bytes: leaf hash of the entry before; zeros for the first. */
  previous: Uint8Array
}

/** Encodes an entry: 212 bytes.
 * @throws {WardlineError} ERR_MALFORMED for a value that the layout can't hold. */
export function encodeEntry(entry: AuditEntry): Uint8Array {
  assertLength(entry.actor, ID_BYTES, "actor")
  assertLength(entry.scope, ID_BYTES, "scope")
  assertLength(entry.recordHash, HASH_BYTES, "record hash")
  assertLength(entry.link, HASH_BYTES, "link")
  assertLength(entry.salt, 16, "salt")
  assertLength(entry.previous, HASH_BYTES, "previous")
  if (entry.purpose > MAX_PURPOSE) throw malformed("unknown purpose")
  return new Writer()
    .u8(ENTRY_VERSION)
    .u8(ACTIONS[entry.action])
    .u8(OUTCOMES[entry.outcome])
    .u8(entry.purpose)
    .u64(entry.sequence)
    .u64(entry.time)
    .bytes(entry.actor)
    .bytes(paddedRole(entry.actorRole))
    .bytes(entry.scope)
    .u64(entry.position)
    .bytes(entry.recordHash)
    .bytes(entry.link)
    .bytes(entry.salt)
    .u64(entry.before)
    .bytes(entry.previous)
    .done()
}

/** Decodes an entry; its parts are views of `bytes`.
 * @throws {WardlineError} ERR_MALFORMED, or ERR_UNSUPPORTED for another version or action. */
export function decodeEntry(bytes: Uint8Array): AuditEntry {
  if (bytes.length !== ENTRY_BYTES) throw malformed("an entry of another length")
  if (bytes[0] !== ENTRY_VERSION) throw new WardlineError("ERR_UNSUPPORTED", "unknown entry version")
  const at = ENTRY_OFFSETS
  const action = ACTION_NAMES.get(bytes[at.action] as number)
  if (action === undefined) throw new WardlineError("ERR_UNSUPPORTED", "unknown action")
  const outcome = OUTCOME_NAMES.get(bytes[at.outcome] as number)
  if (outcome === undefined) throw malformed("unknown outcome")
  const purpose = bytes[at.purpose] as number
  if (purpose > MAX_PURPOSE) throw malformed("unknown purpose")
  const time = readU64(bytes, at.time)
  if (time > MAX_TIME_MS) throw malformed("a time that no calendar has")
  // By offsets, not by a reader: an officer's browser reads them by the million.
  return {
    action,
    outcome,
    purpose,
    sequence: readU64(bytes, at.sequence),
    time,
    actor: bytes.subarray(at.actor, at.actorRole),
    actorRole: readPaddedRole(bytes.subarray(at.actorRole, at.scope)),
    scope: bytes.subarray(at.scope, at.position),
    position: readU64(bytes, at.position),
    recordHash: bytes.subarray(at.recordHash, at.link),
    link: bytes.subarray(at.link, at.salt),
    salt: bytes.subarray(at.salt, at.before),
    before: readU64(bytes, at.before),
    previous: bytes.subarray(at.previous, ENTRY_BYTES),
  }
}

function readU64(bytes: Uint8Array, at: number): number {
  let high = 0
  for (let i = at; i < at + 4; i++) high = high * 256 + (bytes[i] as number)
  if (high > 0x1fffff) throw malformed("integer over 2^53 - 1")
  let low = 0
  for (let i = at + 4; i < at + 8; i++) low = low * 256 + (bytes[i] as number)
  return high * 0x1_0000_0000 + low
}

/** A role as entries hold it: 32 bytes, zero-padded; all zeros for the empty role.
 * @throws {WardlineError} ERR_MALFORMED for anything but a role's name. */
export function paddedRole(role: string): Uint8Array {
  if (role !== "" && !isSlug(role)) throw malformed("not a role")
  const padded = new Uint8Array(ROLE_BYTES)
  padded.set(utf8(role))
  return padded
}

function readPaddedRole(padded: Uint8Array): string {
  if (padded[0] === 0 && isAllZero(padded)) return ""
  let end = padded.length
  while (end > 0 && padded[end - 1] === 0) end--
  const role = fromUtf8(padded.subarray(0, end))
  if (!isSlug(role)) throw malformed("not a role")
  return role
}

/** The actions that stored a record: each entry names it. */
const RECORD_ACTIONS: ReadonlySet<Action> = new Set([
  "directory-change",
  "create",
  "member-change",
  "grant",
  "archive",
  "reopen",
  "withdraw",
  "shred",
  "consent",
  "open",
  "epoch",
  "access",
  "break-glass",
  "close",
  "policy-change",
  "admin-change",
  "device-add",
  "device-revoke",
  "device-roles",
  "role-key",
  "role-grant",
  "attest",
  "consent-text",
  "disclosure",
  "key-recovery",
])

/** Whether an entry's action is one that stored a record. */
export function isRecordAction(action: Action): boolean {
  return RECORD_ACTIONS.has(action)
}

/** The actions that may be noted as refused or failed. */
const FALLIBLE_ACTIONS: ReadonlySet<Action> = new Set([
  "login-failure",
  "refusal",
  "refusals-unnoted",
  "export",
  "backup",
  "retention-run",
  "restore",
])

/** Whether an entry of this action may have another outcome than success: what stored or gave out something did so. A
 * reading that is called refused would be no reading to whoever looks for those. */
export function mayFail(action: Action): boolean {
  return FALLIBLE_ACTIONS.has(action)
}

/** H(0x00 ‖ entry): the leaf hash of RFC 6962, section 2.1. */
export function entryHash(hash: Hash, bytes: Uint8Array): Uint8Array {
  assertLength(bytes, ENTRY_BYTES, "audit entry")
  leafInput.set(bytes, 1)
  return hash(leafInput)
}

/** 0x00, then an entry: one buffer for all. */
const leafInput = new Uint8Array(1 + ENTRY_BYTES)

/** The head of an audit chain: how many entries it has, and the leaf hash of the last (zeros if none). */
export interface AuditHead {
  readonly sequence: number
  readonly leafHash: Uint8Array
}

export const EMPTY_AUDIT: AuditHead = { sequence: 0, leafHash: new Uint8Array(HASH_BYTES) }

/** Checks that `bytes` is the entry that follows `head`.
 * @param entry - `bytes`, decoded.
 * @returns the new head.
 * @throws {WardlineError} ERR_FORK saying what is wrong. */
export function nextHead(hash: Hash, head: AuditHead, bytes: Uint8Array, entry: AuditEntry): AuditHead {
  if (entry.sequence !== head.sequence + 1)
    throw new WardlineError("ERR_FORK", `has sequence ${entry.sequence}; ${head.sequence + 1} comes here`)
  if (compareBytes(entry.previous, head.leafHash) !== 0)
    throw new WardlineError("ERR_FORK", "doesn't continue the entry before it")
  if (isRecordAction(entry.action) === isAllZero(entry.recordHash))
    throw new WardlineError("ERR_FORK", "its action and its record don't fit")
  if (entry.outcome !== "success" && !mayFail(entry.action))
    throw new WardlineError("ERR_FORK", "its action and its outcome don't fit")
  if (entry.before >= entry.sequence)
    throw new WardlineError("ERR_FORK", "names a later entry as the one before it")
  return { sequence: entry.sequence, leafHash: entryHash(hash, bytes) }
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
