/** Group commit: what arrives in one turn of the event loop becomes one transaction and one fsync. Answers and
 * deliveries go out once it is stored, never before. */
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { MAX_BATCH_BYTES, MAX_BATCH_REQUESTS, MAX_QUEUE_BYTES } from "./limits.ts"
import type { KeptKey } from "./store/shred-database.ts"
import type { Awaitable, ScopeRef, Store } from "./store/store.ts"
import { Transaction } from "./transaction.ts"

/** Something that a transaction does. */
export interface Request {
  /** Bytes that it holds while it waits. */
  readonly bytes: number
  /** Whether it can be done while nothing but audit entries may be stored. */
  readonly isRead: boolean
  /** Reads what `apply` needs. */
  prepare?(): Awaitable<void>
  /** Adds to the transaction, or throws and has changed nothing. */
  apply(transaction: Transaction): void
  /** Notes in the audit log what `apply` threw. */
  noteRefusal?(transaction: Transaction, error: unknown): void
  /** What it added is durable. */
  done(): void
  /** It was refused, or could not be stored. */
  failed(error: unknown): void
}

export interface GroupCommitHost {
  readonly store: Store
  now(): number
  /** Whether records are refused because the disk is (nearly) full. */
  readonly isReadOnly: boolean
  /** Undoes in memory what a transaction added in vain. */
  rollBack(transaction: Transaction): Awaitable<void>
  /** The store is full or failing. */
  storeFailed(error: unknown): Awaitable<void>
  /** Keeps shred keys, durably; before what needs them is stored. */
  keepKeys(keys: readonly KeptKey[]): void
  /** Destroys what stored shred records say; before they are acked. */
  destroy(scopes: readonly ScopeRef[]): Awaitable<void>
  /** Delivers what was stored and sends all answers. */
  stored(transaction: Transaction): void
  unexpected(error: unknown): void
}

export class GroupCommit {
  readonly #host: GroupCommitHost
  readonly #maxQueue: number
  #queue: Request[] = []
  #queuedBytes = 0
  #isScheduled = false
  #isRunning = false
  #idle: (() => void)[] = []

  constructor(host: GroupCommitHost, maxQueue: number) {
    this.#host = host
    this.#maxQueue = maxQueue
  }

  /** Queues a request for the next transaction.
   * @throws {WardlineError} ERR_OVERLOADED when too much waits; what was accepted before is still done. */
  add(request: Request): void {
    if (this.#queue.length >= this.#maxQueue || this.#queuedBytes > MAX_QUEUE_BYTES)
      throw new WardlineError("ERR_OVERLOADED", "too much waits to be stored")
    this.#push(request)
  }

  /** Queues what must not be refused: the relay's own entries. */
  addOwn(request: Request): void {
    this.#push(request)
  }

  #push(request: Request): void {
    this.#queue.push(request)
    this.#queuedBytes += request.bytes
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isRunning) return
    this.#isScheduled = true
    // After every socket that is readable in this turn was read.
    setImmediate(() => {
      this.#isScheduled = false
      this.#run().catch((error: unknown) => this.#host.unexpected(error))
    })
  }

  /** Whether a batch relies on what it has loaded. */
  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Resolves when nothing waits any more. */
  idle(): Promise<void> {
    if (this.#queue.length === 0 && !this.#isRunning) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      await this.#runBatch(this.#take())
    } finally {
      this.#isRunning = false
      if (this.#queue.length > 0) this.#schedule()
      else for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  #take(): Request[] {
    let count = 0
    let bytes = 0
    while (count < this.#queue.length && count < MAX_BATCH_REQUESTS && bytes < MAX_BATCH_BYTES) {
      bytes += (this.#queue[count] as Request).bytes
      count++
    }
    this.#queuedBytes -= bytes
    if (count === this.#queue.length) {
      const all = this.#queue
      this.#queue = []
      return all
    }
    return this.#queue.splice(0, count)
  }

  async #runBatch(requests: readonly Request[]): Promise<void> {
    for (const request of requests) {
      const reading = request.prepare?.()
      if (reading instanceof Promise) await reading
    }
    const failure = await this.#attempt(requests)
    if (failure === undefined) return
    await this.#host.storeFailed(failure)
    // What only reads may still be possible: it is small, and space is kept for it.
    const reads = requests.filter(({ isRead }) => isRead)
    for (const request of requests) if (!request.isRead) request.failed(failure)
    const second = reads.length === 0 ? undefined : await this.#attempt(reads)
    if (second !== undefined) for (const request of reads) request.failed(second)
    this.#host.stored(new Transaction(this.#host.now()))
  }

  /** Stores the requests as one transaction and answers them.
   * @returns why nothing could be stored; then nobody was answered. */
  async #attempt(requests: readonly Request[]): Promise<unknown> {
    const host = this.#host
    const transaction = new Transaction(host.now())
    const errors = applyAll(requests, transaction, host.isReadOnly)
    if (!transaction.isEmpty) {
      try {
        if (transaction.kept.length > 0) host.keepKeys(transaction.kept)
        const storing = host.store.commit(transaction.toBatch())
        if (storing instanceof Promise) await storing
      } catch (error) {
        transaction.rollBack()
        await host.rollBack(transaction)
        for (const request of requests) await request.prepare?.()
        return error
      }
      transaction.committed()
      if (transaction.shreds.length > 0) await host.destroy(transaction.shreds)
    }
    answer(requests, errors, host)
    host.stored(transaction)
    return undefined
  }
}

/** Index → why the request was refused. */
type Errors = Map<number, unknown>

function applyAll(requests: readonly Request[], transaction: Transaction, isReadOnly: boolean): Errors {
  const errors: Errors = new Map()
  for (let i = 0; i < requests.length; i++) {
    const request = requests[i] as Request
    try {
      if (isReadOnly && !request.isRead)
        throw new WardlineError("ERR_READ_ONLY", "the relay's disk is full or failing")
      request.apply(transaction)
    } catch (error) {
      errors.set(i, error)
      if (!isWardlineError(error, "ERR_READ_ONLY")) request.noteRefusal?.(transaction, error)
    }
  }
  return errors
}

function answer(requests: readonly Request[], errors: Errors, host: GroupCommitHost): void {
  for (let i = 0; i < requests.length; i++) {
    const request = requests[i] as Request
    try {
      if (errors.has(i)) {
        const error = errors.get(i)
        if (!isWardlineError(error)) host.unexpected(error)
        request.failed(error)
      } else request.done()
    } catch (error) {
      host.unexpected(error)
    }
  }
}
