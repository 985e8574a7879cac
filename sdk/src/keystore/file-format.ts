/** The bytes of a keystore file.
 *
 * `"WLKS" ‖ version u8 ‖ memory KiB u32 ‖ passes u32 ‖ lanes u8 ‖ salt 32 ‖ check 16 ‖ nonce 24 ‖ ciphertext`
 *
 * The key is Argon2id(passphrase, salt), 32 bytes; `check = LD(key, "keystore-check", header up to here, 16)` tells
 * a wrong passphrase from a changed file. Everything before the ciphertext is its AAD. The plaintext is
 * `u32 n ‖ n × (lp16 key ‖ lp32 value)`, keys sorted. */
import { compareBytes, concat, equalBytes, fromUtf8, Reader, utf8, Writer } from "../bytes.ts"
import { AEAD_NONCE_BYTES, aeadOpen, aeadSeal, derive, wipe } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import type { Argon2Parameters } from "./argon2.ts"

const MAGIC = utf8("WLKS")
const FORMAT_VERSION = 1
export const SALT_BYTES = 32
const CHECK_BYTES = 16
const HEADER_BYTES: number = 4 + 1 + 4 + 4 + 1 + SALT_BYTES
const MAX_VALUE_BYTES = 64 * 1024 * 1024

/** RFC 9106's second recommendation (64 MiB, three passes), on one lane as JavaScript has one thread for it. */
export const FILE_PARAMETERS: Argon2Parameters = { memoryKib: 65_536, passes: 3, lanes: 1 }
/** Above this a file only wants to exhaust the machine that opens it. */
const MAX_MEMORY_KIB = 1_048_576
const MAX_PASSES = 16

export type Values = ReadonlyMap<string, Uint8Array>

export interface FileHeader {
  readonly parameters: Argon2Parameters
  readonly salt: Uint8Array
  /** As on disk, from the magic to the salt. */
  readonly bytes: Uint8Array
}

export function createHeader(salt: Uint8Array, parameters: Argon2Parameters = FILE_PARAMETERS): FileHeader {
  const bytes = new Writer()
    .bytes(MAGIC)
    .u8(FORMAT_VERSION)
    .u32(parameters.memoryKib)
    .u32(parameters.passes)
    .u8(parameters.lanes)
    .bytes(salt)
    .done()
  return { parameters, salt, bytes }
}

/** Reads a header before anything is derived from the passphrase.
 * @throws {WardlineError} ERR_KEYSTORE for another kind of file, or weaker or absurd parameters: a swapped header
 *   must not get the passphrase through a cheap derivation. */
export function readHeader(file: Uint8Array): FileHeader {
  if (file.length < HEADER_BYTES || !equalBytes(file.subarray(0, 4), MAGIC))
    throw damaged("it is not a keystore")
  const reader = new Reader(file.subarray(4, HEADER_BYTES))
  if (reader.u8() !== FORMAT_VERSION) throw damaged("its format is unknown")
  const parameters = { memoryKib: reader.u32(), passes: reader.u32(), lanes: reader.u8() }
  if (parameters.memoryKib < FILE_PARAMETERS.memoryKib) throw damaged("its key derivation was weakened")
  if (parameters.passes < FILE_PARAMETERS.passes) throw damaged("its key derivation was weakened")
  if (parameters.memoryKib > MAX_MEMORY_KIB || parameters.passes > MAX_PASSES || parameters.lanes !== 1) {
    throw damaged("its key derivation is out of bounds")
  }
  return { parameters, salt: reader.bytes(SALT_BYTES).slice(), bytes: file.slice(0, HEADER_BYTES) }
}

/** @param nonce - 24 fresh random bytes for each write. */
export function sealFile(header: FileHeader, key: Uint8Array, nonce: Uint8Array, values: Values): Uint8Array {
  const aad = concat(header.bytes, keyCheck(key, header), nonce)
  const plaintext = encodeValues(values)
  const sealed = aeadSeal(key, nonce, aad, plaintext)
  wipe(plaintext)
  return concat(aad, sealed)
}

/** @throws {WardlineError} ERR_LOCKED for a wrong passphrase, ERR_KEYSTORE for a changed file. */
export function openFile(header: FileHeader, key: Uint8Array, file: Uint8Array): Map<string, Uint8Array> {
  const nonceAt = HEADER_BYTES + CHECK_BYTES
  const sealedAt = nonceAt + AEAD_NONCE_BYTES
  if (file.length < sealedAt) throw damaged("it was cut short")
  if (!equalBytes(file.subarray(HEADER_BYTES, nonceAt), keyCheck(key, header))) {
    throw new WardlineError("ERR_LOCKED", "the passphrase is wrong")
  }
  let plaintext: Uint8Array
  try {
    plaintext = aeadOpen(
      key,
      file.subarray(nonceAt, sealedAt),
      file.subarray(0, sealedAt),
      file.subarray(sealedAt),
    )
  } catch (cause) {
    throw damaged("it was changed", cause)
  }
  const values = decodeValues(plaintext)
  wipe(plaintext)
  return values
}

function keyCheck(key: Uint8Array, header: FileHeader): Uint8Array {
  return derive(key, "keystore-check", header.bytes, CHECK_BYTES)
}

function encodeValues(values: Values): Uint8Array {
  const sorted = [...values].sort(([a], [b]) => compareBytes(utf8(a), utf8(b)))
  return new Writer()
    .u32(sorted.length)
    .list(sorted, (writer, [key, value]) => writer.lp16(utf8(key)).lp32(value))
    .done()
}

function decodeValues(plaintext: Uint8Array): Map<string, Uint8Array> {
  const reader = new Reader(plaintext)
  const values = new Map<string, Uint8Array>()
  const count = reader.u32()
  for (let i = 0; i < count; i++) values.set(fromUtf8(reader.lp16()), reader.lp32(MAX_VALUE_BYTES).slice())
  reader.end()
  return values
}

function damaged(problem: string, cause?: unknown): WardlineError {
  return new WardlineError("ERR_KEYSTORE", `the keystore file can't be used: ${problem}`, { cause })
}
