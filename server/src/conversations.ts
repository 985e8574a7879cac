/** The conversations in memory: those in use, and as many others as fit. */
import type { Clinic } from "./clinic.ts"
import type { Conversation } from "./conversation.ts"
import { conversationOf, restore } from "./records.ts"
import type { Awaitable, LoadedConversation, Store } from "./store/store.ts"

export class Conversations {
  readonly #store: Store
  readonly #clinics: ReadonlyMap<string, Clinic>
  readonly #max: number
  /** By id; the least recently looked at come first, roughly. */
  readonly #cached = new Map<string, Conversation>()

  /** @param clinics - by id as a key.
   * @param max - how many are kept; those with subscriptions are kept beside. */
  constructor(store: Store, clinics: ReadonlyMap<string, Clinic>, max: number) {
    this.#store = store
    this.#clinics = clinics
    this.#max = max
  }

  get size(): number {
    return this.#cached.size
  }

  /** A conversation in memory: after `load`, undefined means that there is none. */
  get(key: string): Conversation | undefined {
    return this.#cached.get(key)
  }

  /** Brings a conversation into memory, if there is one. */
  load(key: string): Awaitable<void> {
    if (this.#cached.has(key)) return undefined
    const loading = this.#store.loadConversation(Buffer.from(key, "latin1"))
    if (loading instanceof Promise) return loading.then((loaded) => this.#keep(key, loaded))
    return this.#keep(key, loading)
  }

  #keep(key: string, loaded: LoadedConversation | undefined): void {
    if (loaded === undefined || this.#cached.has(key)) return
    const clinic = this.#clinics.get(Buffer.from(loaded.clinic).toString("latin1"))
    // A clinic that this relay no longer serves.
    if (clinic === undefined) return
    this.add(conversationOf(clinic, loaded))
  }

  add(conversation: Conversation): void {
    this.#cached.set(conversation.key, conversation)
  }

  /** Brings a conversation back to what is stored, after a transaction that wasn't. */
  async restore(conversation: Conversation): Promise<void> {
    if (!conversation.isStored) {
      this.#cached.delete(conversation.key)
      return
    }
    const loaded = await this.#store.loadConversation(conversation.ref.id)
    if (loaded !== undefined) restore(conversation, loaded)
  }

  /** Forgets what is too much. Between batches only: a batch relies on what it has loaded. */
  trim(): void {
    let excess = this.#cached.size - this.#max
    if (excess <= 0) return
    for (const [key, conversation] of this.#cached) {
      if (excess-- <= 0) return
      this.#cached.delete(key)
      // Whoever reads it holds it: two copies of one conversation would part ways.
      if (conversation.subscriptions.length > 0) this.#cached.set(key, conversation)
    }
  }
}
