/** What a shred record brings about: the conversation's key is destroyed, then its blobs. The stored record is the
 * intent, so that a crash in between is made good at the next start; the record is acked only when all is gone. */
import type { Blobs } from "./blobs/blobs.ts"
import { keyOf } from "./hashing.ts"
import { SCRUB_MS } from "./limits.ts"
import { errorFields, type Log } from "./log.ts"
import type { ShredKeys } from "./shred-keys.ts"
import type { ScopeRef, Store } from "./store/store.ts"

export class Destruction {
  readonly #store: Store
  readonly #shredKeys: ShredKeys
  readonly #blobs: Pick<Blobs, "drop">
  readonly #log: Log
  /** Shredded conversations of which something may be left, by id. */
  readonly #unfinished = new Map<string, ScopeRef>()
  #mustScrub = false
  #scrubbedMs = 0

  constructor(store: Store, shredKeys: ShredKeys, blobs: Pick<Blobs, "drop">, log: Log) {
    this.#store = store
    this.#shredKeys = shredKeys
    this.#blobs = blobs
    this.#log = log
  }

  /** Goes on with what a crash broke off. */
  async recover(): Promise<void> {
    await this.finish(await this.#store.unfinishedShreds())
  }

  /** Whether nothing of a shredded conversation is left that can open it.
   * @param conversation - its id as a key. */
  isFinished(conversation: string): boolean {
    return !this.#unfinished.has(conversation)
  }

  /** Destroys what belongs to these conversations, whose shred records are stored, and what was left of others. What
   * can't be destroyed now stays unfinished. */
  async finish(scopes: readonly ScopeRef[]): Promise<void> {
    for (const scope of scopes) this.#unfinished.set(keyOf(scope.id), scope)
    if (this.#unfinished.size === 0) return
    try {
      this.#shredKeys.destroy([...this.#unfinished.values()].map(({ id }) => id))
      for (const [key, scope] of [...this.#unfinished]) {
        this.#blobs.drop(key)
        await this.#store.finishShred(scope)
        this.#unfinished.delete(key)
      }
    } catch (error) {
      this.#log.error("a conversation isn't destroyed yet", errorFields(error))
    }
  }

  /** Something was dropped from the store. */
  dropped(): void {
    this.#mustScrub = true
  }

  /** Finishes what couldn't be, and makes the store's log forget what was dropped: not at once, since it takes the whole
   * log. */
  async sweep(nowMs: number): Promise<void> {
    await this.finish([])
    if (!this.#mustScrub || nowMs - this.#scrubbedMs < SCRUB_MS) return
    this.#scrubbedMs = nowMs
    this.#mustScrub = !(await this.#store.scrub())
  }
}
