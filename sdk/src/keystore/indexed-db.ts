/** The browser's keystore: values sealed by a WebCrypto key that scripts can use and can't read. */
import { concat, utf8, Writer } from "../bytes.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { databaseError, deleteDatabase, inTransaction, openDatabase } from "./indexed-db-database.ts"
import { assertKeyName, closedKeystore, type Keystore } from "./keystore.ts"

/** First byte of every stored value, and of its AAD. */
const FORMAT_VERSION = 1
const IV_BYTES = 12
const WRAPPING_KEY = "wrapping"

/** Opens a keystore in IndexedDB. Creates nothing before the first `set`.
 *
 * A stored value is `version u8 ‖ iv 12 ‖ AES-256-GCM`, its AAD `version u8 ‖ lp16 database name ‖ lp16 key name`:
 * a value moved under another name, or to another database, doesn't open. The AES key is a non-extractable
 * CryptoKey in the same database; it protects a copied profile folder, not a page that runs hostile script. A database
 * that the browser removed is noticed by a note in localStorage; where it removes that too, nothing tells it from a
 * first visit.
 * @param name - the database's name, one per clinic or per person.
 * @throws {WardlineError} ERR_KEYSTORE where the browser has no storage for this page, or the values are there
 *   and their key isn't, or what was stored has been evicted. */
export async function openIndexedDbKeystore(name: string): Promise<Keystore> {
  if (typeof indexedDB === "undefined" || globalThis.crypto?.subtle === undefined) {
    throw new WardlineError(
      "ERR_KEYSTORE",
      "this page has no IndexedDB or no WebCrypto (is it served over https?)",
    )
  }
  const keystore = new IndexedDbKeystore(name)
  await keystore.connect(false)
  return keystore
}

interface OpenDatabase {
  readonly database: IDBDatabase
  readonly key: CryptoKey
}

