/** When to try again after a lost connection. */

const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 30_000

/** Exponential backoff with full jitter: a relay that restarts isn't met by everybody at the same moment.
 * @param attempt - failures so far, from 1.
 * @param random - from 0 up to 1.
 * @returns milliseconds to wait: up to 0.5 s, 1 s, 2 s … 30 s. */
export function backoffDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 16))
  return Math.floor(random * ceiling)
}
