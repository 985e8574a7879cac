/** What people say, inside the ciphertext: versioned JSON against schemas (docs/protocol.md, Message). */
import * as v from "valibot"
import { fromUtf8, utf8 } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { MAX_PAYLOAD_BYTES } from "../protocol/index.ts"

const position = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))
const line = v.pipe(v.string(), v.maxLength(200))

export interface TextPayload {
  v: 1
  type: "text"
  text: string
}

/** What the patient says of herself when she begins. */
export interface ProfilePayload {
  v: 1
  type: "profile"
  name?: string | undefined
  answer?: string | undefined
}

/** "I have read everything up to this position." */
export interface ReceiptPayload {
  v: 1
  type: "receipt"
  read: number
}

export type KnownPayload = TextPayload | ProfilePayload | ReceiptPayload
/** `unknown` stands for a type or version that this build doesn't have: shown as such, never dropped. */
export type Payload = KnownPayload | { type: "unknown" }

const KnownSchema: v.GenericSchema<KnownPayload> = v.variant("type", [
  v.strictObject({
    v: v.literal(1),
    type: v.literal("text"),
    text: v.pipe(v.string(), v.minLength(1), v.maxLength(16_000)),
  }),
  v.strictObject({
    v: v.literal(1),
    type: v.literal("profile"),
    name: v.optional(line),
    answer: v.optional(v.pipe(v.string(), v.maxLength(4000))),
  }),
  v.strictObject({ v: v.literal(1), type: v.literal("receipt"), read: position }),
])
const AnySchema = v.looseObject({ v: v.number(), type: v.string() })

const KNOWN_TYPES: ReadonlySet<string> = new Set(["text", "profile", "receipt"])

/** @throws {WardlineError} ERR_MALFORMED when it doesn't fit its schema, ERR_TOO_LARGE over MAX_PAYLOAD_BYTES: control
 * characters take six bytes each in JSON. */
export function encodePayload(payload: KnownPayload): Uint8Array {
  const checked = v.safeParse(KnownSchema, payload)
  if (!checked.success) throw new WardlineError("ERR_MALFORMED", "the message doesn't fit its form")
  const bytes = utf8(JSON.stringify(checked.output))
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
  const known = v.safeParse(KnownSchema, json)
  if (known.success) return known.output
  const shape = v.safeParse(AnySchema, json)
  if (!shape.success) throw failed()
  if (shape.output.v === 1 && KNOWN_TYPES.has(shape.output.type)) throw failed()
  return { type: "unknown" }
}

function failed(): WardlineError {
  return new WardlineError("ERR_OPEN_FAILED", "the message could not be opened")
}
