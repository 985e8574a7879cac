import { MESSAGE_PREFIX_BYTES, MESSAGE_TYPE } from "../plain-wire.ts"
import { PAYLOAD_BYTES } from "../shape.ts"
import type { Connection, Dialect, Sender, SenderEvents, SubscriberEvents } from "./dialect.ts"
import { FrameRing } from "./frame-ring.ts"
import { clientFrame, WireSocket } from "./wire-socket.ts"

/** The references' protocol (plain-wire.ts); with the echo server each message comes back as its own ack. */
export class PlainDialect implements Dialect {
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  async prepare(): Promise<void> {}

  async openSender(conversation: number, events: SenderEvents): Promise<Sender> {
    const wire = await WireSocket.open(this.#port, `/send/${conversation}`, {
      onFrame: () => events.onAcks(1),
      onEnd: events.onFailure,
    })
    const message = Buffer.alloc(MESSAGE_PREFIX_BYTES + PAYLOAD_BYTES, "x")
    message[0] = MESSAGE_TYPE
    const frame = clientFrame(message)
    const idOffset = frame.length - message.length + 1
    const ring = new FrameRing(frame, (buffer, offset, count) =>
      buffer.writeUInt32BE(count, offset + idOffset),
    )
    return {
      send: (count) => {
        for (const frames of ring.take(count)) wire.write(frames)
      },
      close: () => wire.close(),
    }
  }

  openSubscriber(conversation: number, _index: number, events: SubscriberEvents): Promise<Connection> {
    return WireSocket.open(this.#port, `/read/${conversation}`, {
      onFrame: () => events.onDelivered(1),
      onEnd: events.onFailure,
    })
  }
}
