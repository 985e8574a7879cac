/** One clinic's audit log against the records that it speaks of, its directory and its signed roots: entry by entry, in
 * order, holding heads only (docs/audit-export.md says what is checked, and in which order). */
import { copyBytes, equalBytes, toHex } from "../bytes.ts"
import { isWardlineError } from "../errors.ts"
import { HASH_BYTES } from "../ids.ts"
import { clinicIdOf } from "../protocol/index.ts"
import { AuditError } from "./audit-fault.ts"
import { type AuditNotes, NoteWatch, type SignedRoots } from "./audit-notes.ts"
import { auditOrigin, type NoteCrypto } from "./checkpoint.ts"
import { ClinicDirectory } from "./clinic-directory.ts"
import { ACTIONS, entryHash, type Hash } from "./entry.ts"
import {
  actionOf,
  beforeOf,
  holdsAt,
  LINK,
  namesRecord,
  PREVIOUS,
  positionOf,
  RECORD_HASH,
  SCOPE,
  sequenceOf,
  shapeProblem,
  timeOf,
} from "./entry-fields.ts"
import type { StoredFacts } from "./export-lines.ts"
import { RightEdge } from "./merkle.ts"
import { isOfDirectory, kindProblem } from "./record-kind.ts"
import { firstRecordLink, recordLinker } from "./record-links.ts"

/** What the entries so far have said of one scope. */
interface ScopeHead {
  readonly scope: Uint8Array
  /** Sequence of its newest entry. */
  newest: number
  /** Of its newest record. */
  position: number
  /** Its own 32 bytes, written over: those of a million records would all outlive the young generation. */
  readonly link: Uint8Array
  /** Sequence of the entry that names it. */
  recordEntry: number
  isConfirmed: boolean
  /** Another scope under the same key. */
  readonly next: ScopeHead | undefined
}

/** Follows a clinic's entries: `add` each, then `endEntries`, `confirmChain` for each stored chain, `finish`. Every method
 * throws AuditError at the first thing that is wrong; nothing may follow. */
export class ClinicAudit {
  readonly #clinic: Uint8Array
  readonly #hash: Hash
  readonly #linkOf: ReturnType<typeof recordLinker>
  readonly #directory: ClinicDirectory
  readonly #notes: NoteWatch
  readonly #tree: RightEdge
  /** By the first bytes of their ids. */
  readonly #scopes = new Map<number, ScopeHead>()
  #newestMs = 0
  #leafHash: Uint8Array = new Uint8Array(32)
  /** When a policy named a log key for the first time. */
  #signableSinceMs: number | undefined
  #nextNote: number
  #broken: { readonly sequence: number; readonly leafHash: Uint8Array } | undefined
  #records = 0
  #chains = 0
  #confirmed = 0
  #roots: SignedRoots = { kept: [], hasLogKey: false }

  /** @param rootKey - the clinic's: all that is believed without a signature.
   * @throws {WardlineError} ERR_CLINIC_KEY; ERR_MALFORMED for a note that is none. */
  constructor(rootKey: Uint8Array, notes: AuditNotes, crypto: NoteCrypto) {
    this.#clinic = clinicIdOf(crypto.hash, rootKey)
    this.#hash = crypto.hash
    this.#linkOf = recordLinker(crypto.hash)
    this.#directory = new ClinicDirectory(rootKey, crypto)
    this.#notes = new NoteWatch(auditOrigin(this.#clinic), notes, crypto)
    this.#tree = new RightEdge(crypto.hash)
    this.#nextNote = this.#notes.next
  }

  /** How many entries there are so far. */
  get entries(): number {
    return this.#tree.size
  }

  /** Leaf hash of the newest; zeros before the first. */
  get leafHash(): Uint8Array {
    return this.#leafHash
  }

  /** The root over them. */
  root(): Uint8Array {
    return this.#tree.root()
  }

  /** How many records they have named. */
  get records(): number {
    return this.#records
  }

  /** How many record chains these belong to. */
  get chains(): number {
    return this.#chains
  }

  /** What signatures say of the log, after `endEntries`. */
  get roots(): SignedRoots {
    return this.#roots
  }

