/** One process for each data folder: an exclusive lock on a file of its own, which the system drops when the process
 * ends, however it ends. The database itself stays readable for `audit verify` meanwhile. */
import { join } from "node:path"
import { WardlineError } from "@wardline/sdk/protocol"
import Sqlite from "better-sqlite3"

export interface DataLock {
  release(): void
}

/** Takes the folder's lock.
 * @returns undefined if another process has it.
 * @throws {WardlineError} ERR_STORE if the folder can't be written. */
export function tryLock(folder: string): DataLock | undefined {
  const path = join(folder, "relay.lock")
  let db: Sqlite.Database
  try {
    db = new Sqlite(path, { timeout: 0 })
  } catch (cause) {
    throw new WardlineError(
      "ERR_STORE",
      `${path} can't be opened: check the folder's owner and permissions`,
      {
        cause,
      },
    )
  }
  try {
    // SQLite uses the system's file locks; a lock held by a transaction that writes nothing costs nothing.
    db.exec("BEGIN EXCLUSIVE")
  } catch (cause) {
    db.close()
    if (cause instanceof Sqlite.SqliteError && cause.code.startsWith("SQLITE_BUSY")) return undefined
    throw new WardlineError(
      "ERR_STORE",
      `${path} can't be locked: check the folder's owner and permissions`,
      {
        cause,
      },
    )
  }
  return {
    release: () => {
      db.exec("ROLLBACK")
      db.close()
    },
  }
}

/** @throws {WardlineError} ERR_STORE if another process runs on the folder. */
export function lockFolder(folder: string): DataLock {
  const lock = tryLock(folder)
  if (lock === undefined)
    throw new WardlineError(
      "ERR_STORE",
      `another relay runs on ${folder}: stop it first, or give this one a folder of its own`,
    )
  return lock
}
