/** Node's keystore: one file, sealed by a passphrase. */
import { type FileHandle, open, readFile, rename, unlink } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { throwIfAborted } from "../abort.ts"
import { copyBytes, utf8 } from "../bytes.ts"
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, cryptoReady, randomBytes, wipe } from "../crypto/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { argon2idInWorker } from "./argon2.ts"
import { createHeader, type FileHeader, openFile, readHeader, SALT_BYTES, sealFile } from "./file-format.ts"
import { isSystemError, lockFile } from "./file-lock.ts"
import { assertKeyName, closedKeystore, type Keystore } from "./keystore.ts"

/** Opens the keystore at `path`, or creates it (mode 0600).
 *
 * Every `set` writes a new file beside it, syncs, renames it over the old one and syncs the folder: after a crash
 * there is the old content or the new. One process at a time: `<path>.lock` is held until `close`.
 * @param passphrase - Argon2id over its NFKC form takes a second or two, in a worker thread.
 * @throws {WardlineError} ERR_LOCKED for a wrong passphrase, ERR_KEYSTORE for a damaged or changed file,
 *   ERR_CONFLICT while it is open elsewhere, ERR_CONFIG for an empty passphrase, ERR_ABORTED. */
export async function openFileKeystore(
  path: string,
  passphrase: string,
  options: { signal?: AbortSignal } = {},
): Promise<Keystore> {
  if (passphrase === "") throw new WardlineError("ERR_CONFIG", "a keystore file needs a passphrase")
  throwIfAborted(options.signal)
  await cryptoReady()
  const file = resolve(path)
  const unlock = await lockFile(file)
  try {
    const stored = await readIfThere(file)
    const header = stored === undefined ? createHeader(randomBytes(SALT_BYTES)) : readHeader(stored)
    const { salt, parameters } = header
    const secret = utf8(passphrase.normalize("NFKC"))
    const key = await argon2idInWorker(secret, salt, parameters, AEAD_KEY_BYTES, options.signal)
    const values = stored === undefined ? new Map<string, Uint8Array>() : openFile(header, key, stored)
    const keystore = new FileKeystore({ file, header, key, values, unlock })
    // Written at once, so that the passphrase of an empty keystore counts from its creation.
    if (stored === undefined) await keystore.set({})
    return keystore
  } catch (error) {
    await unlock()
    throw isWardlineError(error) ? error : unusable(error)
  }
}

interface Pending {
  readonly entries: readonly (readonly [string, Uint8Array | undefined])[] | "clear"
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface FileState {
  readonly file: string
  readonly header: FileHeader
  readonly key: Uint8Array
  readonly values: Map<string, Uint8Array>
  readonly unlock: () => Promise<void>
}

class FileKeystore implements Keystore {
  readonly #state: FileState
  #values: Map<string, Uint8Array>
  #pending: Pending[] = []
  #writing: Promise<void> | undefined
  #closed = false

  constructor(state: FileState) {
    this.#state = state
    this.#values = state.values
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    return this.#values.get(key)?.slice()
  }

  async keys(prefix: string): Promise<string[]> {
    this.#assertOpen()
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  async set(entries: Readonly<Record<string, Uint8Array | undefined>>): Promise<void> {
    this.#assertOpen()
    for (const key of Object.keys(entries)) assertKeyName(key)
    await this.#enqueue(
      Object.entries(entries).map(([key, value]) => [key, value && copyBytes(value)] as const),
    )
  }

  async clear(): Promise<void> {
    this.#assertOpen()
    await this.#enqueue("clear")
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writing
    wipe(this.#state.key, ...this.#values.values())
    await this.#state.unlock()
  }

  #assertOpen(): void {
    if (this.#closed) throw closedKeystore()
  }

  #enqueue(entries: Pending["entries"]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ entries, resolve, reject })
      this.#writing ??= this.#drain().finally(() => {
        this.#writing = undefined
      })
    })
  }

  /** Writes what is pending, all of it in one file, until nothing is. */
  async #drain(): Promise<void> {
    // The changes of one turn of the event loop share a write and its syncs.
    await Promise.resolve()
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0)
      const next = new Map(this.#values)
      for (const { entries } of batch) applyChanges(next, entries)
      try {
        const { file, header, key } = this.#state
        await replaceFile(file, sealFile(header, key, randomBytes(AEAD_NONCE_BYTES), next))
        // Readers see a change only once it is durable.
        this.#values = next
        for (const { resolve } of batch) resolve()
      } catch (error) {
        const failure = isWardlineError(error) ? error : unusable(error)
        for (const { reject } of batch) reject(failure)
      }
    }
  }
}

function applyChanges(values: Map<string, Uint8Array>, entries: Pending["entries"]): void {
  if (entries === "clear") {
    values.clear()
    return
  }
  for (const [key, value] of entries) {
    if (value === undefined) values.delete(key)
    else values.set(key, value)
  }
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined
    throw error
  }
}

/** Puts `content` in place of the file: whole and durable, or not at all. */
async function replaceFile(file: string, content: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  let handle: FileHandle | undefined
  try {
    handle = await open(temporary, "w", 0o600)
    await handle.writeFile(content)
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
  } catch (error) {
    await handle?.close().catch(() => {})
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncFolder(dirname(file))
}

/** Makes names in a folder durable. Windows can't sync a folder and doesn't need to. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function unusable(cause: unknown): WardlineError {
  return new WardlineError("ERR_KEYSTORE", "the keystore file can't be read or written", { cause })
}
