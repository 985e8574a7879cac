import { CONVERSATIONS, IN_FLIGHT, SUBSCRIBERS } from "../shape.ts"
import type { Connection, Dialect, Sender } from "./dialect.ts"

/** What was sent must be acknowledged and delivered within this long after the last message. */
const DRAIN_MS = 10_000

/** All senders and subscribers of a run, connected, with what they have counted. */
export class Crowd {
  sent = 0
  acked = 0
  delivered = 0
  /** Whether acknowledged messages are followed by new ones. */
  keepsSending = false
  /** Called for each report of a sender, in order. */
  onAcks: (sender: number, count: number) => void = () => {}
  readonly #subscribers: number
  readonly #senders: Sender[] = []
  readonly #connections: Connection[] = []
  readonly #owed: number[] = []
  #failure: Error | undefined
  #fail: (error: Error) => void = () => {}

  private constructor(subscribers: number) {
    this.#subscribers = subscribers
  }

  /** Connects everyone, subscribers first.
   * @param subscribers - for each conversation; the echo server has none. */
  static async open(dialect: Dialect, subscribers: number = SUBSCRIBERS): Promise<Crowd> {
    const crowd = new Crowd(subscribers)
    const onFailure = (why: string): void => {
      crowd.#failure ??= new Error(why)
      crowd.#fail(crowd.#failure)
    }
    for (let conversation = 0; conversation < CONVERSATIONS; conversation++) {
      for (let index = 0; index < subscribers; index++) {
        const onDelivered = (count: number): void => {
          crowd.delivered += count
        }
        const events = { onDelivered, onFailure }
        crowd.#connections.push(await dialect.openSubscriber(conversation, index, events))
      }
      const onAcks = (count: number): void => crowd.#take(conversation, count)
      const sender = await dialect.openSender(conversation, { onAcks, onFailure })
      crowd.#senders.push(sender)
      crowd.#connections.push(sender)
    }
    return crowd
  }

  get senders(): number {
    return this.#senders.length
  }

  /** Lets a sender send `count` more. */
  send(sender: number, count: number): void {
    this.sent += count
    this.#senders[sender]?.send(count)
  }

  /** Fills every sender's window; from then on each acknowledgement is followed by a new message. */
  start(): void {
    this.keepsSending = true
    for (let sender = 0; sender < this.#senders.length; sender++) this.send(sender, IN_FLIGHT)
  }

  /** Waits, and fails as soon as any connection does. */
  async wait(ms: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms)
      this.#fail = (error) => {
        clearTimeout(timer)
        reject(error)
      }
      if (this.#failure) this.#fail(this.#failure)
    })
  }

  /** Stops sending, waits for what is under way and disconnects.
   * @throws {Error} when an acknowledgement or a delivery is missing, or one came twice. */
  async finish(): Promise<void> {
    this.keepsSending = false
    const isDone = (): boolean => this.acked >= this.sent && this.delivered >= this.sent * this.#subscribers
    for (const endMs = performance.now() + DRAIN_MS; !isDone() && performance.now() < endMs; )
      await this.wait(20)
    // Long enough for a delivery that nobody expects.
    await this.wait(20)
    for (const connection of this.#connections) connection.close()
    const due = this.sent * this.#subscribers
    if (this.acked !== this.sent || this.delivered !== due)
      throw new Error(`sent ${this.sent}, acked ${this.acked}, delivered ${this.delivered} of ${due}`)
  }

  #take(sender: number, count: number): void {
    this.acked += count
    this.onAcks(sender, count)
    if (!this.keepsSending) return
    const owed = this.#owed[sender] ?? 0
    this.#owed[sender] = owed + count
    // What one read brought is answered with one write.
    if (owed === 0) queueMicrotask(() => this.#pay(sender))
  }

  #pay(sender: number): void {
    const count = this.#owed[sender] ?? 0
    this.#owed[sender] = 0
    if (this.keepsSending) this.send(sender, count)
  }
}
