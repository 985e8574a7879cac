/** Messages: the checks, in the order of docs/protocol.md (Message). */
import { equalBytes, toHex } from "../bytes.ts"
import { decodeMessage, type WireRecord } from "../protocol/index.ts"
import {
  type At,
  checkParticipant,
  ForkError,
  type MessageEvent,
  type Outcome,
  type RefusedEvent,
  refusal,
  refused,
  type TranscriptContext,
  unlessRefused,
} from "./judging.ts"
import { openMessage } from "./message.ts"
import { decodePayload, isQuietPayload, type Payload } from "./payload.ts"
import {
  appendLocked,
  currentEpoch,
  type EpochEntry,
  epochNumberAt,
  type LockedMessage,
  lastSequence,
  memberChangeAt,
  type Transcript,
} from "./state.ts"

export function judgeMessage(
  state: Transcript,
  record: WireRecord,
  at: At,
  context: TranscriptContext,
): Outcome {
  const body = decodeMessage(record.body)
  const from = checkParticipant(state, record, context.directory, state.directoryFloor)
  // First, as it is evidence whatever the sequence: a relay that hides a message makes the sender's next ones come
  // out of sequence too.
  checkSeen(state, record, at, body.seenPosition, body.seenLink)
  if (body.sequence !== lastSequence(state, record.issuer) + 1) throw refused("not the sender's next message")
  // The sender has said it, whatever it holds: one that this device can't open must not make it refuse the rest.
  const { sequence, seenPosition } = body
  const senders = new Map(state.senders).set(toHex(record.issuer), { sequence, seenPosition })
  const epoch = state.epochs.get(toHex(body.epoch))
  const isCurrent = epoch !== undefined && epoch === currentEpoch(state)
  const counted = { senders, epochMessages: state.epochMessages + (isCurrent ? 1 : 0) }
  if (unlessRefused(() => checkEpoch(state, epoch, seenPosition)) !== true) return [counted, refusal(at)]
  const { key } = epoch as EpochEntry
  if (key === undefined) {
    const locked = appendLocked(state, { position: at.position, hash: at.hash, record, from })
    return [
      { ...counted, ...locked },
      { ...at, kind: "locked", from, sequence, seenPosition, quiet: body.quiet },
    ]
  }
  const payload = unlessRefused(() => openPayload(record, key))
  if (!payload) return [counted, refusal(at)]
  return [counted, { ...at, kind: "message", from, payload, sequence, seenPosition }]
}

/** The epoch must be one that its sender could take for the current one: it had seen no newer, and no change of members
 * after it. */
function checkEpoch(state: Transcript, epoch: EpochEntry | undefined, seenPosition: number): true {
  if (!epoch?.isSound) throw refused("unknown epoch")
  if (epoch.number < epochNumberAt(state, seenPosition)) throw refused("an epoch already over")
  if (epoch.position < memberChangeAt(state, seenPosition)) throw refused("an epoch of other members")
  return true
}

function openPayload(record: WireRecord, key: Uint8Array): Payload {
  const body = decodeMessage(record.body)
  const payload = decodePayload(openMessage(record, body, key))
  // Otherwise somebody's word could be hidden from the list of those who wait for an answer.
  if (payload.type !== "unknown" && isQuietPayload(payload) !== body.quiet)
    throw refused("wrongly marked quiet")
  return payload
}

/** Opens the messages whose epochs have a key now.
 * @returns those still locked, and the events of the others, by their own positions. */
export function openLocked(
  locked: readonly LockedMessage[],
  epochs: ReadonlyMap<string, EpochEntry>,
): { locked: LockedMessage[]; events: (MessageEvent | RefusedEvent)[] } {
  const left: LockedMessage[] = []
  const events: (MessageEvent | RefusedEvent)[] = []
  for (const item of locked) {
    const { position, hash, record, from } = item
    const { epoch, sequence, seenPosition } = decodeMessage(record.body)
    const key = epochs.get(toHex(epoch))?.key
    if (key === undefined) {
      left.push(item)
      continue
    }
    const at = { position, hash, issued: record.issued }
    const payload = unlessRefused(() => openPayload(record, key))
    events.push(payload ? { ...at, kind: "message", from, payload, sequence, seenPosition } : refusal(at))
  }
  return { locked: left, events }
}

/** What the sender had seen must be what this device has: any difference is a fork, and the sender's signature
 * is the evidence. */
function checkSeen(
  state: Transcript,
  record: WireRecord,
  at: At,
  seenPosition: number,
  seenLink: Uint8Array,
): void {
  if (seenPosition >= at.position) throw refused("seen what isn't there yet")
  if (seenPosition < (state.senders.get(toHex(record.issuer))?.seenPosition ?? 0))
    throw refused("sees less than before")
  const ownLink = state.links[seenPosition] as Uint8Array
  if (!equalBytes(ownLink, seenLink)) {
    throw new ForkError({ position: at.position, record: record.bytes, seenPosition, ownLink })
  }
}
