/** What the relay keeps in memory of one conversation: enough to judge, place and deliver the next record. */
import type { Link, PatientDeviceKind, Role, TranscriptRecordType } from "@wardline/sdk/protocol"
import type { AuditScope } from "./audit-chain.ts"
import { Bucket } from "./buckets.ts"
import type { Clinic } from "./clinic.ts"
import { RECENT_HASHES, REFUSALS_ABOUT } from "./limits.ts"
import type { NewRecord, RoleKeyUse, ScopeRef } from "./store/store.ts"
import type { Subscription } from "./subscription.ts"

/** A record that isn't a message. */
export interface Control {
  readonly position: number
  readonly type: TranscriptRecordType
  /** An epoch's number; 0 for other types. */
  readonly epoch: number
  /** Whether its detached part is wrapped to a patient's device alone: then archiving leaves it. */
  readonly isForPatient: boolean
}

/** A staff device's newest access record. */
export interface Access {
  readonly role: Role
  /** As in the audit log, 1–6. */
  readonly purpose: number
  /** Milliseconds since 1970, by the device's clock: what it signs is dated between the two. */
  readonly issued: number
  readonly until: number
  /** Milliseconds since 1970, by the relay's clock. */
  readonly untilMs: number
}

/** One of the patient's devices, removed ones included: an id doesn't come back. */
export interface PatientDevice {
  /** The device id as a key. */
  readonly key: string
  /** SHA-256 of its X-Wing key, as epoch slots name it. */
  readonly wrappingHash: Uint8Array
  readonly kind: PatientDeviceKind
  /** Milliseconds since 1970, by its own clock, after which it may sign nothing more; 0 = never. */
  readonly until: number
  /** The same by the relay's clock. */
  readonly untilMs: number
  readonly isRemoved: boolean
}

/** What a batch changes in the store beside the conversation's records. */
export interface ControlEffects {
  /** The patient's devices that came or went. */
  readonly patients: PatientDevice[]
  /** Positions of records whose detached parts are dropped. */
  dropped: readonly number[]
  /** Whether wraps to role keys were dropped, so that only `uses` is left of them. */
  isUnused: boolean
  /** Role keys that new wraps are to. */
  uses: readonly RoleKeyUse[]
}

/** Keys of maps are bytes as text (hashing.ts, keyOf). Only records.ts changes a conversation. */
export class Conversation implements AuditScope {
  readonly clinic: Clinic
  /** Of the conversation's id. */
  readonly key: string
  ref: ScopeRef
  entry = 0
  storedEntry = 0
  position = 0
  link: Link
  /** As it is in the store, while a batch adds to what is here. */
  storedLink: Link
  storedMs = 0
  /** When its newest record was placed. */
  updatedMs = 0
  /** The time under which lists show it, since and before the last batch that changed it; 0 if they didn't. */
  listedMs = 0
  listedBeforeMs = 0
  lastBy: "patient" | "staff" = "patient"
  /** By device id. */
  readonly patients: Map<string, PatientDevice> = new Map()
  /** The roles that take part, once it is opened. */
  roles: readonly Role[] = []
  isClosed = false
  /** The role that keeps its history, once that was archived; a reopened one's too, as far as it goes. */
  vaultRole: Role | undefined
  /** Whether it was archived since it was closed: then the vault's keepers alone read it. */
  isArchived = false
  isWithdrawn = false
  isShredded = false
  /** Position of the newest member record: who speaks after it uses an epoch made after it. */
  memberPosition = 0
  /** Position of the newest record that can have ended somebody's right to read on. */
  cutPosition = 0
  /** When its head was last signed. */
  headMs = 0
  #refusals: Bucket | undefined
  /** By record hash. */
  readonly controls: Map<string, Control> = new Map()
  /** By device id. */
  readonly accesses: Map<string, Access> = new Map()
  /** The greatest sender sequence stored for each device, by device id: a message above it can't be a retry. */
  readonly senders: Map<string, number> = new Map()
  /** Hashes of the newest records after `recentFrom`; that of position p is at p % RECENT_HASHES. */
  recent: string[] = []
  recentFrom = 0
  subscriptions: Subscription[] = []
  /** What the running batch adds, if anything. */
  added: NewRecord[] = []
  /** What else it changes: undefined unless it is more than messages. */
  effects: ControlEffects | undefined
  /** The roles under which the store lists it. */
  storedRoles: readonly Role[] = []
  /** Whether the last batch brought it to other lists. */
  isRelisted = false
  /** Whether it was read from the store or stored there: a new one isn't until its batch is. */
  isStored = false

  constructor(clinic: Clinic, key: string, ref: ScopeRef, link: Link) {
    this.clinic = clinic
    this.key = key
    this.ref = ref
    this.link = link
    this.storedLink = link
  }

  get isOpen(): boolean {
    return this.roles.length > 0
  }

  /** The roles whose staff find it in their lists. */
  get listedRoles(): readonly Role[] {
    const { roles, vaultRole } = this
    return vaultRole === undefined || roles.includes(vaultRole) ? roles : [...roles, vaultRole]
  }

  /** Whether it takes messages. */
  get isTalking(): boolean {
    return this.isOpen && !this.isClosed && !this.isWithdrawn && !this.isShredded
  }

  /** One of the patient's devices that still is, at `nowMs`. */
  patientOf(device: string, nowMs: number): PatientDevice | undefined {
    const patient = this.patients.get(device)
    if (patient === undefined || patient.isRemoved) return undefined
    return patient.untilMs === 0 || nowMs < patient.untilMs ? patient : undefined
  }

  /** The record hashes of its epochs, in the order of their positions. */
  get epochs(): string[] {
    return [...this.controls].filter(([, { epoch }]) => epoch > 0).map(([hash]) => hash)
  }

  /** The position of the newest record that is stored; what is being added comes after it. */
  get storedPosition(): number {
    return this.position - this.added.length
  }

  /** Whether one more refusal may be noted as being about it. */
  takesRefusal(nowMs: number): boolean {
    this.#refusals ??= new Bucket(REFUSALS_ABOUT, nowMs)
    return this.#refusals.take(REFUSALS_ABOUT, 1, nowMs)
  }

  /** The access record of a staff device that covers `nowMs`. */
  accessOf(device: string, nowMs: number): Access | undefined {
    const access = this.accesses.get(device)
    return access !== undefined && nowMs < access.untilMs ? access : undefined
  }

  remember(position: number, hash: string): void {
    this.recent[position % RECENT_HASHES] = hash
  }
}

const SENDER_BYTES = 20

/** The senders' sequences as the store keeps them: `device id 16 ‖ u32`, each. */
export function encodeSenders(senders: ReadonlyMap<string, number>): Uint8Array {
  const bytes = Buffer.allocUnsafe(senders.size * SENDER_BYTES)
  let offset = 0
  for (const [device, sequence] of senders) {
    bytes.write(device, offset, "latin1")
    bytes.writeUInt32BE(sequence, offset + 16)
    offset += SENDER_BYTES
  }
  return bytes
}

export function decodeSenders(bytes: Uint8Array): [device: string, sequence: number][] {
  const buffer = Buffer.from(bytes)
  const senders: [string, number][] = []
  for (let offset = 0; offset < buffer.length; offset += SENDER_BYTES) {
    senders.push([buffer.toString("latin1", offset, offset + 16), buffer.readUInt32BE(offset + 16)])
  }
  return senders
}
