/** A device at the other end of a socket: raw frames, real signatures, nothing of the SDK's clients. */
import { randomBytes } from "node:crypto"
import {
  channelKey,
  type Device,
  type EphemeralKeyPair,
  ephemeralKeyPair,
  openChannelKey,
  sealChannelKey,
  sign,
} from "@wardline/sdk/crypto"
import {
  AUTH_TAG,
  authInput,
  decodeFrame,
  type ErrorCode,
  encodeFrame,
  type Frame,
  type FrameKind,
  SUBPROTOCOL,
} from "@wardline/sdk/protocol"
import { WebSocket } from "ws"
import { keysOf, type TestClinic } from "./clinic.ts"

type FrameOf<K extends FrameKind> = Extract<Frame, { kind: K }>

/** The type of a consent record. */
const CONSENT = 0x20

export interface ConnectOptions {
  origin?: string
  /** The origin that the login is signed for; the header's unless given. */
  signedOrigin?: string
  /** For attacks: what is signed instead. */
  nonce?: Uint8Array
  ephemeral?: Uint8Array
  relayId?: Uint8Array
  clinicId?: Uint8Array
}

export class TestClient {
  readonly socket: WebSocket
  /** Those that weren't asked for, but for keys and heads. */
  readonly frames: Frame[] = []
  readonly keyFrames: FrameOf<"keys">[] = []
  readonly heads: FrameOf<"head">[] = []
  /** The client's half of the session's channel. */
  readonly ephemeral: EphemeralKeyPair = ephemeralKeyPair(randomBytes(32))
  /** The channel's key, once logged in. */
  channel: Uint8Array = new Uint8Array(32)
  /** Whether each consent is preceded by a shred key of its own. */
  isKeeping = true
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #waiting: { matches: (frame: Frame) => boolean; resolve: (frame: Frame) => void }[] = []
  #failed: ((error: Error) => void)[] = []
  #requestId = 0
  isClosed = false

