/** HPKE base mode (draft-ietf-hpke-hpke) with X-Wing, SHAKE256 in its one-stage key schedule, and ChaCha20-Poly1305
 * (draft-ietf-hpke-pq): the suite 0x647a, 0x0011, 0x0003. Wraps use the one-shot form; the steps are there for
 * published vectors and for nothing else. */
import { assertLength, literalUtf8, utf8, Writer } from "../bytes.ts"
import type { WrappingPublicKey } from "../ids.ts"
import { shake256 } from "./hash.ts"
import {
  type WrappingKeyPair,
  wrappingKeyPair,
  XWING_ENCAPSULATION_BYTES,
  XWING_SEED_BYTES,
  XWING_SHARED_SECRET_BYTES,
  xwingDecapsulate,
  xwingEncapsulate,
} from "./kem.ts"
import { openFailed } from "./open-failed.ts"
import { sodium } from "./sodium.ts"
import { wipe } from "./wipe.ts"

const KEM_ID = 0x647a
const KDF_ID = 0x0011
const AEAD_ID = 0x0003
const MODE_BASE = 0
/** Nk, Nn, Nt and Nh of the suite. */
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const EXPORTER_BYTES = 64

const VERSION = utf8("HPKE-v1")
const NOTHING = new Uint8Array(0)
const KEM_SUITE: Uint8Array = new Writer().bytes(utf8("KEM")).u16(KEM_ID).done()
const HPKE_SUITE: Uint8Array = new Writer().bytes(utf8("HPKE")).u16(KEM_ID).u16(KDF_ID).u16(AEAD_ID).done()

/** What HPKE adds to a plaintext's length: the encapsulation and the tag. */
export const HPKE_OVERHEAD_BYTES: number = XWING_ENCAPSULATION_BYTES + TAG_BYTES

/** Key 32, base nonce 12, exporter secret 64 bytes. */
export interface HpkeContext {
  readonly key: Uint8Array
  readonly baseNonce: Uint8Array
  readonly exporterSecret: Uint8Array
}

/** LabeledDerive of one-stage KDFs (draft-ietf-hpke-hpke, Key Derivation Functions). */
function labeledDerive(
  suite: Uint8Array,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const input = new Writer()
    .bytes(secret)
    .bytes(VERSION)
    .bytes(suite)
    .lp16(literalUtf8(label))
    .u16(length)
    .bytes(context)
  const bytes = input.done()
  const output = shake256(bytes, length)
  wipe(bytes)
  return output
}

/** DeriveKeyPair of draft-ietf-hpke-pq.
 * @param ikm - at least 32 secret bytes. */
export function hpkeDeriveKeyPair(ikm: Uint8Array): WrappingKeyPair {
  return wrappingKeyPair(labeledDerive(KEM_SUITE, ikm, "DeriveKeyPair", NOTHING, XWING_SEED_BYTES))
}

/** KeySchedule with CombineSecrets_OneStage, base mode: no pre-shared key and no id of one.
 * @param sharedSecret - 32 bytes of the KEM; not modified. */
export function hpkeKeySchedule(sharedSecret: Uint8Array, info: Uint8Array): HpkeContext {
  assertLength(sharedSecret, XWING_SHARED_SECRET_BYTES, "shared secret")
  const secrets = new Writer().lp16(NOTHING).lp16(sharedSecret).done()
  const context = new Writer().u8(MODE_BASE).lp16(NOTHING).lp16(info).done()
  const length = KEY_BYTES + NONCE_BYTES + EXPORTER_BYTES
  const derived = labeledDerive(HPKE_SUITE, secrets, "secret", context, length)
  const key = derived.slice(0, KEY_BYTES)
  const baseNonce = derived.slice(KEY_BYTES, KEY_BYTES + NONCE_BYTES)
  const exporterSecret = derived.slice(KEY_BYTES + NONCE_BYTES)
  wipe(secrets, derived)
  return { key, baseNonce, exporterSecret }
}

