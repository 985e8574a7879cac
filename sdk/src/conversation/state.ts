/** What a device knows of one conversation: a value that only transcript.ts derives anew. */
import { toHex } from "../bytes.ts"
import { sha256 } from "../crypto/index.ts"
import type { ConversationId, Link, RecordHash, Role } from "../ids.ts"
import {
  type DeviceKeys,
  type PatientDeviceKind,
  type Purpose,
  type Slot,
  startLink,
  type WireRecord,
} from "../protocol/index.ts"
import type { EpochKey } from "./epoch.ts"
import type { Participant } from "./participants.ts"

export interface EpochEntry {
  hash: RecordHash
  number: number
  position: number
  issued: number
  /** The device that made it. */
  issuer: Uint8Array
  slots: readonly Slot[]
  /** H(E). */
  headHash: Uint8Array
  commitment: Uint8Array
  /** Whether its issuer and its members were right: only then may anybody use it. */
  isSound: boolean
  /** Undefined where this device can't or mustn't use it: it then only keeps the chain of epochs whole. */
  key: EpochKey | undefined
  /** The epoch secret under the shred key, as it is wrapped; there where the key is. */
  masked: Uint8Array | undefined
}

/** One of the patient's devices, removed ones included: an id doesn't come back. */
export interface PatientDevice {
  id: Uint8Array
  keys: DeviceKeys
  kind: PatientDeviceKind
  /** Milliseconds since 1970 after which it may do nothing more; 0 = never. */
  until: number
  /** For a code: its signature that it belongs to this conversation, unchecked: for whoever has the code to judge. */
  proof?: Uint8Array | undefined
  /** Position of the record that removed it. */
  removedAt: number | undefined
}

/** A message that is its sender's, in an epoch whose key this device doesn't have: a grant may bring it. */
export interface LockedMessage {
  position: number
  hash: RecordHash
  record: WireRecord
  from: Participant
}

export interface AccessGrant {
  role: Role
  purpose: Purpose
  issued: number
  until: number
}

interface Sender {
  /** Of the newest accepted message. */
  sequence: number
  seenPosition: number
}

/** Two statements that can't both be true: a participant's signed view of the chain, and this device's. */
export interface ForkEvidence {
  position: number
  /** The signed record that names another link. */
  record: Uint8Array
  seenPosition: number
  ownLink: Link
}

export interface Transcript {
  conversation: ConversationId
  /** Of the newest record, refused ones included; 0 before the first. */
  position: number
  /** links[i] is linkᵢ, up to `position`; the array may be shared with later states. */
  links: readonly Link[]
  /** By id in hexadecimal, in the order of their records. None before the consent. */
  devices: ReadonlyMap<string, PatientDevice>
  roles: readonly Role[]
  /** Positions of the records that changed devices or roles. */
  memberChanges: readonly number[]
  /** By record hash, in hexadecimal. */
  epochs: ReadonlyMap<string, EpochEntry>
  /** The epochs that became current, oldest first. */
  currents: readonly EpochEntry[]
  /** How many messages the current epoch has. */
  epochMessages: number
  senders: ReadonlyMap<string, Sender>
  /** Members that were granted past epochs, by their slots' keys in hexadecimal. */
  granted: ReadonlySet<string>
  /** By device id, in hexadecimal. */
  accesses: ReadonlyMap<string, readonly AccessGrant[]>
  /** The first `lockedCount` of them; the array may be shared with later states. */
  locked: readonly LockedMessage[]
  lockedCount: number
  closedAt?: number | undefined
  /** History up to here is in the vault. */
  archivedAt?: number
  withdrawnAt?: number
  shreddedAt?: number
  /** The highest directory position that a record has named. Whatever changes what is shared is judged by it, alike for
   * all: by what one device alone knows, a change that crossed a revocation would part it from the others for good. */
  namedFloor: number
  /** That, or what this device itself knew when it had seen the head: whose words it believes is judged by it. */
  directoryFloor: number
  fork?: ForkEvidence
}

export function startTranscript(conversation: ConversationId): Transcript {
  return {
    conversation,
    position: 0,
    links: [startLink(sha256, conversation)],
    devices: new Map(),
    roles: [],
    memberChanges: [],
    epochs: new Map(),
    currents: [],
    epochMessages: 0,
    senders: new Map(),
    granted: new Set(),
    accesses: new Map(),
    locked: [],
    lockedCount: 0,
    namedFloor: 0,
    directoryFloor: 0,
  }
}

export function headLink(state: Transcript): Link {
  return state.links[state.position] as Link
}

/** The links with one more. The newest state's array grows in place: no state reads beyond its own position, and a
 * copy for each record would make the cost of a long conversation quadratic. */
export function appendLink(state: Transcript, link: Link): readonly Link[] {
  const length = state.position + 1
  const links = state.links.length === length ? (state.links as Link[]) : state.links.slice(0, length)
  links.push(link)
  return links
}

/** The locked messages with one more, as {@link appendLink} does it: somebody without a key may have a long history of them. */
export function appendLocked(
  { locked, lockedCount }: Transcript,
  message: LockedMessage,
): Pick<Transcript, "locked" | "lockedCount"> {
  const list = locked.length === lockedCount ? (locked as LockedMessage[]) : locked.slice(0, lockedCount)
  list.push(message)
  return { locked: list, lockedCount: lockedCount + 1 }
}

/** Both floors, once a record has named a directory position. */
export function raisedBy(
  state: Transcript,
  position: number,
): Pick<Transcript, "namedFloor" | "directoryFloor"> {
  return {
    namedFloor: Math.max(position, state.namedFloor),
    directoryFloor: Math.max(position, state.directoryFloor),
  }
}

export function currentEpoch(state: Transcript): EpochEntry | undefined {
  return state.currents.at(-1)
}

/** The number of the epoch that was current at a position; 0 before the first. */
export function epochNumberAt(state: Transcript, position: number): number {
  return state.currents.findLast((epoch) => epoch.position <= position)?.number ?? 0
}

/** The newest record at or before a position that changed who takes part; 0 if none did. */
export function memberChangeAt(state: Transcript, position: number): number {
  return state.memberChanges.findLast((change) => change <= position) ?? 0
}

/** The patient's devices that weren't removed. */
export function currentDevices(state: Transcript): PatientDevice[] {
  return [...state.devices.values()].filter(({ removedAt }) => removedAt === undefined)
}

export function lastSequence(state: Transcript, device: Uint8Array): number {
  return state.senders.get(toHex(device))?.sequence ?? 0
}

/** Tells the transcript which directory this device knew when it had seen the head: what comes after isn't judged by an
 * older one, whatever it names. */
export function raiseFloor(state: Transcript, directoryPosition: number): Transcript {
  return directoryPosition <= state.directoryFloor ? state : { ...state, directoryFloor: directoryPosition }
}
