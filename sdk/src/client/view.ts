/** From verified transcript events to what people see: pure, and cheap for each new record. */
import type { AttachmentPayload } from "../attachments/reference.ts"
import { equalBytes, toHex } from "../bytes.ts"
import type { MessageEvent, Participant, RefusedEvent, TranscriptEvent } from "../conversation/index.ts"
import { WardlineError } from "../errors.ts"
import type { ChatMessage, MessageAuthor, MessageState, OutboxEntry } from "./chat.ts"
import { type Amended, amend, type Change, foldChanges, type ShownChanges } from "./view-changes.ts"
import { type Content, contentOf, type Entry, isSaid, LOCKED, REFUSED, visible } from "./view-content.ts"
import { lineOf } from "./view-lines.ts"

/** How far each side has come in the transcript. */
interface Progress {
  readonly seen: number
  readonly read: number
}

export interface ViewState {
  /** By position. Up to `length`; the array may be shared with later states. */
  readonly entries: readonly Entry[]
  readonly length: number
  /** What came later and shows in an earlier entry's place. Up to `changesLength`, likewise. */
  readonly changes: readonly Change[]
  readonly changesLength: number
  readonly patient: Progress
  readonly staff: Progress
  /** Up to here this device has read. */
  readonly ownRead: number
  /** By the newest profile. */
  readonly patientName?: string
  readonly namedAt: number
}

