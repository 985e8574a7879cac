/** How long a transfer goes on trying. */
import { sleep } from "../abort.ts"
import { isWardlineError, type WardlineError } from "../errors.ts"
import { backoffDelayMs } from "../transport/backoff.ts"

/** Failures in a row, without a byte in between. Waiting for a lost connection to the relay isn't one. */
const MAX_FAILURES = 10

/** What a transfer needs of its conversation. */
export interface TransferHost {
  readonly relay: URL
  /** The conversation's id, 16 bytes. */
  readonly conversation: Uint8Array
  /** Asks the relay for a ticket; waits while there is no connection.
   * @param size - of the blob that is to be uploaded; undefined for a download. */
  ticket(blob: Uint8Array, size: number | undefined, signal: AbortSignal | undefined): Promise<Uint8Array>
}

export interface TransferProgress {
  /** Bytes that have arrived, of the sealed file. */
  readonly done: number
  readonly total: number
}

export interface TransferOptions {
  /** Told whenever more has arrived. */
  readonly onProgress?: (progress: TransferProgress) => void
  readonly signal?: AbortSignal
}

/** Keeps a ticket while it is good, and counts failures. */
export class TransferRetries {
  readonly #host: TransferHost
  readonly #blob: Uint8Array
  readonly #size: number | undefined
  readonly #signal: AbortSignal | undefined
  #ticket: Uint8Array | undefined
  #failures = 0

  /** @param size - as for TransferHost.ticket. */
  constructor(
    host: TransferHost,
    blob: Uint8Array,
    size: number | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#host = host
    this.#blob = blob
    this.#size = size
    this.#signal = signal
  }

  /** Something has arrived. */
  progressed(): void {
    this.#failures = 0
  }

  /** Does `work` with a ticket until it succeeds.
   * @throws {WardlineError} what trying again doesn't mend, or hasn't. */
  async run<T>(work: (ticket: Uint8Array) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        this.#ticket ??= await this.#host.ticket(this.#blob, this.#size, this.#signal)
        return await work(this.#ticket)
      } catch (error) {
        if (!isWardlineError(error) || !isWorthAnother(error)) throw error
        this.#failures += 1
        if (this.#failures >= MAX_FAILURES) throw error
        // Asking for a new one waits for the connection, and renews an access record that has run out.
        this.#ticket = undefined
        await sleep(backoffDelayMs(this.#failures, Math.random()), this.#signal)
      }
    }
  }
}

function isWorthAnother({ code, retryable }: WardlineError): boolean {
  return retryable || code === "ERR_UNAUTHENTICATED" || code === "ERR_ACCESS_REQUIRED"
}
