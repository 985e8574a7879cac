/** The store in one SQLite file: WAL, synchronous=FULL, one writer. */
import { chmodSync, existsSync } from "node:fs"
import { join } from "node:path"
import { recordPart, WardlineError } from "@wardline/sdk/protocol"
import { ENTRY_BYTES } from "@wardline/sdk/tlog"
import Sqlite from "better-sqlite3"
import { keyOf } from "../hashing.ts"
import { RESERVE_BYTES } from "../limits.ts"
import { type DataLock, lockFolder } from "./lock.ts"
import { holdReserveFile } from "./reserve.ts"
import { prepareSchema } from "./schema.ts"
import { prepareStatements, type RecordRow, type ScopeRow, type Statements } from "./sqlite-statements.ts"
import type {
  AuditEntries,
  Batch,
  BrokenGlass,
  ChangeEffects,
  CheckpointKind,
  ClinicRef,
  ConversationChange,
  GlassChange,
  ListedConversation,
  ListQuery,
  LoadedConversation,
  PatientQuery,
  SavedCheckpoint,
  ScopeRef,
  ScopeSummary,
  Store,
  StoredRecord,
} from "./store.ts"

export const DATABASE_FILE = "relay.db"

/** Positions in a key. Keys are integers of at most 53 bits: exact in JavaScript. */
const SCOPE = 2 ** 24
/** Audit sequences in a key, which leaves room for 32,768 clinics. */
const CLINIC = 2 ** 38
/** Larger pages than the default: fewer to write for each batch. */
const PAGE_SIZE = 8192
const CACHE_KIB = 65_536
/** Pages in the WAL before they are copied to the database, which takes a second fsync: seldom, so that nearly each
 * batch costs one. */
const CHECKPOINT_PAGES = 8000
/** Records that an audit reads at once where it goes through them in order. */
const READ_AHEAD = 256

export interface SqliteOptions {
  /** For an audit beside a running relay: takes no lock, and every writing method fails. */
  isReadOnly?: boolean
  /** A quota on the database file; beyond it the store is full. */
  maxBytes?: number
}

interface NumberedScope extends ScopeRef {
  readonly no: number
  readonly clinicNo: number
}

interface NumberedClinic extends ClinicRef, NumberedScope {}

export class SqliteStore implements Store {
  readonly relayId: Uint8Array
  readonly #db: Sqlite.Database
  readonly #sql: Statements
  readonly #lock: DataLock | undefined
  readonly #reservePath: string
  readonly #maxPages: number
  readonly #clinics = new Map<number, NumberedClinic>()
  readonly #auditScopes = new Map<string, NumberedScope>()
  #ahead: RecordRow[] = []
  #aheadNext = 0
  #wasAhead = false
  #nextScope: number
  #commits = 0

  /** Opens the database of a data folder, which must exist.
   * @throws {WardlineError} ERR_STORE saying what is wrong and what to do. */
  constructor(folder: string, options: SqliteOptions = {}) {
    const isReadOnly = options.isReadOnly === true
    const path = join(folder, DATABASE_FILE)
    this.#reservePath = join(folder, "reserve")
    this.#lock = isReadOnly ? undefined : lockFolder(folder)
    try {
      this.#db = openDatabase(path, isReadOnly)
      prepareSchema(this.#db, !isReadOnly)
      this.#sql = prepareStatements(this.#db)
      this.#maxPages = Math.floor((options.maxBytes ?? 0) / PAGE_SIZE)
      this.relayId = this.#sql.relayId.get() as Buffer
      this.#nextScope = ((this.#sql.lastScope.get() as number | null) ?? 0) + 1
    } catch (error) {
      this.#lock?.release()
      throw storeError(error, path)
    }
    for (const row of this.#sql.clinics.all()) this.#addClinic(row)
    if (!isReadOnly) this.holdReserve(true)
    // One view of the database for a whole audit, whatever a running relay adds meanwhile.
    else this.#db.exec("BEGIN; SELECT count(*) FROM meta;")
  }

  #addClinic(row: { no: number; scope: number; id: Buffer; root_key: Buffer }): NumberedClinic {
    const clinic = { no: row.scope, clinicNo: row.no, id: row.id, rootKey: row.root_key }
    this.#clinics.set(row.no, clinic)
    return clinic
  }

  openClinic(id: Uint8Array, rootKey: Uint8Array): ClinicRef {
    const name = keyOf(id)
    for (const clinic of this.#clinics.values()) if (keyOf(clinic.id) === name) return clinic
    const no = this.#clinics.size + 1
    const scope = this.#nextScope
    this.#transaction(() => {
      this.#sql.addScope.run(scope, id, no)
      this.#sql.addClinic.run(no, scope, id, rootKey)
    })
    this.#nextScope++
    return this.#addClinic({ no, scope, id: Buffer.from(id), root_key: Buffer.from(rootKey) })
  }

