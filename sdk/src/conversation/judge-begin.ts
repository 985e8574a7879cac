/** How a conversation begins: the patient's consent, then whom it addresses (docs/protocol.md, Transcript). */
import { equalBytes } from "../bytes.ts"
import { sha256 } from "../crypto/index.ts"
import { isConsentToCurrentText, newestRoleKey } from "../directory/index.ts"
import {
  decodeConsent,
  decodeOpen,
  deviceIdOf,
  isAcceptableWrappingKey,
  type WireRecord,
} from "../protocol/index.ts"
import {
  type At,
  checkNamed,
  checkReference,
  checkSignature,
  type Outcome,
  refused,
  type TranscriptContext,
  withEntry,
} from "./judging.ts"
import { currentDevices, raisedBy, type Transcript } from "./state.ts"

export function judgeConsent(
  state: Transcript,
  record: WireRecord,
  at: At,
  { directory }: TranscriptContext,
): Outcome {
  if (record.type !== "consent") throw refused("the first record is not a consent")
  const body = decodeConsent(record.body)
  const { keys, consentId, version, language } = body
  if (!equalBytes(body.clinic, directory.clinicId)) throw refused("consent to another clinic")
  if (equalBytes(record.scope, directory.clinicId)) throw refused("a conversation by the clinic's id")
  if (!equalBytes(record.issuer, deviceIdOf(sha256, keys.signing, keys.wrapping)))
    throw refused("id without its keys")
  if (!isAcceptableWrappingKey(keys.wrapping)) throw refused("small-order wrapping key")
  checkSignature(record, keys.signing)
  checkReference(directory, body.directory)
  if (!isConsentToCurrentText(directory, body, body.directory.position))
    throw refused("not the text of that time")
  const device = { id: record.issuer, keys, kind: "device", until: 0, removedAt: undefined } as const
  return [
    { devices: withEntry(state.devices, device.id, device), ...raisedBy(state, body.directory.position) },
    { ...at, kind: "consent", device: record.issuer, consentId, version, language },
  ]
}

export function judgeOpen(
  state: Transcript,
  record: WireRecord,
  at: At,
  { directory }: TranscriptContext,
): Outcome {
  if (record.type !== "open") throw refused("the second record is not an open")
  const [patient] = currentDevices(state)
  if (!patient || !equalBytes(record.issuer, patient.id)) throw refused("not opened by the patient")
  const open = decodeOpen(record.body)
  checkSignature(record, patient.keys.signing)
  const position = checkNamed(state, directory, open.directory)
  for (const { role, generation, keyHash } of open.roles) {
    const key = newestRoleKey(directory, role, position)
    if (key?.generation !== generation || !equalBytes(key.publicKeyHash, keyHash))
      throw refused("not the role's key")
  }
  return [
    { roles: open.roles.map(({ role }) => role), ...raisedBy(state, open.directory.position) },
    { ...at, kind: "open", open },
  ]
}
