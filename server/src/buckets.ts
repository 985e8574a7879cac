/** Token buckets: how fast somebody may go, and how much at once. */

/** `burst` tokens at most; `perSecond` come back. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export class Bucket {
  #tokens: number
  #atMs: number

  constructor(rate: Rate, nowMs: number) {
    this.#tokens = rate.burst
    this.#atMs = nowMs
  }

  /** Takes `amount` tokens if there are so many. */
  take(rate: Rate, amount: number, nowMs: number): boolean {
    this.#refill(rate, nowMs)
    if (this.#tokens < amount) return false
    this.#tokens -= amount
    return true
  }

  /** Whether nothing was taken lately, so that a new bucket would be the same. */
  isFull(rate: Rate, nowMs: number): boolean {
    this.#refill(rate, nowMs)
    return this.#tokens >= rate.burst
  }

  #refill(rate: Rate, nowMs: number): void {
    // A clock that was set back gives nothing, and takes nothing.
    const passedMs = Math.max(0, nowMs - this.#atMs)
    this.#tokens = Math.min(rate.burst, this.#tokens + (passedMs / 1000) * rate.perSecond)
    this.#atMs = nowMs
  }
}
