/** Changes of a conversation beside its messages: who takes part, and what of the past they are given. Each is a record
 * of its own, made on the newest state and made anew if another change came first. */
import { equalBytes, toHex } from "../bytes.ts"
import {
  type Composer,
  composeGrant,
  composeMember,
  currentDevices,
  type Member,
  membersOfTranscript,
  type Transcript,
} from "../conversation/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { encodeRole, type MemberChange, type PatientDeviceKind, type Role } from "../protocol/index.ts"
import type { ConversationEngine } from "./engine.ts"
import { type ConversationHost, composerOf } from "./host.ts"

const MAX_ATTEMPTS = 5

/** A patient's device as its owner sees it. */
export interface LinkedDevice {
  /** Hexadecimal. */
  readonly id: string
  readonly kind: PatientDeviceKind
  /** Whether it is the one that this runs on. */
  readonly isThis: boolean
}

/** A conversation that this client may change. */
export interface Changeable {
  readonly host: ConversationHost
  readonly engine: ConversationEngine
}

type Compose = (composer: Composer, transcript: Transcript) => Uint8Array

/** Publishes a record outside the outbox and waits until the transcript holds it.
 * @param compose - makes it on the newest state; again if another change came first.
 * @param isDone - whether the transcript says already what the record would; then nothing is sent.
 * @throws {WardlineError} what the relay says; ERR_CONFLICT if others are always faster; ERR_OPEN_FAILED when this
 *   device itself refuses its record; ERR_STALE_DIRECTORY, ERR_OFFLINE, ERR_ABORTED. */
export async function changeConversation(
  at: Changeable,
  compose: Compose,
  isDone: (transcript: Transcript) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { engine } = at
  await publishOwn(at, (...state) => (isDone(engine.transcript) ? undefined : compose(...state)), signal)
  if (!isDone(engine.transcript))
    throw new WardlineError("ERR_OPEN_FAILED", "this device's own record is refused")
}

async function publishOwn(
  { host, engine }: Changeable,
  compose: (...state: Parameters<Compose>) => Uint8Array | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await engine.whenLive(signal)
    host.directory.assertFresh()
    const { transcript, shredKey } = engine
    const record = compose(composerOf(host, transcript, shredKey), transcript)
    if (record === undefined) return
    try {
      const ack = await host.onSession(signal, (session) => session.publish(record, signal))
      return await engine.reached(ack, record)
    } catch (error) {
      const isCrossed = isWardlineError(error, "ERR_CONFLICT") || isWardlineError(error, "ERR_OFFLINE")
      if (attempt >= MAX_ATTEMPTS || !isCrossed) throw error
      await host.directory.refresh().catch(() => {})
    }
  }
}

/** Adds a role, or removes one: the next message is sealed anew for who is left.
 * @throws {WardlineError} ERR_FORBIDDEN where the policy doesn't let this device's role, and as changeConversation. */
export async function changeRole(
  at: Changeable,
  change: "add-role" | "remove-role",
  role: Role,
  signal?: AbortSignal,
): Promise<void> {
  const isDone = ({ roles }: Transcript): boolean => roles.includes(role) === (change === "add-role")
  await changeConversation(at, (c, state) => composeMember(c, state, { change, role }), isDone, signal)
}

export async function addDevice(
  at: Changeable,
  change: Extract<MemberChange, { change: "add-device" }> & { readonly id: Uint8Array },
  signal?: AbortSignal,
): Promise<void> {
  const { id, ...added } = change
  const isDone = ({ devices }: Transcript): boolean => devices.has(toHex(id))
  await changeConversation(at, (composer, state) => composeMember(composer, state, added), isDone, signal)
  await grantPast(at, isDevice(id), signal)
}

export async function removeDevice(at: Changeable, device: Uint8Array, signal?: AbortSignal): Promise<void> {
  const isDone = ({ devices }: Transcript): boolean =>
    devices.get(toHex(device))?.removedAt !== undefined || !devices.has(toHex(device))
  const compose = (composer: Composer, state: Transcript): Uint8Array =>
    composeMember(composer, state, { change: "remove-device", device })
  await changeConversation(at, compose, isDone, signal)
}

/** Publishes a record after which this device is served no more of the conversation: the relay's ack is the last that
 * it hears.
 * @throws {WardlineError} as changeConversation. */
export async function publishLast(
  { host, engine }: Changeable,
  compose: Compose,
  signal?: AbortSignal,
): Promise<void> {
  await engine.whenLive(signal)
  host.directory.assertFresh()
  const { transcript, shredKey } = engine
  const record = compose(composerOf(host, transcript, shredKey), transcript)
  const ack = await host.onSession(signal, (session) => session.publish(record, signal))
  engine.expect(ack, record)
}

/** Takes this device itself out. */
export async function leaveConversation(at: Changeable, signal?: AbortSignal): Promise<void> {
  const change = { change: "remove-device", device: at.host.device.id } as const
  await publishLast(at, (composer, state) => composeMember(composer, state, change), signal)
}

/** Gives a member every past epoch that this device can open, in as many records as it takes. */
export async function grantPast(
  at: Changeable,
  isReceiver: (member: Member) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { host, engine } = at
  let after = 0
  await engine.whenLive(signal)
  while (isAnyAfter(engine.transcript.epochs, after)) {
    let last = after
    const compose = (composer: Composer, state: Transcript): Uint8Array => {
      const { state: directory } = host.directory
      const member = membersOfTranscript(state, directory, directory.position).find(isReceiver)
      if (member === undefined) throw new WardlineError("ERR_NOT_FOUND", "the receiver is no member")
      const { record, lastPosition } = composeGrant(composer, state, member, after)
      last = lastPosition
      return record
    }
    await publishOwn(at, compose, signal)
    after = last
  }
}

function isAnyAfter(epochs: Transcript["epochs"], position: number): boolean {
  return [...epochs.values()].some((epoch) => epoch.masked !== undefined && epoch.position > position)
}

/** Finds a device's slot. */
export function isDevice(id: Uint8Array): (member: Member) => boolean {
  return ({ kind, id: slot }) => kind === "device" && equalBytes(slot, id)
}

/** Finds a role's slot. */
export function isRole(role: Role): (member: Member) => boolean {
  const id = encodeRole(role)
  return (member) => member.kind === "role" && equalBytes(member.id, id)
}

/** The patient's devices in a conversation, in the order in which they came. */
export function linkedDevices(transcript: Transcript, own: Uint8Array): LinkedDevice[] {
  return currentDevices(transcript).map(({ id, kind }) => ({
    id: toHex(id),
    kind,
    isThis: equalBytes(id, own),
  }))
}
