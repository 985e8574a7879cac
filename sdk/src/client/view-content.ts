/** What a payload shows as: the same for one in the transcript and one in the outbox. */
import type { AttachmentPayload } from "../attachments/reference.ts"
import type { Payload } from "../conversation/index.ts"
import { attachmentInfo } from "./attachment-info.ts"
import type {
  ChatMessage,
  FormInfo,
  FormResponse,
  MessageAuthor,
  MessageKind,
  NoteReference,
  SystemNote,
} from "./chat.ts"

export interface Content {
  readonly kind: MessageKind
  readonly text: string
  readonly system?: SystemNote
  readonly attachment?: AttachmentPayload
  readonly form?: FormInfo
  readonly response?: FormResponse
  readonly note?: NoteReference
}

/** A transcript record that shows, without what may change about it later. */
export interface Entry {
  readonly id: string
  readonly position: number
  readonly side: MessageAuthor["kind"]
  readonly deviceId: string
  readonly role?: string
  readonly mine: boolean
  readonly at: number
  readonly content: Content
  /** The payload's own: what a device says twice under one id shows once. */
  readonly payloadId?: string
}

/** Payloads that show by themselves. */
export type Shown = Exclude<Payload, { type: "edit" | "reaction" | "receipt" }>

export const REFUSED: Content = { kind: "refused", text: "" }
export const LOCKED: Content = {
  kind: "locked",
  text: "This was said before this device could read along. Somebody in the conversation can share it.",
}

/** What only one side can say: from the other it is refused. */
const SIDES: { readonly [T in Payload["type"]]?: "patient" | "staff" } = {
  profile: "patient",
  form: "staff",
  "form-response": "patient",
  note: "staff",
  system: "staff",
}

export function contentOf(payload: Shown, side: "patient" | "staff"): Content {
  if ((SIDES[payload.type] ?? side) !== side) return REFUSED
  switch (payload.type) {
    case "text":
      return { kind: "text", text: payload.text }
    case "attachment":
      return { kind: "attachment", text: payload.caption ?? "", attachment: payload }
    case "profile":
      return { kind: "profile", text: payload.answer ?? "" }
    case "form": {
      const { form, title, fields } = payload
      return { kind: "form", text: title, form: { form, title, fields } }
    }
    case "form-response": {
      const { of, answers } = payload
      const text = answers.map(({ name, value }) => `${name}: ${value}`).join("\n")
      return { kind: "form-response", text, response: { of, answers } }
    }
    case "note": {
      const { reference, label } = payload
      return { kind: "note", text: label, note: { reference, label } }
    }
    case "system": {
      const { event, text = "" } = payload
      return { kind: "system", text, system: { type: "notice", event } }
    }
    case "unknown":
      return { kind: "unknown", text: "" }
  }
}

/** Content as applications see it: a file without its keys. */
export function visible({ attachment, ...content }: Content): Pick<ChatMessage, keyof Content> {
  return attachment === undefined ? content : { ...content, attachment: attachmentInfo(attachment) }
}

const SAID: ReadonlySet<MessageKind> = new Set([
  "text",
  "attachment",
  "profile",
  "form",
  "form-response",
  "note",
  "unknown",
])

/** Whether somebody said it, to be read. */
export function isSaid({ kind, system }: Pick<Content, "kind" | "system">): boolean {
  return SAID.has(kind) || system?.type === "notice"
}