  /** Takes the next entry.
   * @param entry - 212 bytes, as stored; not kept.
   * @param stored - what the store holds for the entry's record; undefined if nothing. */
  add(entry: Uint8Array, stored: StoredFacts | undefined): void {
    if (this.#broken !== undefined) this.breakOff(entry.subarray(PREVIOUS))
    const sequence = this.#tree.size + 1
    const problem = shapeProblem(entry) ?? this.#sequenceProblem(entry, sequence)
    if (problem !== undefined) throw new AuditError(problem, { sequence })
    const leafHash = entryHash(this.#hash, entry)
    if (!holdsAt(entry, PREVIOUS, this.#leafHash)) {
      this.#broken = { sequence, leafHash }
      return
    }
    const head = this.#scopeOf(entry)
    if (beforeOf(entry) !== head.newest)
      throw new AuditError(
        `names entry ${beforeOf(entry)} as the one before it of its scope; that is ${head.newest}`,
        { sequence },
      )
    head.newest = sequence
    if (namesRecord(entry)) this.#addRecord(entry, sequence, head, stored)
    else if (stored !== undefined)
      throw new AuditError("comes with a record that it doesn't name", { sequence })
    this.#leafHash = leafHash
    this.#newestMs = timeOf(entry)
    this.#tree.append(leafHash)
    if (sequence === this.#nextNote) {
      this.#notes.reached(this.#tree)
      this.#nextNote = this.#notes.next
    }
  }

  #sequenceProblem(entry: Uint8Array, expected: number): string | undefined {
    const sequence = sequenceOf(entry)
    if (sequence === expected) return undefined
    return sequence > expected
      ? `is missing: entry ${sequence} stands in its place`
      : `isn't here: entry ${sequence} stands in its place`
  }

  #addRecord(entry: Uint8Array, sequence: number, head: ScopeHead, stored: StoredFacts | undefined): void {
    const place = { sequence }
    const position = positionOf(entry)
    if (position !== head.position + 1)
      throw new AuditError(`names position ${position}; ${head.position + 1} comes next in its chain`, place)
    if (stored === undefined) throw new AuditError("its record is missing", place)
    const { hash, link, bytes } = stored
    const isDirectory = equalBytes(head.scope, this.#clinic)
    if (!holdsAt(entry, RECORD_HASH, hash)) throw new AuditError("its record was changed", place)
    if (!holdsAt(entry, LINK, link))
      throw new AuditError("the link stored with its record was changed", place)
    if (bytes !== undefined) {
      if (!equalBytes(this.#hash(bytes), hash)) throw new AuditError("its record's bytes were changed", place)
      const problem = kindProblem(entry, bytes)
      if (problem !== undefined) throw new AuditError(problem, place)
      if (isDirectory) this.#addToDirectory(bytes, entry)
      else if (isOfDirectory(bytes)) throw new AuditError("its record belongs to another chain", place)
    } else if (isDirectory || actionOf(entry) !== ACTIONS.create)
      throw new AuditError("its record's bytes are missing, as they may for a message alone", place)
    if (head.position === 0) {
      head.link.set(firstRecordLink(this.#hash, head.scope))
      this.#chains++
    }
    const next = this.#linkOf(head.link, position, hash)
    if (!holdsAt(entry, LINK, next)) throw new AuditError("its link doesn't continue its chain", place)
    head.position = position
    head.link.set(next)
    head.recordEntry = sequence
    this.#records++
  }

  #addToDirectory(record: Uint8Array, entry: Uint8Array): void {
    try {
      this.#directory.add(record)
    } catch (error) {
      if (!isWardlineError(error)) throw error
      throw new AuditError(error.message, { sequence: sequenceOf(entry) }, error.code, error)
    }
    if (this.#directory.policy?.logKey !== undefined) this.#signableSinceMs ??= timeOf(entry)
  }

  #scopeOf(entry: Uint8Array): ScopeHead {
    const key = keyAt(entry, SCOPE)
    const first = this.#scopes.get(key)
    for (let head = first; head !== undefined; head = head.next)
      if (holdsAt(entry, SCOPE, head.scope)) return head
    const head = {
      scope: copyBytes(entry.subarray(SCOPE, SCOPE + 16)),
      newest: 0,
      position: 0,
      link: new Uint8Array(HASH_BYTES),
      recordEntry: 0,
      isConfirmed: false,
      next: first,
    }
    this.#scopes.set(key, head)
    return head
  }

  /** Says which entry is wrong, if one didn't continue the one before it: that, unless what follows continues the wrong
   * one; then the one before was changed. Whoever has something else than an entry to add calls this first.
   * @param continued - leaf hash that the next thing continues; undefined if nothing does. */
  breakOff(continued: Uint8Array | undefined): void {
    if (this.#broken === undefined) return
    const { sequence, leafHash } = this.#broken
    const isBefore = sequence > 1 && continued !== undefined && equalBytes(continued, leafHash)
    if (isBefore)
      throw new AuditError("was changed: the entry after it continues another", { sequence: sequence - 1 })
    throw new AuditError("doesn't continue the entry before it", { sequence })
  }

  /** There are no more entries: compares their number and head with what the log says of itself, and judges the signed
   * roots. */
  endEntries(entries: number, head: Uint8Array): void {
    this.breakOff(head)
    const count = this.#tree.size
    if (entries > count)
      throw new AuditError(`is missing: the log has ${entries} entries`, { sequence: count + 1 })
    if (entries < count)
      throw new AuditError(`is one too many: the log has ${entries} entries`, { sequence: entries + 1 })
    if (!equalBytes(head, this.#leafHash))
      throw new AuditError("isn't the one with which the log says that it ends", { sequence: count })
    const signableMs = this.#newestMs - (this.#signableSinceMs ?? this.#newestMs)
    this.#roots = this.#notes.judge(this.#directory, count, signableMs)
  }

  /** Compares a chain as stored with what the entries said; each stored chain once.
   * @param records - how many records the store has in that scope.
   * @param link - of the last of them. */
  confirmChain(scope: Uint8Array, records: number, link: Uint8Array): void {
    let head = this.#scopes.get(keyAt(scope, 0))
    while (head !== undefined && !equalBytes(head.scope, scope)) head = head.next
    const name = `chain ${toHex(scope)}: `
    if (head?.isConfirmed === true) throw new AuditError(`${name}stands there twice`)
    const position = head?.position ?? 0
    if (records > position) throw new AuditError(`${name}the record at position ${position + 1} has no entry`)
    const place = head === undefined || position === 0 ? {} : { sequence: head.recordEntry }
    if (records < position)
      throw new AuditError(`${name}the record at position ${records + 1} is missing`, place)
    const expected = head === undefined || position === 0 ? firstRecordLink(this.#hash, scope) : head.link
    if (!equalBytes(link, expected)) throw new AuditError(`${name}its head isn't the one logged`, place)
    if (head === undefined || position === 0) return
    head.isConfirmed = true
    this.#confirmed++
  }

  /** Says that every stored chain was confirmed. */
  finish(): void {
    const missing = this.#chains - this.#confirmed
    if (missing > 0) throw new AuditError(`${missing} chains of the log are missing from the store`)
  }
}

/** The first 31 bits of an id: ids are random, and the few that share them are told apart by all of their bytes. */
function keyAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) & 0x7f) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}