export const EMPTY_VIEW: ViewState = {
  entries: [],
  length: 0,
  changes: [],
  changesLength: 0,
  patient: { seen: 0, read: 0 },
  staff: { seen: 0, read: 0 },
  ownRead: 0,
  namedAt: 0,
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
 * @param ownDevice - this device's id.
 * @param reason - of a break-glass access, where this device can open it. */
export function reduceView(
  view: ViewState,
  event: TranscriptEvent,
  ownDevice: Uint8Array,
  reason?: string,
): ViewState {
  switch (event.kind) {
    case "message":
      return reduceMessage(view, event, ownDevice)
    case "locked": {
      const seen = sawUpTo(view, event.from.kind, event.seenPosition)
      // Nobody's word: there is nothing to miss.
      return event.quiet ? seen : append(seen, entryOf(event, authorOf(event.from, ownDevice), LOCKED))
    }
    case "refused":
      return appendRefused(view, event)
    default: {
      const opened = event.kind === "grant" || event.kind === "archive" ? event.opened : []
      const line = lineOf(event, reason)
      const after = opened.reduce((state, item) => open(state, item, ownDevice), view)
      if (line === undefined) return after
      // An access by this device isn't its message: nobody's state depends on it.
      const author = { ...authorOf(line.from, ownDevice), mine: false }
      return append(after, entryOf(event, author, line.content))
    }
  }
}

function reduceMessage(view: ViewState, event: MessageEvent, ownDevice: Uint8Array): ViewState {
  const { from, payload } = event
  const seen = sawUpTo(view, from.kind, event.seenPosition)
  const author = authorOf(from, ownDevice)
  switch (payload.type) {
    case "receipt":
      return haveRead(seen, event, author.mine, payload.read)
    case "edit":
    case "reaction": {
      const target = entryAt(seen, payload.of)
      if (target === undefined || !amend(target, payload, author.deviceId))
        return appendRefused(seen, event, author)
      return change(seen, {
        ...author,
        kind: "amendment",
        position: event.position,
        at: event.issued,
        payload,
      })
    }
    default:
      return append(named(seen, event), messageEntry(seen, event, author))
  }
}

/** A locked message that a grant has opened, in its old place. */
function open(view: ViewState, event: MessageEvent | RefusedEvent, ownDevice: Uint8Array): ViewState {
  const { position } = event
  if (event.kind === "refused") {
    const entry = entryOf(event, { side: "unknown", deviceId: "", mine: false }, REFUSED)
    return change(view, { kind: "opened", position, entry })
  }
  const author = authorOf(event.from, ownDevice)
  const { payload } = event
  switch (payload.type) {
    case "receipt":
      return haveRead(view, event, author.mine, payload.read)
    case "reaction":
      return change(view, { ...author, kind: "amendment", position, at: event.issued, payload })
    case "edit": {
      const amended = change(view, { ...author, kind: "amendment", position, at: event.issued, payload })
      return change(amended, { kind: "opened", position, entry: undefined })
    }
    default:
      return change(named(view, event), {
        kind: "opened",
        position,
        entry: messageEntry(view, event, author),
      })
  }
}

function messageEntry(view: ViewState, event: MessageEvent, author: Author): Entry {
  const { from, payload } = event
  if (payload.type === "receipt" || payload.type === "edit" || payload.type === "reaction")
    throw new WardlineError("ERR_INTERNAL", "no message by itself")
  const content = contentOf(payload, from.kind)
  const form = content.response && entryAt(view, content.response.of)
  // Whoever can't read the question yet sees the answer all the same.
  const isAnswer = form === undefined || form.content.kind === "form" || form.content.kind === "locked"
  const entry = entryOf(event, author, content.response && !(form && isAnswer) ? REFUSED : content)
  return payload.id === undefined ? entry : { ...entry, payloadId: payload.id }
}

/** Only the patient says who the patient is; the newest profile counts. */
function named(view: ViewState, { from, payload, position }: MessageEvent): ViewState {
  if (payload.type !== "profile" || payload.name === undefined || from.kind !== "patient") return view
  return position < view.namedAt ? view : { ...view, patientName: payload.name, namedAt: position }
}

function sawUpTo(view: ViewState, side: "patient" | "staff", seenPosition: number): ViewState {
  const before = view[side]
  return seenPosition <= before.seen ? view : { ...view, [side]: { ...before, seen: seenPosition } }
}

function haveRead(view: ViewState, event: MessageEvent, mine: boolean, read: number): ViewState {
  const side = event.from.kind
  const before = view[side]
  // Nobody has read what she hasn't seen.
  const claimed = Math.min(read, event.seenPosition)
  const progress = { ...before, read: Math.max(before.read, claimed) }
  return { ...view, [side]: progress, ownRead: mine ? Math.max(view.ownRead, claimed) : view.ownRead }
}

type Author = Pick<Entry, "side" | "deviceId" | "role" | "mine">

function authorOf(
  from: Pick<Participant, "kind" | "device"> & { readonly role?: string },
  ownDevice: Uint8Array,
): Author {
  const author = {
    side: from.kind,
    deviceId: toHex(from.device),
    mine: equalBytes(from.device, ownDevice),
  }
  return from.role === undefined ? author : { ...author, role: from.role }
}

function entryOf(
  event: { readonly position: number; readonly issued: number; readonly hash: Uint8Array },
  author: Author,
  content: Content,
): Entry {
  const { position, issued, hash } = event
  return { ...author, id: toHex(hash), position, at: issued, content }
}

/** Whoever floods a conversation with what everybody refuses fills no screen with it: a run of them shows once. */
function appendRefused(
  view: ViewState,
  event: RefusedEvent | MessageEvent,
  author: Author = { side: "unknown", deviceId: "", mine: false },
): ViewState {
  const last = view.entries[view.length - 1]
  if (last?.content.kind === "refused") return view
  const entry = entryOf(event, author, REFUSED)
  // A refused record's own time can't be believed: it is shown where it stands.
  return append(view, event.kind === "refused" ? { ...entry, at: last?.at ?? 0 } : entry)
}

function append(view: ViewState, entry: Entry): ViewState {
  return { ...view, entries: grown(view.entries, view.length, entry), length: view.length + 1 }
}

function change(view: ViewState, item: Change): ViewState {
  const changes = grown(view.changes, view.changesLength, item)
  return { ...view, changes, changesLength: view.changesLength + 1 }
}

/** The newest state's array grows in place: no state reads beyond its own length, and a copy for each record would
 * make the cost of a long conversation quadratic. */
function grown<T>(items: readonly T[], length: number, item: T): readonly T[] {
  const isNewest = length > 0 && items.length === length
  const own = isNewest ? (items as T[]) : items.slice(0, length)
  own.push(item)
  return own
}

/** The entry at a position, by bisection. */
function entryAt(view: ViewState, position: number): Entry | undefined {
  let [low, high] = [0, view.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((view.entries[middle] as Entry).position < position) low = middle + 1
    else high = middle
  }
  const found = low < view.length ? view.entries[low] : undefined
  return found?.position === position ? found : undefined
}

/** What shows, in order: opened entries in their old places, and what one device says twice once. */
function* shownEntries(view: ViewState, changes: ShownChanges): Generator<Entry> {
  const ids = new Set<string>()
  for (let i = 0; i < view.length; i++) {
    const own = view.entries[i] as Entry
    const entry = changes.opened.has(own.position) ? changes.opened.get(own.position) : own
    if (entry === undefined) continue
    if (entry.payloadId !== undefined) {
      const name = `${entry.deviceId}/${entry.payloadId}`
      if (ids.has(name)) continue
      ids.add(name)
    }
    yield entry
  }
}

/** The message made of an entry last, and what it depended on: an entry never changes, and what may change about its
 * message rarely does. */
const built = new WeakMap<Entry, { readonly message: ChatMessage; readonly overlay: string }>()

/** The messages in order: the transcript's, then the outbox's. One that hasn't changed is the same object again. */
export function buildMessages(view: ViewState, context: ViewContext): ChatMessage[] {
  const names = new Map<string, string | undefined>()
  const nameOf = ({ side, deviceId }: Pick<Entry, "side" | "deviceId">): string | undefined => {
    if (side === "patient") return view.patientName
    if (!names.has(deviceId)) names.set(deviceId, context.staffName(deviceId))
    return names.get(deviceId)
  }
  const changes = foldChanges(view.changes, view.changesLength, context, nameOf)
  const messages: ChatMessage[] = []
  for (const entry of shownEntries(view, changes)) {
    const amended = changes.amended(entry)
    messages.push(
      messageOf(entry, stateOf(entry, view), nameOf(entry), context.localIds.get(entry.id), amended),
    )
  }
  for (const entry of context.outbox) {
    const message = outboxMessage(entry, context.me)
    if (message !== undefined) messages.push(message)
  }
  return messages
}

function messageOf(
  entry: Entry,
  state: MessageState,
  name: string | undefined,
  localId: string | undefined,
  amended: Amended,
): ChatMessage {
  const before = built.get(entry)
  const isSame = before?.overlay === amended.key && before.message.state === state
  if (isSame && before.message.from.name === name && before.message.localId === localId) return before.message
  const message: ChatMessage = {
    id: entry.id,
    position: entry.position,
    ...visible(entry.content),
    mine: entry.mine,
    from: {
      kind: entry.side,
      deviceId: entry.deviceId,
      ...(name === undefined ? {} : { name }),
      ...(entry.role === undefined ? {} : { role: entry.role }),
    },
    at: entry.at,
    state,
    ...(localId === undefined ? {} : { localId }),
    ...amended.parts(),
  }
  built.set(entry, { message, overlay: amended.key })
  return message
}

function stateOf(entry: Entry, view: ViewState): MessageState {
  if (entry.content.kind === "refused") return "refused"
  if (!entry.mine) return entry.position <= view.ownRead ? "read" : "delivered"
  const others = entry.side === "patient" ? view.staff : view.patient
  if (entry.position <= others.read) return "read"
  return entry.position <= others.seen ? "delivered" : "sent"
}

/** What isn't sent yet; edits and reactions show on their targets. */
function outboxMessage(entry: OutboxEntry, me: MessageAuthor): ChatMessage | undefined {
  const { localId, payload, at, ackedAs, failed, waitingFor } = entry
  if (payload.type === "edit" || payload.type === "reaction" || payload.type === "receipt") return undefined
  const content = visible(contentOf(payload, me.kind === "patient" ? "patient" : "staff"))
  const message = { id: ackedAs ?? localId, localId, ...content, mine: true, from: me, at }
  if (failed !== undefined) {
    return { ...message, state: "failed", error: new WardlineError(failed, "the message could not be sent") }
  }
  const state = ackedAs === undefined ? "sending" : "sent"
  return waitingFor === undefined ? { ...message, state } : { ...message, state, error: waitingFor }
}

/** How many messages of others are beyond what this device has read. */
export function countUnread(messages: readonly ChatMessage[], readUpTo: number): number {
  let unread = 0
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i] as ChatMessage
    if (message.position === undefined) continue
    if (message.position <= readUpTo) break
    if (isFromOthers(message)) unread += 1
  }
  return unread
}

/** The position of the newest message of others: what a receipt names; 0 if there is none. */
export function newestFromOthers(messages: readonly ChatMessage[]): number {
  return messages.findLast(isFromOthers)?.position ?? 0
}

function isFromOthers(message: ChatMessage): boolean {
  return !message.mine && isSaid(message)
}

/** The payload of a message that stands for a file.
 * @throws {WardlineError} ERR_NOT_FOUND */
export function attachmentOf(view: ViewState, messageId: string): AttachmentPayload {
  const changes = foldChanges(view.changes, view.changesLength)
  for (const { id, content } of shownEntries(view, changes))
    if (id === messageId && content.attachment !== undefined) return content.attachment
  throw new WardlineError("ERR_NOT_FOUND", "no message with a file has this id")
}
