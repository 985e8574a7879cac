/** Who takes part, who may read, and how long a conversation goes on (docs/protocol.md, Member and Life). */
import { equalBytes, toHex } from "../bytes.ts"
import { sha256 } from "../crypto/index.ts"
import { deviceAt, isAdmin, newestRoleKey, roleRuleAt } from "../directory/index.ts"
import {
  type DeviceKeys,
  decodeAccess,
  decodeClose,
  decodeMember,
  decodeReopen,
  decodeShred,
  decodeWithdraw,
  deviceIdOf,
  isAcceptableSigningKey,
  isAcceptableWrappingKey,
  MAX_ACCESS_MS,
  MAX_PAIRING_MS,
  MAX_PATIENT_DEVICES,
  MAX_PATIENT_DEVICES_EVER,
  MAX_ROLES,
  type MemberBody,
  needsReason,
  type WireRecord,
} from "../protocol/index.ts"
import {
  type At,
  checkNamed,
  checkParticipant,
  checkSignature,
  checkStaff,
  type Outcome,
  refused,
  type TranscriptContext,
  withEntry,
} from "./judging.ts"
import { isVault, type Participant, staffWithRole } from "./participants.ts"
import { currentDevices, type PatientDevice, raisedBy, type Transcript } from "./state.ts"

/** Devices come and go by the patient's own word, roles by staff whose role the policy lets change members. */
export function judgeMember(
  state: Transcript,
  record: WireRecord,
  at: At,
  { directory }: TranscriptContext,
): Outcome {
  const body = decodeMember(record.body)
  const position = checkNamed(state, directory, body.directory)
  const from = checkParticipant(state, record, directory, position)
  const counted = {
    memberChanges: [...state.memberChanges, at.position],
    ...raisedBy(state, body.directory.position),
  }
  const event = { ...at, kind: "member", from, change: body } as const
  if (body.change === "add-device" || body.change === "remove-device") {
    if (from.kind !== "patient") throw refused("a patient's device added by another")
    const device = body.change === "add-device" ? added(state, record, body) : removed(state, body.device, at)
    const devices = withEntry(state.devices, device.id, device)
    return [
      { ...counted, devices },
      { ...event, device: device.id },
    ]
  }
  if (state.closedAt !== undefined) throw refused("roles of a closed conversation")
  if (from.kind !== "staff" || !roleRuleAt(directory, from.role, position).mayChangeMembers)
    throw refused("roles changed by somebody who may not")
  if (body.change === "add-role" && newestRoleKey(directory, body.role, position) === undefined)
    throw refused("a role without a key")
  return [{ ...counted, roles: changedRoles(state, body) }, event]
}

function added(
  state: Transcript,
  record: WireRecord,
  { keys, kind, until, proof }: Extract<MemberBody, { change: "add-device" }>,
): PatientDevice {
  const id = acceptedId(keys)
  if (state.devices.has(toHex(id))) throw refused("the device was a member before")
  if (currentDevices(state).length >= MAX_PATIENT_DEVICES) throw refused("too many devices")
  if (state.devices.size >= MAX_PATIENT_DEVICES_EVER) throw refused("too many devices in all")
  const isInTime = until > record.issued && until <= record.issued + MAX_PAIRING_MS
  if (kind === "pairing" ? !isInTime : until !== 0) throw refused("a device for too long")
  return { id, keys, kind, until, proof, removedAt: undefined }
}

function acceptedId(keys: DeviceKeys): Uint8Array {
  if (!isAcceptableSigningKey(keys.signing)) throw refused("small-order signing key")
  if (!isAcceptableWrappingKey(keys.wrapping)) throw refused("small-order wrapping key")
  return deviceIdOf(sha256, keys.signing, keys.wrapping)
}

function removed(state: Transcript, id: Uint8Array, at: At): PatientDevice {
  const device = state.devices.get(toHex(id))
  if (device === undefined || device.removedAt !== undefined) throw refused("no such device")
  const others = currentDevices(state).filter(
    (other) => other.kind !== "pairing" && !equalBytes(other.id, id),
  )
  if (others.length === 0) throw refused("the patient's last device")
  return { ...device, removedAt: at.position }
}

