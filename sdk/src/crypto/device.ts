/** A device's keys, and the records that it or the clinic's root signs (docs/protocol.md, Identifiers and Record). */
import type { DeviceId } from "../ids.ts"
import { clinicIdOf, deviceIdOf, encodeHeader, type RecordHeader, signatureTag } from "../protocol/index.ts"
import { sha256 } from "./hash.ts"
import { type WrappingKeyPair, wrappingKeyPair } from "./kem.ts"
import { type SigningKeyPair, signingKeyPair, signJoined } from "./sign.ts"

/** One key-holding client. */
export interface Device {
  readonly id: DeviceId
  readonly signing: SigningKeyPair
  readonly wrapping: WrappingKeyPair
}

/** Makes a device of its two 32-byte seeds. The id follows from the keys, so it can't be stored wrongly. */
export function deviceFromSeeds(signingSeed: Uint8Array, wrappingSeed: Uint8Array): Device {
  const signing = signingKeyPair(signingSeed)
  const wrapping = wrappingKeyPair(wrappingSeed)
  return { id: deviceIdOf(sha256, signing.publicKey, wrapping.publicKey), signing, wrapping }
}

/** Signs a record as `device`.
 * @param header - `issued` in milliseconds since 1970.
 * @returns the whole record. */
export function signRecord(
  device: Device,
  header: Omit<RecordHeader, "issuer">,
  body: Uint8Array,
): Uint8Array {
  return signParts(device.signing, { ...header, issuer: device.id }, body)
}

/** Signs a directory record as the clinic's root; scope and issuer are the clinic id that the root key gives. */
export function signRootRecord(
  root: SigningKeyPair,
  header: Pick<RecordHeader, "type" | "issued">,
  body: Uint8Array,
): Uint8Array {
  const clinic = clinicIdOf(sha256, root.publicKey)
  return signParts(root, { ...header, scope: clinic, issuer: clinic }, body)
}

function signParts({ secretKey }: SigningKeyPair, header: RecordHeader, body: Uint8Array): Uint8Array {
  return signJoined(signatureTag(header.type), [encodeHeader(header, body.length), body], secretKey)
}
