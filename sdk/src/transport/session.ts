/** One authenticated connection: login, requests and their answers, subscriptions, pings (docs/protocol.md, Wire).
 * It is given a socket and knows nothing of how that came to be. */
import { abortedError, onAbort } from "../abort.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import {
  AUTH_TAG,
  authInput,
  CLOSE_CODES,
  type DeviceKeys,
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameKind,
} from "../protocol/index.ts"
import { errorOfClose } from "./close-codes.ts"
import { ABNORMAL_CLOSE, type OpenSocket, type Socket } from "./socket.ts"
import {
  protocolError,
  SUBSCRIPTION_CREDIT,
  Subscription,
  type SubscriptionHandler,
  Watch,
  type WatchHandler,
} from "./streams.ts"

export interface SessionLimits {
  /** From connecting to the relay's welcome. */
  readonly handshakeMs: number
  /** For an answer to a request. */
  readonly requestMs: number
  /** Between pings: shorter than the minute after which middleboxes forget a quiet connection. */
  readonly pingMs: number
  /** For the answer to a ping. */
  readonly pongMs: number
}

const DEFAULT_LIMITS: SessionLimits = {
  handshakeMs: 10_000,
  requestMs: 30_000,
  pingMs: 25_000,
  pongMs: 10_000,
}
type FrameOf<K extends FrameKind> = Extract<Frame, { kind: K }>
/** Where the directory stands, by the relay's word. */
export interface DirectoryHead {
  readonly position: number
  readonly link: Uint8Array
}
export type Ack = Omit<FrameOf<"ack">, "kind" | "id">
export type Ticket = Omit<FrameOf<"ticket">, "kind" | "id">
/** Which entries of the audit log to serve. */
export type AuditQuery = Omit<FrameOf<"audit">, "kind" | "id">
export type AuditPage = Omit<FrameOf<"entries">, "kind" | "id">
export type Welcome = Omit<FrameOf<"welcome">, "kind" | "id">
/** In which keys travel between this device and the relay (docs/protocol.md, Channel). */
export interface Channel {
  seal(conversation: Uint8Array, key: Uint8Array): Uint8Array
  /** @throws {WardlineError} ERR_OPEN_FAILED */
  open(conversation: Uint8Array, sealed: Uint8Array): Uint8Array
}

/** This device's half: of use for one login. */
export interface ChannelHalf {
  /** An X25519 public key, 32 bytes. */
  readonly ephemeral: Uint8Array
  /** @throws {WardlineError} ERR_MALFORMED for a key of the relay's that can't be one. */
  agree(relayEphemeral: Uint8Array): Channel
}

export interface SessionOptions {
  readonly url: string
  /** 16 bytes. */
  readonly clinic: Uint8Array
  readonly keys: DeviceKeys
  /** Ed25519 by the device's signing key. */
  readonly sign: (tag: string, message: Uint8Array) => Uint8Array
  /** The page's origin; empty outside a browser. */
  readonly origin: string
  /** Makes this device's half of the channel, once. */
  readonly newChannel: () => ChannelHalf
  readonly onDirectory: (head: DirectoryHead) => void
  readonly limits?: Partial<SessionLimits>
  readonly signal?: AbortSignal | undefined
}

/** A key that was given away. */
export interface Kept {
  /** Why the relay didn't take it, once it has said so. */
  readonly refused?: WardlineError
}

/** Why a session ended. */
export interface SessionEnd {
  readonly code: number
  readonly error: WardlineError
}

interface Waiting {
  readonly settle: (answer: Frame | WardlineError) => void
}

/** Logs in and resolves with the session once the relay has welcomed this device.
 * @throws {WardlineError} ERR_OFFLINE, ERR_UNAUTHENTICATED, ERR_REVOKED, ERR_ABORTED or what the relay's close says. */
export function openSession(openSocket: OpenSocket, options: SessionOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(abortedError(options.signal))
      return
    }
    const session = new Session(openSocket, options)
    const stop = onAbort(options.signal, () => session.end(CLOSE_CODES.done, abortedError(options.signal)))
    session.welcomed.then(() => resolve(session), reject).finally(stop)
  })
}

export class Session {
  /** Resolves once logged in; rejects with why not. */
  readonly welcomed: Promise<Welcome>
  /** Resolves when the connection is gone, whoever ended it. */
  readonly ended: Promise<SessionEnd>
  readonly #options: SessionOptions
  readonly #limits: SessionLimits
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #subscriptions = new Map<number, Subscription>()
  readonly #watches = new Map<number, Watch>()
  #phase: "challenge" | "login" | "open" | "ended" = "challenge"
  #channel: Channel | undefined
  /** The relay's clock at login, and this device's monotonic one then. */
  #welcomeMs = 0
  #welcomedAtMs = 0
  #nextId = 1
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What the relay said of the whole connection before it closed it. */
  #notice: WardlineError | undefined
  #resolveWelcome: (welcome: Welcome) => void = () => {}
  #rejectWelcome: (error: WardlineError) => void = () => {}
  #resolveEnded: (end: SessionEnd) => void = () => {}

