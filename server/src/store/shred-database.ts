/** The file that holds shred keys: SQLite, small, apart from the records, and in no export or backup of them.
 *
 * A destroyed key must stand nowhere in it any more. So rows have one size and never move: a key is destroyed by writing
 * zeros over it in place, and the row is used again. Deleting rows would make SQLite rebuild pages, which leaves copies
 * of the neighbours behind. The journal, which holds pages as they were, is a file that stays; it is overwritten too. */
import { chmodSync, closeSync, existsSync, fstatSync, fsyncSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { WardlineError } from "@wardline/sdk/protocol"
import Sqlite, { type Database, type Statement } from "better-sqlite3"

export const SHRED_FILE = "shred.db"
export const SHRED_VERSION = 1
/** "WDLS" */
const APPLICATION_ID = 0x57444c53
const GONE = Buffer.alloc(32)
const BLOCK = Buffer.alloc(65_536)

/** `is_free`: the key was destroyed, and the row is for the next one. `is_pending`: its conversation hasn't begun yet. */
const TABLES = `
CREATE TABLE keys (
  slot INTEGER PRIMARY KEY,
  conversation BLOB NOT NULL UNIQUE,
  device BLOB NOT NULL,
  kept INTEGER NOT NULL,
  is_free INTEGER NOT NULL,
  is_pending INTEGER NOT NULL,
  key BLOB NOT NULL
) STRICT;
CREATE INDEX free_slots ON keys (slot) WHERE is_free = 1;
CREATE INDEX pending_keys ON keys (kept) WHERE is_pending = 1;
`

export interface KeptKey {
  /** 16 bytes. */
  readonly conversation: Uint8Array
  /** 16 bytes: the device that gave it into keeping. */
  readonly device: Uint8Array
  readonly keptMs: number
  /** 32 bytes. */
  readonly key: Uint8Array
}

export type PendingKey = Omit<KeptKey, "key">

interface Sql {
  get: Statement<[conversation: Uint8Array], Buffer>
  freeSlot: Statement<[], number>
  add: Statement<[conversation: Uint8Array, device: Uint8Array, kept: number, key: Uint8Array]>
  fill: Statement<[conversation: Uint8Array, device: Uint8Array, kept: number, key: Uint8Array, slot: number]>
  /** With a name that no conversation has, of the same size. */
  erase: Statement<[zeros: Uint8Array, conversation: Uint8Array]>
  begun: Statement<[conversation: Uint8Array]>
  pending: Statement<[], { conversation: Buffer; device: Buffer; kept: number }>
  count: Statement<[], number>
}

export class ShredDatabase {
  readonly #path: string
  readonly #db: Database
  readonly #sql: Sql

  /** Opens the file in a data folder that this process has locked.
   * @throws {WardlineError} ERR_STORE saying what is wrong and what to do. */
  constructor(folder: string) {
    this.#path = join(folder, SHRED_FILE)
    const isNew = !existsSync(this.#path)
    try {
      this.#db = new Sqlite(this.#path)
      // The journal gets the same.
      if (isNew) chmodSync(this.#path, 0o600)
      prepare(this.#db)
      this.#sql = prepareSql(this.#db)
    } catch (error) {
      throw shredError(error, this.#path)
    }
  }

  /** How many keys there are. */
  get size(): number {
    return this.#sql.count.get() as number
  }

  /** A conversation's key: 32 bytes; undefined if there is none, or none any more. */
  get(conversation: Uint8Array): Buffer | undefined {
    return this.#try(() => this.#sql.get.get(conversation))
  }

  /** Keys whose conversations weren't said to have begun. */
  pending(): PendingKey[] {
    return this.#sql.pending
      .all()
      .map(({ conversation, device, kept }) => ({ conversation, device, keptMs: kept }))
  }

  /** Durable on return. A conversation's first key stays.
   * @throws {WardlineError} ERR_READ_ONLY, ERR_STORE */
  keep(keys: readonly KeptKey[]): void {
    this.#transaction(() => {
      const { get, freeSlot, fill, add } = this.#sql
      for (const { conversation, device, keptMs, key } of keys) {
        if (get.get(conversation) !== undefined) continue
        const slot = freeSlot.get()
        if (slot === undefined) add.run(conversation, device, keptMs, key)
        else fill.run(conversation, device, keptMs, key, slot)
      }
    })
  }

  /** The conversations have begun: their keys are kept until they are destroyed. */
  begun(conversations: readonly Uint8Array[]): void {
    this.#transaction(() => {
      for (const conversation of conversations) this.#sql.begun.run(conversation)
    })
  }

  /** Destroys the conversations' keys, if there are any; on return they are in neither file. May be called again.
   * @throws {WardlineError} ERR_READ_ONLY, ERR_STORE */
  destroy(conversations: readonly Uint8Array[]): void {
    this.#transaction(() => {
      for (const conversation of conversations) this.#sql.erase.run(GONE, conversation)
    })
    this.#try(() => overwrite(`${this.#path}-journal`))
  }

  #transaction(work: () => void): void {
    this.#try(() => this.#db.transaction(work).immediate())
  }

  #try<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw shredError(error, this.#path)
    }
  }

  close(): void {
    this.#db.close()
  }
}

