import { connect, type Socket } from "node:net"
import { IN_FLIGHT, PAYLOAD_BYTES } from "../shape.ts"
import type { Connection, Dialect, Sender, SenderEvents, SubscriberEvents } from "./dialect.ts"
import { encodeCommand, endOfReply, readStreamReply } from "./resp.ts"

/** Entries that a reader asks for at once. */
const READ_COUNT = "128"
const EMPTY = Buffer.alloc(0)

/** Redis streams: XADD by the sender, XREAD BLOCK by each subscriber. */
export class RedisDialect implements Dialect {
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  async prepare(): Promise<void> {}

  async openSender(conversation: number, events: SenderEvents): Promise<Sender> {
    const socket = await this.#connect(() => events.onAcks(1), events.onFailure)
    const command = encodeCommand("XADD", `conversation:${conversation}`, "*", "d", "x".repeat(PAYLOAD_BYTES))
    const commands = Buffer.concat(Array.from({ length: IN_FLIGHT }, () => command))
    return {
      send: (count) => socket.write(commands.subarray(0, count * command.length)),
      close: () => socket.destroy(),
    }
  }

  async openSubscriber(conversation: number, _index: number, events: SubscriberEvents): Promise<Connection> {
    const read = (after: string): Buffer =>
      encodeCommand(
        "XREAD",
        "COUNT",
        READ_COUNT,
        "BLOCK",
        "0",
        "STREAMS",
        `conversation:${conversation}`,
        after,
      )
    const last = await this.#lastId(conversation)
    const socket = await this.#connect((bytes, at) => {
      const { count, lastId } = readStreamReply(bytes, at)
      socket.write(read(lastId))
      events.onDelivered(count)
    }, events.onFailure)
    socket.write(read(last))
    return { close: () => socket.destroy() }
  }

  /** The stream's newest id: "$" would miss what is added between one XREAD and the next. */
  async #lastId(conversation: number): Promise<string> {
    const socket = await this.#connect(
      (bytes, at, end) => found(bytes.toString("latin1", at, end)),
      () => {},
    )
    let found: (reply: string) => void = () => {}
    const reply = new Promise<string>((resolve) => {
      found = resolve
    })
    socket.write(encodeCommand("XREVRANGE", `conversation:${conversation}`, "+", "-", "COUNT", "1"))
    const id = /\r\n(\d+-\d+)\r\n/.exec(await reply)?.[1] ?? "0-0"
    socket.destroy()
    return id
  }

  #connect(
    onReply: (bytes: Buffer, at: number, end: number) => void,
    onFailure: (why: string) => void,
  ): Promise<Socket> {
    let partial: Buffer = EMPTY
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true })
      socket.once("connect", () => resolve(socket))
      socket.on("error", (error) => {
        reject(error)
        onFailure(error.message)
      })
      socket.on("data", (chunk: Buffer) => {
        const bytes = partial.length === 0 ? chunk : Buffer.concat([partial, chunk])
        let at = 0
        for (let end = endOfReply(bytes, 0); end !== -1; end = endOfReply(bytes, at)) {
          onReply(bytes, at, end)
          at = end
        }
        partial = bytes.subarray(at)
      })
    })
  }
}
