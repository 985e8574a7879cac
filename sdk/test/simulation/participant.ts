/** One device in one conversation, as its client would run it: follows what is delivered, sends its outbox in order,
 * forgets all but the outbox when it crashes. */
import { toHex } from "../../src/bytes.ts"
import {
  applyRecord,
  type Composer,
  composeAccess,
  composeEpoch,
  composeMessage,
  currentEpoch,
  holdsSlot,
  isEpochNeeded,
  lastSequence,
  membersOfTranscript,
  namedDirectoryPosition,
  raiseFloor,
  type SlotKeys,
  startTranscript,
  type Transcript,
  type TranscriptEvent,
} from "../../src/conversation/index.ts"
import type { Device } from "../../src/crypto/index.ts"
import { sha256 } from "../../src/crypto/index.ts"
import type { DirectoryState } from "../../src/directory/index.ts"
import { type ErrorCode, isWardlineError } from "../../src/errors.ts"
import { type Role, recordHash } from "../../src/protocol/index.ts"
import type { SimulatedRelay } from "./relay.ts"

export interface Said {
  readonly position: number
  readonly device: string
  readonly text: string
}

interface Sealed {
  readonly record: Uint8Array
  readonly hash: string
  readonly sequence: number
  readonly epoch: string
  /** The directory that its sender knew. */
  readonly directoryPosition: number
}

export interface ParticipantOptions {
  readonly name: string
  readonly device: Device
  readonly conversation: Uint8Array
  readonly role?: Role
  readonly relay: SimulatedRelay
  readonly shredKey: Uint8Array
  readonly seeds: SlotKeys["roleSeed"]
  readonly random: (length: number) => Uint8Array
}

export class Participant {
  readonly name: string
  readonly device: Device
  readonly conversation: Uint8Array
  readonly role: Role | undefined
  directory: DirectoryState
  state: Transcript
  /** What it holds to be said, by position. */
  readonly said = new Map<number, Said>()
  /** Records that it refused. */
  refused: number[] = []
  outbox: string[] = []
  sealed: Sealed | undefined
  /** Sent records' hashes with the directory position that their sender knew. */
  readonly sentAt = new Map<string, number>()
  /** Deliveries under way; the network may reorder and repeat them. */
  queue: { position: number; bytes: Uint8Array }[] = []
  /** Nothing is sent before the transcript has reached it; never, before the relay has said how far it goes. */
  #caughtUpAt = Number.POSITIVE_INFINITY
  #restored = true
  accessUntil = 0
  readonly #options: ParticipantOptions

  constructor(options: ParticipantOptions) {
    this.#options = options
    this.name = options.name
    this.device = options.device
    this.conversation = options.conversation
    this.role = options.role
    this.directory = options.relay.directory
    this.state = startTranscript(options.conversation)
  }

  get keys(): SlotKeys {
    const { device } = this
    const own = this.role === undefined ? { device: { id: device.id, seed: device.wrapping.seed } } : {}
    return { ...own, roleSeed: this.#options.seeds, shredKey: this.#options.shredKey }
  }

  composer(nowMs: number): Composer {
    const { directory, device } = this
    return { device, directory, nowMs, shredKey: this.#options.shredKey, random: this.#options.random }
  }

  get isLive(): boolean {
    return this.state.position >= this.#caughtUpAt
  }

  refresh(): void {
    this.directory = this.#options.relay.directory
    if (this.isLive) this.state = raiseFloor(this.state, this.directory.position)
  }

  /** Subscribes from where it stands. */
  reconnect(nowMs: number): void {
    const { relay } = this.#options
    const backlog = relay.read(this.device, this.conversation, this.state.position, nowMs)
    this.queue = []
    if (backlog === undefined) return
    const from = this.state.position
    this.#caughtUpAt = from + backlog.length
    for (const [i, bytes] of backlog.entries()) this.queue.push({ position: from + i + 1, bytes })
  }

  /** Loses everything but what is stored: the outbox and what was sealed of it. */
  crash(nowMs: number): void {
    this.state = startTranscript(this.conversation)
    this.said.clear()
    this.refused = []
    this.#restored = true
    this.#caughtUpAt = Number.POSITIVE_INFINITY
    this.reconnect(nowMs)
  }

  /** Takes a delivery: repeated ones are nothing, a gap means that something was lost. */
  take({ position, bytes }: { position: number; bytes: Uint8Array }, nowMs: number): void {
    if (position <= this.state.position) return
    if (position > this.state.position + 1) {
      this.reconnect(nowMs)
      return
    }
    if (namedDirectoryPosition(bytes) > this.directory.position)
      this.directory = this.#options.relay.directory
    const [state, event] = applyRecord(this.state, bytes, { directory: this.directory, keys: this.keys })
    this.state = state
    this.#note(event)
    if (this.isLive) this.state = raiseFloor(this.state, this.directory.position)
  }

  #note(event: TranscriptEvent): void {
    if (event.kind === "message" && event.payload.type === "text") {
      const device = toHex(event.from.device)
      this.said.set(event.position, { position: event.position, device, text: event.payload.text })
      if (device === toHex(this.device.id)) this.#settle(event.payload.text)
    } else if (event.kind === "grant" || event.kind === "archive")
      for (const opened of event.opened) this.#note(opened)
    else if (event.kind === "epoch" && toHex(event.issuer) === toHex(this.device.id) && this.isLive)
      this.#restored = false
    else if (event.kind === "refused") {
      this.refused.push(event.position)
      if (toHex(event.hash) === this.sealed?.hash) this.sealed = undefined
    }
  }

  #settle(text: string): void {
    if (this.outbox[0] !== text) return
    this.outbox.shift()
    this.sealed = undefined
  }

