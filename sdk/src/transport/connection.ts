/** Keeps a session alive: connects, waits, connects again. */
import { onAbort, sleep } from "../abort.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { CLOSE_CODES, isReconnectable } from "../protocol/index.ts"
import { backoffDelayMs } from "./backoff.ts"
import type { Session } from "./session.ts"

export type ConnectionState =
  /** Waiting; the next try is at `retryAtMs`, milliseconds since 1970, or when the device comes back online. */
  | { readonly kind: "offline"; readonly retryAtMs: number; readonly error?: WardlineError }
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "online" }
  /** For good, until the application acts. */
  | { readonly kind: "closed"; readonly error?: WardlineError }

export interface ConnectionOptions {
  /** Makes one try: a session that is ready for use, caught up with whatever comes first. */
  readonly open: (signal: AbortSignal) => Promise<Session>
  readonly onState: (state: ConnectionState) => void
  readonly random?: () => number
}

/** A session that has lasted this long ends a row of failures; shorter ones keep the waits growing. */
const STABLE_AFTER_MS = 10_000
/** After "too many requests" or "overloaded" even a first wait isn't shorter. */
const BUSY_DELAY_MS = 2_000

/** Failures that another try can't mend. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  "ERR_UNAUTHENTICATED",
  "ERR_REVOKED",
  "ERR_CLINIC_KEY",
  "ERR_ROLLBACK",
  "ERR_FORK",
  "ERR_SIGNATURE",
  "ERR_MALFORMED",
  "ERR_UNSUPPORTED",
  "ERR_NOT_FOUND",
  "ERR_FORBIDDEN",
  "ERR_CLOCK",
  "ERR_KEYSTORE",
  "ERR_LOCKED",
  "ERR_RANDOM",
])

export class Connection {
  readonly #options: ConnectionOptions
  readonly #stop = new AbortController()
  #session: Session | undefined
  #wake: AbortController | undefined
  #running: Promise<void> | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** The session, while there is one. */
  get session(): Session | undefined {
    return this.#session
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Tries at once instead of waiting; while online, checks that the relay still answers. */
  retryNow(): void {
    this.#wake?.abort()
    this.#session?.probe()
  }

  /** Ends for good; resolves when the socket is closed. */
  async stop(error?: WardlineError): Promise<void> {
    this.#stop.abort(error)
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    const online = (): void => this.retryNow()
    globalThis.addEventListener?.("online", online)
    let failures = 0
    try {
      while (!signal.aborted) {
        this.#options.onState({ kind: "connecting", attempt: failures + 1 })
        const startedMs = performance.now()
        const end = await this.#once(signal)
        if (signal.aborted) break
        if (end.final) {
          this.#options.onState({ kind: "closed", error: end.error })
          return
        }
        failures = end.wasOnline && performance.now() - startedMs >= STABLE_AFTER_MS ? 1 : failures + 1
        await this.#wait(failures, end.error, signal)
      }
      const reason: unknown = signal.reason
      this.#options.onState(isWardlineError(reason) ? { kind: "closed", error: reason } : { kind: "closed" })
    } finally {
      globalThis.removeEventListener?.("online", online)
    }
  }

  /** One connection from its first try to its end. */
  async #once(signal: AbortSignal): Promise<{ error: WardlineError; final: boolean; wasOnline: boolean }> {
    let session: Session
    try {
      session = await this.#options.open(signal)
    } catch (cause) {
      const error = isWardlineError(cause) ? cause : new WardlineError("ERR_INTERNAL", "a bug", { cause })
      return { error, final: FINAL_CODES.has(error.code) || error.code === "ERR_INTERNAL", wasOnline: false }
    }
    const close = (): void => session.end(CLOSE_CODES.done)
    signal.addEventListener("abort", close, { once: true })
    if (signal.aborted) close()
    this.#session = session
    this.#options.onState({ kind: "online" })
    const end = await session.ended
    signal.removeEventListener("abort", close)
    this.#session = undefined
    return { error: end.error, final: !isReconnectable(end.code), wasOnline: true }
  }

  async #wait(failures: number, error: WardlineError, signal: AbortSignal): Promise<void> {
    const busy = error.code === "ERR_RATE_LIMITED" || error.code === "ERR_OVERLOADED"
    const random = (this.#options.random ?? Math.random)()
    const delayMs = backoffDelayMs(failures, random) + (busy ? BUSY_DELAY_MS : 0)
    this.#options.onState({ kind: "offline", retryAtMs: Date.now() + delayMs, error })
    const wake = new AbortController()
    const stop = onAbort(signal, () => wake.abort())
    this.#wake = wake
    await sleep(delayMs, wake.signal).catch(() => {})
    this.#wake = undefined
    stop()
  }
}
