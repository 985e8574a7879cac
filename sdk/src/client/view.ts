/** From verified transcript events to what people see: pure, and cheap for each new record. */
import type { AttachmentPayload } from "../attachments/reference.ts"
import { equalBytes, toHex } from "../bytes.ts"
import type { Participant, TranscriptEvent } from "../conversation/index.ts"
import { WardlineError } from "../errors.ts"
import { attachmentInfo } from "./attachment-info.ts"
import type { ChatMessage, MessageAuthor, MessageState, OutboxEntry, SystemNote } from "./chat.ts"

/** A transcript record that shows, without what may change about it later. */
interface Entry {
  readonly id: string
  readonly position: number
  readonly kind: ChatMessage["kind"]
  readonly side: MessageAuthor["kind"]
  readonly deviceId: string
  readonly role?: string
  readonly mine: boolean
  readonly text: string
  readonly at: number
  readonly system?: SystemNote
  readonly attachment?: AttachmentPayload
}

/** How far each side has come in the transcript. */
interface Progress {
  readonly seen: number
  readonly read: number
}

export interface ViewState {
  /** Up to `length`; the array may be shared with later states. */
  readonly entries: readonly Entry[]
  readonly length: number
  readonly patient: Progress
  readonly staff: Progress
  /** Up to here this device has read. */
  readonly ownRead: number
  readonly patientName?: string
  readonly closed: boolean
}

export const EMPTY_VIEW: ViewState = {
  entries: [],
  length: 0,
  patient: { seen: 0, read: 0 },
  staff: { seen: 0, read: 0 },
  ownRead: 0,
  closed: false,
}

/** What else the list of messages depends on. */
export interface ViewContext {
  /** A staff device's name in the directory. */
  readonly staffName: (deviceId: string) => string | undefined
  /** Outbox ids of messages sent in this run, by record hash. */
  readonly localIds: ReadonlyMap<string, string>
  readonly outbox: readonly OutboxEntry[]
  readonly me: MessageAuthor
}

/** Takes the next event of a transcript.
 * @param ownDevice - this device's id. */
export function reduceView(view: ViewState, event: TranscriptEvent, ownDevice: Uint8Array): ViewState {
  switch (event.kind) {
    case "message":
      return reduceMessage(view, event, equalBytes(event.from.device, ownDevice))
    case "access":
      return append(view, event, {
        ...authorOf(event.from),
        kind: "system",
        text: `opened the conversation (${event.purpose})`,
        system: { type: "access", purpose: event.purpose, untilMs: event.until },
      })
    case "close":
      return {
        ...append(view, event, {
          ...authorOf(event.from),
          kind: "system",
          text: `closed the conversation (${event.reason})`,
          system: { type: "closed", reason: event.reason },
        }),
        closed: true,
      }
    case "refused":
      return append(view, event, { kind: "refused", side: "unknown", deviceId: "", text: "" })
    default:
      return view
  }
}

type MessageEvent = Extract<TranscriptEvent, { kind: "message" }>

function reduceMessage(view: ViewState, event: MessageEvent, mine: boolean): ViewState {
  const { from, payload } = event
  const before = view[from.kind]
  const seen = Math.max(before.seen, event.seenPosition)
  const author = { ...authorOf(from), mine }
  if (payload.type === "receipt") {
    // Nobody has read what she hasn't seen.
    const claimed = Math.min(payload.read, event.seenPosition)
    const progress = { seen, read: Math.max(before.read, claimed) }
    const ownRead = mine ? Math.max(view.ownRead, claimed) : view.ownRead
    return { ...view, [from.kind]: progress, ownRead }
  }
  const next: ViewState = { ...view, [from.kind]: { ...before, seen } }
  if (payload.type === "text") return append(next, event, { ...author, kind: "text", text: payload.text })
  if (payload.type === "attachment") {
    const shown = { kind: "attachment", text: payload.caption ?? "", attachment: payload } as const
    return append(next, event, { ...author, ...shown })
  }
  if (payload.type === "unknown") return append(next, event, { ...author, kind: "unknown", text: "" })
  // Only the patient says who the patient is.
  if (payload.type !== "profile" || from.kind !== "patient")
    return append(next, event, { ...author, kind: "unknown", text: "" })
  const named = payload.name === undefined ? next : { ...next, patientName: payload.name }
  return append(named, event, { ...author, kind: "profile", text: payload.answer ?? "" })
}

type Shown = Omit<Entry, "id" | "position" | "at" | "mine"> & { mine?: boolean }

/** The newest state's array grows in place: no state reads beyond its own length, and a copy for each record would
 * make the cost of a long conversation quadratic. */
