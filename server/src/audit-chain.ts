/** Writes one clinic's audit entries: the fast twin of the SDK's encodeEntry, for the relay's hot path. */
import { randomFillSync } from "node:crypto"
import {
  ACTIONS,
  type Action,
  type AuditHead,
  decodeEntry,
  EMPTY_AUDIT,
  ENTRY_BYTES,
  ENTRY_OFFSETS,
  entryHash,
  OUTCOMES,
  type Outcome,
  paddedRole,
} from "@wardline/sdk/tlog"
import { sha256, sha256Text, writeKey } from "./hashing.ts"
import type { ScopeRef } from "./store/store.ts"

const {
  sequence: SEQUENCE,
  time: TIME,
  actor: ACTOR,
  actorRole: ROLE,
  scope: SCOPE,
  position: POSITION,
  recordHash: RECORD_HASH,
  link: LINK,
  salt: SALT,
  before: BEFORE,
  previous: PREVIOUS,
} = ENTRY_OFFSETS

const SALT_BYTES = 16
/** The relay itself, as an actor. */
export const NOBODY: string = "\0".repeat(16)
const NO_ROLE = Buffer.alloc(32)

/** Random salts, drawn many at a time: one call for each entry would cost as much as the entry. */
const salts = Buffer.alloc(SALT_BYTES * 1024)
let saltsUsed = salts.length

function nextSaltOffset(): number {
  if (saltsUsed === salts.length) {
    randomFillSync(salts)
    saltsUsed = 0
  }
  saltsUsed += SALT_BYTES
  return saltsUsed - SALT_BYTES
}

const paddedRoles = new Map<string, Buffer>()

function roleBytes(role: string): Buffer {
  if (role === "") return NO_ROLE
  let padded = paddedRoles.get(role)
  if (padded === undefined) {
    padded = Buffer.from(paddedRole(role))
    // Roles come from a directory's few; the bound is for a hostile one.
    if (paddedRoles.size < 10_000) paddedRoles.set(role, padded)
  }
  return padded
}

/** A scope of the log, a conversation or a clinic itself, with the end of its own chain of entries. */
export interface AuditScope {
  /** The conversation's or clinic's id, as a key. */
  readonly key: string
  readonly ref: ScopeRef
  /** Sequence of its newest entry, committed or not; 0 if there is none. */
  entry: number
  /** Of its newest entry that is stored. */
  storedEntry: number
}

/** An event to note. */
export interface AuditEvent {
  action: Action
  outcome: Outcome
  /** 0 is none. */
  purpose: number
  timeMs: number
  /** A device's id as a key, or NOBODY. */
  actor: string
  /** Empty is none. */
  role: string
  /** As the entry's. */
  position: number
}

export interface PendingEntries {
  /** Sequence of the first. */
  readonly first: number
  /** n × 212 bytes. */
  readonly entries: Uint8Array
  /** Their leaf hashes, as text. */
  readonly leafHashes: readonly string[]
}

/** Entries that are made and not yet committed, after those that are. */
export class AuditChain {
  /** 0x00, as the leaf hash wants it, then the entry being made. */
  readonly #leaf = Buffer.alloc(1 + ENTRY_BYTES)
  #sequence: number
  /** Leaf hash of the last entry, as text. */
  #head: string
  #committedSequence: number
  #committedHead: string
  #pending: Buffer = Buffer.allocUnsafe(ENTRY_BYTES * 16)
  #pendingBytes = 0
  #pendingLeaves: string[] = []

  /** @param last - the newest stored entry, if there is any. */
  constructor(last: Uint8Array | undefined) {
    const head: AuditHead = last
      ? { sequence: decodeEntry(last).sequence, leafHash: entryHash(sha256, last) }
      : EMPTY_AUDIT
    this.#sequence = head.sequence
    this.#head = Buffer.from(head.leafHash).toString("latin1")
    this.#committedSequence = this.#sequence
    this.#committedHead = this.#head
  }

  /** Of the newest entry, committed or not. */
  get sequence(): number {
    return this.#sequence
  }

  /** Adds an entry for an event without a record, and moves its scope's end to it; returns its sequence. */
  note(event: AuditEvent, scope: AuditScope): number {
    return this.#add(event, scope, "", undefined)
  }

  /** Adds the entry of a record that is being stored, and moves its scope's end to it; returns its sequence.
   * @param recordHash - as text.
   * @param link - 32 bytes. */
  noteRecord(event: AuditEvent, scope: AuditScope, recordHash: string, link: Uint8Array): number {
    return this.#add(event, scope, recordHash, link)
  }

  #add(event: AuditEvent, scope: AuditScope, recordHash: string, link: Uint8Array | undefined): number {
    const leaf = this.#leaf
    leaf[1] = 1
    leaf[2] = ACTIONS[event.action]
    leaf[3] = OUTCOMES[event.outcome]
    leaf[4] = event.purpose
    writeU64(leaf, 1 + SEQUENCE, ++this.#sequence)
    writeU64(leaf, 1 + TIME, event.timeMs)
    writeKey(leaf, event.actor, 1 + ACTOR)
    leaf.set(roleBytes(event.role), 1 + ROLE)
    writeKey(leaf, scope.key, 1 + SCOPE)
    writeU64(leaf, 1 + POSITION, event.position)
    if (link === undefined) leaf.fill(0, 1 + RECORD_HASH, 1 + SALT)
    else {
      writeKey(leaf, recordHash, 1 + RECORD_HASH)
      leaf.set(link, 1 + LINK)
    }
    const salt = nextSaltOffset()
    salts.copy(leaf, 1 + SALT, salt, salt + SALT_BYTES)
    writeU64(leaf, 1 + BEFORE, scope.entry)
    writeKey(leaf, this.#head, 1 + PREVIOUS)
    this.#head = sha256Text(leaf)
    this.#pendingLeaves.push(this.#head)
    this.#append(leaf)
    scope.entry = this.#sequence
    return this.#sequence
  }

  #append(leaf: Buffer): void {
    const end = this.#pendingBytes + ENTRY_BYTES
    if (end > this.#pending.length) {
      const larger = Buffer.allocUnsafe(this.#pending.length * 2)
      this.#pending.copy(larger, 0, 0, this.#pendingBytes)
      this.#pending = larger
    }
    leaf.copy(this.#pending, this.#pendingBytes, 1)
    this.#pendingBytes = end
  }

  /** What is to be committed; undefined if nothing. */
  get pending(): PendingEntries | undefined {
    if (this.#pendingBytes === 0) return undefined
    const entries = this.#pending.subarray(0, this.#pendingBytes)
    return { first: this.#committedSequence + 1, entries, leafHashes: this.#pendingLeaves }
  }

  /** The pending entries are stored. */
  committed(): void {
    this.#pendingBytes = 0
    this.#pendingLeaves = []
    this.#committedSequence = this.#sequence
    this.#committedHead = this.#head
  }

  /** The pending entries could not be stored: they never were. Whose they were is the caller's to bring back. */
  rollBack(): void {
    this.#pendingBytes = 0
    this.#pendingLeaves = []
    this.#sequence = this.#committedSequence
    this.#head = this.#committedHead
  }
}

/** Writes an integer of at most 53 bits. */
export function writeU64(target: Buffer, offset: number, value: number): void {
  target.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset)
  target.writeUInt32BE(value >>> 0, offset + 4)
}
