/** An entry's fields by their offsets, without an object for each entry: a log is checked by the million. Says the same
 * as decodeEntry, which is for those who read a few (docs/protocol.md, Audit entry). */
import { ACTIONS, type Action, isRecordAction, MAX_TIME_MS, mayFail, OUTCOMES } from "./entry.ts"
import { ENTRY_OFFSETS, ENTRY_VERSION, MAX_PURPOSE } from "./entry-layout.ts"

const MAX_OUTCOME: number = Math.max(...Object.values(OUTCOMES))

export const ACTOR: number = ENTRY_OFFSETS.actor
export const ROLE: number = ENTRY_OFFSETS.actorRole
export const SCOPE: number = ENTRY_OFFSETS.scope
export const RECORD_HASH: number = ENTRY_OFFSETS.recordHash
export const LINK: number = ENTRY_OFFSETS.link
export const PREVIOUS: number = ENTRY_OFFSETS.previous

const { sequence: SEQUENCE, time: TIME, position: POSITION, before: BEFORE } = ENTRY_OFFSETS

/** By an action's code: 1 an event, 2 an action that stored a record, 0 unknown. */
const KINDS = new Uint8Array(256)
/** By an action's code: the highest outcome that it may have. */
const OUTCOME_LIMITS = new Uint8Array(256)
for (const [name, code] of Object.entries(ACTIONS)) {
  KINDS[code] = isRecordAction(name as Action) ? 2 : 1
  OUTCOME_LIMITS[code] = mayFail(name as Action) ? MAX_OUTCOME : OUTCOMES.success
}

/** What is wrong with an entry by itself; undefined if nothing is.
 * @param entry - 212 bytes. */
export function shapeProblem(entry: Uint8Array): string | undefined {
  if (entry[0] !== ENTRY_VERSION) return "is of an unknown version"
  const kind = KINDS[entry[1] as number]
  if (kind === 0) return "has an unknown action"
  if ((entry[2] as number) > MAX_OUTCOME) return "has an unknown outcome"
  if ((entry[2] as number) > (OUTCOME_LIMITS[entry[1] as number] as number))
    return "its action and its outcome don't fit"
  if ((entry[3] as number) > MAX_PURPOSE) return "has an unknown purpose"
  if (
    !isSmall(entry, SEQUENCE) ||
    !isSmall(entry, TIME) ||
    !isSmall(entry, POSITION) ||
    !isSmall(entry, BEFORE)
  )
    return "has a number over 2^53 - 1"
  if (readU64(entry, TIME) > MAX_TIME_MS) return "has a time that no calendar has"
  if (!isPaddedRole(entry)) return "has a role that is none"
  if ((kind === 2) === hasNoRecord(entry)) return "its action and its record don't fit"
  return undefined
}

export function actionOf(entry: Uint8Array): number {
  return entry[1] as number
}

/** Whether its action stored a record. */
export function namesRecord(entry: Uint8Array): boolean {
  return KINDS[entry[1] as number] === 2
}

export function purposeOf(entry: Uint8Array): number {
  return entry[3] as number
}

export function sequenceOf(entry: Uint8Array): number {
  return readU64(entry, SEQUENCE)
}

export function timeOf(entry: Uint8Array): number {
  return readU64(entry, TIME)
}

export function positionOf(entry: Uint8Array): number {
  return readU64(entry, POSITION)
}

export function beforeOf(entry: Uint8Array): number {
  return readU64(entry, BEFORE)
}

/** Whether `entry` holds `bytes` at an offset. */
export function holdsAt(entry: Uint8Array, offset: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (entry[offset + i] !== bytes[i]) return false
  return true
}

function readU64(bytes: Uint8Array, at: number): number {
  const high =
    ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
  const low =
    (bytes[at + 4] as number) * 0x1_00_00_00 +
    (((bytes[at + 5] as number) << 16) | ((bytes[at + 6] as number) << 8) | (bytes[at + 7] as number))
  return high * 0x1_0000_0000 + low
}

function hasNoRecord(entry: Uint8Array): boolean {
  let at = RECORD_HASH
  while (at < LINK && entry[at] === 0) at++
  return at === LINK
}

/** Whether a u64 is at most 2^53 - 1. */
function isSmall(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && (bytes[at + 1] as number) <= 0x1f
}

/** A slug and zeros, or zeros alone. */
function isPaddedRole(entry: Uint8Array): boolean {
  let at = ROLE
  while (at < SCOPE && isSlugByte(entry[at] as number, at === ROLE)) at++
  while (at < SCOPE && entry[at] === 0) at++
  return at === SCOPE
}

function isSlugByte(byte: number, isFirst: boolean): boolean {
  if (byte >= 0x61 && byte <= 0x7a) return true
  return !isFirst && ((byte >= 0x30 && byte <= 0x39) || byte === 0x2d)
}
