/** Who may write in a conversation, judged at a directory position (docs/protocol.md, Message, check 2). */
import { toHex } from "../bytes.ts"
import {
  archiveRoleAt,
  type DirectoryState,
  deviceAt,
  holdsRole,
  isLiveStaff,
  judgedMs,
} from "../directory/index.ts"
import type { Role } from "../ids.ts"
import type { WireRecord } from "../protocol/index.ts"
import type { Transcript } from "./state.ts"

export type Participant =
  | { kind: "patient"; device: Uint8Array; signingKey: Uint8Array }
  | { kind: "staff"; device: Uint8Array; signingKey: Uint8Array; role: Role }

/** The record's issuer, if at `directoryPosition` it is one of the patient's devices, or staff in a member role whose
 * access record covers the time issued. */
export function participantOf(
  state: Transcript,
  record: WireRecord,
  directory: DirectoryState,
  directoryPosition: number,
): Participant | undefined {
  const device = state.devices.get(toHex(record.issuer))
  if (device !== undefined) {
    // By its own date; or by what the clinic attested, so that who comes late can't give an earlier one.
    const datedMs = judgedMs(directory, record.issued, directoryPosition)
    const isOver = device.until !== 0 && datedMs > device.until
    if (device.removedAt !== undefined || isOver) return undefined
    return { kind: "patient", device: record.issuer, signingKey: device.keys.signing }
  }
  const access = (state.accesses.get(toHex(record.issuer)) ?? []).findLast(
    (grant) => grant.issued <= record.issued && record.issued <= grant.until,
  )
  return access && staffWithRole(state, record, directory, directoryPosition, access.role)
}

/** The record's issuer, if at `directoryPosition` it is a live staff device that holds `role`, and the role is
 * a member of the conversation, or keeps the vault that it lies in. */
export function staffWithRole(
  state: Transcript,
  record: WireRecord,
  directory: DirectoryState,
  directoryPosition: number,
  role: Role,
): Participant | undefined {
  const device = deviceAt(directory, record.issuer, directoryPosition)
  if (!device) return undefined
  if (!isLiveStaff(directory, record.issuer, record.issued, directoryPosition)) return undefined
  if (!holdsRole(directory, record.issuer, role, directoryPosition)) return undefined
  if (!state.roles.includes(role) && !isVault(state, directory, directoryPosition, role)) return undefined
  return { kind: "staff", device: record.issuer, signingKey: device.keys.signing, role }
}

/** Whether `role` is the archive role of a clinic in whose vault this conversation lies. */
export function isVault(
  state: Transcript,
  directory: DirectoryState,
  directoryPosition: number,
  role: Role,
): boolean {
  return state.archivedAt !== undefined && archiveRoleAt(directory, directoryPosition) === role
}
