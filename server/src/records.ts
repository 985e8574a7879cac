/** Keeps a conversation's memory in step with its records, whether they come from a device or from the store. */
import {
  decodeAccess,
  decodeConsent,
  decodeEpoch,
  decodeOpen,
  decodeRecord,
  purposeCode,
  type WireRecord,
} from "@wardline/sdk/protocol"
import type { Clinic } from "./clinic.ts"
import { Conversation, decodeSenders } from "./conversation.ts"
import { accessUntil, type ControlChange } from "./gates/control.ts"
import { keyOf, sha256, sha256Text } from "./hashing.ts"
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
  conversation.controls.set(hash, { position, epoch: change.kind === "epoch" ? change.number : 0 })
  switch (change.kind) {
    case "consent":
      conversation.patient = change.patient
      break
    case "open":
      conversation.roles = change.roles
      break
    case "access":
      conversation.accesses.set(issuer, change.access)
      break
    case "close":
      conversation.isClosed = true
      break
    case "epoch":
      break
  }
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
  conversation.position = loaded.position
  conversation.link = loaded.link
  conversation.updatedMs = loaded.updatedMs
  conversation.storedMs = loaded.updatedMs
  conversation.storedLink = loaded.link
  conversation.isStored = true
  conversation.added = []
  conversation.recent = []
  conversation.recentFrom = loaded.position
  conversation.patient = undefined
  conversation.roles = []
  conversation.isClosed = false
  conversation.controls.clear()
  conversation.accesses.clear()
  conversation.senders.clear()
  for (const [device, sequence] of decodeSenders(loaded.senders)) conversation.senders.set(device, sequence)
  for (const record of loaded.control) restoreControl(conversation, record)
  conversation.listedMs = conversation.isOpen ? loaded.updatedMs : 0
}

function restoreControl(conversation: Conversation, stored: StoredRecord): void {
  const { position, bytes } = stored
  const record = decodeRecord(bytes)
  const issuer = keyOf(record.issuer)
  applyChange(conversation, changeOf(record, stored.timeMs), issuer, position, sha256Text(record.bytes))
}

/** What a stored record changed. It was judged when it was stored. */
function changeOf({ type, issuer, issued, body }: WireRecord, storedMs: number): ControlChange {
  switch (type) {
    case "consent": {
      const { keys } = decodeConsent(body)
      return { kind: "consent", patient: { key: keyOf(issuer), wrappingHash: sha256(keys.wrapping) } }
    }
    case "open":
      return { kind: "open", roles: decodeOpen(body).roles.map(({ role }) => role) }
    case "epoch":
      return { kind: "epoch", number: decodeEpoch(body).number, access: undefined }
    case "access": {
      const { role, purpose, until } = decodeAccess(body)
      const untilMs = accessUntil(storedMs, issued, until)
      return { kind: "access", access: { role, purpose: purposeCode(purpose), untilMs } }
    }
    default:
      return { kind: "close", access: undefined }
  }
}
