/** What an audit log tells of a clinic's conversations and keys: who the patient's devices are, which keys each epoch was
 * wrapped to and until when, and who holds which role's keys. Without any content, from an export alone.
 *
 * The check of an export doesn't look at the signatures of transcripts' records. Here they count: a relay that could make
 * up the destruction of a conversation would hide what was open. */
import { equalBytes, fromUtf8, toHex } from "../bytes.ts"
import { isSignedBy } from "../conversation/evidence-signers.ts"
import { sha256, verify } from "../crypto/index.ts"
import { applyRecords, createDirectory, type DirectoryState } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { idText } from "../ids.ts"
import {
  type DeviceKeys,
  decodeAdminAdd,
  decodeConsent,
  decodeDeviceAdd,
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

/** Times are in milliseconds since 1970; ids are hexadecimal. An entry has the relay's time, and the record that it names
 * has its issuer's: of the two the one counts by which more was open for longer, so that a relay that dates entries as it
 * likes hides nothing. */
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
  /** Every device that was ever added as the patient's, with its signing key. */
  readonly devices: Map<string, Uint8Array>
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
  /** Of staff and administrators, with their signing keys; those who left stay. */
  readonly #staff = new Map<string, Uint8Array>()
  readonly #admins = new Map<string, Uint8Array>()
  #refused = 0
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

  /** Records of transcripts that aren't signed as they must be, or can't be read: they are left out, as clients do. */
  get refused(): number {
    return this.#refused
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

  /** Since when the directory's record at this position was there. */
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
    const { type, body, issued } = decodeRecord(bytes)
    this.#records.push(bytes.slice())
    this.#recordTimes.push(Math.min(time, issued))
    if (type === "admin-add") remember(this.#admins, decodeAdminAdd(body).keys)
    if (type === "device-add") remember(this.#staff, decodeDeviceAdd(body).keys)
  }

  #addTranscriptRecord(entry: AuditEntry, stored: StoredFacts): void {
    const id = idText(entry.scope)
    if (stored.bytes === undefined) {
      this.#addMessage(id, entry)
      return
    }
    try {
      this.#take(id, decodeRecord(stored.bytes), toHex(stored.hash), entry.time)
    } catch (error) {
      if (!isWardlineError(error)) throw error
      this.#refused++
    }
  }

  #take(id: string, record: WireRecord, hash: string, time: number): void {
    const earlier = Math.min(time, record.issued)
    if (record.type === "consent") {
      this.conversations.set(id, begin(id, record, earlier))
      return
    }
    const conversation = this.conversations.get(id)
    if (conversation === undefined) return
    switch (record.type) {
      case "epoch":
        this.#assertSigned(record, conversation.devices, this.#staff)
        this.#addEpoch(conversation, record, hash, earlier)
        return
      case "member":
        this.#assertSigned(record, conversation.devices, this.#staff)
        addMember(conversation, record)
        return
      case "grant":
        this.#assertSigned(record, conversation.devices, this.#staff)
        this.#addGrant(record, earlier)
        return
      case "archive":
        this.#assertSigned(record, this.#staff)
        this.#archive(record, earlier, Math.max(time, record.issued))
        return
      case "shred":
        this.#assertSigned(record, this.#admins)
        conversation.shreddedMs = Math.max(time, record.issued)
        return
      default:
      // Says nothing of keys.
    }
  }

  /** @throws {WardlineError} ERR_SIGNATURE unless one of them signed it. */
  #assertSigned(record: WireRecord, ...signers: readonly ReadonlyMap<string, Uint8Array>[]): void {
    const issuer = idText(record.issuer)
    const keys = signers.flatMap((one) => one.get(issuer) ?? [])
    if (!keys.some((key) => isSignedBy(record, key)))
      throw new WardlineError("ERR_SIGNATURE", "a record that isn't signed by whom it names")
  }

  /** Whether a member of staff signed it. */
  protected isByStaff(record: WireRecord): boolean {
    const key = this.#staff.get(idText(record.issuer))
    return key !== undefined && isSignedBy(record, key)
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
  #archive({ body }: WireRecord, fromMs: number, untilMs: number): void {
    const { slot, epochs } = decodeGrant(body)
    for (const hash of epochs) {
      const epoch = this.#epochs.get(toHex(hash))
      for (const wrap of epoch?.wraps ?? [])
        if (wrap.key.startsWith("role/")) wrap.untilMs = Math.min(wrap.untilMs, untilMs)
      epoch?.wraps.push(wrapOf(slot, fromMs))
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

function remember(devices: Map<string, Uint8Array>, keys: DeviceKeys): void {
  devices.set(idText(deviceIdOf(sha256, keys.signing, keys.wrapping)), keys.signing)
}

function addMember(conversation: ConversationFacts, { body }: WireRecord): void {
  const change = decodeMember(body)
  if (change.change === "add-device") remember(conversation.devices, change.keys)
}

/** @throws {WardlineError} ERR_SIGNATURE for a consent that its own keys didn't sign. */
function begin(id: string, record: WireRecord, begunMs: number): ConversationFacts {
  const { keys } = decodeConsent(record.body)
  const consentDevice = idText(deviceIdOf(sha256, keys.signing, keys.wrapping))
  if (!isSignedBy(record, keys.signing))
    throw new WardlineError("ERR_SIGNATURE", "a consent that isn't signed by its device")
  return {
    id,
    begunMs,
    consentDevice,
    devices: new Map([[consentDevice, keys.signing]]),
    authors: new Set([consentDevice]),
    epochs: [],
    shreddedMs: Number.POSITIVE_INFINITY,
  }
}

function wrapOf({ kind, id, generation }: Slot, fromMs: number): Wrap {
  const key = kind === "device" ? deviceKeyName(toHex(id)) : roleKeyName(fromUtf8(id), generation)
  return { key, fromMs, untilMs: Number.POSITIVE_INFINITY }
}
