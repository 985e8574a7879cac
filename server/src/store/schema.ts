/** The SQLite database's layout and its version. Migrations go forward only; a newer database is refused. */
import { randomBytes } from "node:crypto"
import { WardlineError } from "@wardline/sdk/protocol"
import type { Database } from "better-sqlite3"

export const SCHEMA_VERSION = 3
/** "WDLN": what `file` and other programs see that the database is. */
const APPLICATION_ID = 0x57444c4e

/** Rows of records are appended, whatever their scope: that fills pages one after the other, where a table ordered by
 * scope would touch a page for each (a third of the throughput with many conversations). The index on `key` finds them
 * by scope and position; key = scope << 24 | position. */
const TABLES = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE clinics (no INTEGER PRIMARY KEY, scope INTEGER NOT NULL, id BLOB NOT NULL UNIQUE, root_key BLOB NOT NULL) STRICT;
CREATE TABLE scopes (
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  clinic INTEGER NOT NULL,
  position INTEGER NOT NULL DEFAULT 0,
  entry INTEGER NOT NULL DEFAULT 0,
  updated INTEGER NOT NULL DEFAULT 0,
  closed INTEGER NOT NULL DEFAULT 0,
  last_by INTEGER NOT NULL DEFAULT 0,
  senders BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE INDEX scopes_of_clinic ON scopes (clinic, no);
CREATE TABLE records (
  row INTEGER PRIMARY KEY,
  key INTEGER NOT NULL UNIQUE,
  audit INTEGER NOT NULL,
  time INTEGER NOT NULL,
  link BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE control (key INTEGER PRIMARY KEY) STRICT;
CREATE TABLE listed (
  clinic INTEGER NOT NULL,
  role TEXT NOT NULL,
  updated INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  PRIMARY KEY (clinic, role, updated, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE patients (
  device BLOB NOT NULL,
  scope INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (device, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE uses (
  clinic INTEGER NOT NULL,
  role TEXT NOT NULL,
  generation INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  PRIMARY KEY (clinic, role, generation, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX uses_of_scope ON uses (scope);
CREATE TABLE shreds (scope INTEGER PRIMARY KEY) STRICT;
CREATE TABLE glass (
  scope INTEGER NOT NULL,
  device BLOB NOT NULL,
  role TEXT NOT NULL,
  purpose INTEGER NOT NULL,
  position INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (scope, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (key INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
CREATE TABLE tiles (key INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;
CREATE TABLE checkpoints (
  clinic INTEGER NOT NULL,
  kind TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (clinic, kind)
) STRICT, WITHOUT ROWID;
`

/** Makes the tables of a new database, or refuses one that this program can't use.
 * @throws {WardlineError} ERR_STORE */
export function prepareSchema(db: Database, mayCreate: boolean): void {
  const version = db.pragma("user_version", { simple: true }) as number
  const application = db.pragma("application_id", { simple: true }) as number
  if (version > SCHEMA_VERSION && application === APPLICATION_ID)
    throw new WardlineError(
      "ERR_STORE",
      `the database has version ${version}, this relay knows up to ${SCHEMA_VERSION}: run the newer relay that wrote it`,
    )
  if (version !== 0 || application !== 0) {
    if (application !== APPLICATION_ID)
      throw new WardlineError("ERR_STORE", "the file is another program's database, not a relay's")
    // Versions 1 and 2 were never released; their records and entries had other layouts.
    if (version < SCHEMA_VERSION)
      throw new WardlineError(
        "ERR_STORE",
        `the database has version ${version}, from before the first release`,
      )
    return
  }
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number
  if (tables !== 0)
    throw new WardlineError("ERR_STORE", "the file is another program's database, not a relay's")
  if (!mayCreate) throw new WardlineError("ERR_STORE", "the database is empty")
  db.transaction(() => {
    db.exec(TABLES)
    db.prepare("INSERT INTO meta VALUES ('relay-id', ?)").run(randomBytes(16))
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  }).immediate()
}
