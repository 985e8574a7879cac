/** Uploads a blob as it is made, in parts: what the relay has stored is forgotten, so that a part is all that is held. */
import { throwIfAborted } from "../abort.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { type BlobAddress, headBlob, patchBlob } from "./blob-http.ts"
import { type TransferHost, type TransferOptions, TransferRetries } from "./transfer-retries.ts"

const FIRST_PART_BYTES = 262_144
const MIN_PART_BYTES = 65_536
/** Each part costs a round trip and a sync of the relay's disk. */
const MAX_PART_BYTES = 2_097_152
/** A part that takes less may be larger next time; a slow line gets small ones, and loses little. */
const QUICK_MS = 2_000

/** Uploads the blob; resolves once the relay has stored all of it.
 * @param size - of the blob.
 * @throws {WardlineError} what the relay answers, ERR_OFFLINE after many tries, ERR_ABORTED. */
export async function uploadBlob(
  host: TransferHost,
  blob: Uint8Array,
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  { onProgress, signal }: TransferOptions,
): Promise<void> {
  const retries = new TransferRetries(host, blob, size, signal)
  const window = new UploadWindow(bytes)
  let partBytes = FIRST_PART_BYTES
  /** What got through: a proxy on the way may take less at once than the relay. */
  let maxPartBytes = MAX_PART_BYTES
  /** Whether the relay has said that the blob is complete. */
  const sendNext = async (ticket: Uint8Array): Promise<boolean> => {
    const startedMs = performance.now()
    const before = window.start
    try {
      const isComplete = await sendPart({ relay: host.relay, ticket }, window, partBytes, size, signal)
      if (!isComplete && window.start === before) throw new WardlineError("ERR_OFFLINE", "nothing was taken")
      if (performance.now() - startedMs < QUICK_MS) partBytes = Math.min(maxPartBytes, 2 * partBytes)
      return isComplete
    } catch (error) {
      maxPartBytes = Math.max(MIN_PART_BYTES, partBytes / 2)
      partBytes = maxPartBytes
      throw error
    }
  }
  try {
    for (let isComplete = false; !isComplete; ) {
      throwIfAborted(signal)
      await window.fill(Math.min(partBytes, size - window.start))
      isComplete = await retries.run(sendNext)
      retries.progressed()
      onProgress?.({ done: window.start, total: size })
    }
    await window.end()
  } finally {
    await window.release()
  }
}

/** Sends the beginning of what the window holds, from where the relay is.
 * @returns whether the relay has said that the blob is complete. */
async function sendPart(
  address: BlobAddress,
  window: UploadWindow,
  maxBytes: number,
  size: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    window.advance(await patchBlob(address, window.start, window.peek(maxBytes), signal))
    return window.start === size
  } catch (error) {
    const isUnclear = isWardlineError(error, "ERR_OFFLINE") || isWardlineError(error, "ERR_CONFLICT")
    if (!isUnclear) throw error
    // How much of it has arrived? What is complete is said to be so once more, by an empty part.
    window.advance(await headBlob(address, signal))
    return false
  }
}

/** The bytes that the relay hasn't stored yet. */
class UploadWindow {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #buffer = new Uint8Array(MAX_PART_BYTES)
  #filled = 0
  /** Of a chunk that didn't fit. */
  #rest: Uint8Array = new Uint8Array(0)
  /** Where the window begins in the blob: so much is stored. */
  start = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What comes next, at most `maxBytes`. */
  peek(maxBytes: number): Uint8Array {
    return this.#buffer.subarray(0, Math.min(maxBytes, this.#filled))
  }

  /** Reads on until it holds `length` bytes, or all that is left. */
  async fill(length: number): Promise<void> {
    while (this.#filled < length) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next()
        if (next.done === true) return
        this.#rest = next.value
      }
      const taken = this.#rest.subarray(0, length - this.#filled)
      this.#buffer.set(taken, this.#filled)
      this.#filled += taken.length
      this.#rest = this.#rest.subarray(taken.length)
    }
  }

  /** Everything was read; only then does the source know that it is whole.
   * @throws {WardlineError} ERR_INTERNAL if there is more than the blob's size. */
  async end(): Promise<void> {
    const { done } = await this.#source.next()
    if (done !== true) throw new WardlineError("ERR_INTERNAL", "the blob is longer than its size")
  }

  /** Lets go of the source, however far it was read. */
  async release(): Promise<void> {
    await this.#source.return?.()
  }

  /** The relay has stored everything before `offset`.
   * @throws {WardlineError} ERR_CONFLICT if it has lost what it had acknowledged, or claims what wasn't sent. */
  advance(offset: number): void {
    const stored = offset - this.start
    if (stored < 0 || stored > this.#filled)
      throw new WardlineError("ERR_NOT_FOUND", "the relay has lost the upload: send the file again")
    this.#buffer.copyWithin(0, stored, this.#filled)
    this.#filled -= stored
    this.start = offset
  }
}