class IndexedDbKeystore implements Keystore {
  readonly #name: string
  #open: OpenDatabase | undefined
  #closed = false
  /** One change after the other: sealing takes its time, and the last call on a key must win. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(name: string) {
    this.#name = name
  }

  /** Finds the database, or makes it if `create`. */
  async connect(create: boolean): Promise<OpenDatabase | undefined> {
    if (this.#open !== undefined) return this.#open
    const database = await openDatabase(this.#name, create)
    if (database === undefined) {
      if (evictionMarker.isSet(this.#name)) throw evicted()
      return undefined
    }
    try {
      const key = await wrappingKey(database)
      const open = { database, key }
      // Another tab deletes the database (clear) or a newer version upgrades it: let go, or it would hang.
      database.onversionchange = () => this.#release(open)
      database.onclose = () => this.#release(open)
      this.#open = open
      return open
    } catch (error) {
      database.close()
      throw isWardlineError(error) ? error : databaseError(error)
    }
  }

  #release(open: OpenDatabase): void {
    open.database.close()
    if (this.#open === open) this.#open = undefined
  }

  #assertOpen(): void {
    if (this.#closed) throw closedKeystore()
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    const open = await this.connect(false)
    if (open === undefined) return undefined
    const stored = await inTransaction(open.database, "readonly", (_keys, values) => {
      const request: IDBRequest<unknown> = values.get(key)
      return () => request.result
    })
    if (stored === undefined) return undefined
    return await unsealValue(open.key, this.#name, key, stored)
  }

  async set(entries: Readonly<Record<string, Uint8Array | undefined>>): Promise<void> {
    this.#assertOpen()
    for (const key of Object.keys(entries)) assertKeyName(key)
    // Copied before the first await: the caller may wipe its bytes as soon as the call returns.
    const copies = Object.entries(entries).map(([key, value]) => [key, value?.slice()] as const)
    await this.#inTurn(() => this.#write(copies))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work)
    this.#writing = done.catch(() => {})
    return done
  }

  async #write(copies: readonly (readonly [string, Uint8Array | undefined])[]): Promise<void> {
    if ((await this.connect(false)) === undefined && copies.every(([, value]) => value === undefined)) return
    const open = await this.connect(true)
    if (open === undefined) throw databaseError(undefined)
    const sealed = await Promise.all(
      copies.map(
        async ([key, value]) =>
          [key, value === undefined ? undefined : await sealValue(open.key, this.#name, key, value)] as const,
      ),
    )
    await inTransaction(open.database, "readwrite", (_keys, values) => {
      for (const [key, value] of sealed) {
        if (value === undefined) values.delete(key)
        else values.put(value, key)
      }
      return () => undefined
    })
    evictionMarker.set(this.#name)
  }

  async keys(prefix: string): Promise<string[]> {
    this.#assertOpen()
    const open = await this.connect(false)
    if (open === undefined) return []
    const all = await inTransaction(open.database, "readonly", (_keys, values) => {
      const request = values.getAllKeys()
      return () => request.result
    })
    return all.filter((key): key is string => typeof key === "string" && key.startsWith(prefix)).sort()
  }

  async clear(): Promise<void> {
    this.#assertOpen()
    await this.#inTurn(async () => {
      if (this.#open !== undefined) this.#release(this.#open)
      await deleteDatabase(this.#name)
      evictionMarker.remove(this.#name)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    if (this.#open !== undefined) this.#release(this.#open)
  }
}

/** Loads the AES key, or makes it for a database that is still empty. */
async function wrappingKey(database: IDBDatabase): Promise<CryptoKey> {
  // Made before the transaction: IndexedDB commits as soon as one waits for anything else.
  const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ])
  return await inTransaction(database, "readwrite", (keys, values) => {
    let key: CryptoKey | undefined
    const found: IDBRequest<unknown> = keys.get(WRAPPING_KEY)
    const count = values.count()
    count.onsuccess = () => {
      if (found.result instanceof CryptoKey) key = found.result
      else if (count.result === 0 && found.result === undefined) {
        key = fresh
        keys.put(fresh, WRAPPING_KEY)
      }
    }
    return () => {
      if (key === undefined) throw evicted()
      // A key that someone put there in extractable form isn't the one that this code made.
      if (key.extractable) throw new WardlineError("ERR_KEYSTORE", "the stored wrapping key was replaced")
      return key
    }
  })
}

async function sealValue(
  wrapping: CryptoKey,
  database: string,
  key: string,
  value: Uint8Array,
): Promise<Uint8Array> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: valueAad(database, key) },
    wrapping,
    value.slice(),
  )
  return concat(Uint8Array.of(FORMAT_VERSION), iv, new Uint8Array(sealed))
}

async function unsealValue(
  wrapping: CryptoKey,
  database: string,
  key: string,
  stored: unknown,
): Promise<Uint8Array> {
  if (!(stored instanceof Uint8Array) || stored.length < 1 + IV_BYTES) throw changed()
  if (stored[0] !== FORMAT_VERSION) throw changed()
  try {
    const opened = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: stored.slice(1, 1 + IV_BYTES), additionalData: valueAad(database, key) },
      wrapping,
      stored.slice(1 + IV_BYTES),
    )
    return new Uint8Array(opened)
  } catch (cause) {
    throw changed(cause)
  }
}

function valueAad(database: string, key: string): Uint8Array<ArrayBuffer> {
  return new Writer().u8(FORMAT_VERSION).lp16(utf8(database)).lp16(utf8(key)).done().slice()
}

/** A note outside IndexedDB that something was stored: browsers may drop the one and keep the other. */
const evictionMarker = {
  isSet: (name: string): boolean => storage()?.getItem(markerKey(name)) === "1",
  set: (name: string): void => {
    try {
      storage()?.setItem(markerKey(name), "1")
    } catch {
      // Full or forbidden: eviction then goes unnoticed, nothing else is lost.
    }
  },
  remove: (name: string): void => storage()?.removeItem(markerKey(name)),
}

const markerKey = (name: string): string => `wardline:${name}`

function storage(): Storage | undefined {
  try {
    return globalThis.localStorage
  } catch {
    return undefined
  }
}

function changed(cause?: unknown): WardlineError {
  return new WardlineError("ERR_KEYSTORE", "a stored value was changed or moved", { cause })
}

function evicted(): WardlineError {
  return new WardlineError("ERR_KEYSTORE", "the browser removed this device's keys")
}
