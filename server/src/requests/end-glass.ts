/** An emergency's time is over: the audit log says so. */
import type { Request } from "../group-commit.ts"
import { keyOf } from "../hashing.ts"
import type { RelayCore } from "../relay-core.ts"
import type { Awaitable, BrokenGlass } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"

export class EndGlass implements Request {
  readonly bytes = 0
  readonly isRead = true
  readonly #core: RelayCore
  readonly #glass: BrokenGlass
  readonly #scope: string

  constructor(core: RelayCore, glass: BrokenGlass) {
    this.#core = core
    this.#glass = glass
    this.#scope = keyOf(glass.scope.id)
  }

  prepare(): Awaitable<void> {
    return this.#core.conversations.load(this.#scope)
  }

  apply(transaction: Transaction): void {
    // A clinic that isn't served now has its conversations' ends noted when it is again.
    const conversation = this.#core.conversations.get(this.#scope)
    if (conversation !== undefined) this.#core.breakGlass.end(transaction, conversation, this.#glass)
  }

  done(): void {
    // Nobody waits for it.
  }

  failed(): void {
    // The next sweep tries again.
  }
}
