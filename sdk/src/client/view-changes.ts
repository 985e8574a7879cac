/** What later records change about earlier messages: words, reactions, and what was locked. */
import type { EditPayload, ReactionPayload } from "../conversation/index.ts"
import { WardlineError } from "../errors.ts"
import type { ChatMessage, MessageAuthor, OutboxEntry, PendingEdit, Reaction, Wording } from "./chat.ts"
import { type Entry, isSaid } from "./view-content.ts"

/** An edit or a reaction, by whom and when. */
interface Amendment extends Pick<Entry, "side" | "deviceId" | "role" | "mine"> {
  readonly kind: "amendment"
  readonly position: number
  readonly at: number
  readonly payload: EditPayload | ReactionPayload
}

export type Change =
  | Amendment
  /** A locked message that could be opened; without an entry it was about another one. */
  | { readonly kind: "opened"; readonly position: number; readonly entry: Entry | undefined }

type Parts = Partial<Pick<ChatMessage, "text" | "edited" | "editing" | "reactions">>

/** How a message differs from its entry. */
export interface Amended {
  /** Made when it is called: rarely, as long as the key stays the same. */
  readonly parts: () => Parts
  /** The same for the same parts. */
  readonly key: string
}

export interface ShownChanges {
  readonly opened: ReadonlyMap<number, Entry | undefined>
  amended(entry: Entry): Amended
}

const UNCHANGED: Amended = { parts: () => ({}), key: "" }

/** Whether a device may say this of an entry: reactions go on what somebody said, and only its own device changes a text.
 * Of a locked one nobody knows yet. */
export function amend(
  { content, deviceId }: Entry,
  { type }: EditPayload | ReactionPayload,
  byDevice: string,
): boolean {
  if (type === "edit" && deviceId !== byDevice) return false
  if (content.kind === "locked") return true
  return type === "edit" ? content.kind === "text" : isSaid(content)
}

/** Sorts out what was changed where.
 * @param context - this device's outbox, so that its own changes show at once. */
export function foldChanges(
  changes: readonly Change[],
  length: number,
  context?: { readonly outbox: readonly OutboxEntry[]; readonly me: MessageAuthor },
  nameOf: (from: Pick<Entry, "side" | "deviceId">) => string | undefined = () => undefined,
): ShownChanges {
  const opened = new Map<number, Entry | undefined>()
  const amendments = new Map<number, Amendment[]>()
  const add = (amendment: Amendment): void => {
    const { of } = amendment.payload
    const list = amendments.get(of)
    if (list === undefined) amendments.set(of, [amendment])
    else list.push(amendment)
  }
  for (let i = 0; i < length; i++) {
    const item = changes[i] as Change
    if (item.kind === "opened") opened.set(item.position, item.entry)
    else add(item)
  }
  const pending = new Map<number, OutboxEntry>()
  for (const entry of context?.outbox ?? []) {
    const { payload, at, failed } = entry
    if (payload.type === "edit") pending.set(payload.of, entry)
    if (payload.type === "reaction" && failed === undefined && context !== undefined)
      add({ ...ownAuthor(context.me), kind: "amendment", position: Number.MAX_SAFE_INTEGER, at, payload })
  }
  return {
    opened,
    amended: (entry) => {
      const list = amendments.get(entry.position)
      const waiting = pending.get(entry.position)
      if (list === undefined && waiting === undefined) return UNCHANGED
      const valid = (list ?? []).filter(({ payload, deviceId }) => amend(entry, payload, deviceId))
      // What a grant opened stands behind what came later.
      valid.sort((a, b) => a.position - b.position)
      if (entry.content.kind === "locked") return UNCHANGED
      return { parts: () => partsOf(entry, valid, waiting, nameOf), key: keyOf(valid, waiting, nameOf) }
    },
  }
}

function partsOf(
  entry: Entry,
  amendments: readonly Amendment[],
  waiting: OutboxEntry | undefined,
  nameOf: (from: Pick<Entry, "side" | "deviceId">) => string | undefined,
): Parts {
  const wordings: Wording[] = [{ text: entry.content.text, at: entry.at }]
  const ids = new Set<string>()
  const reactions = new Map<string, Reaction>()
  for (const { payload, at, side, deviceId, role, mine } of amendments) {
    if (payload.type === "edit") {
      if (payload.id === undefined || !ids.has(payload.id)) wordings.push({ text: payload.text, at })
      if (payload.id !== undefined) ids.add(payload.id)
    } else {
      const name = nameOf({ side, deviceId })
      const named = name === undefined ? {} : { name }
      const from = { kind: side, deviceId, ...named, ...(role === undefined ? {} : { role }) }
      reactions.delete(deviceId)
      if (payload.emoji !== "") reactions.set(deviceId, { emoji: payload.emoji, from, mine })
    }
  }
  const newest = wordings.at(-1) as Wording
  const editing = waiting === undefined ? undefined : pendingEdit(waiting)
  return {
    ...(wordings.length === 1 ? {} : { text: newest.text, edited: wordings.slice(0, -1) }),
    ...(editing === undefined ? {} : { editing }),
    ...(reactions.size === 0 ? {} : { reactions: [...reactions.values()] }),
  }
}

/** By positions, which stand for what was said there: words may be long, and many. One's own that is on its way has none
 * yet. */
function keyOf(
  amendments: readonly Amendment[],
  waiting: OutboxEntry | undefined,
  nameOf: (from: Pick<Entry, "side" | "deviceId">) => string | undefined,
): string {
  let key = waiting === undefined ? "" : `${waiting.localId} ${waiting.failed ?? ""}`
  for (const { position, payload, side, deviceId } of amendments) {
    key += `/${position}`
    if (payload.type === "reaction") key += ` ${payload.emoji} ${nameOf({ side, deviceId }) ?? ""}`
  }
  return key
}

function pendingEdit({ localId, payload, failed }: OutboxEntry): PendingEdit | undefined {
  if (payload.type !== "edit") return undefined
  const edit = { id: localId, text: payload.text }
  if (failed === undefined) return { ...edit, state: "sending" }
  return { ...edit, state: "failed", error: new WardlineError(failed, "the change could not be sent") }
}

function ownAuthor({ kind, deviceId, role }: MessageAuthor): Pick<Entry, "side" | "deviceId" | "mine"> {
  return { side: kind, deviceId, mine: true, ...(role === undefined ? {} : { role }) }
}
