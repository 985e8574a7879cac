/** Abort signals as Wardline errors. */
import { WardlineError } from "./errors.ts"

export function abortedError(signal?: AbortSignal): WardlineError {
  return new WardlineError("ERR_ABORTED", "the caller aborted", { cause: signal?.reason })
}

/** @throws {WardlineError} ERR_ABORTED if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal)
}

/** Calls `listener` once when the signal fires, at once if it has; returns a function that stops listening. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    listener()
    return () => {}
  }
  signal.addEventListener("abort", listener, { once: true })
  return () => signal.removeEventListener("abort", listener)
}

/** The promise's outcome, or ERR_ABORTED as soon as the signal fires. The work itself isn't stopped. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => reject(abortedError(signal)))
    work.then(resolve, reject).finally(stop)
  })
}

/** Waits; rejects with ERR_ABORTED when the signal fires first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop()
      resolve()
    }, ms)
    const stop = onAbort(signal, () => {
      clearTimeout(timer)
      reject(abortedError(signal))
    })
  })
}
