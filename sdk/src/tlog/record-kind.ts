/** Whether an entry calls a record what it is: its kind, its chain and its author stand in the record's own bytes, and
 * for an access its role and purpose too (docs/protocol.md, Record and Audit entry). */
import { ACTIONS, type Action } from "./entry.ts"
import { ACTOR, actionOf, holdsAt, purposeOf, ROLE, SCOPE } from "./entry-fields.ts"

const MAGIC_AND_VERSION = Uint8Array.of(0x57, 0x4c, 1)
const RECORD_SCOPE = 4
const RECORD_ISSUER = 20
const RECORD_BODY = 48
const SIGNATURE_BYTES = 64
const FIRST_OF_TRANSCRIPTS = 0x20
const ACCESS = 0x25

/** By a record's type. An access is called by its purpose. */
const ACTION_OF_TYPE: ReadonlyMap<number, Action> = new Map([
  [0x01, "policy-change"],
  [0x02, "consent-text"],
  [0x03, "admin-change"],
  [0x04, "admin-change"],
  [0x05, "device-add"],
  [0x06, "device-revoke"],
  [0x07, "role-key"],
  [0x08, "role-grant"],
  [0x09, "attest"],
  [0x0a, "device-roles"],
  [0x0b, "key-recovery"],
  [0x20, "consent"],
  [0x21, "open"],
  [0x22, "epoch"],
  [0x23, "create"],
  [0x24, "member-change"],
  [0x26, "grant"],
  [0x27, "close"],
  [0x28, "reopen"],
  [0x29, "archive"],
  [0x2a, "withdraw"],
  [0x2b, "shred"],
])
const ETREAT = 2
const BTG = 3
/** HLEGAL, and what follows: disclosures. */
const FIRST_DISCLOSURE = 7

/** What is wrong with how an entry names a record; undefined if nothing is.
 * @param entry - 212 bytes of a known shape.
 * @param record - without its detached part. */
export function kindProblem(entry: Uint8Array, record: Uint8Array): string | undefined {
  if (!isRecord(record)) return "its record is none"
  const type = record[3] as number
  const action = type === ACCESS ? accessAction(entry, record) : ACTION_OF_TYPE.get(type)
  if (action === undefined || ACTIONS[action] !== actionOf(entry))
    return "calls its record something else than it is"
  if (!holdsAt(entry, SCOPE, record.subarray(RECORD_SCOPE, RECORD_SCOPE + 16)))
    return "its record belongs to another chain"
  if (!holdsAt(entry, ACTOR, record.subarray(RECORD_ISSUER, RECORD_ISSUER + 16)))
    return "its record is by somebody else"
  return undefined
}

/** Whether bytes have a record's frame: magic, version and the length that they say. */
function isRecord(bytes: Uint8Array): boolean {
  if (bytes.length < RECORD_BODY + SIGNATURE_BYTES) return false
  const at = RECORD_BODY - 4
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  const low = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
  const bodyLength = high * 0x1_0000 + low
  return holdsAt(bytes, 0, MAGIC_AND_VERSION) && bytes.length === RECORD_BODY + bodyLength + SIGNATURE_BYTES
}

/** What an access is called, if the entry has its role and purpose. */
function accessAction(entry: Uint8Array, record: Uint8Array): Action | undefined {
  const body = record.subarray(RECORD_BODY, -SIGNATURE_BYTES)
  const length = ((body[0] ?? 0) << 8) | (body[1] ?? 0)
  const purpose = body[2 + length]
  const isSame =
    purpose === purposeOf(entry) &&
    length <= SCOPE - ROLE &&
    holdsAt(entry, ROLE, body.subarray(2, 2 + length)) &&
    (length === SCOPE - ROLE || entry[ROLE + length] === 0)
  if (!isSame) return undefined
  if (purpose === ETREAT || purpose === BTG) return "break-glass"
  return purpose >= FIRST_DISCLOSURE ? "disclosure" : "access"
}

/** Whether a record's type is one of the directory's. */
export function isOfDirectory(record: Uint8Array): boolean {
  return (record[3] as number) < FIRST_OF_TRANSCRIPTS
}
