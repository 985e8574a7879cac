/** Shred keys in the relay's keeping: one for each conversation, given before its consent, served to whoever may read it,
 * and destroyed with it (docs/protocol.md, Shred key). */
import { createHash } from "node:crypto"
import { utf8, Writer } from "@wardline/sdk/protocol"
import { keyOf } from "./hashing.ts"
import { MAX_PENDING_KEYS, ORPHANED_KEY_MS } from "./limits.ts"
import { type KeptKey, type PendingKey, ShredDatabase } from "./store/shred-database.ts"
import type { Awaitable } from "./store/store.ts"

export class ShredKeys {
  readonly #database: ShredDatabase
  /** By conversation, the oldest first: keys whose conversations haven't begun, those of the running batch included. */
  readonly #pending = new Map<string, PendingKey>()
  /** Conversations that have begun since the file was told. */
  #begun: Uint8Array[] = []
  /** Conversations whose keys are to be destroyed, and may not be yet: nobody gets them any more. */
  readonly #doomed = new Set<string>()

  /** @param folder - the data folder, which this process has locked.
   * @throws {WardlineError} ERR_STORE */
  constructor(folder: string) {
    this.#database = new ShredDatabase(folder)
    for (const pending of this.#database.pending()) this.#pending.set(keyOf(pending.conversation), pending)
  }

  get isEmpty(): boolean {
    return this.#database.size === 0
  }

  /** A conversation's key: 32 bytes, the caller's to overwrite; undefined if it was never kept, or is destroyed. */
  get(conversation: Uint8Array): Buffer | undefined {
    return this.#doomed.has(keyOf(conversation)) ? undefined : this.#database.get(conversation)
  }

  /** Whether somebody's key waits for this conversation to begin. */
  isPending(conversation: string): boolean {
    return this.#pending.has(conversation)
  }

  /** Whether this device gave the key that waits for this conversation.
   * @param conversation - ids as keys. */
  isKeptBy(conversation: string, device: string): boolean {
    const pending = this.#pending.get(conversation)
    return pending !== undefined && keyOf(pending.device) === device
  }

  /** A conversation's consent is stored.
   * @param conversation - its id as a key. */
  begun(conversation: string): void {
    const pending = this.#pending.get(conversation)
    if (pending === undefined) return
    this.#pending.delete(conversation)
    this.#begun.push(pending.conversation)
  }

  /** Counts a key that the running batch will keep. */
  expect({ conversation, device, keptMs }: KeptKey): void {
    this.#pending.set(keyOf(conversation), { conversation, device, keptMs })
  }

  /** The batch failed. */
  unexpect({ conversation }: KeptKey): void {
    this.#pending.delete(keyOf(conversation))
  }

  /** Durable on return.
   * @throws {WardlineError} ERR_READ_ONLY, ERR_STORE */
  keep(keys: readonly KeptKey[]): void {
    this.#database.keep(keys)
  }

  /** Gone from the file and its journal on return.
   * @throws {WardlineError} ERR_READ_ONLY, ERR_STORE */
  destroy(conversations: readonly Uint8Array[]): void {
    const names = conversations.map((conversation) => keyOf(conversation))
    for (const name of names) this.#doomed.add(name)
    this.#database.destroy(conversations)
    for (const name of names) {
      this.#doomed.delete(name)
      this.#pending.delete(name)
    }
  }

  /** After a start: finds those whose conversations had begun before.
   * @param hasBegun - whether a conversation is stored. */
  async recover(hasBegun: (conversation: Uint8Array) => Awaitable<boolean>): Promise<void> {
    for (const [name, { conversation }] of [...this.#pending])
      if (await hasBegun(conversation)) this.begun(name)
  }

  /** Destroys keys whose conversations never began: old ones, and the oldest of too many. */
  sweep(nowMs: number): void {
    if (this.#begun.length > 0) this.#database.begun(this.#begun)
    this.#begun = []
    let excess = this.#pending.size - MAX_PENDING_KEYS
    const orphaned: Uint8Array[] = []
    for (const { conversation, keptMs } of this.#pending.values()) {
      if (excess-- <= 0 && nowMs - keptMs <= ORPHANED_KEY_MS) break
      orphaned.push(conversation)
    }
    if (orphaned.length > 0) this.destroy(orphaned)
  }

  close(): void {
    this.#database.close()
  }
}

const LIST = utf8("list")
const LISTING_KEY_BYTES = 32

/** LD(shred key, "list", conversation id, 32): opens a conversation's summaries, and nothing else. */
export function listingKeyOf(shredKey: Uint8Array, conversation: Uint8Array): Buffer {
  const input = new Writer()
    .lp16(shredKey)
    .bytes(utf8("wl1"))
    .lp16(LIST)
    .u16(LISTING_KEY_BYTES)
    .lp32(conversation)
  return createHash("shake256", { outputLength: LISTING_KEY_BYTES }).update(input.done()).digest()
}
