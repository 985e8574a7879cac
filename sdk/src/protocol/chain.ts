/** Links of a record chain, and the ids that keys give (docs/protocol.md, Record and Identifiers). */
import { assertLength, concat, utf8, Writer } from "../bytes.ts"
import { type ClinicId, type DeviceId, HASH_BYTES, ID_BYTES, type Link, type RecordHash } from "../ids.ts"
import { SIGNING_KEY_BYTES, WRAPPING_KEY_BYTES } from "./keys.ts"

/** SHA-256; passed in, so that the relay may use a faster one. */
export type Hash = (bytes: Uint8Array) => Uint8Array
/** Ed25519 over `input` = signatureInput(tag, message). */
export type Verify = (publicKey: Uint8Array, input: Uint8Array, signature: Uint8Array) => boolean

const CHAIN = utf8("wl1/chain")
const LINK = utf8("wl1/link")
const CLINIC = utf8("wl1/clinic")
const DEVICE = utf8("wl1/device")

/** link₀ of a scope. */
export function startLink(hash: Hash, scope: Uint8Array): Link {
  assertLength(scope, ID_BYTES, "scope")
  return hash(concat(CHAIN, scope))
}

/** linkᵢ from linkᵢ₋₁, for the record at `position` = i, counted from 1. */
export function nextLink(hash: Hash, previous: Link, position: number, recordHash: RecordHash): Link {
  assertLength(previous, HASH_BYTES, "link")
  assertLength(recordHash, HASH_BYTES, "record hash")
  return hash(new Writer().bytes(LINK).bytes(previous).u64(position).bytes(recordHash).done())
}

export function clinicIdOf(hash: Hash, rootKey: Uint8Array): ClinicId {
  assertLength(rootKey, SIGNING_KEY_BYTES, "root key")
  return hash(concat(CLINIC, rootKey)).slice(0, ID_BYTES)
}

/** Binds a device's id to both of its keys: the id can't be claimed with other keys. */
export function deviceIdOf(hash: Hash, signingKey: Uint8Array, wrappingKey: Uint8Array): DeviceId {
  assertLength(signingKey, SIGNING_KEY_BYTES, "signing key")
  assertLength(wrappingKey, WRAPPING_KEY_BYTES, "wrapping key")
  return hash(concat(DEVICE, signingKey, wrappingKey)).slice(0, ID_BYTES)
}