  constructor(openSocket: OpenSocket, options: SessionOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.welcomed = new Promise((resolve, reject) => {
      this.#resolveWelcome = resolve
      this.#rejectWelcome = reject
    })
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#timer = setTimeout(() => this.#lost("the relay didn't answer in time"), this.#limits.handshakeMs)
    this.#socket = openSocket(options.url, {
      opened: () => {},
      received: (bytes) => this.#received(bytes),
      closed: (code) => this.#closed(code),
    })
  }

  /** The relay's clock, as it was at login and has gone on since by this device's monotonic one: milliseconds since 1970. */
  relayNow(): number {
    return this.#welcomeMs + performance.now() - this.#welcomedAtMs
  }

  /** Stores a record. Publishing the same bytes again gets the first answer.
   * @throws {WardlineError} what the relay answers; ERR_OFFLINE where it is unknown whether it was stored. */
  async publish(record: Uint8Array, signal?: AbortSignal): Promise<Ack> {
    const answer = await this.#request({ kind: "publish", id: this.#takeId(), record }, signal)
    if (answer.kind === "ack") return answer
    throw protocolError("an answer of another kind")
  }

  /** Gives a new conversation's shred key into the relay's keeping; before its consent. The relay keeps the first, and
   * answers only if it can't: then it refuses the consent too.
   * @returns what will say why. */
  keep(conversation: Uint8Array, shredKey: Uint8Array): Kept {
    if (this.#channel === undefined) throw errorOfClose(ABNORMAL_CLOSE)
    const id = this.#takeId()
    const kept: { refused?: WardlineError } = {}
    const settle = (answer: Frame | WardlineError): void => {
      this.#waiting.delete(id)
      if (answer instanceof WardlineError) kept.refused = answer
    }
    this.#waiting.set(id, { settle })
    const sealed = this.#channel.seal(conversation, shredKey)
    this.#send({ kind: "keep", id, conversation, shredKey: sealed })
    return kept
  }

  /** Asks for a ticket: to upload a blob of `size` bytes, or, without a size, to download one.
   * @throws {WardlineError} what the relay answers; ERR_OFFLINE, ERR_ABORTED. */
  async ticket(
    conversation: Uint8Array,
    blob: Uint8Array,
    size: number | undefined,
    signal?: AbortSignal,
  ): Promise<Ticket> {
    const asked = { id: this.#takeId(), conversation, blob }
    const frame: Frame =
      size === undefined ? { kind: "download", ...asked } : { kind: "upload", ...asked, size }
    const answer = await this.#request(frame, signal)
    if (answer.kind === "ticket") return answer
    throw protocolError("an answer of another kind")
  }

  /** Asks for entries of the audit log. Nothing of them is checked.
   * @throws {WardlineError} what the relay answers; ERR_OFFLINE, ERR_ABORTED. */
  async audit(query: AuditQuery, signal?: AbortSignal): Promise<AuditPage> {
    const answer = await this.#request({ kind: "audit", id: this.#takeId(), ...query }, signal)
    if (answer.kind === "entries") return answer
    throw protocolError("an answer of another kind")
  }

  /** Asks for a conversation's records after a position, and for those to come. */
  subscribe(conversation: Uint8Array, after: number, handler: SubscriptionHandler): Subscription {
    const id = this.#takeId()
    const subscription = new Subscription(conversation, handler, {
      credit: (more) => this.#send({ kind: "credit", id, more }),
      unsubscribe: () => {
        if (this.#subscriptions.delete(id)) this.#send({ kind: "unsubscribe", id })
      },
    })
    this.#subscriptions.set(id, subscription)
    this.#send({ kind: "subscribe", id, conversation, after, credit: SUBSCRIPTION_CREDIT })
    return subscription
  }

  /** Lists the conversations that address this staff device's roles, and then what changes.
   * @param before - milliseconds since 1970; 0 for the newest. */
  watch(limit: number, before: number, handler: WatchHandler): void {
    const id = this.#takeId()
    this.#watches.set(id, new Watch(handler, limit))
    this.#send({ kind: "watch", id, limit, before })
  }

  /** Asks whether the connection still lives, at once. */
  probe(): void {
    if (this.#phase === "open") this.#ping()
  }

  /** Closes. */
  end(code: number = CLOSE_CODES.done, error: WardlineError = errorOfClose(code)): void {
    if (this.#phase === "ended") return
    this.#socket.close(code, "")
    this.#finish(code, error)
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId = id === 0xffffffff ? 1 : id + 1
    return id
  }

  #send(frame: Frame): void {
    if (this.#phase !== "ended") this.#socket.send(encodeFrame(frame))
  }

  #request(frame: Frame, signal?: AbortSignal): Promise<Frame> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw abortedError(signal)
      if (this.#phase === "ended") throw errorOfClose(ABNORMAL_CLOSE)
      const timer = setTimeout(() => this.#lost("the relay didn't answer in time"), this.#limits.requestMs)
      const settle = (answer: Frame | WardlineError): void => {
        clearTimeout(timer)
        stop()
        this.#waiting.delete(frame.id)
        if (answer instanceof WardlineError) reject(answer)
        else resolve(answer)
      }
      const stop = onAbort(signal, () => settle(abortedError(signal)))
      this.#waiting.set(frame.id, { settle })
      this.#send(frame)
    })
  }

  #received(bytes: Uint8Array): void {
    if (this.#phase === "ended") return
    try {
      this.#take(decodeFrame(bytes))
    } catch (error) {
      if (!isWardlineError(error)) throw error
      // Whatever follows can't be trusted to be in step.
      this.end(CLOSE_CODES.malformed, error)
    }
  }

  #take(frame: Frame): void {
    if (frame.kind === "error" && frame.id === 0) {
      this.#notice = errorOfFrame(frame)
      return
    }
    if (this.#phase === "challenge") this.#login(frame)
    else if (this.#phase === "login") this.#welcome(frame)
    else this.#dispatch(frame)
  }

  #login(frame: Frame): void {
    if (frame.kind !== "challenge") throw protocolError("no challenge")
    const { clinic, keys, origin, newChannel, sign } = this.#options
    const half = newChannel()
    const { ephemeral } = half
    this.#channel = half.agree(frame.ephemeral)
    const signature = sign(AUTH_TAG, authInput(frame, { clinic, origin, ephemeral }))
    this.#phase = "login"
    this.#send({ kind: "auth", id: this.#takeId(), clinic, keys, origin, ephemeral, signature })
  }

  #welcome(frame: Frame): void {
    if (frame.kind === "error") {
      this.end(CLOSE_CODES.unauthenticated, errorOfFrame(frame))
      return
    }
    if (frame.kind !== "welcome") throw protocolError("no welcome")
    this.#phase = "open"
    this.#welcomeMs = frame.time
    this.#welcomedAtMs = performance.now()
    this.#schedulePing()
    this.#resolveWelcome(frame)
  }

  #dispatch(frame: Frame): void {
    switch (frame.kind) {
      case "ack":
      case "ticket":
      case "entries":
        this.#waiting.get(frame.id)?.settle(frame)
        return
      case "keys": {
        const subscription = this.#subscriptions.get(frame.id)
        subscription?.keys(frame.conversation, this.#openKey(frame.conversation, frame.shredKey))
        return
      }
      case "deliver":
        this.#subscriptions.get(frame.id)?.take(frame.position, frame.record)
        return
      case "live":
        this.#subscriptions.get(frame.id)?.live(frame)
        return
      case "head":
        this.#subscriptions.get(frame.id)?.head(frame)
        return
      case "conversation":
        this.#watches.get(frame.id)?.conversation({
          ...frame,
          listingKey: this.#openKey(frame.conversation, frame.listingKey),
        })
        return
      case "listed":
        this.#watches.get(frame.id)?.listed(frame)
        return
      case "directory":
        this.#options.onDirectory(frame)
        return
      case "pong":
        this.#schedulePing()
        return
      case "error":
        this.#fail(frame.id, errorOfFrame(frame))
        return
      default:
        throw protocolError("a frame that only clients send")
    }
  }

  /** A key that came in the channel; undefined for none.
   * @throws {WardlineError} ERR_MALFORMED */
  #openKey(conversation: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length === 0) return undefined
    try {
      return this.#channel?.open(conversation, sealed)
    } catch {
      throw protocolError("a key that isn't of this session's channel")
    }
  }

  /** Hands an error to whoever asked. */
  #fail(id: number, error: WardlineError): void {
    this.#waiting.get(id)?.settle(error)
    const subscription = this.#subscriptions.get(id)
    if (this.#subscriptions.delete(id)) subscription?.handler.failed(error)
    const watch = this.#watches.get(id)
    if (this.#watches.delete(id)) watch?.handler.failed(error)
  }

  #schedulePing(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ping(), this.#limits.pingMs)
  }

  #ping(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#lost("the relay doesn't answer"), this.#limits.pongMs)
    this.#send({ kind: "ping", id: this.#takeId() })
  }

  #lost(message: string): void {
    if (this.#phase === "ended") return
    this.#socket.close(CLOSE_CODES.timeout, "")
    this.#finish(CLOSE_CODES.timeout, new WardlineError("ERR_OFFLINE", message))
  }

  #closed(code: number): void {
    this.#finish(code, this.#notice ?? errorOfClose(code))
  }

  #finish(code: number, error: WardlineError): void {
    if (this.#phase === "ended") return
    this.#phase = "ended"
    clearTimeout(this.#timer)
    this.#rejectWelcome(error)
    // A caller may have nothing waiting on the login any more.
    this.welcomed.catch(() => {})
    for (const { settle } of [...this.#waiting.values()]) settle(error)
    for (const id of [...this.#subscriptions.keys(), ...this.#watches.keys()]) this.#fail(id, error)
    this.#resolveEnded({ code, error })
  }
}

/** The code is from the shared list. The text is the relay's own, so it goes to whoever debugs and on no screen. */
function errorOfFrame(frame: FrameOf<"error">): WardlineError {
  return new WardlineError(frame.code, `the relay refused: ${frame.code}`, { cause: frame.message })
}
