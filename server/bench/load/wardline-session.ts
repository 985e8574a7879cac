import {
  channelKey,
  type Device,
  ephemeralKeyPair,
  randomBytes,
  sealChannelKey,
  sign,
} from "@wardline/sdk/crypto"
import {
  AUTH_TAG,
  authInput,
  decodeFrame,
  encodeFrame,
  type Frame,
  SOCKET_PATH,
  SUBPROTOCOL,
} from "@wardline/sdk/protocol"
import { keysOf } from "./clinic.ts"
import { clientFrame, WireSocket } from "./wire-socket.ts"

const NO_ORIGIN = ""

export interface SessionHandler {
  /** Any frame after the login, as bytes `start` … `end`; false asks for it to be decoded instead. */
  onBytes(buffer: Buffer, start: number, end: number): boolean
  onFailure(why: string): void
}

/** A logged-in device on a socket of its own. The rare frames are encoded and decoded by the SDK's codec. */
export class WardlineSession {
  readonly #handler: SessionHandler
  #wire: WireSocket | undefined
  #waiting: { resolve: (frame: Frame) => void; reject: (error: Error) => void } | undefined
  #early: Frame[] = []
  /** The key of the session's channel. */
  #channel: Uint8Array = new Uint8Array(0)

  private constructor(handler: SessionHandler) {
    this.#handler = handler
  }

  /** Connects and answers the challenge.
   * @throws {Error} when the relay refuses. */
  static async open(
    port: number,
    clinic: Uint8Array,
    device: Device,
    handler: SessionHandler,
  ): Promise<WardlineSession> {
    const session = new WardlineSession(handler)
    const onFrame = session.#take.bind(session)
    const onEnd = session.#fail.bind(session)
    session.#wire = await WireSocket.open(port, SOCKET_PATH, { onFrame, onEnd }, SUBPROTOCOL)
    const challenge = await session.#expect("challenge")
    const half = ephemeralKeyPair(randomBytes(32))
    session.#channel = channelKey(half, challenge.ephemeral)
    const login = { clinic, origin: NO_ORIGIN, ephemeral: half.publicKey }
    const signature = sign(AUTH_TAG, authInput(challenge, login), device.signing.secretKey)
    session.send({ kind: "auth", id: 1, ...login, keys: keysOf(device), signature })
    await session.#expect("welcome")
    return session
  }

  send(frame: Frame): void {
    this.write(clientFrame(encodeFrame(frame)))
  }

  write(frames: Uint8Array): void {
    this.#wire?.write(frames)
  }

  async publish(id: number, record: Uint8Array): Promise<Extract<Frame, { kind: "ack" }>> {
    this.send({ kind: "publish", id, record })
    return this.#expect("ack")
  }

  /** Gives a new conversation's shred key into the relay's keeping. */
  keep(id: number, conversation: Uint8Array, shredKey: Uint8Array): void {
    const sealed = sealChannelKey(this.#channel, randomBytes(12), conversation, shredKey)
    this.send({ kind: "keep", id, conversation, shredKey: sealed })
  }

  /** @returns once the backlog after `after` is done. */
  async subscribe(id: number, conversation: Uint8Array, after: number, credit: number): Promise<void> {
    this.send({ kind: "subscribe", id, conversation, after, credit })
    await this.#expect("live")
  }

  close(): void {
    this.#wire?.close()
  }

  async #expect<K extends Frame["kind"]>(kind: K): Promise<Extract<Frame, { kind: K }>> {
    const frame =
      this.#early.shift() ??
      (await new Promise<Frame>((resolve, reject) => {
        this.#waiting = { resolve, reject }
      }))
    if (frame.kind === kind) return frame as Extract<Frame, { kind: K }>
    throw new Error(frame.kind === "error" ? `${frame.code}: ${frame.message}` : `${frame.kind}, not ${kind}`)
  }

  #take(buffer: Buffer, start: number, end: number): void {
    if (this.#waiting === undefined && this.#handler.onBytes(buffer, start, end)) return
    // A copy: the read buffer is used again.
    const frame = decodeFrame(Uint8Array.prototype.slice.call(buffer, start, end))
    if (frame.kind === "directory" || frame.kind === "keys" || frame.kind === "head") return
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) waiting.resolve(frame)
    else if (frame.kind === "error") this.#fail(`${frame.code}: ${frame.message}`)
    else this.#early.push(frame)
  }

  #fail(why: string): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) waiting.reject(new Error(why))
    else this.#handler.onFailure(why)
  }
}
