import { PAYLOAD_BYTES } from "../shape.ts"
import type { Connection, Dialect, Sender, SenderEvents, SubscriberEvents } from "./dialect.ts"
import { FrameRing } from "./frame-ring.ts"
import { clientFrame, WireSocket } from "./wire-socket.ts"

/** Digits of an acknowledgement id; leading zeros are allowed, so that each frame has the same length. */
const ID_DIGITS = 9

/** How a message's bytes travel: as socket.io sends a Buffer (a packet that announces it, then its own frame), or as
 * base64 within the packet, which is longer and yet faster. */
export type SocketIoForm = "bytes" | "base64"

interface Packets {
  /** One message with its acknowledgement id. */
  readonly message: Buffer
  readonly idOffset: number
  /** The first two characters of the packet in which it is delivered. */
  readonly delivery: string
}

/** socket.io's packets over engine.io 4, WebSocket only: `0` open, `2` ping, `3` pong, `40` connected, `42` event,
 * `43` acknowledgement, `451-` event with one binary attachment. */
export class SocketIoDialect implements Dialect {
  readonly #port: number
  readonly #packets: Packets

  constructor(port: number, form: SocketIoForm) {
    this.#port = port
    this.#packets = form === "bytes" ? bytesPackets() : base64Packets()
  }

  async prepare(): Promise<void> {}

  async openSender(conversation: number, events: SenderEvents): Promise<Sender> {
    const wire = await this.#open(conversation, "send", "43", () => events.onAcks(1), events.onFailure)
    const { message, idOffset } = this.#packets
    const ring = new FrameRing(message, (buffer, offset, count) => {
      buffer.write(`${count}`.padStart(ID_DIGITS, "0"), offset + idOffset, "latin1")
    })
    return {
      send: (count) => {
        for (const frames of ring.take(count)) wire.write(frames)
      },
      close: () => wire.close(),
    }
  }

  openSubscriber(conversation: number, _index: number, events: SubscriberEvents): Promise<Connection> {
    return this.#open(
      conversation,
      "read",
      this.#packets.delivery,
      () => events.onDelivered(1),
      events.onFailure,
    )
  }

  /** @param counted - the packets that `onPacket` is called for. */
  async #open(
    conversation: number,
    role: "send" | "read",
    counted: string,
    onPacket: () => void,
    onEnd: (why: string) => void,
  ): Promise<WireSocket> {
    let connected: () => void = () => {}
    const ready = new Promise<void>((resolve) => {
      connected = resolve
    })
    const [first, second] = Buffer.from(counted)
    const path = `/socket.io/?EIO=4&transport=websocket&conversation=${conversation}&role=${role}`
    const wire = await WireSocket.open(this.#port, path, {
      onFrame: (buffer, start) => {
        if (buffer[start] === first && buffer[start + 1] === second) onPacket()
        else if (buffer[start] === 0x32) wire.write(clientFrame(Buffer.from("3"), "text"))
        else if (buffer[start] === 0x34 && buffer[start + 1] === 0x30) connected()
      },
      onEnd,
    })
    wire.write(clientFrame(Buffer.from("40"), "text"))
    await ready
    return wire
  }
}

const NO_ID = "0".repeat(ID_DIGITS)

function bytesPackets(): Packets {
  const event = Buffer.from(`451-${NO_ID}["message",{"_placeholder":true,"num":0}]`)
  const packet = clientFrame(event, "text")
  const message = Buffer.concat([packet, clientFrame(Buffer.alloc(PAYLOAD_BYTES, "x"))])
  return { message, idOffset: packet.length - event.length + "451-".length, delivery: "45" }
}

function base64Packets(): Packets {
  const event = Buffer.from(`42${NO_ID}["message","${Buffer.alloc(PAYLOAD_BYTES, "x").toString("base64")}"]`)
  const message = clientFrame(event, "text")
  return { message, idOffset: message.length - event.length + "42".length, delivery: "42" }
}