  constructor(url: string, options: { origin?: string } = {}) {
    this.socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/ws`, [SUBPROTOCOL], {
      ...(options.origin === undefined ? {} : { origin: options.origin }),
      perMessageDeflate: false,
    })
    this.socket.on("message", (data) => this.#take(decodeFrame(data as Buffer)))
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => {
        this.isClosed = true
        for (const fail of this.#failed.splice(0)) fail(new Error(`closed with ${code} ${String(reason)}`))
        resolve({ code, reason: String(reason) })
      })
    })
    this.socket.on("error", () => {})
  }

  #take(frame: Frame): void {
    if (frame.kind === "keys") this.keyFrames.push(frame)
    if (frame.kind === "head") this.heads.push(frame)
    if (frame.kind === "keys" || frame.kind === "head") return
    const at = this.#waiting.findIndex(({ matches }) => matches(frame))
    if (at < 0) this.frames.push(frame)
    else this.#waiting.splice(at, 1)[0]?.resolve(frame)
  }

  nextId(): number {
    return ++this.#requestId
  }

  send(frame: Frame): void {
    this.socket.send(encodeFrame(frame))
  }

  /** The first frame that matches, from those that came already or that come; frames are taken once. */
  next(matches: (frame: Frame) => boolean): Promise<Frame> {
    const at = this.frames.findIndex(matches)
    if (at >= 0) return Promise.resolve(this.frames.splice(at, 1)[0] as Frame)
    if (this.isClosed) return Promise.reject(new Error("closed"))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ matches, resolve })
      this.#failed.push(reject)
    })
  }

  async nextOf<K extends FrameKind>(kind: K, id?: number): Promise<FrameOf<K>> {
    const frame = await this.next((item) => item.kind === kind && (id === undefined || item.id === id))
    return frame as FrameOf<K>
  }

  /** Publishes; resolves to the ack, or the error. */
  publish(record: Uint8Array): Promise<FrameOf<"ack"> | FrameOf<"error">> {
    if (this.isKeeping && record[3] === CONSENT) this.keep(record.subarray(4, 20))
    const id = this.nextId()
    const answer = this.next((frame) => frame.id === id && (frame.kind === "ack" || frame.kind === "error"))
    this.send({ kind: "publish", id, record })
    return answer as Promise<FrameOf<"ack"> | FrameOf<"error">>
  }

  /** Gives a shred key into the relay's keeping; the relay says nothing unless it refuses it. */
  keep(conversation: Uint8Array, key: Uint8Array = randomBytes(32)): number {
    const id = this.nextId()
    const sealed = sealChannelKey(this.channel, randomBytes(12), conversation, key)
    this.send({ kind: "keep", id, conversation, shredKey: sealed })
    return id
  }

  /** The shred key that the newest subscription came with; undefined if it came without. */
  get shredKey(): Uint8Array | undefined {
    const frame = this.keyFrames.at(-1)
    if (frame === undefined) throw new Error("no keys")
    return this.open(frame.conversation, frame.shredKey)
  }

  /** A key in the channel; undefined for none. */
  open(conversation: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    return sealed.length === 0 ? undefined : openChannelKey(this.channel, conversation, sealed)
  }

  /** Publishes in order; throws at the first error. */
  async publishAll(records: readonly Uint8Array[]): Promise<FrameOf<"ack">[]> {
    const answers = await Promise.all(records.map((record) => this.publish(record)))
    return answers.map((answer) => {
      if (answer.kind === "error") throw new Error(`${answer.code}: ${answer.message}`)
      return answer
    })
  }

  /** The code that a publish is refused with. */
  async refusal(record: Uint8Array): Promise<ErrorCode | "accepted"> {
    const answer = await this.publish(record)
    return answer.kind === "error" ? answer.code : "accepted"
  }

  /** Subscribes; resolves to the request id. */
  subscribe(conversation: Uint8Array, after = 0, credit = 1000): number {
    const id = this.nextId()
    this.send({ kind: "subscribe", id, conversation, after, credit })
    return id
  }

  /** What a subscription delivers until it is live, and the head; or the error. */
  async backlog(
    id: number,
  ): Promise<{ delivered: FrameOf<"deliver">[]; end: FrameOf<"live"> | FrameOf<"error"> }> {
    const delivered: FrameOf<"deliver">[] = []
    for (;;) {
      const frame = await this.next((item) => item.id === id)
      if (frame.kind === "deliver") delivered.push(frame)
      else return { delivered, end: frame as FrameOf<"live"> | FrameOf<"error"> }
    }
  }

  close(): Promise<{ code: number; reason: string }> {
    this.socket.close()
    return this.closed
  }
}

/** Signs a login for a challenge. */
export function authFrame(
  device: Device,
  clinicId: Uint8Array,
  challenge: FrameOf<"challenge">,
  origin: string,
  id = 1,
  ephemeral: Uint8Array = ephemeralKeyPair(randomBytes(32)).publicKey,
): FrameOf<"auth"> {
  const input = authInput(challenge, { clinic: clinicId, origin, ephemeral })
  const signature = sign(AUTH_TAG, input, device.signing.secretKey)
  return { kind: "auth", id, clinic: clinicId, keys: keysOf(device), origin, ephemeral, signature }
}

/** Connects and logs in.
 * @throws if the login is refused; `error` and `closed` of the client say why. */
export async function logIn(
  url: string,
  clinic: TestClinic,
  device: Device,
  options: ConnectOptions = {},
): Promise<TestClient> {
  const client = new TestClient(url, options.origin === undefined ? {} : { origin: options.origin })
  await logInWith(client, clinic, device, options)
  await client.nextOf("welcome")
  return client
}

export async function logInWith(
  client: TestClient,
  clinic: TestClinic,
  device: Device,
  options: ConnectOptions = {},
): Promise<void> {
  const challenge = await client.nextOf("challenge")
  const seen = {
    ...challenge,
    nonce: options.nonce ?? challenge.nonce,
    relayId: options.relayId ?? challenge.relayId,
    ephemeral: options.ephemeral ?? challenge.ephemeral,
  }
  client.channel = channelKey(client.ephemeral, challenge.ephemeral)
  const origin = options.signedOrigin ?? options.origin ?? ""
  const clinicId = options.clinicId ?? clinic.id
  client.send(authFrame(device, clinicId, seen, origin, client.nextId(), client.ephemeral.publicKey))
}