  clinics(): readonly ClinicRef[] {
    return [...this.#clinics.values()]
  }

  newConversation(clinic: ClinicRef, id: Uint8Array): ScopeRef {
    // A directory's id, or a conversation of a clinic that isn't served now: the whole batch would fail on it.
    if (this.#sql.scopeById.get(id)) throw new WardlineError("ERR_NOT_FOUND", "no such conversation")
    const scope: NumberedScope = {
      id: Buffer.from(id),
      no: this.#nextScope++,
      clinicNo: (clinic as NumberedClinic).clinicNo,
    }
    return scope
  }

  /** Whether any conversation is stored. */
  get hasConversations(): boolean {
    return this.#nextScope > this.#clinics.size + 1
  }

  loadConversation(id: Uint8Array): LoadedConversation | undefined {
    const row = this.#sql.scopeById.get(id)
    const clinic = row && this.#clinics.get(row.clinic)
    // A directory is a scope too, but no conversation.
    if (!row || !clinic || clinic.no === row.no) return undefined
    const head = this.#sql.record.get(row.no * SCOPE + row.position)
    if (!head) throw new WardlineError("ERR_STORE", "a conversation's newest record is missing")
    return {
      ref: { id: row.id, no: row.no, clinicNo: row.clinic } as ScopeRef,
      clinic: clinic.id,
      position: row.position,
      entry: row.entry,
      link: head.link,
      updatedMs: row.updated,
      lastBy: lastByOf(row),
      senders: row.senders,
      control: this.#sql.control.all(row.no * SCOPE, (row.no + 1) * SCOPE).map(recordOf),
    }
  }

  read(scope: ScopeRef, after: number, maxRecords: number, maxBytes: number): readonly StoredRecord[] {
    const { no } = scope as NumberedScope
    const records: StoredRecord[] = []
    let bytes = 0
    for (const row of this.#sql.records.iterate(no * SCOPE + after, (no + 1) * SCOPE, maxRecords)) {
      bytes += row.bytes.length
      if (records.length > 0 && bytes > maxBytes) break
      records.push(recordOf(row))
    }
    return records
  }

  list(clinic: ClinicRef, query: ListQuery): readonly ListedConversation[] {
    const { clinicNo } = clinic as NumberedClinic
    const before = query.beforeMs === 0 ? Number.MAX_SAFE_INTEGER : query.beforeMs
    const updatedOf = new Map<number, number>()
    for (const role of query.roles) {
      const rows = this.#sql.listed.all(clinicNo, role, query.sinceMs, before, query.limit)
      for (const row of rows) updatedOf.set(row.scope, row.updated)
      const last = rows.at(-1)
      if (last === undefined || rows.length < query.limit) continue
      for (const scope of this.#sql.listedAt.all(clinicNo, role, last.updated))
        updatedOf.set(scope, last.updated)
    }
    const newest = [...updatedOf].sort((a, b) => b[1] - a[1] || b[0] - a[0])
    const lastTime = newest[query.limit - 1]?.[1] ?? 0
    return newest.filter(([, updated]) => updated >= lastTime).map(([no]) => this.#listedOf(no))
  }

  #listedOf(no: number): ListedConversation {
    const row = this.#sql.scope.get(no)
    const consent = this.#sql.record.get(no * SCOPE + 1)
    const open = this.#sql.record.get(no * SCOPE + 2)
    if (!row || !consent || !open)
      throw new WardlineError("ERR_STORE", "a listed conversation isn't in the database")
    return {
      id: row.id,
      position: row.position,
      updatedMs: row.updated,
      isClosed: row.closed === 1,
      lastBy: lastByOf(row),
      consent: consent.bytes,
      open: open.bytes,
    }
  }

  commit(batch: Batch): void {
    this.#transaction(() => {
      const sql = this.#sql
      for (const scope of batch.newConversations) {
        const { no, clinicNo, id } = scope as NumberedScope
        sql.addScope.run(no, id, clinicNo)
      }
      for (const record of batch.records) {
        const key = (record.scope as NumberedScope).no * SCOPE + record.position
        sql.addRecord.run(key, record.auditSequence, record.timeMs, record.link, record.bytes)
        if (record.isControl) sql.addControl.run(key)
      }
      for (const change of batch.changes) this.#applyChange(change)
      for (const { scope, entry } of batch.noted) sql.setEntry.run(entry, (scope as NumberedScope).no)
      for (const { clinic, positions } of batch.drops)
        for (const position of positions) this.#drop((clinic as NumberedClinic).no * SCOPE + position)
      for (const change of batch.glass) this.#applyGlass(change)
      for (const scope of batch.shreds) sql.addShred.run((scope as NumberedScope).no)
      for (const added of batch.audit) this.#addEntries(added)
    })
    this.#commits++
  }

  #addEntries({ clinic, first, entries, tiles }: AuditEntries): void {
    const { clinicNo } = clinic as NumberedClinic
    this.#sql.addAudit.run(clinicNo * CLINIC + first, entries)
    for (const { level, index, hashes } of tiles)
      this.#sql.putTile.run(tileKey(clinicNo, level, index), hashes)
  }

