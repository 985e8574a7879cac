/** What a device was shown of a conversation's entries before any checkpoint covered it: the relay may make such entries
 * up for one reader, and can't take them back once this device remembers them. */
import { equalBytes } from "../../bytes.ts"
import { sha256 } from "../../crypto/index.ts"
import { HASH_BYTES } from "../../ids.ts"
import { encodeEntry, entryHash } from "../../tlog/index.ts"
import { type ClinicStorage, decodeStored, encodeStored } from "../storage.ts"
import type { TrailEntry } from "./walk.ts"

/** The newest of them count: in an hour without witnesses there may be many. */
const MAX_SHOWN = 500

interface ShownEntry {
  readonly sequence: number
  readonly leafHash: Uint8Array
}

export class ShownEntries {
  readonly #storage: ClinicStorage
  readonly #key: string

  constructor(storage: ClinicStorage, conversation: string) {
    this.#storage = storage
    this.#key = storage.conversationKey(conversation, "audit")
  }

  /** The first entry that was shown and isn't among these, or is another one there; undefined if all are.
   * @param entries - ascending.
   * @throws {WardlineError} ERR_KEYSTORE, ERR_LOCKED */
  async firstGone(entries: readonly TrailEntry[]): Promise<number | undefined> {
    const bySequence = new Map(entries.map(({ entry }) => [entry.sequence, entry]))
    const shown = await this.#load()
    return shown.find(({ sequence, leafHash }) => {
      const entry = bySequence.get(sequence)
      return entry === undefined || !equalBytes(leafHash, entryHash(sha256, encodeEntry(entry)))
    })?.sequence
  }

  /** Remembers what isn't proven yet, and the newest one.
   * @param entries - ascending. */
  async remember(entries: readonly TrailEntry[]): Promise<void> {
    const newest = entries.at(-1)
    const shown = entries.filter((item) => item.proof !== "proven" || item === newest).slice(-MAX_SHOWN)
    const hashes = shown.map(({ entry }) => ({
      sequence: entry.sequence,
      leafHash: entryHash(sha256, encodeEntry(entry)),
    }))
    await this.#storage.set({
      [this.#key]: encodeStored((w) =>
        w
          .u16(hashes.length)
          .list(hashes, (writer, { sequence, leafHash }) => writer.u64(sequence).bytes(leafHash)),
      ),
    })
  }

  async #load(): Promise<ShownEntry[]> {
    const stored = await this.#storage.get(this.#key)
    if (stored === undefined) return []
    return decodeStored(stored, (r) =>
      r.list(r.u16(), (item) => ({ sequence: item.u64(), leafHash: item.bytes(HASH_BYTES) })),
    )
  }
}
