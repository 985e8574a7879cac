/** Who may write in a conversation, judged at a directory position (docs/protocol.md, Message, check 2). */
import { equalBytes, toHex } from "../bytes.ts"
import { type DirectoryState, deviceAt, holdsRole, isLiveStaff } from "../directory/index.ts"
import type { Role } from "../ids.ts"
import type { WireRecord } from "../protocol/index.ts"
import type { Transcript } from "./state.ts"

export type Participant =
  | { kind: "patient"; device: Uint8Array; signingKey: Uint8Array }
  | { kind: "staff"; device: Uint8Array; signingKey: Uint8Array; role: Role }

/** The record's issuer, if at `directoryPosition` she is the patient, or staff in a member role whose access
 * record covers the time issued. */
export function participantOf(
  state: Transcript,
  record: WireRecord,
  directory: DirectoryState,
  directoryPosition: number,
): Participant | undefined {
  if (state.patient && equalBytes(record.issuer, state.patient.id)) {
    return { kind: "patient", device: record.issuer, signingKey: state.patient.keys.signing }
  }
  const access = (state.accesses.get(toHex(record.issuer)) ?? []).findLast(
    (grant) => grant.issued <= record.issued && record.issued <= grant.until,
  )
  return access && staffWithRole(state, record, directory, directoryPosition, access.role)
}

/** The record's issuer, if at `directoryPosition` it is a live staff device that holds `role`, and the role is
 * a member of the conversation. */
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
  if (!state.roles.includes(role)) return undefined
  return { kind: "staff", device: record.issuer, signingKey: device.keys.signing, role }
}
