/** Messages on their way, kept on the device until the transcript holds them. */
import { fromUtf8, toHex, utf8 } from "../bytes.ts"
import { decodePayload, encodePayload, isQuietPayload, type KnownPayload } from "../conversation/index.ts"
import { randomBytes } from "../crypto/index.ts"
import { type ErrorCode, isErrorCode, WardlineError } from "../errors.ts"
import { MAX_FRAME_BYTES, MAX_PAYLOAD_BYTES } from "../protocol/index.ts"
import { type ClinicStorage, decodeStored, encodeStored } from "./storage.ts"

/** The record that was made of a message; the very same bytes are sent again as long as they are good. */
export interface SealedItem {
  readonly sequence: number
  readonly record: Uint8Array
}

export interface OutboxItem {
  /** Unique in the conversation on this device; also the order. */
  readonly localId: string
  /** With the id by which the transcript shows that it has come. */
  readonly payload: KnownPayload
  /** Milliseconds since 1970. */
  readonly createdMs: number
  readonly sealed?: SealedItem
  readonly failed?: ErrorCode
}

const FOLDER = "outbox/"
const PAYLOAD_ID_BYTES = 16

export class Outbox {
  readonly #storage: ClinicStorage
  readonly #conversation: string
  #items: OutboxItem[] = []
  #nextNumber = 1

  constructor(storage: ClinicStorage, conversation: string) {
    this.#storage = storage
    this.#conversation = conversation
  }

  /** In the order of sending. */
  get items(): readonly OutboxItem[] {
    return this.#items
  }

  /** Reads what an earlier run left. */
  async load(): Promise<void> {
    const folder = this.#storage.conversationKey(this.#conversation, FOLDER)
    const keys = await this.#storage.conversationKeys(this.#conversation, FOLDER)
    const items: OutboxItem[] = []
    for (const key of keys) {
      const stored = await this.#storage.get(key)
      if (stored !== undefined) items.push(decodeItem(key.slice(folder.length), stored))
    }
    this.#items = items
    this.#nextNumber = Number(items.at(-1)?.localId.slice(1) ?? 0) + 1
  }

  /** Adds a message, with an id of its own; resolves once it is durable.
   * @throws {WardlineError} ERR_MALFORMED, ERR_TOO_LARGE for a payload against its schema. */
  async add(content: KnownPayload, createdMs: number): Promise<OutboxItem> {
    const payload: KnownPayload = { ...content, id: toHex(randomBytes(PAYLOAD_ID_BYTES)) }
    encodePayload(payload)
    const localId = `o${String(this.#nextNumber).padStart(12, "0")}`
    this.#nextNumber += 1
    const item: OutboxItem = { localId, payload, createdMs }
    this.#items = [...this.#items, item]
    try {
      await this.#store(item)
      return item
    } catch (error) {
      this.#items = this.#items.filter((other) => other.localId !== localId)
      throw error
    }
  }

  /** The item as it is now, if it is still there. */
  find(localId: string): OutboxItem | undefined {
    return this.#items.find((item) => item.localId === localId)
  }

  /** Puts a changed item in the place of the old one; durable once it resolves. */
  async replace(item: OutboxItem): Promise<void> {
    if (this.find(item.localId) === undefined) return
    this.#items = this.#items.map((other) => (other.localId === item.localId ? item : other))
    await this.#store(item)
  }

  async remove(localId: string): Promise<void> {
    this.#items = this.#items.filter((item) => item.localId !== localId)
    await this.#storage.set({ [this.#key(localId)]: undefined })
  }

  #key(localId: string): string {
    return this.#storage.conversationKey(this.#conversation, `${FOLDER}${localId}`)
  }

  #store(item: OutboxItem): Promise<void> {
    return this.#storage.set({ [this.#key(item.localId)]: encodeItem(item) })
  }
}

/** Whether somebody has to decide what becomes of an item that can't be sent: a reaction is just gone. */
export function isWorthKeeping({ payload }: OutboxItem): boolean {
  return !isQuietPayload(payload)
}

/** `version ‖ u64 created ‖ lp16 failure code ‖ u32 sequence (0: not sealed) ‖ lp32 record ‖ lp32 payload`. */
function encodeItem(item: OutboxItem): Uint8Array {
  return encodeStored((writer) =>
    writer
      .u64(item.createdMs)
      .lp16(utf8(item.failed ?? ""))
      .u32(item.sealed?.sequence ?? 0)
      .lp32(item.sealed?.record ?? new Uint8Array(0))
      .lp32(encodePayload(item.payload)),
  )
}

function decodeItem(localId: string, stored: Uint8Array): OutboxItem {
  return decodeStored(stored, (reader) => {
    const createdMs = reader.u64()
    const code = fromUtf8(reader.lp16(64))
    const sequence = reader.u32()
    const record = reader.lp32(MAX_FRAME_BYTES)
    const payload = decodePayload(reader.lp32(MAX_PAYLOAD_BYTES))
    if (payload.type === "unknown") throw new WardlineError("ERR_UNSUPPORTED", "a newer version's message")
    const item: OutboxItem = { localId, payload, createdMs }
    const sealed = sequence === 0 ? item : { ...item, sealed: { sequence, record } }
    return code === "" ? sealed : { ...sealed, failed: isErrorCode(code) ? code : "ERR_INTERNAL" }
  })
}
