/** One owner of a device at a time: two tabs with one device would number their messages alike. */
import type { Keystore } from "../keystore/keystore.ts"

export interface LockEvents {
  /** This client owns the device now. */
  granted(): void
  /** Somebody else owns it; this client waits in line. */
  waiting(): void
}

export interface DeviceLock {
  /** Takes the device from whoever owns it. */
  takeOver(): void
  /** Gives it back, or leaves the line. */
  release(): void
}

/** Asks for the lock `name`: by Web Locks between the tabs of a browser, otherwise between the clients of one
 * keystore in this process. Either event follows, and again whenever it changes. */
export function requestDeviceLock(name: string, keystore: Keystore, events: LockEvents): DeviceLock {
  // Node's own Web Locks span one process, as the local queue does, but would know nothing of keystores.
  const inNode = typeof process !== "undefined" && process.versions?.node !== undefined
  // Where a browser forbids storage it forbids locks too, and such a page's keystore is private to it.
  const locks = inNode || keystore.isPrivate ? undefined : globalThis.navigator?.locks
  return locks === undefined
    ? new LocalLock(queueOf(keystore, name), events)
    : new WebLock(locks, name, events)
}

/** Runs `work` while holding the lock `name`, after whoever has it is done. */
export function holdingLock<T>(name: string, keystore: Keystore, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const lock = requestDeviceLock(name, keystore, {
      granted: () => {
        work()
          .finally(() => lock.release())
          .then(resolve, reject)
      },
      waiting: () => {},
    })
  })
}

class WebLock implements DeviceLock {
  readonly #locks: LockManager
  readonly #name: string
  readonly #events: LockEvents
  #attempt: AbortController | undefined
  /** Ends the lock that is held. */
  #letGo: (() => void) | undefined
  #released = false

  constructor(locks: LockManager, name: string, events: LockEvents) {
    this.#locks = locks
    this.#name = name
    this.#events = events
    this.#request({ ifAvailable: true })
  }

  takeOver(): void {
    if (this.#released || this.#letGo !== undefined) return
    this.#attempt?.abort()
    this.#request({ steal: true })
  }

  release(): void {
    this.#released = true
    this.#attempt?.abort()
    this.#letGo?.()
  }

  #request(options: LockOptions): void {
    const attempt = new AbortController()
    this.#attempt = attempt
    // The API doesn't take a signal together with `steal` or `ifAvailable`: those two don't wait.
    const inLine = options.steal === undefined && options.ifAvailable === undefined
    void this.#locks
      .request(this.#name, inLine ? { signal: attempt.signal } : options, (lock) => this.#hold(lock, attempt))
      .catch(() => undefined)
      .then(() => {
        // Stolen, or not available: wait in line. Aborted or released: done.
        if (this.#released || attempt.signal.aborted) return
        this.#letGo = undefined
        this.#events.waiting()
        this.#request({})
      })
  }

  async #hold(lock: Lock | null, attempt: AbortController): Promise<void> {
    if (lock === null || this.#released || attempt.signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#letGo = resolve
      this.#events.granted()
    })
    attempt.abort()
  }
}

/** The clients of one device in this process, the owner first. */
type Queue = LocalLock[]

const queues = new WeakMap<Keystore, Map<string, Queue>>()

function queueOf(keystore: Keystore, name: string): Queue {
  const byName = queues.get(keystore) ?? new Map<string, Queue>()
  queues.set(keystore, byName)
  const queue = byName.get(name) ?? []
  byName.set(name, queue)
  return queue
}

class LocalLock implements DeviceLock {
  readonly #queue: Queue
  readonly #events: LockEvents

  constructor(queue: Queue, events: LockEvents) {
    this.#queue = queue
    this.#events = events
    queue.push(this)
    queueMicrotask(() => {
      if (queue.includes(this)) this.#tell()
    })
  }

  takeOver(): void {
    const owner = this.#queue[0]
    if (owner === this || !this.#queue.includes(this)) return
    this.#queue.splice(this.#queue.indexOf(this), 1)
    this.#queue.unshift(this)
    if (owner !== undefined) owner.#tell()
    this.#tell()
  }

  release(): void {
    const at = this.#queue.indexOf(this)
    if (at < 0) return
    this.#queue.splice(at, 1)
    const next = this.#queue[0]
    if (at === 0 && next !== undefined) next.#tell()
  }

  #tell(): void {
    if (this.#queue[0] === this) this.#events.granted()
    else this.#events.waiting()
  }
}
