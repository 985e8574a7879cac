/** What people say, inside the ciphertext: versioned JSON against schemas (docs/protocol.md, Payloads). */
import * as v from "valibot"
import { type AttachmentPayload, AttachmentSchema } from "../attachments/reference.ts"
import { fromUtf8, utf8 } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { MAX_PAYLOAD_BYTES } from "../protocol/index.ts"

/** 16 random bytes in hexadecimal, given to a payload as it enters the outbox: by it a message that comes twice, out of a
 * restored backup, is known for one. */
export interface Identified {
  readonly id?: string | undefined
}

export interface TextPayload extends Identified {
  v: 1
  type: "text"
  text: string
}

/** What the patient says of herself when she begins. */
export interface ProfilePayload extends Identified {
  v: 1
  type: "profile"
  name?: string | undefined
  answer?: string | undefined
}

/** "I have read everything up to this position." */
export interface ReceiptPayload extends Identified {
  v: 1
  type: "receipt"
  read: number
}

/** The sender's own earlier text said better; the earlier one stays on record. */
export interface EditPayload extends Identified {
  v: 1
  type: "edit"
  of: number
  text: string
}

/** One emoji on a message; empty takes it back. */
export interface ReactionPayload extends Identified {
  v: 1
  type: "reaction"
  of: number
  emoji: string
}

export interface FormField {
  /** A slug, unique in its form. */
  name: string
  label: string
  kind: "text" | "long-text" | "number" | "date" | "choice" | "yes-no"
  required?: boolean | undefined
  /** Of a choice. */
  options?: string[] | undefined
}

/** Questions for the patient to answer. */
export interface FormPayload extends Identified {
  v: 1
  type: "form"
  /** The form's own name, a slug: the same each time that it is sent. */
  form: string
  title: string
  fields: FormField[]
}

export interface FormAnswer {
  /** A field's. */
  name: string
  value: string
}

export interface FormResponsePayload extends Identified {
  v: 1
  type: "form-response"
  of: number
  answers: FormAnswer[]
}

/** A note that staff wrote in another system. */
export interface NotePayload extends Identified {
  v: 1
  type: "note"
  reference: string
  label: string
}

/** What a program says for the clinic: an answer out of hours, a reminder. */
export interface SystemPayload extends Identified {
  v: 1
  type: "system"
  /** A slug. */
  event: string
  text?: string | undefined
}

export interface Payloads {
  text: TextPayload
  attachment: AttachmentPayload & Identified
  profile: ProfilePayload
  receipt: ReceiptPayload
  edit: EditPayload
  reaction: ReactionPayload
  form: FormPayload
  "form-response": FormResponsePayload
  note: NotePayload
  system: SystemPayload
}
export type KnownPayload = Payloads[keyof Payloads]
/** `unknown` stands for a type or version that this build doesn't have: shown as such, never dropped. */
export type Payload = KnownPayload | ({ type: "unknown" } & Identified)

const position = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER))
const line = v.pipe(v.string(), v.maxLength(200))
const words = v.pipe(v.string(), v.minLength(1), v.maxLength(16_000))
/** A name that code may look things up by: never `__proto__` or the like. */
const slug = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,63}$/))
/** One pictograph with its modifiers, or several joined into one; or nothing. */
const EMOJI =
  /^(?:\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]*(?:\u200d\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]*)*)?$/u
const VERSION = { v: v.literal(1) }

const FieldSchema = v.strictObject({
  name: slug,
  label: v.pipe(line, v.minLength(1)),
  kind: v.picklist(["text", "long-text", "number", "date", "choice", "yes-no"]),
  required: v.optional(v.boolean()),
  options: v.optional(v.pipe(v.array(v.pipe(line, v.minLength(1))), v.maxLength(50))),
})

