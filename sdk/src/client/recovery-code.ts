/** A patient's device that fits on paper: 128 bits as twelve words, or in a link (docs/protocol.md, Recovery). */
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39"
import { wordlist } from "@scure/bip39/wordlists/english.js"
import { fromHex } from "../bytes.ts"
import { type Device, derive, deviceFromSeeds, randomBytes } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import type { ClinicId } from "../ids.ts"

/** 16 random bytes: whoever knows them can be the patient's device. */
export type RecoverySecret = Uint8Array

const SECRET_BYTES = 16
const SEED_BYTES = 32
const WORDS = 12

export function newRecoverySecret(): RecoverySecret {
  return randomBytes(SECRET_BYTES)
}

/** Twelve English words; the last one holds a checksum. */
export function recoveryWords(secret: RecoverySecret): string {
  return entropyToMnemonic(secret, wordlist)
}

/** Reads words as people type them: in any case, with any space between, numbered or not.
 * @throws {WardlineError} ERR_MALFORMED saying which word isn't one, how many are missing, or that they don't belong
 *   together. */
function parseRecoveryWords(typed: string): RecoverySecret {
  const words = typed.toLowerCase().match(/[a-z]+/g) ?? []
  const known = new Set(wordlist)
  const wrong = words.findIndex((word) => !known.has(word))
  if (wrong >= 0) throw malformed(`word ${wrong + 1} isn't one of a recovery code's`)
  if (words.length !== WORDS) throw malformed(`a recovery code has ${WORDS} words; these are ${words.length}`)
  try {
    return mnemonicToEntropy(words.join(" "), wordlist)
  } catch {
    throw malformed("these words don't belong together: one of them is another, or the order is")
  }
}

/** Whether what was typed or opened is a link's code, which anybody may have made, and no words. */
export function isPairingCode(typed: string): boolean {
  return /^[0-9a-f]{32}$/.test(typed.trim())
}

/** Reads a recovery code's words, or a pairing code's 32 hexadecimal characters.
 * @throws {WardlineError} ERR_MALFORMED saying what is wrong with the words. */
export function parseRecoveryCode(typed: string): RecoverySecret {
  return isPairingCode(typed) ? fromHex(typed.trim()) : parseRecoveryWords(typed)
}

/** The device that a code stands for at one clinic. */
export function deviceOfSecret(secret: RecoverySecret, clinic: ClinicId): Device {
  const seeds = derive(secret, "recovery", clinic, 2 * SEED_BYTES)
  return deviceFromSeeds(seeds.subarray(0, SEED_BYTES), seeds.subarray(SEED_BYTES))
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}
