/** Whose keys those in a file of evidence are, by the records that come with it (docs/evidence.md). */
import { equalBytes, toHex } from "../bytes.ts"
import { sha256, verify } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import {
  clinicIdOf,
  type DeviceKeys,
  decodeAdminAdd,
  decodeConsent,
  decodeDeviceAdd,
  decodeMember,
  decodePolicy,
  decodeRecord,
  deviceIdOf,
  recordHash,
  signatureInput,
  signatureTag,
  signedPart,
  type WireRecord,
} from "../protocol/index.ts"

/** By device id, in hexadecimal. */
export interface Signers {
  readonly staff: ReadonlyMap<string, { readonly signing: Uint8Array; readonly name: string }>
  readonly patients: ReadonlyMap<string, Uint8Array>
  readonly logKeys: readonly Uint8Array[]
}

/** From the root key over administrators to their staff's devices and the relay's log key. Each record is by itself: what
 * was revoked later was somebody's key all the same.
 * @throws {WardlineError} ERR_SIGNATURE for a record by anybody else. */
export function certifyDirectory(
  records: readonly Uint8Array[],
  rootKey: Uint8Array,
): Pick<Signers, "staff" | "logKeys"> {
  const clinic = clinicIdOf(sha256, rootKey)
  const decoded = records.map((record) => decodeRecord(record))
  if (decoded.some(({ scope }) => !equalBytes(scope, clinic))) throw wrong("another clinic's directory")
  const isByRoot = (record: WireRecord): boolean =>
    equalBytes(record.issuer, clinic) && isSignedBy(record, rootKey)
  const admins = new Map<string, Uint8Array>()
  for (const record of decoded.filter(({ type }) => type === "admin-add")) {
    if (!isByRoot(record)) throw wrong("an administrator whom the root key didn't name")
    const { keys } = decodeAdminAdd(record.body)
    admins.set(idOf(keys), keys.signing)
  }
  const isByAdmin = (record: WireRecord): boolean => {
    const key = admins.get(toHex(record.issuer))
    return key !== undefined && isSignedBy(record, key)
  }
  const staff = new Map<string, { signing: Uint8Array; name: string }>()
  const logKeys: Uint8Array[] = []
  for (const record of decoded) {
    if (record.type === "admin-add") continue
    if (record.type === "device-add" && isByAdmin(record)) {
      const { keys, name } = decodeDeviceAdd(record.body)
      staff.set(idOf(keys), { signing: keys.signing, name })
    } else if (record.type === "policy" && (isByRoot(record) || isByAdmin(record))) {
      const { logKey } = decodePolicy(record.body)
      if (logKey !== undefined) logKeys.push(logKey)
    } else throw wrong("a certificate that no administrator signed")
  }
  return { staff, logKeys }
}

/** The patient's devices: the one that consented, and those that it and the others added. Their records must stand in
 * the history, or anybody could consent in the patient's place.
 * @throws {WardlineError} ERR_SIGNATURE otherwise. */
export function certifyMembers(
  members: readonly { readonly position: number; readonly record: Uint8Array }[],
  hashes: readonly Uint8Array[],
  scope: { readonly clinic: Uint8Array; readonly conversation: Uint8Array },
): Signers["patients"] {
  const patients = new Map<string, Uint8Array>()
  for (const { position, record: bytes } of [...members].sort((a, b) => a.position - b.position)) {
    const stands = hashes[position - 1]
    if (stands === undefined || !equalBytes(stands, recordHash(sha256, bytes)))
      throw wrong("a device's record that isn't in the history")
    const record = decodeRecord(bytes)
    if (!equalBytes(record.scope, scope.conversation)) throw wrong("another conversation's device")
    const { keys, by } = position === 1 ? consented(record, scope.clinic) : added(record, patients)
    if (!isSignedBy(record, by)) throw wrong("a device that nobody of the patient's added")
    patients.set(idOf(keys), keys.signing)
  }
  return patients
}

function consented(record: WireRecord, clinic: Uint8Array): { keys: DeviceKeys; by: Uint8Array } {
  if (record.type !== "consent") throw wrong("the first record is no consent")
  const body = decodeConsent(record.body)
  if (!equalBytes(body.clinic, clinic) || idOf(body.keys) !== toHex(record.issuer))
    throw wrong("a consent to another clinic, or by another")
  return { keys: body.keys, by: body.keys.signing }
}

function added(
  record: WireRecord,
  patients: ReadonlyMap<string, Uint8Array>,
): { keys: DeviceKeys; by: Uint8Array } {
  const by = patients.get(toHex(record.issuer))
  const body = record.type === "member" ? decodeMember(record.body) : undefined
  if (by === undefined || body?.change !== "add-device")
    throw wrong("a device that nobody of the patient's added")
  return { keys: body.keys, by }
}

export function isSignedBy(record: WireRecord, signingKey: Uint8Array): boolean {
  return verify(signingKey, signatureInput(signatureTag(record.type), signedPart(record)), record.signature)
}

function idOf(keys: DeviceKeys): string {
  return toHex(deviceIdOf(sha256, keys.signing, keys.wrapping))
}

function wrong(what: string): WardlineError {
  return new WardlineError("ERR_SIGNATURE", `the evidence is wrong: ${what}`)
}
