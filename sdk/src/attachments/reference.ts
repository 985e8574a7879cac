/** The payload that stands for a file in the transcript (docs/protocol.md, Attachments): sealed like every other, so
 * that nobody but the members learns the file's name, type and size, and nobody can change them. */
import * as v from "valibot"
import { fromHex } from "../bytes.ts"
import { type ConversationId, HASH_BYTES, ID_BYTES } from "../ids.ts"
import { type BlobPlace, MAX_FILE_BYTES } from "./layout.ts"
import { isMediaType } from "./media-types.ts"
import { MAX_FILE_NAME_CHARACTERS } from "./names.ts"
import type { FileSecrets } from "./open-file.ts"

export const MAX_CAPTION_CHARACTERS = 4000

export interface AttachmentPayload {
  v: 1
  type: "attachment"
  /** 16 bytes in hexadecimal. */
  blob: string
  /** 32 bytes in hexadecimal, of the secret stream. */
  key: string
  /** SHA-256 of the whole blob, in hexadecimal. */
  hash: string
  /** Of the file, in bytes. */
  size: number
  /** Such as image/jpeg; what the sender says. */
  mediaType: string
  /** What the sender calls it; never shown or used without safeFileName. */
  name: string
  caption?: string | undefined
}

type Text = v.GenericSchema<string>

export const AttachmentSchema: v.StrictObjectSchema<
  {
    readonly v: v.LiteralSchema<1, undefined>
    readonly type: v.LiteralSchema<"attachment", undefined>
    readonly blob: Text
    readonly key: Text
    readonly hash: Text
    readonly size: v.GenericSchema<number>
    readonly mediaType: Text
    readonly name: Text
    readonly caption: v.OptionalSchema<Text, undefined>
  },
  undefined
> = v.strictObject({
  v: v.literal(1),
  type: v.literal("attachment"),
  blob: hex(ID_BYTES),
  key: hex(32),
  hash: hex(HASH_BYTES),
  size: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_FILE_BYTES)),
  mediaType: v.pipe(v.string(), v.check(isMediaType)),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_FILE_NAME_CHARACTERS)),
  caption: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_CAPTION_CHARACTERS)) as Text),
})

function hex(bytes: number): Text {
  return v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`)))
}

/** What it takes to open the file of a payload that fits the schema. */
export function secretsOf(payload: AttachmentPayload): FileSecrets {
  return { key: fromHex(payload.key), hash: fromHex(payload.hash), size: payload.size }
}

export function placeOf(payload: AttachmentPayload, conversation: ConversationId): BlobPlace {
  return { conversation, blob: fromHex(payload.blob) }
}
