/** How a subject is spoken to: one small file each, so that the runs are the same for all. */

/** What a sender reports. Acknowledgements come in the order sent. */
export interface SenderEvents {
  onAcks(count: number): void
  onFailure(why: string): void
}

export interface SubscriberEvents {
  onDelivered(count: number): void
  onFailure(why: string): void
}

export interface Connection {
  close(): void
}

export interface Sender extends Connection {
  /** Sends the next `count` messages, at most IN_FLIGHT unacknowledged ones in all. */
  send(count: number): void
}

export interface Dialect {
  /** Makes what has to exist before the first message; called once. */
  prepare(): Promise<void>
  /** A connection that may send at once. Conversations count from 0. */
  openSender(conversation: number, events: SenderEvents): Promise<Sender>
  /** A connection that gets whatever is sent to the conversation from now on.
   * @param index - which of the conversation's subscribers it is. */
  openSubscriber(conversation: number, index: number, events: SubscriberEvents): Promise<Connection>
}