  /** Publishes whatever record; a lost request or ack is a lost connection.
   * @returns undefined when it was lost.
   * @throws {WardlineError} why the relay refuses it. */
  publish(record: Uint8Array, nowMs: number, isLost: () => boolean): number | undefined {
    const { relay } = this.#options
    if (isLost()) {
      this.reconnect(nowMs)
      return undefined
    }
    const position = relay.publish(this.device, record, nowMs)
    if (isLost()) this.reconnect(nowMs)
    else if (this.#caughtUpAt !== Number.POSITIVE_INFINITY)
      this.#caughtUpAt = Math.max(this.#caughtUpAt, position)
    return position
  }

  /** Does the next thing that its outbox needs.
   * @returns what the relay refused, if it did. */
  send(nowMs: number, isLost: () => boolean): ErrorCode | undefined {
    if (this.outbox.length === 0 || !this.isLive || this.state.closedAt !== undefined) return undefined
    try {
      this.#sendNext(nowMs, isLost)
      return undefined
    } catch (error) {
      if (!isWardlineError(error)) throw error
      if (error.code === "ERR_CONFLICT") {
        this.refresh()
        this.sealed = undefined
        this.reconnect(nowMs)
      }
      return error.code
    }
  }

  #sendNext(nowMs: number, isLost: () => boolean): void {
    if (this.role !== undefined && nowMs > this.accessUntil - 60_000) {
      this.openAccess(nowMs, isLost)
      return
    }
    const isOld = isEpochNeeded(this.state, this.directory, nowMs, false)
    if (this.sealed !== undefined && !isOld && this.#isStillGood(this.sealed)) {
      this.publish(this.sealed.record, nowMs, isLost)
      return
    }
    if (isEpochNeeded(this.state, this.directory, nowMs, this.#restored)) {
      const members = membersOfTranscript(this.state, this.directory, this.directory.position)
      if (holdsSlot(members, this.keys))
        this.publish(composeEpoch(this.composer(nowMs), this.state), nowMs, isLost)
      else this.refresh()
      return
    }
    this.#seal(nowMs)
    if (this.sealed) this.publish(this.sealed.record, nowMs, isLost)
  }

  #isStillGood({ sequence, epoch }: Sealed): boolean {
    const current = currentEpoch(this.state)?.hash
    return (
      sequence === lastSequence(this.state, this.device.id) + 1 &&
      current !== undefined &&
      toHex(current) === epoch
    )
  }

  #seal(nowMs: number): void {
    const text = this.outbox[0] as string
    const sequence = lastSequence(this.state, this.device.id) + 1
    const record = composeMessage(this.composer(nowMs), this.state, { v: 1, type: "text", text }, sequence)
    const hash = toHex(recordHash(sha256, record))
    const epoch = toHex(currentEpoch(this.state)?.hash as Uint8Array)
    const directoryPosition = this.directory.position
    this.sealed = { record, hash, sequence, epoch, directoryPosition }
    this.sentAt.set(hash, directoryPosition)
  }

  openAccess(nowMs: number, isLost: () => boolean): void {
    if (this.role === undefined) return
    const record = composeAccess(this.composer(nowMs), this.conversation, {
      role: this.role,
      purpose: "TREAT",
    })
    if (this.publish(record, nowMs, isLost) === undefined) return
    this.accessUntil = nowMs + 12 * 60 * 60 * 1000
    this.sealed = undefined
    this.reconnect(nowMs)
  }
}
