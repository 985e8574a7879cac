/** What an application sees of a conversation. */
import type { ErrorCode, WardlineError } from "../errors.ts"
import type { CloseReason, Purpose } from "../protocol/index.ts"

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

/** What a message of kind `system` tells. Its `text` is the same in plain English. */
export type SystemNote =
  | { readonly type: "access"; readonly purpose: Purpose; readonly untilMs: number }
  | { readonly type: "closed"; readonly reason: CloseReason }

/** A file that goes with a message. */
export interface AttachmentInfo {
  /** Fit to be shown and saved under: no path, no device, nothing that reads backwards. */
  readonly name: string
  /** What the sender says it is, such as image/jpeg. */
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
}

export interface ChatMessage {
  /** The record's hash in hexadecimal, or the outbox's id while sending. */
  readonly id: string
  /** The outbox's id, for messages that this client sent since it was made: stable while `id` changes. */
  readonly localId?: string
  /** In the transcript; absent while sending. */
  readonly position?: number
  /** `unknown`: a kind that this version doesn't know ("update your app"). `refused`: it could not be trusted. */
  readonly kind: "text" | "attachment" | "profile" | "system" | "unknown" | "refused"
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
}

export interface ConversationView {
  /** Hexadecimal. */
  readonly id: string
  /** `forked`: two histories exist, or an older one was shown; nothing is sent any more. */
  readonly status: "open" | "closed" | "forked"
  readonly topic?: string
  readonly language?: string
  readonly messages: readonly ChatMessage[]
  /** The backlog is done and the connection is up. */
  readonly live: boolean
  readonly unread: number
  /** Why it isn't live, where that is more than a lost connection. */
  readonly error?: WardlineError
}

/** A message in the outbox, as the view needs it. */
export interface OutboxEntry {
  readonly localId: string
  readonly kind: "text" | "profile" | "attachment"
  readonly text: string
  readonly attachment?: AttachmentInfo
  readonly at: number
  /** The record's hash in hexadecimal, once the relay has stored it. */
  readonly ackedAs?: string
  readonly failed?: ErrorCode
  /** Why it still waits, where that is more than a lost connection. */
  readonly waitingFor?: WardlineError
}
