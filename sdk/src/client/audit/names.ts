/** Who is who in the audit log, by the clinic's directory. */
import { fromHex, isAllZero, toHex } from "../../bytes.ts"
import { type DirectoryState, deviceAt } from "../../directory/index.ts"
import type { AuditActor } from "./types.ts"

/** The witness that a staff device is has this name (docs/protocol.md, Witnesses). */
const DEVICE_WITNESS = "wardline/device/"

export function deviceWitnessName(device: Uint8Array): string {
  return `${DEVICE_WITNESS}${toHex(device)}`
}

/** The name of whoever's device this witness is; undefined if it is none of the clinic's devices. */
export function witnessDeviceName(state: DirectoryState, name: string): string | undefined {
  const id = name.startsWith(DEVICE_WITNESS) ? name.slice(DEVICE_WITNESS.length) : ""
  return /^[0-9a-f]{32}$/.test(id) ? deviceAt(state, fromHex(id))?.name : undefined
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
