/** Records with a detached part, taken apart and put together as a hostile participant could. */
import { concat } from "../../src/bytes.ts"
import { type Device, sha256, signRecord } from "../../src/crypto/index.ts"
import {
  bodyWithDetached,
  decodeEpoch,
  decodeRecord,
  decodeWraps,
  type EpochBody,
  type RecordHeader,
} from "../../src/protocol/index.ts"

export interface ForgedEpoch {
  head: Uint8Array
  wraps: Uint8Array[]
}

/** Signs a record whose body commits to `detached`, and puts that behind it. */
export function signDetached(
  device: Device,
  header: Omit<RecordHeader, "issuer">,
  head: Uint8Array,
  detached: Uint8Array,
): Uint8Array {
  return concat(signRecord(device, header, bodyWithDetached(sha256, head, detached)), detached)
}

/** An epoch record's body and wraps. */
export function epochParts(bytes: Uint8Array): EpochBody & ForgedEpoch {
  const { body, detached } = decodeRecord(bytes)
  const epoch = decodeEpoch(body)
  return { ...epoch, wraps: decodeWraps(detached, epoch.slots.length) }
}