function prepare(db: Database): void {
  db.pragma("journal_mode = PERSIST")
  db.pragma("synchronous = FULL")
  db.pragma("secure_delete = ON")
  const version = db.pragma("user_version", { simple: true }) as number
  const application = db.pragma("application_id", { simple: true }) as number
  if (version === 0 && application === 0) {
    db.transaction(() => {
      db.exec(TABLES)
      db.pragma(`application_id = ${APPLICATION_ID}`)
      db.pragma(`user_version = ${SHRED_VERSION}`)
    }).immediate()
    return
  }
  if (application !== APPLICATION_ID || version !== SHRED_VERSION)
    throw new WardlineError("ERR_STORE", "another program's database, or a newer relay's")
}

function prepareSql(db: Database): Sql {
  return {
    get: db
      .prepare<[Uint8Array], Buffer>("SELECT key FROM keys WHERE conversation = ? AND is_free = 0")
      .pluck(),
    freeSlot: db.prepare<[], number>("SELECT slot FROM keys WHERE is_free = 1 LIMIT 1").pluck(),
    add: db.prepare(
      "INSERT INTO keys (conversation, device, kept, is_free, is_pending, key) VALUES (?, ?, ?, 0, 1, ?)",
    ),
    fill: db.prepare(
      "UPDATE keys SET conversation = ?, device = ?, kept = ?, is_free = 0, is_pending = 1, key = ? WHERE slot = ?",
    ),
    erase: db.prepare(
      "UPDATE keys SET conversation = randomblob(16), is_free = 1, is_pending = 0, key = ? WHERE conversation = ?",
    ),
    begun: db.prepare("UPDATE keys SET is_pending = 0 WHERE conversation = ?"),
    pending: db.prepare("SELECT conversation, device, kept FROM keys WHERE is_pending = 1 ORDER BY kept"),
    count: db.prepare<[], number>("SELECT count(*) FROM keys WHERE is_free = 0").pluck(),
  }
}

/** Writes zeros over a file. A journal of zeros is one that holds nothing to roll back. */
function overwrite(path: string): void {
  if (!existsSync(path)) return
  const file = openSync(path, "r+")
  try {
    const { size } = fstatSync(file)
    for (let at = 0; at < size; ) at += writeSync(file, BLOCK, 0, Math.min(BLOCK.length, size - at), at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function shredError(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown }).code
  if (error instanceof WardlineError || typeof code !== "string") return error
  if (/^(SQLITE_(FULL|IOERR|READONLY)|ENOSPC|EIO|EROFS)/.test(code))
    return new WardlineError("ERR_READ_ONLY", `the disk is full or failing (${code})`, { cause: error })
  return new WardlineError("ERR_STORE", `${path} can't be used: check its owner, or restore it (${code})`, {
    cause: error,
  })
}
