/** What an application sees of a conversation. */
import type { FormAnswer, FormField, KnownPayload } from "../conversation/index.ts"
import type { ErrorCode, WardlineError } from "../errors.ts"
import type { CloseReason, PatientDeviceKind, Purpose, ReopenReason, ShredReason } from "../protocol/index.ts"

/** `delivered`: the other side has seen past it. `read`: the other side's receipt says so. `failed`: it is in the
 * outbox until it is retried or discarded. Messages of others are `delivered`, then `read` on this device. */
export type MessageState = "sending" | "sent" | "delivered" | "read" | "failed" | "refused"

export interface MessageAuthor {
  /** `unknown` for a refused record: who it claims to be from isn't known to be true. */
  readonly kind: "patient" | "staff" | "unknown"
  /** Hexadecimal; empty if unknown. */
  readonly deviceId: string
  /** Staff: from the clinic's directory; patient: from the sealed profile. */
  readonly name?: string
  readonly role?: string
}

/** What a message of kind `system` tells; `from` says who. Its `text` is the same in plain English. */
export type SystemNote =
  /** `reason`: why the glass was broken, where this device's role is told. */
  | {
      readonly type: "access"
      readonly purpose: Purpose
      readonly untilMs: number
      readonly reason?: string
    }
  | { readonly type: "role-added" | "role-removed"; readonly role: string }
  /** One of the patient's devices, by its id in hexadecimal. */
  | { readonly type: "device-added"; readonly device: string; readonly kind: PatientDeviceKind }
  | { readonly type: "device-removed"; readonly device: string }
  /** What was said before can be read by one more: a role's name, or a device's id in hexadecimal. */
  | { readonly type: "granted"; readonly to: { readonly kind: "role" | "device"; readonly id: string } }
  | { readonly type: "closed"; readonly reason: CloseReason }
  | { readonly type: "reopened"; readonly reason: ReopenReason }
  | { readonly type: "archived" }
  /** The patient takes back her consent: nothing more is said. */
  | { readonly type: "withdrawn" }
  | { readonly type: "destroyed"; readonly reason: ShredReason }
  /** A program speaks for the clinic: `event` is its name for what happened. */
  | { readonly type: "notice"; readonly event: string }

/** One emoji of one device on a message. */
export interface Reaction {
  readonly emoji: string
  readonly from: MessageAuthor
  readonly mine: boolean
}

/** How a text was worded before. */
export interface Wording {
  readonly text: string
  /** Milliseconds since 1970, by the sender's clock. */
  readonly at: number
}

/** A change of one's own text that is on its way. `retry` and `discard` take its `id`. */
export interface PendingEdit {
  readonly id: string
  readonly text: string
  readonly state: "sending" | "failed"
  readonly error?: WardlineError
}

/** Questions, as staff send them. */
export interface FormInfo {
  /** The form's own name, the same each time that it is sent. */
  readonly form: string
  readonly title: string
  readonly fields: readonly Readonly<FormField>[]
}

/** What was answered to the form in the message at `of`. */
export interface FormResponse {
  /** A position in the transcript. */
  readonly of: number
  readonly answers: readonly Readonly<FormAnswer>[]
}

/** A note that staff wrote in another system. */
export interface NoteReference {
  readonly reference: string
  readonly label: string
}

/** A file that goes with a message. */
export interface AttachmentInfo {
  /** Fit to be shown and saved under: no path, no device, nothing that reads backwards. */
  readonly name: string
  /** What the sender says it is, such as image/jpeg. */
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
}

/** `unknown`: a kind that this version doesn't know ("update your app"). `refused`: it could not be trusted. `locked`: it
 * was said before this device could read along; a grant by somebody who can opens it, in its place. */
export type MessageKind =
  | "text"
  | "attachment"
  | "profile"
  | "form"
  | "form-response"
  | "note"
  | "system"
  | "locked"
  | "unknown"
  | "refused"

export interface ChatMessage {
  /** The record's hash in hexadecimal, or the outbox's id while sending. */
  readonly id: string
  /** The outbox's id, for messages that this client sent since it was made: stable while `id` changes. */
  readonly localId?: string
  /** In the transcript; absent while sending. */
  readonly position?: number
  readonly kind: MessageKind
  readonly mine: boolean
  readonly from: MessageAuthor
  readonly text: string
  /** Milliseconds since 1970, by the sender's clock. */
  readonly at: number
  readonly state: MessageState
  readonly error?: WardlineError
  readonly system?: SystemNote
  /** Of a message of kind `attachment`; its `text` is the caption. */
  readonly attachment?: AttachmentInfo
  readonly form?: FormInfo
  readonly response?: FormResponse
  readonly note?: NoteReference
  /** How an edited text was worded before, oldest first. */
  readonly edited?: readonly Wording[]
  readonly editing?: PendingEdit
  readonly reactions?: readonly Reaction[]
}

/** `withdrawn`: the patient took back her consent. `archived`: closed, and only the vault's keepers can open it.
 * `destroyed`: its keys are gone for good. `forked`: two histories exist, or an older one was shown; nothing is sent
 * any more. */
export type ConversationStatus = "open" | "closed" | "withdrawn" | "archived" | "destroyed" | "forked"

export interface ConversationView {
  /** Hexadecimal. */
  readonly id: string
  readonly status: ConversationStatus
  readonly topic?: string
  readonly language?: string
  readonly messages: readonly ChatMessage[]
  /** The backlog is done, the connection is up, and the relay signs that this is all. */
  readonly live: boolean
  /** The relay is connected and hasn't signed for how far the conversation goes: it may withhold messages. */
  readonly stale: boolean
  readonly unread: number
  /** Why it isn't live, where that is more than a lost connection. */
  readonly error?: WardlineError
}

/** A message in the outbox, as the view needs it. */
export interface OutboxEntry {
  readonly localId: string
  readonly payload: KnownPayload
  readonly at: number
  /** The record's hash in hexadecimal, once the relay has stored it. */
  readonly ackedAs?: string
  readonly failed?: ErrorCode
  /** Why it still waits, where that is more than a lost connection. */
  readonly waitingFor?: WardlineError
}
