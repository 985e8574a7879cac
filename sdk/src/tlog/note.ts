/** Signed notes (c2sp.org/signed-note): text that ends in a newline, an empty line, then one line for each signature.
 *
 *     example.com/behind-the-sofa
 *     20852163
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *
 *     — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+…
 */
import { concat, equalBytes, fromHex, toHex, utf8 } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { fromBase64, toBase64 } from "./base64.ts"
import type { Hash } from "./entry.ts"

/** Signature types, the byte that makes one key's signatures of two kinds two keys. */
export const NOTE_ED25519 = 0x01
export const NOTE_COSIGNATURE = 0x04

export const KEY_ID_BYTES = 4
/** A quorum of witnesses many times over; the specification asks for 16 at least. */
export const MAX_NOTE_SIGNATURES = 100
/** Room for as many post-quantum signatures of others, which are ignored. */
export const MAX_NOTE_CHARACTERS = 700_000

/** Ed25519 on the bytes as they are; passed in, so that the relay may use a faster one. */
export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

export interface NoteSignature {
  readonly name: string
  /** 4 bytes: which of the name's keys. */
  readonly keyId: Uint8Array
  /** What the signature type says: 64 bytes, or 72 of a cosignature. */
  readonly signature: Uint8Array
}

export interface Note {
  /** The text that is signed, its last newline included. */
  readonly body: string
  readonly signatures: readonly NoteSignature[]
}

/** Whether `name` may name a key in a note: something without spaces and plus signs. */
export function isKeyName(name: string): boolean {
  return /^[^\p{White_Space}\p{Cc}\p{Cs}+]+$/u.test(name)
}

/** Takes a note apart; checks no signature.
 * @throws {WardlineError} ERR_MALFORMED; ERR_TOO_LARGE. */
export function parseNote(text: string): Note {
  if (text.length > MAX_NOTE_CHARACTERS) throw new WardlineError("ERR_TOO_LARGE", "the note is too long")
  // Half a surrogate pair has no UTF-8, and of the controls a note has newlines only.
  if (/[\0-\x09\x0b-\x1f]|\p{Cs}/u.test(text)) throw malformed("a note with characters that none may have")
  const gap = text.lastIndexOf("\n\n")
  if (gap < 0) throw malformed("a note without signatures")
  const lines = text.slice(gap + 2).split("\n")
  if (lines.pop() !== "") throw malformed("a note that ends within a line")
  if (lines.length === 0) throw malformed("a note without signatures")
  if (lines.length > MAX_NOTE_SIGNATURES) throw new WardlineError("ERR_TOO_LARGE", "too many signatures")
  return { body: text.slice(0, gap + 1), signatures: lines.map(parseSignatureLine) }
}

function parseSignatureLine(line: string): NoteSignature {
  const [dash, name, base64, ...more] = line.split(" ")
  if (dash !== "—" || name === undefined || base64 === undefined || more.length > 0 || !isKeyName(name))
    throw malformed("a note with a line that is no signature")
  const bytes = fromBase64(base64)
  if (bytes.length <= KEY_ID_BYTES) throw malformed("a note with a signature that is too short")
  return { name, keyId: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) }
}

/** A note's text.
 * @param lines - as {@link signatureLine} gives them, at least one.
 * @throws {WardlineError} ERR_MALFORMED if it couldn't be read again. */
export function formatNote(body: string, lines: readonly string[]): string {
  const text = `${body}\n${lines.join("")}`
  if (!body.endsWith("\n") || parseNote(text).body !== body) throw malformed("not a note's text")
  return text
}

/** One signature's line, its newline included. */
export function signatureLine({ name, keyId, signature }: NoteSignature): string {
  return `— ${name} ${toBase64(concat(keyId, signature))}\n`
}

/** The first 4 bytes of H(name ‖ newline ‖ type ‖ key).
 * @param type - {@link NOTE_ED25519} or {@link NOTE_COSIGNATURE}.
 * @param key - 32 bytes. */
export function noteKeyId(hash: Hash, name: string, type: number, key: Uint8Array): Uint8Array {
  return hash(concat(utf8(`${name}\n`), Uint8Array.of(type), key)).subarray(0, KEY_ID_BYTES)
}

/** Whose signatures one knows: name, type and public key. */
export interface VerifierKey {
  readonly name: string
  readonly type: typeof NOTE_ED25519 | typeof NOTE_COSIGNATURE
  /** 32 bytes, Ed25519. */
  readonly key: Uint8Array
}

/** The key as text for people and settings, the "vkey": `<name>+<key id, hex>+<base64 of type ‖ key>`. */
export function encodeVerifierKey(hash: Hash, { name, type, key }: VerifierKey): string {
  return `${name}+${toHex(noteKeyId(hash, name, type, key))}+${toBase64(concat(Uint8Array.of(type), key))}`
}

/** Parses what {@link encodeVerifierKey} gives.
 * @throws {WardlineError} ERR_MALFORMED; ERR_UNSUPPORTED for keys of other types. */
export function parseVerifierKey(hash: Hash, text: string): VerifierKey {
  // The key's base64 may hold plus signs; a name can't.
  const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text)
  if (parts === null) throw malformed("not a verifier key: it reads <name>+<8 hex digits>+<base64>")
  const [, name, keyId, base64] = parts as unknown as [string, string, string, string]
  const bytes = fromBase64(base64)
  const [type] = bytes
  const key = bytes.subarray(1)
  if (type !== NOTE_ED25519 && type !== NOTE_COSIGNATURE)
    throw new WardlineError("ERR_UNSUPPORTED", "a verifier key of a type that isn't known here")
  const isWhole =
    isKeyName(name) && key.length === 32 && equalBytes(noteKeyId(hash, name, type, key), fromHex(keyId))
  if (!isWhole) throw malformed("not a verifier key: name, key id and key don't fit; copy it anew")
  return { name, type, key }
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
