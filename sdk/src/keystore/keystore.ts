/** Where a device keeps its keys and its outbox: the one interface that clients know. */
import { WardlineError } from "../errors.ts"

/** A small durable map. Every implementation passes the same conformance suite.
 *
 * Values are copied in and out: a caller may wipe what it passed or got. After `close` every call fails with
 * ERR_LOCKED. A value that can't be opened (changed, swapped, from a newer version) is ERR_KEYSTORE. */
export interface Keystore {
  /** Nobody else can have opened it: locks needn't reach beyond it. */
  readonly isPrivate?: boolean
  /** The value, or undefined where there is none. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Writes all entries or none; `undefined` deletes. Resolves once the change is durable. */
  set(entries: Readonly<Record<string, Uint8Array | undefined>>): Promise<void>
  /** The keys that begin with `prefix`, sorted by code unit. */
  keys(prefix: string): Promise<string[]>
  /** Forgets everything, the wrapping key of the store included where there is one. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** A key's name is part of what authenticates its value, so its length is bounded. */
const MAX_KEY_CHARACTERS = 512

/** @throws {WardlineError} ERR_MALFORMED for a name that isn't 1–512 characters. */
export function assertKeyName(key: string): void {
  if (key.length === 0 || key.length > MAX_KEY_CHARACTERS) {
    throw new WardlineError("ERR_MALFORMED", `a keystore key has 1–${MAX_KEY_CHARACTERS} characters`)
  }
}

export function closedKeystore(): WardlineError {
  return new WardlineError("ERR_LOCKED", "the keystore is closed")
}