/** Every payload's form, but for the `id` that all may have. */
const SCHEMAS: { [T in keyof Payloads]: v.GenericSchema<unknown, Payloads[T]> } = {
  text: v.strictObject({ ...VERSION, type: v.literal("text"), text: words }),
  attachment: AttachmentSchema,
  profile: v.strictObject({
    ...VERSION,
    type: v.literal("profile"),
    name: v.optional(line),
    answer: v.optional(v.pipe(v.string(), v.maxLength(4000))),
  }),
  receipt: v.strictObject({ ...VERSION, type: v.literal("receipt"), read: position }),
  edit: v.strictObject({ ...VERSION, type: v.literal("edit"), of: position, text: words }),
  reaction: v.strictObject({
    ...VERSION,
    type: v.literal("reaction"),
    of: position,
    emoji: v.pipe(v.string(), v.maxLength(16), v.regex(EMOJI)),
  }),
  form: v.strictObject({
    ...VERSION,
    type: v.literal("form"),
    form: slug,
    title: v.pipe(line, v.minLength(1)),
    fields: v.pipe(
      v.array(FieldSchema),
      v.minLength(1),
      v.maxLength(50),
      v.check((items) => hasDistinctNames(items)),
    ),
  }),
  "form-response": v.strictObject({
    ...VERSION,
    type: v.literal("form-response"),
    of: position,
    answers: v.pipe(
      v.array(v.strictObject({ name: slug, value: v.pipe(v.string(), v.maxLength(4000)) })),
      v.maxLength(50),
      v.check((items) => hasDistinctNames(items)),
    ),
  }),
  note: v.strictObject({
    ...VERSION,
    type: v.literal("note"),
    reference: v.pipe(line, v.minLength(1)),
    label: v.pipe(line, v.minLength(1)),
  }),
  system: v.strictObject({ ...VERSION, type: v.literal("system"), event: slug, text: v.optional(words) }),
}

const IdSchema = v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)))
const AnySchema = v.looseObject({ v: v.number(), type: v.string() })
const QUIET_TYPES: ReadonlySet<KnownPayload["type"]> = new Set(["receipt", "reaction"])

/** Whether it is nobody's word: such messages are marked quiet, so that a relay doesn't take them for an answer. */
export function isQuietPayload(payload: KnownPayload): boolean {
  return QUIET_TYPES.has(payload.type)
}

/** @throws {WardlineError} ERR_MALFORMED when it doesn't fit its schema, ERR_TOO_LARGE over MAX_PAYLOAD_BYTES: control
 * characters take six bytes each in JSON. */
export function encodePayload(payload: KnownPayload): Uint8Array {
  const { id, ...content } = payload
  const checked = v.safeParse(SCHEMAS[payload.type], content)
  if (!checked.success || !v.is(IdSchema, id))
    throw new WardlineError("ERR_MALFORMED", "the message doesn't fit its form")
  const bytes = utf8(JSON.stringify({ ...checked.output, id }))
  if (bytes.length > MAX_PAYLOAD_BYTES) throw new WardlineError("ERR_TOO_LARGE", "the message is too long")
  return bytes
}

/** @throws {WardlineError} ERR_OPEN_FAILED for what is no payload, or a known one against its schema. */
export function decodePayload(bytes: Uint8Array): Payload {
  let json: unknown
  try {
    json = JSON.parse(fromUtf8(bytes))
  } catch {
    throw failed()
  }
  const shape = v.safeParse(AnySchema, json)
  if (!shape.success) throw failed()
  const { id, ...content } = shape.output
  const { v: version, type } = content
  const isIdentified = v.is(IdSchema, id)
  const identified = isIdentified && id !== undefined ? { id } : {}
  if (version !== 1 || !Object.hasOwn(SCHEMAS, type)) return { type: "unknown", ...identified }
  const known = v.safeParse(SCHEMAS[type as keyof Payloads], content)
  if (!known.success || !isIdentified) throw failed()
  return { ...known.output, ...identified }
}

function hasDistinctNames(items: readonly { readonly name: string }[]): boolean {
  return new Set(items.map(({ name }) => name)).size === items.length
}

function failed(): WardlineError {
  return new WardlineError("ERR_OPEN_FAILED", "the message could not be opened")
}
