/** What the page of the browser test can do: run the keystore's conformance, use a keystore, and attack what it stored
 * as hostile script or a copied profile folder could. Bundled by the test. */
import { fromUtf8, utf8 } from "../../src/bytes.ts"
import { isWardlineError } from "../../src/errors.ts"
import { openIndexedDbKeystore } from "../../src/keystore/indexed-db.ts"
import { KEYS_STORE, openDatabase, VALUES_STORE } from "../../src/keystore/indexed-db-database.ts"
import type { Keystore } from "../../src/keystore/keystore.ts"
import { keystoreConformance } from "../keystore/conformance.ts"

export interface CaseResult {
  readonly name: string
  /** What went wrong. */
  readonly problem: string | undefined
}

const WRAPPING_KEY = "wrapping"

/** Runs every case in turn, on a database of its own. */
async function conformance(): Promise<CaseResult[]> {
  const cases: { name: string; body: () => Promise<void> }[] = []
  keystoreConformance(
    () => openIndexedDbKeystore("conformance"),
    (name, body) => cases.push({ name, body }),
    true,
  )
  const results: CaseResult[] = []
  for (const { name, body } of cases) {
    const problem = await body().then(
      () => undefined,
      (error: unknown) => String(error),
    )
    results.push({ name, problem })
  }
  return results
}

/** Opens, sets and closes. Values are text here. */
async function put(database: string, entries: Record<string, string>): Promise<void> {
  const store = await openIndexedDbKeystore(database)
  await store.set(Object.fromEntries(Object.entries(entries).map(([key, text]) => [key, utf8(text)])))
  await store.close()
}

/** Opens and gets: the text, "absent", or the code of the error. */
async function read(database: string, key: string): Promise<string> {
  try {
    const store = await openIndexedDbKeystore(database)
    try {
      const value = await store.get(key)
      return value === undefined ? "absent" : fromUtf8(value)
    } finally {
      await store.close()
    }
  } catch (error) {
    return isWardlineError(error) ? `${error.code}: ${error.message}` : String(error)
  }
}

let held: Keystore | undefined

/** Opens, and stays open as a tab does. */
async function hold(database: string, key: string): Promise<string> {
  held = await openIndexedDbKeystore(database)
  return await readHeld(key)
}

async function readHeld(key: string): Promise<string> {
  const value = await held?.get(key)
  return value === undefined ? "absent" : fromUtf8(value)
}

/** One request on a store of the database, past the keystore. */
async function raw<T>(
  database: string,
  store: string,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const open = await openDatabase(database, false)
  if (open === undefined) throw new Error(`there is no database ${database}`)
  try {
    return await new Promise((resolve, reject) => {
      const transaction = open.transaction(store, "readwrite")
      const request = ask(transaction.objectStore(store))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    open.close()
  }
}

const stored = async (database: string, key: string): Promise<number[]> =>
  Array.from((await raw(database, VALUES_STORE, (store) => store.get(key))) as Uint8Array)

const overwrite = (database: string, key: string, bytes: readonly number[]): Promise<unknown> =>
  raw(database, VALUES_STORE, (store) => store.put(Uint8Array.from(bytes), key))

/** Puts something in a value's place that no keystore ever stored. */
const overwriteOddly = (database: string, key: string, value: unknown): Promise<unknown> =>
  raw(database, VALUES_STORE, (store) => store.put(value, key))

/** What a script can learn of the wrapping key. */
async function wrappingKey(database: string): Promise<{ extractable: boolean; exported: boolean }> {
  const key = (await raw(database, KEYS_STORE, (store) => store.get(WRAPPING_KEY))) as CryptoKey
  const exported = await Promise.any(
    (["raw", "jwk"] as const).map((format) => crypto.subtle.exportKey(format, key)),
  ).then(
    () => true,
    () => false,
  )
  return { extractable: key.extractable, exported }
}

/** Puts another wrapping key in place of the one that the keystore made. */
async function replaceWrappingKey(database: string, extractable: boolean): Promise<void> {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, extractable, [
    "encrypt",
    "decrypt",
  ])
  await raw(database, KEYS_STORE, (store) => store.put(key, WRAPPING_KEY))
}

/** A script can't read the key, but it can carry it from one database to another. */
async function copyWrappingKey(from: string, to: string): Promise<void> {
  const key: unknown = await raw(from, KEYS_STORE, (store) => store.get(WRAPPING_KEY))
  await raw(to, KEYS_STORE, (store) => store.put(key, WRAPPING_KEY))
}

const removeWrappingKey = (database: string): Promise<unknown> =>
  raw(database, KEYS_STORE, (store) => store.delete(WRAPPING_KEY))

/** As a browser does when it needs the space: the database goes, other storage of the page may stay. */
function evict(database: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(database)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error("blocked"))
  })
}

/** Clears through the keystore: what `forget` does. */
async function clear(database: string): Promise<void> {
  const store = await openIndexedDbKeystore(database)
  await store.clear()
  await store.close()
}

const databases = async (): Promise<string[]> =>
  (await indexedDB.databases()).flatMap(({ name }) => (name === undefined ? [] : [name]))

const page = {
  conformance,
  put,
  read,
  hold,
  readHeld,
  stored,
  overwrite,
  overwriteOddly,
  wrappingKey,
  replaceWrappingKey,
  copyWrappingKey,
  removeWrappingKey,
  evict,
  clear,
  databases,
}
export type KeystorePage = typeof page

Object.assign(globalThis, { keystorePage: page })
