/** What a client keeps on its device, and under which names. Every name begins with the clinic's id. */
import { Reader, toHex, Writer } from "../bytes.ts"
import { type Device, deviceFromSeeds } from "../crypto/device.ts"
import { randomBytes } from "../crypto/random.ts"
import { wipe } from "../crypto/wipe.ts"
import { WardlineError } from "../errors.ts"
import { type ClinicId, HASH_BYTES } from "../ids.ts"
import type { Keystore } from "../keystore/keystore.ts"

const SEED_BYTES = 32
/** First byte of each stored value: a later version can tell what it reads. */
const STORED_VERSION = 1

/** A device's two seeds, 32 bytes each: all that has to be kept to be this device. */
export interface DeviceSeeds {
  readonly signingSeed: Uint8Array
  readonly wrappingSeed: Uint8Array
}

export function randomSeeds(): DeviceSeeds {
  return { signingSeed: randomBytes(SEED_BYTES), wrappingSeed: randomBytes(SEED_BYTES) }
}

/** A chain's position and link as this device saw it, and the directory it knew then. */
export interface SeenHead {
  readonly position: number
  readonly link: Uint8Array
  readonly directoryPosition: number
}

export type StoredEntries = Record<string, Uint8Array | undefined>

export class ClinicStorage {
  readonly keystore: Keystore
  readonly #prefix: string

  constructor(keystore: Keystore, clinicId: ClinicId) {
    this.keystore = keystore
    this.#prefix = `clinic/${toHex(clinicId)}/`
  }

  get deviceKey(): string {
    return `${this.#prefix}device`
  }

  get directoryHeadKey(): string {
    return `${this.#prefix}directory/head`
  }

  /** What a first visit began from, until the whole directory is there. */
  get directoryShortKey(): string {
    return `${this.#prefix}directory/short`
  }

  get directoryEvidenceKey(): string {
    return `${this.#prefix}directory/evidence`
  }

  /** What this device knows of the clinic's audit log. */
  auditKey(part: "witnessed" | "cosigned" | "evidence"): string {
    return `${this.#prefix}audit/${part}`
  }

  /** The oldest generation of each role's key that this device keeps. */
  get keptFromKey(): string {
    return `${this.#prefix}kept-from`
  }

  /** Records at positions after `from`; the width keeps the names in order. */
  directoryChunkKey(from: number): string {
    return `${this.#directoryChunks}${String(from).padStart(16, "0")}`
  }

  /** After which position the records under a chunk's key are. */
  directoryChunkFrom(key: string): number {
    return Number(key.slice(this.#directoryChunks.length))
  }

  get #directoryChunks(): string {
    return `${this.#prefix}directory/from/`
  }

  get #conversations(): string {
    return `${this.#prefix}conversation/`
  }

  conversationKey(id: string, part: string): string {
    return `${this.#conversations}${id}/${part}`
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.keystore.get(key)
  }

  set(entries: StoredEntries): Promise<void> {
    return this.keystore.set(entries)
  }

  directoryChunkKeys(): Promise<string[]> {
    return this.keystore.keys(this.#directoryChunks)
  }

  /** The ids of stored conversations, in hexadecimal. */
  async conversationIds(): Promise<string[]> {
    const keys = await this.keystore.keys(this.#conversations)
    const ids = keys.map((key) => key.slice(this.#conversations.length).split("/")[0] as string)
    return [...new Set(ids)]
  }

  /** The keys under one part of a conversation, sorted. */
  conversationKeys(id: string, part: string): Promise<string[]> {
    return this.keystore.keys(this.conversationKey(id, part))
  }

  async forgetConversation(id: string): Promise<void> {
    await this.#forget(await this.conversationKeys(id, ""))
  }

  /** Forgets everything of this clinic; a keystore that then holds nothing else is cleared whole. */
  async forgetClinic(): Promise<void> {
    await this.#forget(await this.keystore.keys(this.#prefix))
    if ((await this.keystore.keys("")).length === 0) await this.keystore.clear()
  }

  async #forget(keys: readonly string[]): Promise<void> {
    await this.keystore.set(Object.fromEntries(keys.map((key) => [key, undefined])))
  }

  /** The device, or undefined where there is none yet.
   * @throws {WardlineError} ERR_KEYSTORE for a value that isn't one. */
  async loadDevice(): Promise<Device | undefined> {
    const stored = await this.get(this.deviceKey)
    if (stored === undefined) return undefined
    const seeds = decodeStored(stored, (reader) => ({
      signingSeed: reader.bytes(SEED_BYTES),
      wrappingSeed: reader.bytes(SEED_BYTES),
    }))
    const device = deviceFromSeeds(seeds.signingSeed, seeds.wrappingSeed)
    wipe(stored)
    return device
  }

  async saveDevice(seeds: DeviceSeeds): Promise<Device> {
    const device = deviceFromSeeds(seeds.signingSeed, seeds.wrappingSeed)
    await this.set({
      [this.deviceKey]: encodeStored((writer) => writer.bytes(seeds.signingSeed).bytes(seeds.wrappingSeed)),
    })
    return device
  }
}

export function encodeHead(head: SeenHead): Uint8Array {
  return encodeStored((w) => w.u64(head.position).bytes(head.link).u64(head.directoryPosition))
}

export function decodeHead(stored: Uint8Array): SeenHead {
  return decodeStored(stored, (r) => ({
    position: r.u64(),
    link: r.bytes(HASH_BYTES),
    directoryPosition: r.u64(),
  }))
}

/** `version u8 ‖ what is written`. */
export function encodeStored(write: (writer: Writer) => Writer): Uint8Array {
  return write(new Writer().u8(STORED_VERSION)).done()
}

/** @throws {WardlineError} ERR_KEYSTORE for another version or layout. */
export function decodeStored<T>(stored: Uint8Array, read: (reader: Reader) => T): T {
  try {
    const reader = new Reader(stored)
    if (reader.u8() !== STORED_VERSION) throw new WardlineError("ERR_UNSUPPORTED", "unknown version")
    const value = read(reader)
    reader.end()
    return value
  } catch (cause) {
    throw new WardlineError("ERR_KEYSTORE", "a stored value can't be read", { cause })
  }
}
