import type { ChatMessage, Purpose, SystemNote } from "@wardline/sdk"
import { isSameDay } from "./format.ts"

/** What a thread shows, from top to bottom. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly atMs: number }
  | { readonly kind: "unread"; readonly key: string }
  /** Consecutive messages of one sender. */
  | {
      readonly kind: "group"
      readonly key: string
      readonly messages: readonly [ChatMessage, ...ChatMessage[]]
    }
  /** A message that nobody wrote as text: a name shared, something refused or unknown. */
  | { readonly kind: "note"; readonly key: string; readonly message: ChatMessage }

/** A pause longer than this starts a new group, with its own time. */
const GROUP_WITHIN_MS = 5 * 60_000

const WRITTEN: ReadonlySet<ChatMessage["kind"]> = new Set([
  "text",
  "attachment",
  "form",
  "form-response",
  "note",
])

/** What somebody wrote or sent: a text, a file, questions and answers, a program's notice in words, or what the patient
 * answered when they introduced themselves. */
export function isWritten(message: ChatMessage): boolean {
  if (message.kind === "profile" || message.system?.type === "notice") return message.text !== ""
  return WRITTEN.has(message.kind)
}

/** Stays the same from the outbox to the transcript, so that a bubble isn't torn down when it is acked. */
export function keyOf(message: ChatMessage): string {
  return message.localId ?? message.id
}

function belongs(group: readonly ChatMessage[], message: ChatMessage): boolean {
  const last = group.at(-1)
  if (last === undefined || last.mine !== message.mine) return false
  return last.from.deviceId === message.from.deviceId && message.at - last.at < GROUP_WITHIN_MS
}

const USUAL: ReadonlySet<Purpose> = new Set(["TREAT", "HOPERAT", "HPAYMT", "PATRQT"])

/** Whether somebody opened the conversation in an emergency, or for others than the patient's care: it is told each time,
 * and stands out. */
export function isUnusual(note: SystemNote | undefined): boolean {
  return note?.type === "access" && !USUAL.has(note.purpose)
}

/** Says what isn't told again: who opened the conversation once more on the same day, that the message before is locked
 * too, and what follows from a device that comes or goes. */
class Repeats {
  #readers = new Set<string>()
  readonly #pairings = new Set<string>()
  #last = ""

  newDay(): void {
    this.#readers = new Set()
    this.#last = ""
  }

  isOne({ kind, system, from }: ChatMessage): boolean {
    const now = kind === "locked" ? kind : system?.type === "granted" ? `granted ${system.to.id}` : ""
    const isAgain = now !== "" && now === this.#last
    this.#last = now
    switch (system?.type) {
      case "access": {
        const reader = `${from.deviceId} ${system.purpose}`
        if (isUnusual(system) || !this.#readers.has(reader)) {
          this.#readers.add(reader)
          return false
        }
        return true
      }
      // The line of the device that was added says it.
      case "granted":
        return isAgain || system.to.kind === "device"
      // A link for another phone is used up by the phone that it brings.
      case "device-added":
        if (system.kind === "pairing") this.#pairings.add(system.device)
        return false
      case "device-removed":
        return this.#pairings.has(system.device)
      default:
        return isAgain
    }
  }
}

/**
 * Lays out a thread: days, groups, notes and one "new messages" line.
 * Who opened the conversation is noted once for each device, purpose and day.
 * @param firstUnread - the id of the first message that was unread when the thread came into view.
 */
export function rowsOf(messages: readonly ChatMessage[], firstUnread?: string): Row[] {
  const rows: Row[] = []
  const repeats = new Repeats()
  let group: [ChatMessage, ...ChatMessage[]] | null = null
  let previous: ChatMessage | null = null
  for (const message of messages) {
    if (previous === null || !isSameDay(previous.at, message.at)) {
      rows.push({ kind: "day", key: `day-${keyOf(message)}`, atMs: message.at })
      repeats.newDay()
      group = null
    }
    previous = message
    if (repeats.isOne(message)) continue
    if (message.id === firstUnread) {
      rows.push({ kind: "unread", key: "unread" })
      group = null
    }
    if (!isWritten(message)) {
      rows.push({ kind: "note", key: keyOf(message), message })
      group = null
    } else if (group !== null && belongs(group, message)) group.push(message)
    else {
      group = [message]
      rows.push({ kind: "group", key: `group-${keyOf(message)}`, messages: group })
    }
  }
  return rows
}

const COUNTED: ReadonlySet<ChatMessage["kind"]> = new Set([
  "text",
  "attachment",
  "profile",
  "form",
  "form-response",
  "note",
  "unknown",
])

/** The first of the newest `unread` messages that others wrote; undefined when there is none. */
export function firstUnreadId(messages: readonly ChatMessage[], unread: number): string | undefined {
  if (unread <= 0) return undefined
  return messages.filter(({ mine, kind }) => !mine && COUNTED.has(kind)).at(-unread)?.id
}

/** Where a state is worth saying: under the last message of one's own, and wherever something is still to do. */
export function showsState(message: ChatMessage, messages: readonly ChatMessage[]): boolean {
  if (!message.mine) return false
  if (message.state === "failed" || message.state === "sending") return true
  return messages.findLast((other) => other.mine && isWritten(other))?.id === message.id
}

/** A role's slug in words: "front-desk" → "Front desk", unless the table knows better. */
export function roleName(role: string, known: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(known, role)) return known[role] ?? role
  const words = role.replaceAll("-", " ")
  return words.charAt(0).toUpperCase() + words.slice(1)
}
