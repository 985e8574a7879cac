/** An event that only the audit log takes: logins and their failures, logouts, lists, the relay's own. */
import { type AuditEvent, NOBODY } from "../audit-chain.ts"
import type { Clinic } from "../clinic.ts"
import type { Request } from "../group-commit.ts"
import { keyOf } from "../hashing.ts"
import type { Session } from "../session.ts"
import type { ClinicRef } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"

type NotedEvent = Pick<AuditEvent, "action"> & Partial<AuditEvent>

export class Note implements Request {
  readonly bytes = 0
  readonly isRead = true
  readonly #clinic: Clinic
  readonly #event: NotedEvent
  readonly #done: () => void
  readonly #failed: (error: unknown) => void

  /** @param event - its scope is the clinic unless given, its actor the relay.
   * @param done - called when the entry is durable.
   * @param failed - called when it can't be stored. */
  constructor(
    clinic: Clinic,
    event: NotedEvent,
    done: () => void = () => {},
    failed: (error: unknown) => void = () => {},
  ) {
    this.#clinic = clinic
    this.#event = event
    this.#done = done
    this.#failed = failed
  }

  apply(transaction: Transaction): void {
    transaction.note(this.#clinic, eventWith(this.#event, this.#clinic, transaction.nowMs))
  }

  done(): void {
    this.#done()
  }

  failed(error: unknown): void {
    this.#failed(error)
  }
}

/** An event with everything that it doesn't say itself. */
export function eventWith(event: NotedEvent, clinic: Clinic, nowMs: number): AuditEvent {
  return eventFor(clinic.ref, event, nowMs)
}

/** The same for a clinic that isn't being served. */
export function eventFor(clinic: ClinicRef, event: NotedEvent, nowMs: number): AuditEvent {
  const common = {
    outcome: "success",
    purpose: 0,
    timeMs: nowMs,
    actor: NOBODY,
    role: "",
    position: 0,
  } as const
  return { ...common, scope: keyOf(clinic.id), ...event }
}

/** What a logged-in session does. */
export function eventOf(session: Session, action: AuditEvent["action"]): NotedEvent {
  return { action, actor: session.device, role: session.roles[0] ?? "" }
}
