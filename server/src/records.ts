/** Keeps a conversation's memory in step with its records, whether they come from a device or from the store. */
import {
  decodeAccess,
  decodeConsent,
  decodeEpoch,
  decodeGrant,
  decodeOpen,
  decodeRecord,
  recordHash,
  type TranscriptRecordType,
  type WireRecord,
} from "@wardline/sdk/protocol"
import type { Clinic } from "./clinic.ts"
import { type Control, type ControlEffects, Conversation, decodeSenders } from "./conversation.ts"
import type { ControlChange, MemberChange } from "./gates/judging.ts"
import { roleKeysOf } from "./gates/keys.ts"
import { accessOf, patientDevice, storedChange } from "./gates/members.ts"
import { keyOf, sha256 } from "./hashing.ts"
import type { LoadedConversation, StoredRecord } from "./store/store.ts"

/** Changes the conversation as an accepted record says.
 * @param hash - of the record, as text. */
export function applyChange(
  conversation: Conversation,
  change: ControlChange,
  issuer: string,
  position: number,
  hash: string,
): void {
  const type: TranscriptRecordType = change.kind
  const epoch = change.kind === "epoch" ? change.number : 0
  const isForPatient = change.kind === "grant" && change.slots.length === 0
  conversation.controls.set(hash, { position, type, epoch, isForPatient })
  switch (change.kind) {
    case "consent":
      conversation.patients.set(change.patient.key, change.patient)
      break
    case "open":
      conversation.roles = change.roles
      break
    case "access":
      conversation.accesses.set(issuer, change.access)
      break
    case "member":
      applyMember(conversation, change.change)
      conversation.memberPosition = position
      conversation.cutPosition = position
      break
    case "close":
      conversation.isClosed = true
      break
    case "reopen":
      conversation.isClosed = false
      conversation.isArchived = false
      break
    case "archive":
      conversation.vaultRole = change.slots[0]?.role
      conversation.isArchived = true
      conversation.cutPosition = position
      break
    case "withdraw":
      conversation.isWithdrawn = true
      break
    case "shred":
      conversation.isShredded = true
      break
    case "epoch":
    case "grant":
      break
  }
}

function applyMember(conversation: Conversation, change: MemberChange): void {
  if ("roles" in change) conversation.roles = change.roles
  else conversation.patients.set(change.device.key, change.device)
}

/** Notes what an accepted record changes in the store beside the records; after applyChange, in the same batch. */
export function noteEffects(conversation: Conversation, change: ControlChange): void {
  conversation.effects ??= { patients: [], dropped: [], isUnused: false, uses: [] }
  const { effects } = conversation
  if (change.kind === "consent") effects.patients.push(change.patient)
  if (change.kind === "member" && "device" in change.change) effects.patients.push(change.change.device)
  // An epoch that staff couldn't open stays as it was: nobody can be kept from archiving by one.
  if (change.kind === "archive")
    drop(conversation, effects, ARCHIVED, ({ type, isForPatient }, hash) =>
      type === "epoch" ? change.epochs.includes(hash) : !isForPatient,
    )
  if (change.kind === "shred") drop(conversation, effects, SHREDDED)
  if ("slots" in change) effects.uses = [...effects.uses, ...change.slots]
}

/** What the vault takes over, and what nobody shall have any more. */
const ARCHIVED: ReadonlySet<TranscriptRecordType> = new Set(["open", "epoch", "grant"])
const SHREDDED: ReadonlySet<TranscriptRecordType> = new Set([...ARCHIVED, "archive"])

function drop(
  conversation: Conversation,
  effects: ControlEffects,
  types: ReadonlySet<TranscriptRecordType>,
  isGone: (control: Control, hash: string) => boolean = () => true,
): void {
  const controls = [...conversation.controls].filter(
    ([hash, control]) => types.has(control.type) && isGone(control, hash),
  )
  effects.dropped = controls.map(([, { position }]) => position)
  const dropped = new Set(effects.dropped)
  const isEpochLeft = [...conversation.controls.values()].some(
    ({ type, position }) => type === "epoch" && !dropped.has(position),
  )
  // What an epoch that is left needs isn't known any more apart from what the others did.
  effects.isUnused = !isEpochLeft
  effects.uses = isEpochLeft ? effects.uses : []
}

/** A conversation as the store has it. */
export function conversationOf(clinic: Clinic, loaded: LoadedConversation): Conversation {
  const conversation = new Conversation(clinic, keyOf(loaded.ref.id), loaded.ref, loaded.link)
  restore(conversation, loaded)
  return conversation
}

/** Brings a conversation back to what the store has, whatever was added in vain. */
export function restore(conversation: Conversation, loaded: LoadedConversation): void {
  conversation.ref = loaded.ref
  conversation.entry = loaded.entry
  conversation.storedEntry = loaded.entry
  conversation.position = loaded.position
  conversation.link = loaded.link
  conversation.updatedMs = loaded.updatedMs
  conversation.lastBy = loaded.lastBy
  conversation.storedMs = loaded.updatedMs
  conversation.storedLink = loaded.link
  conversation.isStored = true
  conversation.added = []
  conversation.effects = undefined
  conversation.recent = []
  conversation.recentFrom = loaded.position
  conversation.patients.clear()
  conversation.roles = []
  conversation.isClosed = false
  conversation.vaultRole = undefined
  conversation.isArchived = false
  conversation.isWithdrawn = false
  conversation.isShredded = false
  conversation.memberPosition = 0
  conversation.cutPosition = 0
  conversation.controls.clear()
  conversation.accesses.clear()
  conversation.senders.clear()
  for (const [device, sequence] of decodeSenders(loaded.senders)) conversation.senders.set(device, sequence)
  for (const record of loaded.control) restoreControl(conversation, record)
  conversation.storedRoles = conversation.listedRoles
  conversation.listedMs = conversation.isOpen ? loaded.updatedMs : 0
}

function restoreControl(conversation: Conversation, stored: StoredRecord): void {
  const { position, bytes } = stored
  const record = decodeRecord(bytes)
  const change = changeOf(conversation, record, stored.timeMs)
  applyChange(conversation, change, keyOf(record.issuer), position, keyOf(recordHash(sha256, bytes)))
}

/** What a stored record changed. It was judged when it was stored. */
function changeOf(conversation: Conversation, record: WireRecord, storedMs: number): ControlChange {
  const { type, issued, body } = record
  const access = undefined
  switch (type) {
    case "consent":
      return { kind: "consent", patient: patientDevice(decodeConsent(body).keys, "device") }
    case "open":
      return { kind: "open", roles: decodeOpen(body).roles.map(({ role }) => role), slots: [] }
    case "epoch":
      return { kind: "epoch", number: decodeEpoch(body).number, slots: [], access }
    case "access":
      return { kind: "access", access: accessOf(decodeAccess(body), issued, storedMs) }
    case "member":
      return { kind: "member", access, change: storedChange(conversation, record, storedMs) }
    case "shred":
      return { kind: "shred" }
    case "grant":
      return { kind: "grant", slots: roleKeysOf([decodeGrant(body).slot]), access }
    case "archive": {
      const { slot, epochs } = decodeGrant(body)
      return { kind: "archive", slots: roleKeysOf([slot]), epochs: epochs.map((hash) => keyOf(hash)), access }
    }
    case "reopen":
    case "withdraw":
      return { kind: type, access }
    default:
      return { kind: "close", access }
  }
}
