/** What an audit log tells of a clinic's conversations and keys: who the patient's devices are, which keys each epoch was
 * wrapped to and until when, and who holds which role's keys. Without any content, from an export alone. */
import { equalBytes, fromUtf8, toHex } from "../bytes.ts"
import { sha256, verify } from "../crypto/index.ts"
import { applyRecords, createDirectory, type DirectoryState } from "../directory/index.ts"
import { idText } from "../ids.ts"
import {
  decodeConsent,
  decodeEpoch,
  decodeGrant,
  decodeMember,
  decodeRecord,
  deviceIdOf,
  type Slot,
  type WireRecord,
} from "../protocol/index.ts"
import type { AuditEntry, ExportLine, StoredFacts } from "../tlog/index.ts"
import type { LogVisitor } from "./audit-source.ts"

/** A key that epochs are wrapped to: `role/nursing/2`, or `device/<id>`. */
export type KeyName = string

export const roleKeyName = (role: string, generation: number): KeyName => `role/${role}/${generation}`
export const deviceKeyName = (deviceId: string): KeyName => `device/${deviceId}`

/** Times are in milliseconds since 1970, by the relay's clock; ids are hexadecimal. */
export interface Wrap {
  readonly key: KeyName
  readonly fromMs: number
  /** When the relay dropped it; infinite while it has it. */
  untilMs: number
}

export interface EpochFacts {
  readonly number: number
  readonly fromMs: number
  readonly wraps: Wrap[]
  /** Messages that came while it was the newest. */
  readonly messageTimes: number[]
}

export interface ConversationFacts {
  readonly id: string
  readonly begunMs: number
  /** The device that consented: what the log calls the patient. */
  readonly consentDevice: string
  /** Every device that was ever added as the patient's. */
  readonly devices: Set<string>
  /** Those of them that consented or wrote. Anybody may add a stranger's device to a conversation of their own; nobody
   * can write in its name. */
  readonly authors: Set<string>
  /** In order. */
  readonly epochs: EpochFacts[]
  shreddedMs: number
}

export class LogFacts implements LogVisitor {
  /** By id. */
  readonly conversations: Map<string, ConversationFacts> = new Map()
  /** Epochs by the hash of their record. */
  readonly #epochs = new Map<string, EpochFacts>()
  readonly #records: Uint8Array[] = []
  readonly #recordTimes: number[] = []
  readonly #onEntry: (entry: AuditEntry) => void
  #clinic: Uint8Array = new Uint8Array(0)
  #rootKey: Uint8Array = new Uint8Array(0)
  #state: DirectoryState | undefined

  /** @param onEntry - told each entry, after the facts know of it. */
  constructor(onEntry: (entry: AuditEntry) => void) {
    this.#onEntry = onEntry
  }

  get clinic(): Uint8Array {
    return this.#clinic
  }

