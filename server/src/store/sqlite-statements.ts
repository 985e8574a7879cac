/** Every statement that the SQLite store runs, prepared once. */
import type { Database, Statement } from "better-sqlite3"

export interface RecordRow {
  key: number
  audit: number
  time: number
  link: Buffer
  bytes: Buffer
}

export interface ScopeRow {
  no: number
  id: Buffer
  clinic: number
  position: number
  entry: number
  updated: number
  closed: number
  last_by: number
  senders: Buffer
}

interface GlassRow {
  no: number
  id: Buffer
  clinic: number
  device: Buffer
  role: string
  purpose: number
  position: number
  until: number
}

interface ClinicRow {
  no: number
  scope: number
  id: Buffer
  root_key: Buffer
}

export interface Statements {
  begin: Statement<[]>
  commit: Statement<[]>
  rollback: Statement<[]>
  relayId: Statement<[], Buffer>
  lastScope: Statement<[], number | null>
  clinics: Statement<[], ClinicRow>
  addClinic: Statement<[no: number, scope: number, id: Uint8Array, rootKey: Uint8Array]>
  addScope: Statement<[no: number, id: Uint8Array, clinic: number]>
  changeScope: Statement<
    [
      position: number,
      entry: number,
      updated: number,
      closed: number,
      lastBy: number,
      senders: Uint8Array,
      no: number,
    ]
  >
  setEntry: Statement<[entry: number, no: number]>
  newestEntry: Statement<[no: number], number>
  scope: Statement<[no: number], ScopeRow>
  scopeById: Statement<[id: Uint8Array], ScopeRow>
  scopesOfClinic: Statement<[clinic: number, after: number, limit: number], { no: number; id: Buffer }>
  addRecord: Statement<[key: number, audit: number, time: number, link: Uint8Array, bytes: Uint8Array]>
  addControl: Statement<[key: number]>
  setBytes: Statement<[bytes: Uint8Array, key: number]>
  record: Statement<[key: number], RecordRow>
  recordWithRow: Statement<[key: number], RecordRow & { row: number }>
  recordsAfterRow: Statement<[row: number, limit: number], RecordRow>
  records: Statement<[after: number, end: number, limit: number], RecordRow>
  control: Statement<[from: number, end: number], RecordRow>
  countRecords: Statement<[from: number, end: number], number>
  lastLink: Statement<[from: number, end: number], Buffer>
  listed: Statement<
    [clinic: number, role: string, since: number, before: number, limit: number],
    { scope: number; updated: number }
  >
  listedAt: Statement<[clinic: number, role: string, updated: number], number>
  addListed: Statement<[clinic: number, role: string, updated: number, scope: number]>
  removeListed: Statement<[clinic: number, role: string, updated: number, scope: number]>
  addPatient: Statement<[device: Uint8Array, scope: number, until: number]>
  removePatient: Statement<[device: Uint8Array, scope: number]>
  scopesOfPatient: Statement<
    [device: Uint8Array, now: number, clinic: number, before: number, limit: number],
    number
  >
  addUse: Statement<[clinic: number, role: string, generation: number, scope: number]>
  removeUses: Statement<[scope: number]>
  oldestUse: Statement<[clinic: number, role: string], number | null>
  addShred: Statement<[scope: number]>
  removeShred: Statement<[scope: number]>
  shreds: Statement<[], ScopeRow>
  addGlass: Statement<
    [scope: number, device: Uint8Array, role: string, purpose: number, position: number, until: number]
  >
  removeGlass: Statement<[scope: number, device: Uint8Array]>
  glass: Statement<[], GlassRow>
  settings: Statement<[], Buffer>
  saveSettings: Statement<[settings: Uint8Array]>
  addAudit: Statement<[key: number, entries: Uint8Array]>
  /** The row with the greatest key in [from, to]. */
  auditHolding: Statement<[from: number, to: number], { key: number; entries: Buffer }>
  /** The row with the least key in (after, end). */
  auditAfter: Statement<[after: number, end: number], { key: number; entries: Buffer }>
  /** `bytes` of the row with the greatest key in [from, to], from the byte (to − key) × `bytes` on; fewer at its end. */
  auditEntry: Statement<{ from: number; to: number; bytes: number }, Buffer>
  putTile: Statement<[key: number, hashes: Uint8Array]>
  tile: Statement<[key: number], Buffer>
  putCheckpoint: Statement<[clinic: number, kind: string, note: string]>
  checkpoint: Statement<[clinic: number, kind: string], string>
}

const COLUMNS = "key, audit, time, link, bytes"

