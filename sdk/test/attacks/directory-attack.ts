/** What the attacks on the directory share: a case, how it is run, and forged signatures. */
import type { Test } from "uvu"
import * as assert from "uvu/assert"
import { fromHex } from "../../src/bytes.ts"
import { type Device, sign, signingKeyPair } from "../../src/crypto/index.ts"
import { applyRecord, applyRecords } from "../../src/directory/index.ts"
import type { ErrorCode } from "../../src/errors.ts"
import {
  attachSignature,
  encodeDeviceReference,
  encodeUnsigned,
  type RecordType,
} from "../../src/protocol/index.ts"
import { refusal } from "../crypto/expect.ts"
import { type Clinic, device, makeClinic, NURSING, options, seed, snapshot, T0 } from "../directory/clinic.ts"

export interface Attack {
  readonly name: string
  readonly code: ErrorCode
  /** Honest records that come before it. */
  readonly first?: (clinic: Clinic) => readonly Uint8Array[]
  readonly record: (clinic: Clinic) => Uint8Array
}

/** Each attack as a test: refused with its code, and the state stays as it was. */
export function addAttacks(test: Test, attacks: readonly Attack[]): void {
  for (const { name, code, first, record } of attacks) {
    test(name, () => {
      const clinic = makeClinic()
      const state = applyRecords(clinic.state, first?.(clinic) ?? [], options)
      const before = snapshot(state)
      refusal(() => applyRecord(state, record(clinic), options), code, name)
      assert.is(snapshot(state), before, "the state stays as it was")
    })
  }
}

/** A device that the clinic doesn't know. */
export const newcomer = (): Device => device(80)
export const asNurse = [{ role: NURSING, keeper: false }]
export const asKeeper = [{ role: NURSING, keeper: true }]
export const reference = (who: Device): Uint8Array => encodeDeviceReference(who.id)

/** An Ed25519 key of small order (the neutral element). */
export const smallOrder = fromHex("0100000000000000000000000000000000000000000000000000000000000000")

/** A key that the clinic's people don't have. */
export const relayKey = () => signingKeyPair(seed(99, 6))

/** Signs with a chosen key under a chosen tag, whatever issuer the record names. */
export function forge(
  clinic: Clinic,
  type: RecordType,
  body: Uint8Array,
  how: { issuer: Uint8Array; by: Uint8Array; tag?: string; scope?: Uint8Array; issued?: number },
): Uint8Array {
  const unsigned = encodeUnsigned(
    { type, scope: how.scope ?? clinic.id, issuer: how.issuer, issued: how.issued ?? T0 },
    body,
  )
  return attachSignature(unsigned, sign(how.tag ?? `wl1/${type}`, unsigned, how.by))
}
