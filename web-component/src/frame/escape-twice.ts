/** Notices two presses of Escape in quick succession. */
export class EscapeTwice {
  static readonly WITHIN_MS: number = 1_500
  #lastMs = Number.NEGATIVE_INFINITY

  /** @returns whether this press is the second one. */
  press(atMs: number): boolean {
    const isSecond = atMs - this.#lastMs <= EscapeTwice.WITHIN_MS
    this.#lastMs = isSecond ? Number.NEGATIVE_INFINITY : atMs
    return isSecond
  }
}
