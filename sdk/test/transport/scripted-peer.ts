/** The other end of a real WebSocket, under a test's control frame by frame. */
import { randomBytes } from "node:crypto"
import type { AddressInfo } from "node:net"
import { type RawData, type WebSocket, WebSocketServer } from "ws"
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameKind,
  SUBPROTOCOL,
} from "../../src/protocol/index.ts"
import { RelayChannel, sealByNode } from "../support/relay-channel.ts"

export class PeerConnection {
  readonly socket: WebSocket
  readonly channel: RelayChannel = new RelayChannel(randomBytes(32))
  #channelKey: Uint8Array = new Uint8Array(32)
  readonly #received: Frame[] = []
  #wake: () => void = () => {}
  /** The close code that the client sent, once it has. */
  readonly closed: Promise<number>

  constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once("close", resolve))
    socket.on("message", (data: RawData) => {
      this.#received.push(decodeFrame(new Uint8Array(data as Buffer)))
      this.#wake()
    })
  }

  send(frame: Frame): void {
    this.socket.send(encodeFrame(frame))
  }

  /** The next frame, which must be of this kind. */
  async next<K extends FrameKind>(kind: K): Promise<Extract<Frame, { kind: K }>> {
    while (this.#received.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const frame = this.#received.shift()
    if (frame?.kind !== kind) throw new Error(`expected ${kind}, got ${frame?.kind}`)
    return frame as Extract<Frame, { kind: K }>
  }

  challenge(): void {
    this.send({
      kind: "challenge",
      id: 0,
      nonce: bytes(32, 7),
      time: Date.now(),
      relayId: bytes(16, 9),
      ephemeral: this.channel.ephemeral,
    })
  }

  /** A key as it travels in this connection's channel. */
  seal(conversation: Uint8Array, key: Uint8Array): Uint8Array {
    return sealByNode(this.#channelKey, randomBytes(12), conversation, key)
  }

  /** Takes a login and welcomes it. */
  async welcome(): Promise<Extract<Frame, { kind: "auth" }>> {
    this.challenge()
    const auth = await this.next("auth")
    this.#channelKey = this.channel.keyWith(auth.ephemeral)
    const head = { directoryPosition: 3, directoryLink: bytes(32, 3) }
    this.send({ kind: "welcome", id: auth.id, time: Date.now(), ...head })
    return auth
  }
}

export interface ScriptedPeer {
  /** `ws://127.0.0.1:<port>/v1/ws` */
  readonly url: string
  /** The next client that connects. */
  accept(): Promise<PeerConnection>
  close(): Promise<void>
}

export async function startPeer(options: { subprotocol?: boolean } = {}): Promise<ScriptedPeer> {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    handleProtocols: () => (options.subprotocol === false ? false : SUBPROTOCOL),
  })
  await new Promise((resolve) => server.once("listening", resolve))
  const arrived: PeerConnection[] = []
  let wake = (): void => {}
  server.on("connection", (socket) => {
    arrived.push(new PeerConnection(socket))
    wake()
  })
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ws`,
    accept: async () => {
      while (arrived.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return arrived.shift() as PeerConnection
    },
    close: async () => {
      for (const client of server.clients) client.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function bytes(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value)
}
