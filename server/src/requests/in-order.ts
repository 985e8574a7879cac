/** Something for a session that adds nothing to the store, but must not overtake what it sent before. */
import type { Request } from "../group-commit.ts"

export class InOrder implements Request {
  readonly bytes = 0
  readonly isRead = true
  readonly #work: () => void

  constructor(work: () => void) {
    this.#work = work
  }

  apply(): void {
    // Nothing to store.
  }

  done(): void {
    this.#work()
  }

  failed(): void {
    // Nothing can fail.
  }
}
