/** The relay as a witness sees it: the clinic's directory, which names the log's key, the log's checkpoints and proofs,
 * and where cosignatures go. Nothing of it is believed unchecked. */
import {
  type AuditRequest,
  fetchConsistency,
  fetchNote,
  fetchTile,
  postCosignatures,
} from "../client/audit/fetch.ts"
import { fetchDirectory } from "../client/directory-http.ts"
import { readOptions } from "../client/options.ts"
import { sha256, verify } from "../crypto/index.ts"
import { applyRecords, type DirectoryState } from "../directory/index.ts"
import { memoryKeystore } from "../keystore/memory.ts"
import { type ReadTile, tileWidth } from "../tlog/index.ts"
import { readDirectoryFile, writeDirectoryFile } from "./clinic-folder.ts"
import { replayDirectory } from "./directory-copy.ts"
import { readIfThere } from "./files.ts"
import { witnessDirectoryPath } from "./witness-folder.ts"

const HASH_BYTES = 32

export class WatchedRelay {
  readonly #request: AuditRequest
  readonly #directoryPath: string
  #records: readonly Uint8Array[]
  #state: DirectoryState

  private constructor(
    request: AuditRequest,
    directoryPath: string,
    copy: { readonly records: readonly Uint8Array[]; readonly state: DirectoryState },
  ) {
    this.#request = request
    this.#directoryPath = directoryPath
    this.#records = copy.records
    this.#state = copy.state
  }

  /** Nothing is fetched yet; the directory is what the folder remembers.
   * @throws {WardlineError} ERR_CONFIG for an address; what is wrong with the folder's directory. */
  static async open(
    folder: string,
    options: { readonly relay: string; readonly clinicKey: string; readonly signal: AbortSignal },
  ): Promise<WatchedRelay> {
    const request = readOptions({ ...options, keystore: memoryKeystore() })
    const path = witnessDirectoryPath(folder)
    const isThere = (await readIfThere(path)) !== undefined
    const copy = replayDirectory(options.clinicKey, isThere ? await readDirectoryFile(path) : [])
    return new WatchedRelay(request, path, copy)
  }

  get origin(): string {
    return this.#request.relay.origin
  }

  get directory(): DirectoryState {
    return this.#state
  }

  get records(): readonly Uint8Array[] {
    return this.#records
  }

  /** Takes what the directory gained, each record checked from the clinic's key on.
   * @throws {WardlineError} what is wrong with it, ERR_OFFLINE, ERR_NOT_FOUND, ERR_ABORTED. */
  async refreshDirectory(): Promise<void> {
    const more = await fetchDirectory(this.#request, this.#state.position)
    if (more.length === 0) return
    this.#state = applyRecords(this.#state, more, { hash: sha256, verify })
    this.#records = [...this.#records, ...more]
    await writeDirectoryFile(this.#directoryPath, this.#records)
  }

  /** @throws {WardlineError} ERR_NOT_FOUND if the log has no checkpoint yet; ERR_OFFLINE, ERR_MALFORMED, ERR_ABORTED. */
  async checkpoint(): Promise<string> {
    return await fetchNote(this.#request, "checkpoint")
  }

  async consistency(from: number, to: number): Promise<Uint8Array[]> {
    return await fetchConsistency(this.#request, from, to)
  }

  async post(note: string): Promise<void> {
    await postCosignatures(this.#request, note)
  }

  /** The tiles of the log's tree of this size. A relay keeps the widest tile alone: narrower ones are its beginning. */
  tilesOf(size: number): ReadTile {
    return async (level, index, width) => {
      const tile = await fetchTile(this.#request, level, index, tileWidth(size, level, index))
      return tile.subarray(0, width * HASH_BYTES)
    }
  }
}