function append(view: ViewState, event: TranscriptEvent, shown: Shown): ViewState {
  const { position, issued } = event
  const last = view.entries[view.length - 1]
  // Whoever floods a conversation with what everybody refuses fills no screen with it: a run of them shows once.
  if (event.kind === "refused" && last?.kind === "refused") return view
  // A refused record's own time can't be believed: it is shown where it stands.
  const at = event.kind === "refused" ? (last?.at ?? 0) : issued
  const entry = { mine: false, ...shown, id: toHex(event.hash), position, at }
  const isNewest = view.length > 0 && view.entries.length === view.length
  const entries = isNewest ? (view.entries as Entry[]) : view.entries.slice(0, view.length)
  entries.push(entry)
  return { ...view, entries, length: entries.length }
}

function authorOf(from: Participant): Pick<Entry, "side" | "deviceId" | "role"> {
  const author = { side: from.kind, deviceId: toHex(from.device) }
  return from.kind === "staff" ? { ...author, role: from.role } : author
}

/** The message made of an entry last: an entry never changes, and what may change about its message rarely does. */
const built = new WeakMap<Entry, ChatMessage>()

/** The messages in order: the transcript's, then the outbox's. One that hasn't changed is the same object again. */
export function buildMessages(view: ViewState, context: ViewContext): ChatMessage[] {
  const names = new Map<string, string | undefined>()
  const nameOf = (entry: Entry): string | undefined => {
    if (entry.side === "patient") return view.patientName
    if (!names.has(entry.deviceId)) names.set(entry.deviceId, context.staffName(entry.deviceId))
    return names.get(entry.deviceId)
  }
  const messages: ChatMessage[] = []
  for (let i = 0; i < view.length; i++) {
    const entry = view.entries[i] as Entry
    messages.push(messageOf(entry, stateOf(entry, view), nameOf(entry), context.localIds.get(entry.id)))
  }
  for (const entry of context.outbox) messages.push(outboxMessage(entry, context.me))
  return messages
}

function messageOf(
  entry: Entry,
  state: MessageState,
  name: string | undefined,
  localId: string | undefined,
): ChatMessage {
  const before = built.get(entry)
  if (before?.state === state && before.from.name === name && before.localId === localId) return before
  const message: ChatMessage = {
    id: entry.id,
    position: entry.position,
    kind: entry.kind,
    mine: entry.mine,
    from: {
      kind: entry.side,
      deviceId: entry.deviceId,
      ...(name === undefined ? {} : { name }),
      ...(entry.role === undefined ? {} : { role: entry.role }),
    },
    text: entry.text,
    at: entry.at,
    state,
    ...(localId === undefined ? {} : { localId }),
    ...(entry.system === undefined ? {} : { system: entry.system }),
    ...(entry.attachment === undefined ? {} : { attachment: attachmentInfo(entry.attachment) }),
  }
  built.set(entry, message)
  return message
}

function stateOf(entry: Entry, view: ViewState): MessageState {
  if (entry.kind === "refused") return "refused"
  if (!entry.mine) return entry.position <= view.ownRead ? "read" : "delivered"
  const others = entry.side === "patient" ? view.staff : view.patient
  if (entry.position <= others.read) return "read"
  return entry.position <= others.seen ? "delivered" : "sent"
}

function outboxMessage(entry: OutboxEntry, me: MessageAuthor): ChatMessage {
  const { localId, kind, text, at, ackedAs, failed, waitingFor, attachment } = entry
  const shown = { kind, text, ...(attachment === undefined ? {} : { attachment }) }
  const message = { id: ackedAs ?? localId, localId, ...shown, mine: true, from: me, at }
  if (failed !== undefined) {
    return { ...message, state: "failed", error: new WardlineError(failed, "the message could not be sent") }
  }
  const state = ackedAs === undefined ? "sending" : "sent"
  return waitingFor === undefined ? { ...message, state } : { ...message, state, error: waitingFor }
}

/** How many messages of others are beyond what this device has read. */
export function countUnread(view: ViewState, readUpTo: number): number {
  let unread = 0
  for (let i = view.length - 1; i >= 0; i--) {
    const entry = view.entries[i] as Entry
    if (entry.position <= readUpTo) break
    if (isFromOthers(entry)) unread += 1
  }
  return unread
}

/** The position of the newest message of others: what a receipt names; 0 if there is none. */
export function newestFromOthers(view: ViewState): number {
  for (let i = view.length - 1; i >= 0; i--) {
    const entry = view.entries[i] as Entry
    if (isFromOthers(entry)) return entry.position
  }
  return 0
}

function isFromOthers({ mine, kind }: Entry): boolean {
  return !mine && (kind === "text" || kind === "attachment" || kind === "profile" || kind === "unknown")
}

/** The payload of a message that stands for a file.
 * @throws {WardlineError} ERR_NOT_FOUND */
export function attachmentOf(view: ViewState, messageId: string): AttachmentPayload {
  for (let i = 0; i < view.length; i++) {
    const { id, attachment } = view.entries[i] as Entry
    if (id === messageId && attachment !== undefined) return attachment
  }
  throw new WardlineError("ERR_NOT_FOUND", "no message with a file has this id")
}
