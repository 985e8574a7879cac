/** What a session is to be sent, gathered over a batch and written to its socket at once. */
import type { Duplex } from "node:stream"
import { ACK_FRAME_BYTES, type Acknowledged, writeAck } from "./frames.ts"

/** Acks that the first buffer of a batch holds; more take a larger one. */
const FIRST_ACKS = 8
const MORE_ACKS = 64

export class Outbox {
  #parts: Buffer[] = []
  /** Acks being gathered. They come in rows, and one buffer for a row costs less than one for each. */
  #acks: Buffer | undefined
  #ackBytes = 0

  get isEmpty(): boolean {
    return this.#parts.length === 0 && this.#acks === undefined
  }

  add(frames: Buffer): void {
    this.#finishAcks()
    this.#parts.push(frames)
  }

  addAck(requestId: number, ack: Acknowledged): void {
    if (this.#acks === undefined || this.#ackBytes + ACK_FRAME_BYTES > this.#acks.length) {
      const count = this.#acks === undefined ? FIRST_ACKS : MORE_ACKS
      this.#finishAcks()
      this.#acks = Buffer.allocUnsafe(count * ACK_FRAME_BYTES)
    }
    writeAck(this.#acks, this.#ackBytes, requestId, ack)
    this.#ackBytes += ACK_FRAME_BYTES
  }

  #finishAcks(): void {
    if (this.#acks === undefined) return
    this.#parts.push(this.#acks.subarray(0, this.#ackBytes))
    this.#acks = undefined
    this.#ackBytes = 0
  }

  /** Writes everything, in one go. */
  flush(socket: Duplex): void {
    this.#finishAcks()
    const parts = this.#parts
    if (parts.length === 0) return
    this.#parts = []
    if (socket.destroyed || !socket.writable) return
    // One buffer and one write: cheaper than node's writev for the few and small parts that a batch has for a socket.
    socket.write(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
  }
}
