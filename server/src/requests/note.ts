/** An event that only the audit log takes: logins and their failures, logouts, lists, the relay's own. */
import { isWardlineError } from "@wardline/sdk/protocol"
import { type AuditEvent, NOBODY } from "../audit-chain.ts"
import type { Clinic } from "../clinic.ts"
import type { Conversation } from "../conversation.ts"
import type { Conversations } from "../conversations.ts"
import type { Request } from "../group-commit.ts"
import type { Session } from "../session.ts"
import type { Awaitable } from "../store/store.ts"
import type { Subscription } from "../subscription.ts"
import type { Transaction } from "../transaction.ts"

type NotedEvent = Pick<AuditEvent, "action"> & Partial<AuditEvent>

interface NoteOptions {
  /** What the event is about; the clinic unless given, or if there is no such conversation. */
  readonly about?: { readonly conversations: Conversations; readonly key: string }
  /** Called when the entry is durable. */
  readonly done?: () => void
  /** Called when it can't be stored. */
  readonly failed?: (error: unknown) => void
}

export class Note implements Request {
  readonly bytes = 0
  readonly isRead = true
  readonly #clinic: Clinic
  readonly #event: NotedEvent
  readonly #options: NoteOptions

  /** @param event - its actor is the relay unless given. */
  constructor(clinic: Clinic, event: NotedEvent, options: NoteOptions = {}) {
    this.#clinic = clinic
    this.#event = event
    this.#options = options
  }

  prepare(): Awaitable<void> {
    const { about } = this.#options
    return about?.conversations.load(about.key)
  }

  apply(transaction: Transaction): void {
    const { about } = this.#options
    const { nowMs } = transaction
    const conversation = about?.conversations.get(about.key)
    const scope =
      this.#event.action === "refusal" ? refusedAbout(this.#clinic, conversation, nowMs) : conversation
    transaction.note(this.#clinic, eventWith(this.#event, nowMs), scope)
  }

  done(): void {
    this.#options.done?.()
  }

  failed(error: unknown): void {
    this.#options.failed?.(error)
  }
}

/** An event with everything that it doesn't say itself. */
export function eventWith(event: NotedEvent, nowMs: number): AuditEvent {
  return {
    outcome: "success",
    purpose: 0,
    timeMs: nowMs,
    actor: NOBODY,
    role: "",
    position: 0,
    ...event,
  }
}

/** Notes that something was refused to a session, as far as the clinic's log takes refusals now.
 * @param conversation - in memory, that it was about. */
export function noteRefusal(
  transaction: Transaction,
  session: Session,
  error: unknown,
  conversation?: Conversation,
): void {
  const { clinic } = session
  if (!clinic.mayNoteRefusal(session.device, transaction.nowMs)) return
  const event = { ...eventOf(session, "refusal"), outcome: refusalOf(error) } as const
  const { nowMs } = transaction
  transaction.note(clinic, eventWith(event, nowMs), refusedAbout(clinic, conversation, nowMs))
}

/** The conversation that a refusal is noted of; none where it has too many, so that nobody can fill it with them. */
function refusedAbout(
  clinic: Clinic,
  conversation: Conversation | undefined,
  nowMs: number,
): Conversation | undefined {
  // Another clinic's device takes none of its.
  return conversation?.clinic === clinic && conversation.takesRefusal(nowMs) ? conversation : undefined
}

/** Whether somebody was refused something, or the relay failed. */
export function refusalOf(error: unknown): "refused" | "failed" {
  return isWardlineError(error) && error.code !== "ERR_INTERNAL" && error.code !== "ERR_STORE"
    ? "refused"
    : "failed"
}

/** The note that a subscription has ended, and how far it came. */
export function endOf(
  { session, conversation, access, position }: Subscription,
  conversations: Conversations,
): Note {
  const common = { ...eventOf(session, "delivered"), position }
  const event = { ...common, role: access?.role ?? "", purpose: access?.purpose ?? 0 }
  return new Note(session.clinic, event, { about: { conversations, key: conversation.key } })
}

/** What a logged-in session does. */
export function eventOf(session: Session, action: AuditEvent["action"]): NotedEvent {
  return { action, actor: session.device, role: session.roles[0] ?? "" }
}
