/** What the relay asks of a database. Small, so that backends share no code; one conformance suite runs on each.
 * Everything is keyed by scope: a clinic's directory (scope = clinic id) or a conversation. Whoever calls has checked
 * what is stored; the store keeps it, in order, durably.
 *
 * Methods may answer at once or by a promise: SQLite answers at once, and then nothing waits. */

import type { Role } from "@wardline/sdk/protocol"

export type Awaitable<T> = T | Promise<T>

/** A clinic or a conversation as the store knows it. Made by the store alone. */
export interface ScopeRef {
  /** 16 bytes. */
  readonly id: Uint8Array
}

export interface ClinicRef extends ScopeRef {
  /** 32 bytes; the id follows from it. */
  readonly rootKey: Uint8Array
}

export interface StoredRecord {
  readonly position: number
  /** Of its entry in the clinic's audit log. */
  readonly auditSequence: number
  /** When it was stored, ms since 1970. */
  readonly timeMs: number
  /** 32 bytes. */
  readonly link: Uint8Array
  readonly bytes: Uint8Array
}

export interface NewRecord extends StoredRecord {
  readonly scope: ScopeRef
  /** Whether the conversation's state depends on it: every type but message. */
  readonly isControl: boolean
}

/** What changes beside a conversation's records whenever it grows. */
export interface ConversationChange {
  readonly scope: ScopeRef
  readonly position: number
  /** Sequence of its newest audit entry. */
  readonly entry: number
  readonly updatedMs: number
  /** The `updatedMs` of the change before; 0 for the first. */
  readonly previousMs: number
  readonly isClosed: boolean
  readonly lastBy: "patient" | "staff"
  /** The roles under which it is listed; none until it is opened. */
  readonly roles: readonly string[]
  /** Those of the change before. */
  readonly previousRoles: readonly string[]
  /** Whatever the relay wants back with it: see Conversation.senders. */
  readonly senders: Uint8Array
  /** What records that aren't messages change; undefined if there are none. */
  readonly effects: ChangeEffects | undefined
}

export interface ChangeEffects {
  readonly patients: readonly PatientChange[]
  /** Positions of records whose detached parts are removed, and overwritten. */
  readonly dropped: readonly number[]
  /** Whether the uses of role keys noted so far are over. */
  readonly isUnused: boolean
  readonly uses: readonly RoleKeyUse[]
}

/** A patient's device that came or went. */
export interface PatientChange {
  /** 16 bytes. */
  readonly device: Uint8Array
  /** Milliseconds since 1970 after which it counts no more; 0 = never. */
  readonly untilMs: number
  readonly isRemoved: boolean
}

/** A generation of a role's key that something stored is wrapped to. */
export interface RoleKeyUse {
  readonly role: Role
  readonly generation: number
}

/** A staff device's access in an emergency whose end isn't in the audit log yet. */
export interface BrokenGlass {
  /** The conversation. */
  readonly scope: ScopeRef
  /** 16 bytes. */
  readonly device: Uint8Array
  readonly role: string
  /** As in audit entries. */
  readonly purpose: number
  /** Of its access record. */
  readonly position: number
  /** Milliseconds since 1970, by the relay's clock. */
  readonly untilMs: number
}

/** A device breaks a conversation's glass, or that is over: then `broken` is undefined. */
export interface GlassChange {
  readonly scope: ScopeRef
  readonly device: Uint8Array
  readonly broken: BrokenGlass | undefined
}

export interface AuditEntries {
  readonly clinic: ClinicRef
  /** Sequence of the first. */
  readonly first: number
  /** n × 212 bytes. */
  readonly entries: Uint8Array
  /** What the entries add to the tree over them; each replaces its shorter self. */
  readonly tiles: readonly Tile[]
}

/** A tile of the Merkle tree over a clinic's entries (docs/protocol.md, Audit tree). */
export interface Tile {
  /** 0 holds leaf hashes, each level above one hash for each full tile below. */
  readonly level: number
  /** From 0, within its level. */
  readonly index: number
  /** 1–256 hashes, 32 bytes each. */
  readonly hashes: Uint8Array
}

/** The newest checkpoint of a clinic's log, or the newest that its witnesses' quorum has signed too. */
export type CheckpointKind = "newest" | "witnessed"

export interface SavedCheckpoint {
  readonly clinic: ClinicRef
  readonly kind: CheckpointKind
  /** A signed note, with the cosignatures that have come. */
  readonly note: string
}

/** One transaction. */
export interface Batch {
  readonly newConversations: readonly ScopeRef[]
  readonly records: readonly NewRecord[]
  readonly changes: readonly ConversationChange[]
  /** Clinics, and conversations that don't grow, which have a newer audit entry: its sequence. */
  readonly noted: readonly { readonly scope: ScopeRef; readonly entry: number }[]
  readonly audit: readonly AuditEntries[]
  /** Conversations whose keys and blobs are to be destroyed once this is stored: `unfinishedShreds` has them until
   * `finishShred`. */
  readonly shreds: readonly ScopeRef[]
  /** Records of directories whose detached parts are removed, and overwritten. */
  readonly drops: readonly { readonly clinic: ClinicRef; readonly positions: readonly number[] }[]
  /** In order. */
  readonly glass: readonly GlassChange[]
}

export interface LoadedConversation {
  readonly ref: ScopeRef
  /** 16 bytes. */
  readonly clinic: Uint8Array
  readonly position: number
  /** Sequence of its newest audit entry. */
  readonly entry: number
  readonly link: Uint8Array
  readonly updatedMs: number
  readonly lastBy: "patient" | "staff"
  readonly senders: Uint8Array
  /** Every record but the messages, in order. */
  readonly control: readonly StoredRecord[]
}