export function prepareStatements(db: Database): Statements {
  const prepare = <B extends unknown[], R = unknown>(source: string): Statement<B, R> =>
    db.prepare<B, R>(source)
  return {
    begin: prepare("BEGIN IMMEDIATE"),
    commit: prepare("COMMIT"),
    rollback: prepare("ROLLBACK"),
    relayId: prepare<[], Buffer>("SELECT value FROM meta WHERE name = 'relay-id'").pluck(),
    lastScope: prepare<[], number | null>("SELECT max(no) FROM scopes").pluck(),
    clinics: prepare("SELECT no, scope, id, root_key FROM clinics ORDER BY no"),
    addClinic: prepare("INSERT INTO clinics (no, scope, id, root_key) VALUES (?, ?, ?, ?)"),
    addScope: prepare("INSERT INTO scopes (no, id, clinic) VALUES (?, ?, ?)"),
    changeScope: prepare(
      "UPDATE scopes SET position = ?, entry = ?, updated = ?, closed = ?, last_by = ?, senders = ? WHERE no = ?",
    ),
    setEntry: prepare("UPDATE scopes SET entry = ? WHERE no = ?"),
    newestEntry: prepare<[number], number>("SELECT entry FROM scopes WHERE no = ?").pluck(),
    scope: prepare("SELECT * FROM scopes WHERE no = ?"),
    scopeById: prepare("SELECT * FROM scopes WHERE id = ?"),
    scopesOfClinic: prepare("SELECT no, id FROM scopes WHERE clinic = ? AND no > ? ORDER BY no LIMIT ?"),
    addRecord: prepare("INSERT INTO records (key, audit, time, link, bytes) VALUES (?, ?, ?, ?, ?)"),
    addControl: prepare("INSERT INTO control (key) VALUES (?)"),
    setBytes: prepare("UPDATE records SET bytes = ? WHERE key = ?"),
    record: prepare(`SELECT ${COLUMNS} FROM records WHERE key = ?`),
    recordWithRow: prepare(`SELECT row, ${COLUMNS} FROM records WHERE key = ?`),
    recordsAfterRow: prepare(`SELECT ${COLUMNS} FROM records WHERE row > ? ORDER BY row LIMIT ?`),
    records: prepare(`SELECT ${COLUMNS} FROM records WHERE key > ? AND key < ? ORDER BY key LIMIT ?`),
    control: prepare(
      `SELECT ${COLUMNS} FROM records WHERE key IN (SELECT key FROM control WHERE key > ? AND key < ?) ORDER BY key`,
    ),
    countRecords: prepare<[number, number], number>(
      "SELECT count(*) FROM records WHERE key > ? AND key < ?",
    ).pluck(),
    lastLink: prepare<[number, number], Buffer>(
      "SELECT link FROM records WHERE key > ? AND key < ? ORDER BY key DESC LIMIT 1",
    ).pluck(),
    listed: prepare(
      "SELECT scope, updated FROM listed WHERE clinic = ? AND role = ? AND updated >= ? AND updated < ? ORDER BY updated DESC, scope DESC LIMIT ?",
    ),
    listedAt: prepare<[number, string, number], number>(
      "SELECT scope FROM listed WHERE clinic = ? AND role = ? AND updated = ?",
    ).pluck(),
    addListed: prepare("INSERT INTO listed (clinic, role, updated, scope) VALUES (?, ?, ?, ?)"),
    removeListed: prepare("DELETE FROM listed WHERE clinic = ? AND role = ? AND updated = ? AND scope = ?"),
    addPatient: prepare("INSERT OR REPLACE INTO patients (device, scope, until) VALUES (?, ?, ?)"),
    removePatient: prepare("DELETE FROM patients WHERE device = ? AND scope = ?"),
    scopesOfPatient: prepare<[Uint8Array, number, number, number, number], number>(
      `SELECT scopes.no FROM patients JOIN scopes ON scopes.no = patients.scope
       WHERE device = ? AND (until = 0 OR until > ?) AND scopes.clinic = ? AND scopes.position > 1 AND scopes.updated < ?
       ORDER BY scopes.updated DESC LIMIT ?`,
    ).pluck(),
    addUse: prepare("INSERT OR IGNORE INTO uses (clinic, role, generation, scope) VALUES (?, ?, ?, ?)"),
    removeUses: prepare("DELETE FROM uses WHERE scope = ?"),
    oldestUse: prepare<[number, string], number | null>(
      "SELECT min(generation) FROM uses WHERE clinic = ? AND role = ?",
    ).pluck(),
    addShred: prepare("INSERT OR IGNORE INTO shreds (scope) VALUES (?)"),
    removeShred: prepare("DELETE FROM shreds WHERE scope = ?"),
    shreds: prepare("SELECT * FROM scopes WHERE no IN (SELECT scope FROM shreds)"),
    addGlass: prepare(
      "INSERT OR REPLACE INTO glass (scope, device, role, purpose, position, until) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    removeGlass: prepare("DELETE FROM glass WHERE scope = ? AND device = ?"),
    glass: prepare(
      `SELECT no, id, clinic, device, role, purpose, glass.position, until
       FROM glass JOIN scopes ON scopes.no = glass.scope`,
    ),
    settings: prepare<[], Buffer>("SELECT value FROM meta WHERE name = 'settings'").pluck(),
    saveSettings: prepare("INSERT OR REPLACE INTO meta VALUES ('settings', ?)"),
    addAudit: prepare("INSERT INTO audit (key, entries) VALUES (?, ?)"),
    auditHolding: prepare(
      "SELECT key, entries FROM audit WHERE key >= ? AND key <= ? ORDER BY key DESC LIMIT 1",
    ),
    auditAfter: prepare("SELECT key, entries FROM audit WHERE key > ? AND key < ? ORDER BY key LIMIT 1"),
    auditEntry: db
      .prepare<{ from: number; to: number; bytes: number }, Buffer>(
        `SELECT substr(entries, (@to - key) * @bytes + 1, @bytes) FROM audit
         WHERE key >= @from AND key <= @to ORDER BY key DESC LIMIT 1`,
      )
      .pluck(),
    putTile: prepare("INSERT OR REPLACE INTO tiles (key, hashes) VALUES (?, ?)"),
    tile: prepare<[number], Buffer>("SELECT hashes FROM tiles WHERE key = ?").pluck(),
    putCheckpoint: prepare("INSERT OR REPLACE INTO checkpoints (clinic, kind, note) VALUES (?, ?, ?)"),
    checkpoint: prepare<[number, string], string>(
      "SELECT note FROM checkpoints WHERE clinic = ? AND kind = ?",
    ).pluck(),
  }
}
