/** Who is who in the audit log, by the clinic's directory. */
import { equalBytes, fromHex, isAllZero, toHex } from "../../bytes.ts"
import { type DirectoryState, deviceAt } from "../../directory/index.ts"
import { deviceWitnessName } from "../clinic-policy.ts"
import type { AuditActor } from "./types.ts"

/** The witnesses that are staff devices are called so, before the device's id. */
const DEVICE_WITNESS = deviceWitnessName("")

/** The name of whoever's device this witness is, by its key: anybody can have a key made under a device's name; undefined
 * if it is none of the clinic's devices. */
export function witnessDeviceName(state: DirectoryState, name: string): string | undefined {
  const id = name.startsWith(DEVICE_WITNESS) ? name.slice(DEVICE_WITNESS.length) : ""
  const device = /^[0-9a-f]{32}$/.test(id) ? deviceAt(state, fromHex(id)) : undefined
  const witness = state.policy?.witnesses.find((one) => one.name === name)
  if (device === undefined || witness === undefined) return undefined
  return equalBytes(device.keys.signing, witness.key) ? device.name : undefined
}

/** @param self - this device's id.
 * @param isPatient - whether the conversation knows the device as one of the patient's. */
export function actorOf(
  state: DirectoryState,
  self: Uint8Array,
  device: Uint8Array,
  isPatient: (deviceId: string) => boolean = () => false,
): AuditActor {
  const deviceId = toHex(device)
  if (isAllZero(device)) return { kind: "relay", deviceId: "" }
  const known = deviceAt(state, device)
  const name = known === undefined ? {} : { name: known.name }
  if (deviceId === toHex(self)) return { kind: "self", deviceId, ...name }
  if (isPatient(deviceId)) return { kind: "patient", deviceId }
  return { kind: known?.kind ?? "unknown", deviceId, ...name }
}