export interface ListedConversation {
  readonly id: Uint8Array
  readonly position: number
  readonly updatedMs: number
  readonly isClosed: boolean
  readonly lastBy: "patient" | "staff"
  readonly consent: Uint8Array
  readonly open: Uint8Array
}

export interface ListQuery {
  readonly roles: readonly string[]
  /** Only conversations updated before this; 0 = any. */
  readonly beforeMs: number
  /** Only conversations updated at this time or later; 0 = any. */
  readonly sinceMs: number
  /** Answers more where several share the last one's time, so that paging by time skips none. */
  readonly limit: number
}

export interface PatientQuery {
  /** 16 bytes. */
  readonly device: Uint8Array
  /** Only conversations updated before this; 0 = any. */
  readonly beforeMs: number
  /** A device whose time is over by then is none. */
  readonly nowMs: number
  readonly limit: number
}

export interface ScopeSummary {
  readonly ref: ScopeRef
  /** How many records it really has, counted. */
  readonly records: number
  /** The link stored with the last of them. */
  readonly link: Uint8Array
}

export interface Store {
  /** 16 random bytes, made with the database. */
  readonly relayId: Uint8Array

  /** Registers a clinic where it is new. */
  openClinic(id: Uint8Array, rootKey: Uint8Array): Awaitable<ClinicRef>
  clinics(): Awaitable<readonly ClinicRef[]>

  /** Makes the reference for a conversation that a later commit creates.
   * @throws {WardlineError} ERR_NOT_FOUND for an id that is a scope already. */
  newConversation(clinic: ClinicRef, id: Uint8Array): ScopeRef
  loadConversation(id: Uint8Array): Awaitable<LoadedConversation | undefined>

  /** Records after a position, in order: at most `maxRecords`, and at most `maxBytes` unless the first is larger. */
  read(
    scope: ScopeRef,
    after: number,
    maxRecords: number,
    maxBytes: number,
  ): Awaitable<readonly StoredRecord[]>

  /** A clinic's opened conversations that address one of the roles, the newest first. */
  list(clinic: ClinicRef, query: ListQuery): Awaitable<readonly ListedConversation[]>

  /** The opened conversations that a patient's device is a current one of, the newest first. */
  listOf(clinic: ClinicRef, query: PatientQuery): Awaitable<readonly ListedConversation[]>

  /** The oldest generation of a role's key that something stored is still wrapped to; 0 if there is none. */
  oldestUse(clinic: ClinicRef, role: string): Awaitable<number>

  /** Whether a conversation with this id is stored. */
  hasConversation(id: Uint8Array): Awaitable<boolean>

  /** Conversations whose shred record is stored and whose destruction wasn't said to be finished. */
  unfinishedShreds(): Awaitable<readonly ScopeRef[]>
  finishShred(scope: ScopeRef): Awaitable<void>

  /** Of every clinic. */
  brokenGlass(): Awaitable<readonly BrokenGlass[]>

  /** What the relay noted of its settings at its last start; undefined before the first. */
  settings(): Awaitable<Uint8Array | undefined>
  /** Durable once it has answered.
   * @throws {WardlineError} as `commit` does. */
  saveSettings(settings: Uint8Array): Awaitable<void>

  /** Makes the store's own logs and journals forget what was dropped; answers whether it could. */
  scrub(): Awaitable<boolean>

  /** Stores a batch, all or nothing; durable once it has answered.
   * @throws {WardlineError} ERR_READ_ONLY where the disk is full or failing, ERR_STORE for anything else; then
   *   nothing of the batch is stored. */
  commit(batch: Batch): Awaitable<void>

  /** A clinic's audit entries after a sequence, n × 212 bytes; empty at the end. */
  readAudit(clinic: ClinicRef, after: number): Awaitable<Uint8Array>
  /** One audit entry; undefined if there is none with this sequence. */
  readEntry(clinic: ClinicRef, sequence: number): Awaitable<Uint8Array | undefined>
  /** The last audit entry; undefined if there is none. */
  lastAudit(clinic: ClinicRef): Awaitable<Uint8Array | undefined>
  /** Sequence of the newest entry about the clinic itself, and no conversation; 0 if there is none. */
  newestEntry(clinic: ClinicRef): Awaitable<number>
  /** A tile's hashes, as many as were stored last; undefined if none were. */
  readTile(clinic: ClinicRef, level: number, index: number): Awaitable<Uint8Array | undefined>

  /** Keeps checkpoints in the place of those before, all or none; durable once it has answered.
   * @throws {WardlineError} as `commit` does. */
  saveCheckpoints(checkpoints: readonly SavedCheckpoint[]): Awaitable<void>
  /** The checkpoint kept of a kind; undefined if there is none. */
  checkpoint(clinic: ClinicRef, kind: CheckpointKind): Awaitable<string | undefined>

  /** A clinic's directory and conversations for an audit, in pages: those after `after` (undefined: from the start). */
  scopes(clinic: ClinicRef, after: ScopeRef | undefined, limit: number): Awaitable<readonly ScopeSummary[]>
  /** One record and the reference of its scope, for an audit. */
  find(clinic: ClinicRef, scope: Uint8Array, position: number): Awaitable<StoredRecord | undefined>

  /** Gives up, or takes back, the space kept for noting reads on a full disk; answers whether it is held now. */
  holdReserve(isHeld: boolean): Awaitable<boolean>
  /** May be called twice. */
  close(): Awaitable<void>
}