  #applyGlass({ scope, device, broken }: GlassChange): void {
    const { no } = scope as NumberedScope
    if (broken === undefined) this.#sql.removeGlass.run(no, device)
    else {
      const { role, purpose, position, untilMs } = broken
      this.#sql.addGlass.run(no, device, role, purpose, position, untilMs)
    }
  }

  #applyChange(change: ConversationChange): void {
    const sql = this.#sql
    const { no, clinicNo } = change.scope as NumberedScope
    const lastBy = change.lastBy === "staff" ? 2 : 1
    sql.changeScope.run(
      change.position,
      change.entry,
      change.updatedMs,
      change.isClosed ? 1 : 0,
      lastBy,
      change.senders,
      no,
    )
    for (const role of change.previousRoles) sql.removeListed.run(clinicNo, role, change.previousMs, no)
    for (const role of change.roles) sql.addListed.run(clinicNo, role, change.updatedMs, no)
    if (change.effects) this.#applyEffects(clinicNo, no, change.effects)
  }

  #applyEffects(clinicNo: number, no: number, effects: ChangeEffects): void {
    const sql = this.#sql
    for (const { device, untilMs, isRemoved } of effects.patients) {
      if (isRemoved) sql.removePatient.run(device, no)
      else sql.addPatient.run(device, no, untilMs)
    }
    for (const position of effects.dropped) this.#drop(no * SCOPE + position)
    if (effects.isUnused) sql.removeUses.run(no)
    for (const { role, generation } of effects.uses) sql.addUse.run(clinicNo, role, generation, no)
  }

  #drop(key: number): void {
    const bytes = this.#sql.record.get(key)?.bytes
    if (bytes === undefined) throw new WardlineError("ERR_STORE", "a record to be cut isn't in the database")
    const part = recordPart(bytes)
    if (part.length < bytes.length) this.#sql.setBytes.run(part, key)
  }

  listOf(clinic: ClinicRef, query: PatientQuery): readonly ListedConversation[] {
    const { clinicNo } = clinic as NumberedClinic
    const { device, beforeMs, nowMs, limit } = query
    const before = beforeMs === 0 ? Number.MAX_SAFE_INTEGER : beforeMs
    return this.#sql.scopesOfPatient
      .all(device, nowMs, clinicNo, before, limit)
      .map((no) => this.#listedOf(no))
  }

  oldestUse(clinic: ClinicRef, role: string): number {
    return (this.#sql.oldestUse.get((clinic as NumberedClinic).clinicNo, role) as number | null) ?? 0
  }

  hasConversation(id: Uint8Array): boolean {
    const row = this.#sql.scopeById.get(id)
    return row !== undefined && this.#clinics.get(row.clinic)?.no !== row.no
  }

  unfinishedShreds(): readonly ScopeRef[] {
    return this.#sql.shreds.all().map(({ id, no, clinic }) => ({ id, no, clinicNo: clinic }) as ScopeRef)
  }

  brokenGlass(): readonly BrokenGlass[] {
    return this.#sql.glass.all().map(({ no, id, clinic, until, ...glass }) => ({
      ...glass,
      scope: { id, no, clinicNo: clinic } as ScopeRef,
      untilMs: until,
    }))
  }

  settings(): Uint8Array | undefined {
    return this.#sql.settings.get()
  }

  saveSettings(settings: Uint8Array): void {
    this.#transaction(() => this.#sql.saveSettings.run(settings))
  }

  finishShred(scope: ScopeRef): void {
    this.#transaction(() => this.#sql.removeShred.run((scope as NumberedScope).no))
  }

  /** Frames of the write-ahead log keep their content until they are written over: so it is emptied. */
  scrub(): boolean {
    const [result] = this.#db.pragma("wal_checkpoint(TRUNCATE)") as [{ busy: number }]
    return result.busy === 0
  }

  /** All of `work` or nothing, durable on return. */
  #transaction(work: () => void): void {
    const sql = this.#sql
    try {
      sql.begin.run()
      work()
      sql.commit.run()
    } catch (error) {
      if (this.#db.inTransaction) sql.rollback.run()
      throw storeError(error, DATABASE_FILE)
    }
  }

  readAudit(clinic: ClinicRef, after: number): Uint8Array {
    const base = (clinic as NumberedClinic).clinicNo * CLINIC
    // The row that holds `after` may hold its successors too.
    const row =
      this.#sql.auditHolding.get(base, base + after + 1) ??
      this.#sql.auditAfter.get(base + after, base + CLINIC)
    if (!row) return new Uint8Array(0)
    const skip = after + 1 - (row.key - base)
    const entries = row.entries.subarray(Math.max(0, skip) * ENTRY_BYTES)
    if (entries.length > 0) return entries
    return this.#sql.auditAfter.get(row.key, base + CLINIC)?.entries ?? new Uint8Array(0)
  }

  readEntry(clinic: ClinicRef, sequence: number): Uint8Array | undefined {
    const from = (clinic as NumberedClinic).clinicNo * CLINIC
    const entry = this.#sql.auditEntry.get({ from, to: from + sequence, bytes: ENTRY_BYTES })
    return entry?.length === ENTRY_BYTES ? entry : undefined
  }

  lastAudit(clinic: ClinicRef): Uint8Array | undefined {
    const base = (clinic as NumberedClinic).clinicNo * CLINIC
    return this.#sql.auditHolding.get(base, base + CLINIC - 1)?.entries.subarray(-ENTRY_BYTES)
  }

  newestEntry(clinic: ClinicRef): number {
    return this.#sql.newestEntry.get((clinic as NumberedClinic).no) ?? 0
  }

  readTile(clinic: ClinicRef, level: number, index: number): Uint8Array | undefined {
    return this.#sql.tile.get(tileKey((clinic as NumberedClinic).clinicNo, level, index))
  }

  saveCheckpoints(checkpoints: readonly SavedCheckpoint[]): void {
    this.#transaction(() => {
      for (const { clinic, kind, note } of checkpoints)
        this.#sql.putCheckpoint.run((clinic as NumberedClinic).clinicNo, kind, note)
    })
  }

  checkpoint(clinic: ClinicRef, kind: CheckpointKind): string | undefined {
    return this.#sql.checkpoint.get((clinic as NumberedClinic).clinicNo, kind)
  }

  scopes(clinic: ClinicRef, after: ScopeRef | undefined, limit: number): readonly ScopeSummary[] {
    const { clinicNo } = clinic as NumberedClinic
    const afterNo = after === undefined ? 0 : (after as NumberedScope).no
    return this.#sql.scopesOfClinic.all(clinicNo, afterNo, limit).map(({ no, id }) => {
      const records = this.#sql.countRecords.get(no * SCOPE, (no + 1) * SCOPE) as number
      const link = this.#sql.lastLink.get(no * SCOPE, (no + 1) * SCOPE)
      return { ref: { id, no, clinicNo } as ScopeRef, records, link: link ?? new Uint8Array(0) }
    })
  }

  find(clinic: ClinicRef, scope: Uint8Array, position: number): StoredRecord | undefined {
    const key = keyOf(scope)
    let numbered = this.#auditScopes.get(key)
    if (numbered === undefined) {
      const row = this.#sql.scopeById.get(scope)
      if (row?.clinic !== (clinic as NumberedClinic).clinicNo) return undefined
      numbered = { id: row.id, no: row.no, clinicNo: row.clinic }
      if (this.#auditScopes.size >= 100_000) this.#auditScopes.clear()
      this.#auditScopes.set(key, numbered)
    }
    return this.#findAhead(numbered.no * SCOPE + position)
  }

  /** An audit asks in the order in which records were stored: so they are read ahead, as long as that is so. */
  #findAhead(key: number): StoredRecord | undefined {
    let row = this.#ahead[this.#aheadNext]
    if (row?.key === key) {
      this.#wasAhead = true
      this.#aheadNext++
    } else {
      const found = this.#sql.recordWithRow.get(key)
      const limit = this.#wasAhead ? READ_AHEAD : 1
      this.#ahead = found === undefined ? [] : this.#sql.recordsAfterRow.all(found.row, limit)
      this.#wasAhead = false
      this.#aheadNext = 0
      row = found
    }
    return row && recordOf(row)
  }

  holdReserve(isHeld: boolean): boolean {
    if (this.#maxPages > 0) {
      const pages = isHeld ? this.#maxPages : this.#maxPages + Math.ceil(RESERVE_BYTES / PAGE_SIZE)
      this.#db.pragma(`max_page_count = ${pages}`)
      // A quota can't be set below what the file has already: then it is as full as before.
      if (isHeld && (this.#db.pragma("page_count", { simple: true }) as number) >= this.#maxPages)
        return this.holdReserve(false)
    }
    return holdReserveFile(this.#reservePath, isHeld)
  }

  /** How many transactions of records and entries there were, each with one fsync. */
  get commits(): number {
    return this.#commits
  }

  close(): void {
    if (!this.#db.open) return
    this.#db.close()
    this.#lock?.release()
  }
}

/** Of a clinic's 2^38 keys each level has 2^35: enough for the leaves of as many sequences as it has. */
function tileKey(clinicNo: number, level: number, index: number): number {
  return clinicNo * CLINIC + level * 2 ** 35 + index
}

function openDatabase(path: string, isReadOnly: boolean): Sqlite.Database {
  const isNew = !existsSync(path)
  const db = new Sqlite(path, { readonly: isReadOnly, fileMustExist: isReadOnly })
  if (isReadOnly) return db
  if (isNew) chmodSync(path, 0o600)
  db.pragma(`page_size = ${PAGE_SIZE}`)
  db.pragma("journal_mode = WAL")
  db.pragma("synchronous = FULL")
  // What is dropped is overwritten, not only unlinked.
  db.pragma("secure_delete = ON")
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  assertDurable(db)
  return db
}

/** An ack says that the record is on disk: with less than FULL, a power loss would make it a lie.
 * @throws {WardlineError} ERR_STORE */
export function assertDurable(db: Sqlite.Database): void {
  const journal = db.pragma("journal_mode", { simple: true })
  const synchronous = db.pragma("synchronous", { simple: true }) as number
  if (journal !== "wal" || synchronous < 2)
    throw new WardlineError(
      "ERR_STORE",
      "the database can't be used durably: WAL with synchronous=FULL failed",
    )
}

function lastByOf({ last_by }: ScopeRow): "patient" | "staff" {
  return last_by === 2 ? "staff" : "patient"
}

function recordOf(row: RecordRow): StoredRecord {
  return {
    position: row.key % SCOPE,
    auditSequence: row.audit,
    timeMs: row.time,
    link: row.link,
    bytes: row.bytes,
  }
}

/** SQLite's error as one of ours: whether the disk is to blame, or the file. */
function storeError(error: unknown, path: string): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error
  if (/^SQLITE_(FULL|IOERR|READONLY|CANTOPEN)/.test(error.code) && error.code !== "SQLITE_CANTOPEN")
    return new WardlineError("ERR_READ_ONLY", `the disk is full or failing (${error.code})`, { cause: error })
  const advice =
    error.code === "SQLITE_NOTADB" || error.code.startsWith("SQLITE_CORRUPT")
      ? "the file is damaged or no database: restore it from a backup"
      : "check the file's owner and permissions"
  return new WardlineError("ERR_STORE", `${path}: ${advice} (${error.code})`, { cause: error })
}

export type { ScopeRow }
