import { IN_FLIGHT } from "../shape.ts"

/** Messages are taken again only after they were acknowledged, and so long since sent. */
const SLOTS = 2 * IN_FLIGHT

/** Messages ready to be written, each made distinct by a few changed bytes: their making costs the load no time. */
export class FrameRing {
  readonly #bytes: Buffer
  readonly #frameBytes: number
  readonly #stamp: (buffer: Buffer, offset: number, count: number) => void
  #next = 0

  /** @param stamp - makes the frame at `offset` that of the sender's message number `count`, from 1. */
  constructor(frame: Buffer, stamp: (buffer: Buffer, offset: number, count: number) => void) {
    this.#frameBytes = frame.length
    this.#bytes = Buffer.concat(Array.from({ length: SLOTS }, () => frame))
    this.#stamp = stamp
  }

  /** The sender's next `count` frames (at most IN_FLIGHT), in one piece or two. */
  take(count: number): Buffer[] {
    const from = this.#next % SLOTS
    const first = Math.min(count, SLOTS - from)
    for (let i = 0; i < count; i++) {
      this.#next++
      this.#stamp(this.#bytes, ((from + i) % SLOTS) * this.#frameBytes, this.#next)
    }
    const pieces = [this.#bytes.subarray(from * this.#frameBytes, (from + first) * this.#frameBytes)]
    if (first < count) pieces.push(this.#bytes.subarray(0, (count - first) * this.#frameBytes))
    return pieces
  }
}
