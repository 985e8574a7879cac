/** A WebSocket client made for load: it parses frames in place and takes frames ready made, so that the core it runs
 * on measures the server and not the client. */
import { randomBytes } from "node:crypto"
import { connect, type Socket } from "node:net"

/** One for all sockets: each chunk is consumed before the next is read. */
const readBuffer: Buffer = Buffer.allocUnsafe(256 * 1024)
const EMPTY = Buffer.alloc(0)

const OPCODE = { text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const
const MASK_BYTES = 4

export interface FrameHandler {
  /** A text or binary message at bytes `start` … `end` of `buffer`, which holds only until this returns. */
  onFrame(buffer: Buffer, start: number, end: number): void
  /** The other side closed, or the connection broke. */
  onEnd(why: string): void
}

/** Makes a client's frame around a payload. The masking key is zero: the server unmasks it at the usual cost. */
export function clientFrame(payload: Uint8Array, kind: "text" | "binary" = "binary"): Buffer {
  const extended = payload.length > 125 ? 2 : 0
  const frame = Buffer.alloc(2 + extended + MASK_BYTES + payload.length)
  frame[0] = 0x80 | OPCODE[kind]
  frame[1] = 0x80 | (extended === 0 ? payload.length : 126)
  if (extended > 0) frame.writeUInt16BE(payload.length, 2)
  frame.set(payload, frame.length - payload.length)
  return frame
}

export class WireSocket {
  readonly #socket: Socket
  readonly #handler: FrameHandler
  /** The beginning of a frame whose rest hasn't come yet. */
  #partial: Buffer = EMPTY
  #upgraded: (() => void) | undefined
  #closed = false

  private constructor(port: number, handler: FrameHandler) {
    this.#handler = handler
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          this.#take(readBuffer.subarray(0, length))
          return true
        },
      },
    })
    this.#socket.on("error", (error) => this.#end(error.message))
    this.#socket.on("close", () => this.#end("the connection closed"))
  }

  /** Connects and upgrades.
   * @throws {Error} when the server refuses. */
  static async open(
    port: number,
    path: string,
    handler: FrameHandler,
    protocol?: string,
  ): Promise<WireSocket> {
    let onFailure: (why: string) => void = handler.onEnd.bind(handler)
    const wire = new WireSocket(port, {
      onFrame: (buffer, start, end) => handler.onFrame(buffer, start, end),
      onEnd: (why) => onFailure(why),
    })
    await new Promise<void>((resolve, reject) => {
      onFailure = (why) => reject(new Error(`no WebSocket: ${why}`))
      wire.#upgraded = resolve
      wire.#socket.write(
        [
          `GET ${path} HTTP/1.1`,
          `Host: 127.0.0.1:${port}`,
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
          ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
          "\r\n",
        ].join("\r\n"),
      )
    })
    onFailure = (why) => handler.onEnd(why)
    return wire
  }

  /** Writes frames made by {@link clientFrame}; the bytes must stay as they are until the server has answered. */
  write(frames: Uint8Array): void {
    this.#socket.write(frames)
  }

  close(): void {
    this.#closed = true
    this.#socket.destroy()
  }

  #end(why: string): void {
    if (this.#closed) return
    this.close()
    this.#handler.onEnd(why)
  }

  #take(chunk: Buffer): void {
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk])
    const used = this.#upgraded === undefined ? this.#frames(bytes, 0) : this.#response(bytes)
    this.#partial = used === bytes.length ? EMPTY : Buffer.from(bytes.subarray(used))
  }

  #response(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n\r\n")
    if (end === -1) return 0
    const [status] = bytes.toString("latin1", 0, end).split("\r\n")
    if (!status?.startsWith("HTTP/1.1 101 ")) {
      this.#end(`${status}`)
      return bytes.length
    }
    this.#upgraded?.()
    this.#upgraded = undefined
    return this.#frames(bytes, end + 4)
  }

  /** Hands on the whole frames from `offset`; returns where the first incomplete one begins. */
  #frames(bytes: Buffer, offset: number): number {
    let at = offset
    while (at + 2 <= bytes.length) {
      let length = bytes[at + 1] ?? 0
      let start = at + 2
      if (length >= 126) {
        start = at + (length === 126 ? 4 : 10)
        if (start > bytes.length) break
        length = length === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6)
      }
      if (start + length > bytes.length) break
      this.#frame(bytes[at] ?? 0, bytes, start, start + length)
      at = start + length
    }
    return at
  }

  #frame(firstByte: number, bytes: Buffer, start: number, end: number): void {
    const opcode = firstByte & 0x0f
    if (opcode === OPCODE.close) {
      const code = end - start >= 2 ? bytes.readUInt16BE(start) : 1005
      this.#end(`closed with ${code} ${bytes.toString("utf8", Math.min(end, start + 2), end)}`)
    } else if (opcode === OPCODE.ping) {
      const pong = clientFrame(bytes.subarray(start, end))
      pong[0] = 0x80 | OPCODE.pong
      this.write(pong)
    } else if (opcode !== OPCODE.pong) this.#handler.onFrame(bytes, start, end)
  }
}
