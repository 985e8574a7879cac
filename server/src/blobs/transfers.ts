/** Uploads and downloads that are running. */
import { WardlineError } from "@wardline/sdk/protocol"
import type { Ticket } from "./tickets.ts"

export class Transfer {
  readonly ticket: Ticket
  /** Resolves when it is over. */
  readonly ended: Promise<void>
  #resolve: () => void = () => {}
  #stop: (() => void) | undefined

  constructor(ticket: Ticket) {
    this.ticket = ticket
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** @param stop - breaks its connection. */
  onStop(stop: () => void): void {
    this.#stop = stop
  }

  stop(): void {
    this.#stop?.()
  }

  end(): void {
    this.#resolve()
  }
}

export class Transfers {
  readonly #running = new Set<Transfer>()
  readonly #max: number
  readonly #maxPerDevice: number

  constructor(max: number, maxPerDevice: number) {
    this.#max = max
    this.#maxPerDevice = maxPerDevice
  }

  /** Does `work` as a transfer. An upload takes the place of an earlier one to the same blob, which is on a connection
   * that was lost.
   * @throws {WardlineError} ERR_RATE_LIMITED, ERR_OVERLOADED; what `work` throws. */
  async run(ticket: Ticket, work: (transfer: Transfer) => Promise<void>): Promise<void> {
    if (ticket.kind === "upload") await this.#supersede(ticket)
    const ofDevice = [...this.#running].filter(({ ticket: { device } }) => device === ticket.device)
    if (ofDevice.length >= this.#maxPerDevice)
      throw new WardlineError("ERR_RATE_LIMITED", "too many transfers at once")
    if (this.#running.size >= this.#max)
      throw new WardlineError("ERR_OVERLOADED", "too many transfers at once")
    const transfer = new Transfer(ticket)
    this.#running.add(transfer)
    try {
      await work(transfer)
    } finally {
      this.#running.delete(transfer)
      transfer.end()
    }
  }

  async #supersede({ conversation, blob }: Ticket): Promise<void> {
    for (;;) {
      const earlier = this.uploadOf(conversation, blob)
      if (earlier === undefined) return
      earlier.stop()
      await earlier.ended
    }
  }

  /** The running upload of a blob. */
  uploadOf(conversation: string, blob: string): Transfer | undefined {
    for (const transfer of this.#running) {
      const { ticket } = transfer
      if (ticket.kind === "upload" && ticket.conversation === conversation && ticket.blob === blob)
        return transfer
    }
    return undefined
  }

  /** Breaks off whatever concerns a conversation. */
  stop(conversation: string): void {
    for (const transfer of this.#running) if (transfer.ticket.conversation === conversation) transfer.stop()
  }
}
