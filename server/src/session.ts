/** One connection: who it is, what it is owed, how fast it goes. Kept small: most sessions are idle. */
import type { Duplex } from "node:stream"
import { CLOSE_CODES, type Frame, isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import type { WebSocket } from "ws"
import type { ChannelKey, Ephemeral } from "./channel.ts"
import type { Clinic } from "./clinic.ts"
import { type Acknowledged, buildFrame } from "./frames.ts"
import type { SigningActor } from "./gates/judging.ts"
import type { Identity } from "./identity.ts"
import type { AddressMeter, DeviceMeter } from "./meters.ts"
import { Outbox } from "./outbox.ts"
import type { Subscription } from "./subscription.ts"

/** The list of conversations that a session watches. */
export interface Watch {
  readonly requestId: number
  /** Conversations updated before this were never listed to it, so that an update carries their records. */
  listedFromMs: number
  /** Since when updates were left out because the socket was full; 0 if none. */
  missedFromMs: number
}

const NONE: Subscription[] = []

export class Session implements SigningActor {
  readonly #socket: WebSocket
  readonly #raw: Duplex
  readonly address: AddressMeter
  /** The page's origin, as its browser says; empty outside browsers. */
  readonly origin: string
  /** Until the login. */
  nonce: Uint8Array | undefined
  /** The relay's half of the channel, until the login. */
  ephemeral: Ephemeral | undefined
  /** Empty until the login. */
  channel: ChannelKey = ""
  /** How many shred keys it gave into keeping. */
  kept = 0
  identity: Identity | undefined
  meter: DeviceMeter | undefined
  /** Shared and empty until there is one. */
  subscriptions: Subscription[] = NONE
  watch: Watch | undefined
  /** Whether the audit log has it that this session reads it. */
  isAuditing = false
  /** When it last said something; at first, when it connected. */
  heardMs: number
  #outbox: Outbox | undefined
  #isQueued = false
  readonly #flushQueue: Session[]
  isClosing = false
  /** Whether delivery goes on when the socket has drained. */
  isAwaitingDrain = false
  malformed = 0
  refusedForHaste = 0
  /** For the sweep: what was unsent, and since when it hasn't become less. */
  #unsentBefore = 0
  #blockedSinceMs = 0

  /** @param flushQueue - where the session puts itself once it has something to send. */
  constructor(
    socket: WebSocket,
    raw: Duplex,
    address: AddressMeter,
    origin: string,
    nowMs: number,
    flushQueue: Session[],
  ) {
    this.#socket = socket
    this.#raw = raw
    this.address = address
    this.origin = origin
    this.heardMs = nowMs
    this.#flushQueue = flushQueue
  }

  get #known(): Identity {
    if (this.identity === undefined) throw new WardlineError("ERR_INTERNAL", "the session isn't logged in")
    return this.identity
  }

  get kind(): Identity["kind"] {
    return this.#known.kind
  }

  get clinic(): Clinic {
    return this.#known.clinic
  }

  get clinicKey(): string {
    return this.#known.clinic.key
  }

  get device(): string {
    return this.#known.device
  }

  get roles(): readonly string[] {
    return this.#known.roles
  }

  get signingKey(): Uint8Array {
    return Buffer.from(this.#known.signingKey, "latin1")
  }

  get unsentBytes(): number {
    return this.#raw.writableLength
  }

  /** Whether a subscription or the watch answers under this request id. */
  usesRequestId(id: number): boolean {
    return this.watch?.requestId === id || this.subscriptions.some(({ requestId }) => requestId === id)
  }

  addSubscription(subscription: Subscription): void {
    if (this.subscriptions === NONE) this.subscriptions = []
    this.subscriptions.push(subscription)
  }

  /** Frames to be sent with the next flush. */
  send(frames: Buffer): void {
    this.#queued().add(frames)
  }

  sendFrame(frame: Frame): void {
    this.send(buildFrame(frame))
  }

  sendAck(requestId: number, ack: Acknowledged): void {
    this.#queued().addAck(requestId, ack)
  }

  sendError(requestId: number, error: unknown): void {
    const { code, retryable, message } = isWardlineError(error)
      ? error
      : new WardlineError("ERR_INTERNAL", "the relay failed; its log says more")
    this.sendFrame({ kind: "error", id: requestId, code, retryable, message })
  }

  #queued(): Outbox {
    this.#outbox ??= new Outbox()
    if (!this.#isQueued) {
      this.#isQueued = true
      this.#flushQueue.push(this)
    }
    return this.#outbox
  }

  flush(): void {
    this.#isQueued = false
    const outbox = this.#outbox
    if (outbox === undefined) return
    // Given up, so that an idle session has none.
    this.#outbox = undefined
    outbox.flush(this.#raw)
  }

  /** Calls `listener` once when the socket has taken what it was given. */
  onDrain(listener: () => void): void {
    this.#raw.once("drain", listener)
  }

  /** Sends what is left, then closes with a code of the wire's table. */
  close(code: keyof typeof CLOSE_CODES, reason: string): void {
    if (this.isClosing) return
    this.isClosing = true
    this.flush()
    this.#socket.close(CLOSE_CODES[code], reason)
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.isClosing = true
    this.#socket.terminate()
  }

  /** Whether the socket has taken nothing of what it was given for `stallMs`. */
  isBlocked(nowMs: number, stallMs: number): boolean {
    const unsent = this.unsentBytes
    if (unsent === 0) this.#blockedSinceMs = 0
    else if (this.#blockedSinceMs === 0 || unsent < this.#unsentBefore) this.#blockedSinceMs = nowMs
    this.#unsentBefore = unsent
    return this.#blockedSinceMs !== 0 && nowMs - this.#blockedSinceMs > stallMs
  }
}
