/** The relay of a simulation: the real gates and the real memory of conversations, without sockets, disk or clock. */
import { Clinic, type ClinicLog } from "../../../server/src/clinic.ts"
import { Conversation } from "../../../server/src/conversation.ts"
import { checkAccess, checkConcerns } from "../../../server/src/gates/authority.ts"
import { judgeControl } from "../../../server/src/gates/control.ts"
import type { SigningActor } from "../../../server/src/gates/judging.ts"
import { judgeMessage } from "../../../server/src/gates/message.ts"
import { checkMessageShape, isMessage, scopeKey } from "../../../server/src/gates/shape.ts"
import { keyOf, sha256, sha256Text } from "../../../server/src/hashing.ts"
import { identify } from "../../../server/src/identity.ts"
import { applyChange } from "../../../server/src/records.ts"
import { nextLinkOf } from "../../../server/src/transaction.ts"
import type { Device } from "../../src/crypto/index.ts"
import type { DirectoryState } from "../../src/directory/index.ts"
import { decodeRecord, isWardlineError, recordPart, startLink } from "../../src/protocol/index.ts"

interface Stored {
  readonly conversation: Conversation
  readonly records: Buffer[]
  /** Positions by record hash. */
  readonly positions: Map<string, number>
}

/** The gates ask nothing of the log. */
const NO_LOG = { entry: 0 } as ClinicLog

export class SimulatedRelay {
  readonly #clinic: Clinic
  readonly #stored = new Map<string, Stored>()

  constructor(id: Uint8Array, rootKey: Uint8Array, directory: DirectoryState) {
    this.#clinic = new Clinic({ id, rootKey }, directory, NO_LOG, 0)
  }

  set directory(directory: DirectoryState) {
    this.#clinic.directory = directory
  }

  get directory(): DirectoryState {
    return this.#clinic.directory
  }

  /** Takes a record from its device; a retry gets its first position.
   * @throws {WardlineError} why it is refused. */
  publish(device: Device, record: Uint8Array, nowMs: number): number {
    const bytes = Buffer.from(record)
    const actor = this.#actor(device, nowMs)
    const key = scopeKey(bytes)
    const stored = this.#stored.get(key)
    const hash = sha256Text(recordPart(bytes))
    const first = stored?.positions.get(hash)
    if (first !== undefined) return first
    if (isMessage(bytes)) {
      checkMessageShape(bytes)
      judgeMessage(stored?.conversation, bytes, actor, nowMs)
      return this.#add(stored as Stored, bytes, hash)
    }
    const change = judgeControl(stored?.conversation, decodeRecord(bytes), actor, nowMs)
    const held = stored ?? this.#begin(key)
    const position = this.#add(held, bytes, hash)
    applyChange(held.conversation, change, actor.device, position, hash)
    return position
  }

  /** The records after a position, as far as the device is served.
   * @returns undefined where it isn't. */
  read(
    device: Device,
    conversation: Uint8Array,
    after: number,
    nowMs: number,
  ): readonly Buffer[] | undefined {
    const stored = this.#stored.get(keyOf(conversation))
    if (stored === undefined || !this.#isServed(device, stored.conversation, nowMs)) return undefined
    return stored.records.slice(after)
  }

  position(conversation: Uint8Array): number {
    return this.#stored.get(keyOf(conversation))?.records.length ?? 0
  }

  /** Everything, as one who owns the relay would have it. */
  everything(conversation: Uint8Array): readonly Buffer[] {
    return this.#stored.get(keyOf(conversation))?.records ?? []
  }

  #isServed(device: Device, conversation: Conversation, nowMs: number): boolean {
    try {
      const actor = this.#actor(device, nowMs)
      checkConcerns(conversation, actor, nowMs)
      checkAccess(conversation, actor, nowMs)
      return true
    } catch (error) {
      if (isWardlineError(error)) return false
      throw error
    }
  }

  #actor(device: Device, nowMs: number): SigningActor {
    const { publicKey } = device.signing
    const identity = identify(this.#clinic, keyOf(device.id), keyOf(publicKey), nowMs)
    return { ...identity, clinicKey: this.#clinic.key, signingKey: Buffer.from(publicKey) }
  }

  #begin(key: string): Stored {
    const id = Buffer.from(key, "latin1")
    const conversation = new Conversation(this.#clinic, key, { id }, startLink(sha256, id))
    const stored = { conversation, records: [], positions: new Map() }
    this.#stored.set(key, stored)
    return stored
  }

  #add({ conversation, records, positions }: Stored, bytes: Buffer, hash: string): number {
    records.push(bytes)
    conversation.position = records.length
    conversation.link = nextLinkOf(conversation.link, records.length, hash)
    positions.set(hash, records.length)
    return records.length
  }
}