/** SetupBaseS.
 * @param randomness - `seed`: 64 random bytes, used once.
 * @throws {WardlineError} ERR_MALFORMED if `publicKey` is no X-Wing key. */
export function hpkeSetupSender(
  publicKey: WrappingPublicKey,
  info: Uint8Array,
  randomness: { readonly seed: Uint8Array },
): { encapsulation: Uint8Array; context: HpkeContext } {
  const { encapsulation, sharedSecret } = xwingEncapsulate(publicKey, randomness.seed)
  const context = hpkeKeySchedule(sharedSecret, info)
  wipe(sharedSecret)
  return { encapsulation, context }
}

/** SetupBaseR.
 * @throws {WardlineError} ERR_OPEN_FAILED for an encapsulation that can't be one. */
export function hpkeSetupRecipient(
  seed: Uint8Array,
  encapsulation: Uint8Array,
  info: Uint8Array,
): HpkeContext {
  const sharedSecret = xwingDecapsulate(seed, encapsulation)
  const context = hpkeKeySchedule(sharedSecret, info)
  wipe(sharedSecret)
  return context
}

/** ComputeNonce: the base nonce XOR the sequence number, from 0. */
function nonceAt(context: HpkeContext, sequence: number): Uint8Array {
  const counter = new Writer().u32(0).u64(sequence).done()
  return counter.map((byte, i) => byte ^ (context.baseNonce[i] as number))
}

/** ContextS.Seal of message number `sequence`, from 0. The caller counts and never repeats one. */
export function hpkeContextSeal(
  context: HpkeContext,
  sequence: number,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const nonce = nonceAt(context, sequence)
  return sodium().crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, aad, null, nonce, context.key)
}

/** ContextR.Open of message number `sequence`, from 0.
 * @throws {WardlineError} ERR_OPEN_FAILED for every failure alike. */
export function hpkeContextOpen(
  context: HpkeContext,
  sequence: number,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array {
  const nonce = nonceAt(context, sequence)
  const library = sodium()
  try {
    return library.crypto_aead_chacha20poly1305_ietf_decrypt(null, ciphertext, aad, nonce, context.key)
  } catch {
    throw openFailed()
  }
}

/** Context.Export: `length` bytes. */
export function hpkeExport(context: HpkeContext, exporterContext: Uint8Array, length: number): Uint8Array {
  return labeledDerive(HPKE_SUITE, context.exporterSecret, "sec", exporterContext, length)
}

function wipeContext(context: HpkeContext): void {
  wipe(context.key, context.baseNonce, context.exporterSecret)
}

/** SealBase: wraps `plaintext` to the owner of `publicKey`, in one shot.
 * @param publicKey - 1216 bytes.
 * @param randomness - `seed`: 64 random bytes, used once.
 * @returns the 1120-byte encapsulation, the ciphertext and its 16-byte tag.
 * @throws {WardlineError} ERR_MALFORMED if `publicKey` is no X-Wing key. */
export function hpkeSeal(
  publicKey: WrappingPublicKey,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  randomness: { readonly seed: Uint8Array },
): Uint8Array {
  const { encapsulation, context } = hpkeSetupSender(publicKey, info, randomness)
  const ciphertext = hpkeContextSeal(context, 0, aad, plaintext)
  wipeContext(context)
  return new Writer().bytes(encapsulation).bytes(ciphertext).done()
}

/** OpenBase: the pair of {@link hpkeSeal}.
 * @param seed - the recipient's 32-byte X-Wing seed; not kept.
 * @param sealed - as hpkeSeal returned it.
 * @throws {WardlineError} ERR_OPEN_FAILED for every failure alike. */
export function hpkeOpen(
  seed: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const context = hpkeSetupRecipient(seed, sealed.subarray(0, XWING_ENCAPSULATION_BYTES), info)
  try {
    return hpkeContextOpen(context, 0, aad, sealed.subarray(XWING_ENCAPSULATION_BYTES))
  } finally {
    wipeContext(context)
  }
}
