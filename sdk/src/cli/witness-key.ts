/** Witnesses as people pass them on: C2SP verifier keys, `name+id+base64`, which hold name and key. */
import { fromHex, toHex } from "../bytes.ts"
import { type ClinicWitness, deviceWitnessName } from "../client/clinic-policy.ts"
import type { DirectoryDevice } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { idText } from "../ids.ts"
import { encodeVerifierKey, NOTE_COSIGNATURE, parseVerifierKey } from "../tlog/index.ts"
import { WITNESS_CRYPTO } from "./witness.ts"

/** @throws {WardlineError} ERR_MALFORMED for what is no key of a witness, or was copied wrong. */
export function readWitnessKey(text: string): ClinicWitness {
  const { name, type, key } = parseVerifierKey(WITNESS_CRYPTO.hash, text)
  if (type !== NOTE_COSIGNATURE)
    throw new WardlineError("ERR_MALFORMED", "that is a log's key, not a witness's")
  return { name, key: toHex(key) }
}

export function isWitnessKey(text: string): boolean {
  try {
    readWitnessKey(text)
    return true
  } catch (error) {
    if (isWardlineError(error)) return false
    throw error
  }
}

export function witnessKeyText({ name, key }: ClinicWitness): string {
  return encodeVerifierKey(WITNESS_CRYPTO.hash, { name, type: NOTE_COSIGNATURE, key: fromHex(key) })
}

/** A staff device as a witness: its inbox signs with the key that it has. */
export function deviceWitness({ id, keys }: Pick<DirectoryDevice, "id" | "keys">): ClinicWitness {
  return { name: deviceWitnessName(idText(id)), key: toHex(keys.signing) }
}