function changedRoles(
  state: Transcript,
  { change, role }: Extract<MemberBody, { change: "add-role" | "remove-role" }>,
): Transcript["roles"] {
  const isMember = state.roles.includes(role)
  if (change === "add-role") {
    if (isMember) throw refused("the role is a member already")
    if (state.roles.length >= MAX_ROLES) throw refused("too many roles")
    return [...state.roles, role]
  }
  if (!isMember) throw refused("the role is no member")
  if (state.roles.length === 1) throw refused("the last role")
  return state.roles.filter((other) => other !== role)
}

export function judgeAccess(
  state: Transcript,
  record: WireRecord,
  at: At,
  { directory }: TranscriptContext,
): Outcome {
  const body = decodeAccess(record.body)
  const position = checkNamed(state, directory, body.directory)
  const from = staffWithRole(state, record, directory, position, body.role)
  if (!from) throw refused("not by staff of this conversation")
  checkSignature(record, from.signingKey)
  if (body.until < record.issued || body.until > record.issued + MAX_ACCESS_MS)
    throw refused("access for too long")
  const hasReason = needsReason(body.purpose)
  if (hasReason !== body.sealedReason.length > 0)
    throw refused("a reason comes with an access that breaks the glass or discloses, and with no other")
  if (isVaultKeeper(state, from, directory, position) && body.purpose !== "BTG")
    throw refused("the vault opened without breaking the glass")
  const { role, purpose, until, sealedReason } = body
  const generation = newestRoleKey(directory, role, body.directory.position)?.generation
  const reason = hasReason && generation !== undefined ? { reason: { generation, sealed: sealedReason } } : {}
  const grants = [
    ...(state.accesses.get(toHex(record.issuer)) ?? []),
    { role, purpose, issued: record.issued, until },
  ]
  return [
    {
      accesses: withEntry(state.accesses, record.issuer, grants),
      ...raisedBy(state, body.directory.position),
    },
    { ...at, kind: "access", from, purpose, until, ...reason },
  ]
}

/** Staff who are here for the vault alone. */
function isVaultKeeper(
  state: Transcript,
  from: Participant,
  directory: TranscriptContext["directory"],
  position: number,
): boolean {
  return (
    from.kind === "staff" &&
    !state.roles.includes(from.role) &&
    isVault(state, directory, position, from.role)
  )
}

export function judgeClose(
  state: Transcript,
  record: WireRecord,
  at: At,
  { directory }: TranscriptContext,
): Outcome {
  const { reason } = decodeClose(record.body)
  const from = checkStaff(state, record, directory, state.namedFloor)
  return [{ closedAt: at.position }, { ...at, kind: "close", from, reason }]
}

/** What lies in the vault is reopened by those who keep it. */
export function judgeReopen(
  state: Transcript,
  record: WireRecord,
  at: At,
  { directory }: TranscriptContext,
): Outcome {
  const { reason } = decodeReopen(record.body)
  const from = checkStaff(state, record, directory, state.namedFloor)
  const isArchived = (state.archivedAt ?? 0) > (state.closedAt ?? 0)
  if (isArchived && !isVault(state, directory, state.namedFloor, from.role))
    throw refused("not reopened by the vault")
  return [{ closedAt: undefined }, { ...at, kind: "reopen", from, reason }]
}

export function judgeWithdraw(
  state: Transcript,
  record: WireRecord,
  at: At,
  { directory }: TranscriptContext,
): Outcome {
  decodeWithdraw(record.body)
  const from = checkParticipant(state, record, directory, state.namedFloor)
  if (from.kind !== "patient") throw refused("consent withdrawn by another")
  return [{ withdrawnAt: at.position }, { ...at, kind: "withdraw", from }]
}

export function judgeShred(
  state: Transcript,
  record: WireRecord,
  at: At,
  { directory }: TranscriptContext,
): Outcome {
  const body = decodeShred(record.body)
  const position = checkNamed(state, directory, body.directory)
  const admin = deviceAt(directory, record.issuer, position)
  if (!admin || !isAdmin(directory, record.issuer, position)) throw refused("not by an administrator")
  checkSignature(record, admin.keys.signing)
  return [
    { shreddedAt: at.position, ...raisedBy(state, body.directory.position) },
    { ...at, kind: "shred", by: record.issuer, reason: body.reason },
  ]
}
