/** IndexedDB as promises. Nothing is created on disk until the first write: before consent a page stores nothing. */
import { WardlineError } from "../errors.ts"

export const KEYS_STORE = "keys"
export const VALUES_STORE = "values"
const DATABASE_VERSION = 1

/** Opens the database; resolves to undefined if it doesn't exist and `create` is false. */
export function openDatabase(name: string, create: boolean): Promise<IDBDatabase | undefined> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, DATABASE_VERSION)
    let absent = false
    request.onupgradeneeded = (event) => {
      if (event.oldVersion === 0 && !create) {
        // An aborted first upgrade leaves no database behind, in every browser.
        absent = true
        request.transaction?.abort()
        return
      }
      request.result.createObjectStore(KEYS_STORE)
      request.result.createObjectStore(VALUES_STORE)
    }
    let isGivenUp = false
    request.onsuccess = () => {
      // Nobody waits for it any more; left open, it would keep this page from ever deleting the database.
      if (isGivenUp) request.result.close()
      else resolve(request.result)
    }
    request.onerror = (event) => {
      event.preventDefault()
      if (absent) resolve(undefined)
      else reject(databaseError(request.error))
    }
    request.onblocked = () => {
      isGivenUp = true
      reject(databaseError(undefined))
    }
  })
}

/** Deletes the database. Other tabs let go of it when they are told of the version change; where one doesn't, it is
 * deleted once that tab is closed.
 * @throws {WardlineError} ERR_KEYSTORE then, or if it can't be deleted. */
export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(databaseError(request.error))
    request.onblocked = () => reject(databaseError(undefined))
  })
}

/** Runs `work` in one transaction; resolves with its result once the transaction has completed. */
export function inTransaction<T>(
  database: IDBDatabase,
  mode: "readonly" | "readwrite",
  work: (keys: IDBObjectStore, values: IDBObjectStore) => () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // Strict: an outbox entry that was reported as stored must survive a power cut.
    const transaction = database.transaction([KEYS_STORE, VALUES_STORE], mode, { durability: "strict" })
    const result = work(transaction.objectStore(KEYS_STORE), transaction.objectStore(VALUES_STORE))
    transaction.oncomplete = () => {
      try {
        resolve(result())
      } catch (error) {
        reject(error)
      }
    }
    transaction.onabort = () => reject(databaseError(transaction.error))
    transaction.onerror = () => reject(databaseError(transaction.error))
  })
}

export function databaseError(cause: unknown): WardlineError {
  return new WardlineError("ERR_KEYSTORE", "this device's storage can't be used", { cause })
}