  get clinicKey(): string {
    return toHex(this.#rootKey)
  }

  /** The directory as the log ends. */
  get directory(): DirectoryState {
    this.#state ??= applyRecords(createDirectory(this.#rootKey, sha256), this.#records, {
      hash: sha256,
      verify,
    })
    return this.#state
  }

  /** When the relay took the directory's record at this position. */
  recordMs(position: number): number {
    return this.#recordTimes[position - 1] ?? Number.POSITIVE_INFINITY
  }

  begin(line: ExportLine & { kind: "clinic" }): void {
    this.#clinic = line.clinic
    this.#rootKey = line.rootKey
  }

  entry(entry: AuditEntry, _bytes: Uint8Array, stored: StoredFacts | undefined): void {
    if (stored !== undefined) {
      if (equalBytes(entry.scope, this.#clinic)) this.#addDirectoryRecord(entry, stored)
      else this.#addTranscriptRecord(entry, stored)
    }
    this.#onEntry(entry)
  }

  #addDirectoryRecord({ time }: AuditEntry, { bytes }: StoredFacts): void {
    if (bytes === undefined) return
    this.#records.push(bytes.slice())
    this.#recordTimes.push(time)
  }

  #addTranscriptRecord(entry: AuditEntry, { bytes, hash }: StoredFacts): void {
    const id = idText(entry.scope)
    if (bytes === undefined) {
      this.#addMessage(id, entry)
      return
    }
    const record = decodeRecord(bytes)
    if (record.type === "consent") {
      this.conversations.set(id, begin(id, record, entry.time))
      return
    }
    const conversation = this.conversations.get(id)
    if (conversation === undefined) return
    switch (record.type) {
      case "epoch":
        this.#addEpoch(conversation, record, toHex(hash), entry.time)
        return
      case "member": {
        const change = decodeMember(record.body)
        if (change.change === "add-device")
          conversation.devices.add(idText(deviceIdOf(sha256, change.keys.signing, change.keys.wrapping)))
        return
      }
      case "grant":
        this.#addGrant(record, entry.time)
        return
      case "archive":
        this.#archive(record, entry.time)
        return
      case "shred":
        conversation.shreddedMs = entry.time
    }
  }

  #addMessage(id: string, { actor, time }: AuditEntry): void {
    const conversation = this.conversations.get(id)
    conversation?.epochs.at(-1)?.messageTimes.push(time)
    const device = idText(actor)
    if (conversation?.devices.has(device)) conversation.authors.add(device)
  }

  #addEpoch(conversation: ConversationFacts, { body }: WireRecord, hash: string, time: number): void {
    const { number, slots } = decodeEpoch(body)
    const wraps = slots.map((slot) => wrapOf(slot, time))
    const epoch: EpochFacts = { number, fromMs: time, wraps, messageTimes: [] }
    conversation.epochs.push(epoch)
    this.#epochs.set(hash, epoch)
  }

  #addGrant({ body }: WireRecord, time: number): void {
    const { slot, epochs } = decodeGrant(body)
    for (const hash of epochs) this.#epochs.get(toHex(hash))?.wraps.push(wrapOf(slot, time))
  }

  /** The relay drops the roles' wraps of what is archived, and keeps the devices'. */
  #archive({ body }: WireRecord, time: number): void {
    const { slot, epochs } = decodeGrant(body)
    for (const hash of epochs) {
      const epoch = this.#epochs.get(toHex(hash))
      for (const wrap of epoch?.wraps ?? [])
        if (wrap.key.startsWith("role/")) wrap.untilMs = Math.min(wrap.untilMs, time)
      epoch?.wraps.push(wrapOf(slot, time))
    }
  }

  /** Conversations in which one device of the patient's consented or wrote are one patient's. By conversation: the device
   * that consented to the first of them. */
  patients(): Map<string, string> {
    const byDevice = new Map<string, Set<string>>()
    const patients = new Map<string, string>()
    for (const conversation of this.conversations.values())
      for (const device of conversation.authors) {
        const shared = byDevice.get(device) ?? new Set()
        byDevice.set(device, shared.add(conversation.id))
      }
    for (const first of this.conversations.values()) {
      const open = patients.has(first.id) ? [] : [first.id]
      for (let id = open.pop(); id !== undefined; id = open.pop()) {
        if (patients.has(id)) continue
        patients.set(id, first.consentDevice)
        for (const device of this.conversations.get(id)?.authors ?? [])
          open.push(...(byDevice.get(device) ?? []))
      }
    }
    return patients
  }
}

function begin(id: string, record: WireRecord, begunMs: number): ConversationFacts {
  const { keys } = decodeConsent(record.body)
  const consentDevice = idText(deviceIdOf(sha256, keys.signing, keys.wrapping))
  return {
    id,
    begunMs,
    consentDevice,
    devices: new Set([consentDevice]),
    authors: new Set([consentDevice]),
    epochs: [],
    shreddedMs: Number.POSITIVE_INFINITY,
  }
}

function wrapOf({ kind, id, generation }: Slot, fromMs: number): Wrap {
  const key = kind === "device" ? deviceKeyName(toHex(id)) : roleKeyName(fromUtf8(id), generation)
  return { key, fromMs, untilMs: Number.POSITIVE_INFINITY }
}
