/** Checkpoints (c2sp.org/tlog-checkpoint) and their cosignatures (c2sp.org/tlog-cosignature): what the log's key says the
 * tree is, and what witnesses say they saw it grow into. */
import { assertLength, concat, equalBytes, Reader, toHex, utf8, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { HASH_BYTES, ID_BYTES } from "../ids.ts"
import { fromBase64, toBase64 } from "./base64.ts"
import { type Hash, MAX_TIME_MS } from "./entry.ts"
import {
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  type Note,
  noteKeyId,
  parseNote,
  signatureLine,
  type VerifyEd25519,
} from "./note.ts"

const SIGNATURE_BYTES = 64

/** The two primitives; both work on the bytes as they are. */
export interface NoteCrypto {
  readonly hash: Hash
  readonly verify: VerifyEd25519
}

export interface Checkpoint {
  /** The log's name. */
  readonly origin: string
  /** Leaves in the tree. */
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** A clinic's log: its origin and the name of its key.
 * @param clinicId - 16 bytes. */
export function auditOrigin(clinicId: Uint8Array): string {
  assertLength(clinicId, ID_BYTES, "clinic id")
  return `wardline/audit/${toHex(clinicId)}`
}

/** The text that the log's key signs: origin, size and base64 root, a line each. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  assertLength(root, HASH_BYTES, "root")
  const body = `${origin}\n${size}\n${toBase64(root)}\n`
  parseCheckpoint(body)
  return body
}

/** Parses a checkpoint's text. Other logs' extension lines are passed over; this one's has none.
 * @throws {WardlineError} ERR_MALFORMED */
export function parseCheckpoint(body: string): Checkpoint {
  const [origin, size, root, ...rest] = body.split("\n")
  if (!origin || size === undefined || root === undefined || rest.pop() !== "" || rest.includes(""))
    throw malformed("not a checkpoint: it has origin, size and root, a line each")
  const rootBytes = fromBase64(root)
  if (rootBytes.length !== HASH_BYTES) throw malformed("a checkpoint whose root isn't 32 bytes")
  return { origin, size: parseDecimal(size), root: rootBytes }
}

/** A whole number as checkpoints write it.
 * @throws {WardlineError} ERR_MALFORMED for another text, and over 2^53 - 1. */
export function parseDecimal(text: string): number {
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw malformed("not a whole number")
  return value
}

/** The line with which the log's key signs a checkpoint.
 * @param signature - 64 bytes, Ed25519 over the body's UTF-8. */
export function checkpointLine(log: {
  origin: string
  key: Uint8Array
  hash: Hash
  signature: Uint8Array
}): string {
  const keyId = noteKeyId(log.hash, log.origin, NOTE_ED25519, log.key)
  return signatureLine({ name: log.origin, keyId, signature: log.signature })
}

/** What a witness signs: that this was, at that time, the largest consistent tree of the log that it has seen. */
export function cosignatureMessage(body: string, timeSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${body}`)
}

/** A witness's line under a checkpoint.
 * @param timeSeconds - since 1970, as in the message that was signed.
 * @param signature - 64 bytes, Ed25519 over {@link cosignatureMessage}. */
export function cosignatureLine(witness: {
  name: string
  key: Uint8Array
  hash: Hash
  timeSeconds: number
  signature: Uint8Array
}): string {
  assertLength(witness.signature, SIGNATURE_BYTES, "signature")
  return signatureLine({
    name: witness.name,
    keyId: noteKeyId(witness.hash, witness.name, NOTE_COSIGNATURE, witness.key),
    signature: concat(new Writer().u64(witness.timeSeconds).done(), witness.signature),
  })
}

/** Whose cosignatures count: name and Ed25519 key, 32 bytes. */
export interface Witness {
  readonly name: string
  readonly key: Uint8Array
}

export interface Cosignature {
  readonly name: string
  /** Since 1970, by the witness's clock. */
  readonly timeSeconds: number
  /** As it stands in the note. */
  readonly line: string
}

/** The valid cosignatures of those witnesses under a note, in the witnesses' order; of each the newest. One key is one
 * witness, whatever its names: a cosignature doesn't say which name it is for.
 * @throws {WardlineError} ERR_SIGNATURE if one names a witness's key and isn't by it. */
export function readCosignatures(
  note: Note,
  witnesses: readonly Witness[],
  { hash, verify }: NoteCrypto,
): Cosignature[] {
  const cosignatures: Cosignature[] = []
  const counted: Uint8Array[] = []
  for (const { name, key } of witnesses) {
    if (counted.some((other) => equalBytes(other, key))) continue
    counted.push(key)
    const mine = signaturesBy(note, name, noteKeyId(hash, name, NOTE_COSIGNATURE, key))
    const read = mine.map(({ signature }) => {
      const timeSeconds = signature.length === 8 + SIGNATURE_BYTES ? new Reader(signature).u64() : undefined
      if (
        timeSeconds === undefined ||
        timeSeconds * 1000 > MAX_TIME_MS ||
        !verify(key, cosignatureMessage(note.body, timeSeconds), signature.subarray(8))
      )
        throw new WardlineError("ERR_SIGNATURE", `the cosignature of ${name} isn't valid`)
      return {
        name,
        timeSeconds,
        line: cosignatureLine({ name, key, hash, timeSeconds, signature: signature.subarray(8) }),
      }
    })
    const [newest] = read.sort((a, b) => b.timeSeconds - a.timeSeconds)
    if (newest !== undefined) cosignatures.push(newest)
  }
  return cosignatures
}

