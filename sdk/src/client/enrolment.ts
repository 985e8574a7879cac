/** Binds a device to a person of the staff: its keys are made or stored where they will be used. */
import { toHex } from "../bytes.ts"
import { cryptoReady, sha256 } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import type { Keystore } from "../keystore/keystore.ts"
import { clinicIdOf, type DeviceKeys } from "../protocol/index.ts"
import { readClinicKey } from "./options.ts"
import { ClinicStorage, type DeviceSeeds, randomSeeds } from "./storage.ts"

export interface StoredDevice {
  /** Hexadecimal. */
  readonly deviceId: string
  /** Its public keys, for an administrator to add. */
  readonly keys: DeviceKeys
}

/** Makes this device's keys and stores them; the public ones go to an administrator (`AdminClient.addStaff`).
 * @throws {WardlineError} ERR_CONFLICT if the keystore holds a device of this clinic already. */
export function createDevice(keystore: Keystore, clinicKey: string): Promise<StoredDevice> {
  return enrolDevice(keystore, clinicKey)
}

/** Stores a device that an administrator has made.
 * @throws {WardlineError} ERR_CONFLICT if the keystore holds a device of this clinic already. */
export async function enrolDevice(
  keystore: Keystore,
  clinicKey: string,
  seeds?: DeviceSeeds,
): Promise<StoredDevice> {
  await cryptoReady()
  const storage = new ClinicStorage(keystore, clinicIdOf(sha256, readClinicKey(clinicKey)))
  if ((await storage.loadDevice()) !== undefined) {
    throw new WardlineError("ERR_CONFLICT", "the keystore holds a device of this clinic already")
  }
  const device = await storage.saveDevice(seeds ?? randomSeeds())
  const keys = { signing: device.signing.publicKey, wrapping: device.wrapping.publicKey }
  return { deviceId: toHex(device.id), keys }
}
