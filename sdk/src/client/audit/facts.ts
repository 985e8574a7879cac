/** What a conversation's own records say, to hold the audit log against: pure. */
import { toHex } from "../../bytes.ts"
import type { TranscriptEvent } from "../../conversation/index.ts"
import { isDisclosure, isEmergency, type Purpose } from "../../protocol/index.ts"
import type { Action } from "../../tlog/index.ts"

/** One record of the transcript, as far as the audit log has to agree with it. */
export interface RecordFact {
  readonly position: number
  readonly hash: Uint8Array
  /** What the log calls it; undefined for a record that everybody refuses. */
  readonly action: Action | undefined
  /** The device that signed it, in hexadecimal; undefined for a record that everybody refuses. */
  readonly issuer: string | undefined
  /** Up to here the issuer had been given the conversation, by its own signature; 0 if it doesn't say. */
  readonly seen: number
  readonly access: AccessFact | undefined
  /** A device of the patient's that it brings in or takes out, in hexadecimal. */
  readonly added: { readonly device: string; readonly until: number } | undefined
  readonly removed: string | undefined
}

export interface AccessFact {
  readonly role: string
  readonly purpose: Purpose
  /** For how long it was asked, milliseconds. */
  readonly lastsMs: number
}

const NOTHING = { seen: 0, access: undefined, added: undefined, removed: undefined } as const

/** @param events - of a transcript, from position 1. */
export function factsOf(events: readonly TranscriptEvent[]): RecordFact[] {
  const first = events[0]
  const opener = first?.kind === "consent" ? toHex(first.device) : undefined
  return events.map((event) => factOf(event, opener))
}

function factOf(event: TranscriptEvent, opener: string | undefined): RecordFact {
  const { position, hash } = event
  const fact = { position, hash, ...NOTHING, action: actionOf(event), issuer: issuerOf(event, opener) }
  switch (event.kind) {
    case "message":
    case "locked":
      return { ...fact, seen: event.seenPosition }
    case "consent":
      return { ...fact, added: { device: toHex(event.device), until: 0 } }
    case "access": {
      const role = event.from.kind === "staff" ? event.from.role : ""
      const lastsMs = event.until - event.issued
      return { ...fact, access: { role, purpose: event.purpose, lastsMs } }
    }
    case "member": {
      const { change } = event
      const device = event.device === undefined ? "" : toHex(event.device)
      if (change.change === "add-device") return { ...fact, added: { device, until: change.until } }
      return change.change === "remove-device" ? { ...fact, removed: device } : fact
    }
    default:
      return fact
  }
}

function issuerOf(event: TranscriptEvent, opener: string | undefined): string | undefined {
  switch (event.kind) {
    case "refused":
      return undefined
    case "consent":
    case "open":
      return opener
    case "epoch":
      return toHex(event.issuer)
    case "shred":
      return toHex(event.by)
    default:
      return toHex(event.from.device)
  }
}

/** Undefined for a record that everybody refuses: what it is, nobody judged. */
function actionOf(event: TranscriptEvent): Action | undefined {
  switch (event.kind) {
    case "refused":
      return undefined
    case "message":
    case "locked":
      return "create"
    case "member":
      return "member-change"
    case "access":
      return accessAction(event.purpose)
    default:
      return event.kind
  }
}

/** What the log calls an access record. */
function accessAction(purpose: Purpose): Action {
  if (isEmergency(purpose)) return "break-glass"
  return isDisclosure(purpose) ? "disclosure" : "access"
}