function signaturesBy(note: Note, name: string, keyId: Uint8Array): Note["signatures"] {
  return note.signatures.filter((signature) => signature.name === name && equalBytes(signature.keyId, keyId))
}

/** Checks that the log's key signed the note.
 * @throws {WardlineError} ERR_SIGNATURE */
export function verifyLogSignature(
  note: Note,
  log: { readonly origin: string; readonly key: Uint8Array },
  { hash, verify }: NoteCrypto,
): void {
  const mine = signaturesBy(note, log.origin, noteKeyId(hash, log.origin, NOTE_ED25519, log.key))
  const body = utf8(note.body)
  const isSigned =
    mine.length > 0 &&
    mine.every(({ signature }) => signature.length === SIGNATURE_BYTES && verify(log.key, body, signature))
  if (!isSigned) throw new WardlineError("ERR_SIGNATURE", "the checkpoint isn't signed by the log's key")
}

export interface OpenedCheckpoint extends Checkpoint {
  /** The text that was signed. */
  readonly body: string
  readonly cosigned: readonly Cosignature[]
}

/** Opens a log's checkpoint: the log's key must have signed it. Signatures by unknown keys are ignored; one that names a
 * known key and isn't by it spoils the note. Whether enough witnesses cosigned is for the caller to say.
 * @param witnesses - whose cosignatures count; never the log's own key.
 * @throws {WardlineError} ERR_MALFORMED; ERR_SIGNATURE; ERR_TOO_LARGE. */
export function openCheckpoint(
  text: string,
  trusted: NoteCrypto & {
    readonly origin: string
    readonly logKey: Uint8Array
    readonly witnesses: readonly Witness[]
  },
): OpenedCheckpoint {
  const note = parseNote(text)
  verifyLogSignature(note, { origin: trusted.origin, key: trusted.logKey }, trusted)
  const checkpoint = parseCheckpoint(note.body)
  if (checkpoint.origin !== trusted.origin)
    throw new WardlineError("ERR_SIGNATURE", "the checkpoint is of another log")
  // Extension lines would be words of the relay's that nobody can check, another for each reader.
  if (note.body !== formatCheckpoint(checkpoint))
    throw malformed("a checkpoint with more lines than origin, size and root")
  const others = trusted.witnesses.filter(({ key }) => !equalBytes(key, trusted.logKey))
  return { ...checkpoint, body: note.body, cosigned: readCosignatures(note, others, trusted) }
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
