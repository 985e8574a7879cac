/** The gates of records that say who takes part, who may read, and how long a conversation goes on (docs/protocol.md,
 * Member and Life). Pure. */
import { newestRoleKey, roleRuleAt } from "@wardline/sdk/directory"
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
  purposeCode,
  type Role,
  toHex,
  type WireRecord,
} from "@wardline/sdk/protocol"
import type { Access, Conversation, PatientDevice } from "../conversation.ts"
import { keyOf, sha256 } from "../hashing.ts"
import { checkAccess, isVaultKeeper, takesPart } from "./authority.ts"
import {
  type ControlChange,
  checkReference,
  checkStaff,
  conflict,
  forbidden,
  type Judged,
} from "./judging.ts"
import { closed } from "./message.ts"

/** Devices come and go by the patient's own word, roles by staff whose role the policy lets change members. */
export function judgeMember(judged: Judged): ControlChange {
  const { conversation, record, actor, nowMs } = judged
  const access = checkAccess(conversation, actor, nowMs)
  const body = decodeMember(record.body)
  checkReference(actor, body.directory)
  switch (body.change) {
    case "add-device":
      if (actor.kind !== "patient") throw forbidden("a patient's device added by another")
      return { kind: "member", access, change: { device: judgeAdded(judged, body) } }
    case "remove-device":
      if (actor.kind !== "patient") throw forbidden("a patient's device removed by another")
      return { kind: "member", access, change: { device: judgeRemoved(conversation, keyOf(body.device)) } }
    default: {
      if (conversation.isClosed) throw closed()
      const mayChange = access && roleRuleAt(actor.clinic.directory, access.role).mayChangeMembers
      if (mayChange !== true) throw forbidden("roles changed by somebody who may not")
      return { kind: "member", access, change: { roles: judgeRoles(judged, body) } }
    }
  }
}

function judgeAdded(
  { conversation, record, actor, nowMs }: Judged,
  body: Extract<MemberBody, { change: "add-device" }>,
): PatientDevice {
  const { keys, kind, until } = body
  if (!isAcceptableSigningKey(keys.signing)) throw forbidden("small-order signing key")
  if (!isAcceptableWrappingKey(keys.wrapping)) throw forbidden("small-order wrapping key")
  const device = patientDevice(keys, kind, until, untilByRelay(nowMs, record.issued, until))
  if (conversation.patients.has(device.key)) throw conflict("the device was a member before")
  if (actor.clinic.directory.devices.has(toHex(Buffer.from(device.key, "latin1"))))
    throw forbidden("a device of the clinic's as the patient's")
  const current = [...conversation.patients.values()].filter(({ isRemoved }) => !isRemoved)
  if (current.length >= MAX_PATIENT_DEVICES) throw forbidden("too many devices")
  if (conversation.patients.size >= MAX_PATIENT_DEVICES_EVER) throw forbidden("too many devices in all")
  const isInTime = until > record.issued && until <= record.issued + MAX_PAIRING_MS
  if (kind === "pairing" ? !isInTime : until !== 0) throw forbidden("a device for too long")
  return device
}

/** A device's lifetime counts from when the relay took it, as access does: clocks may differ. */
function untilByRelay(storedMs: number, issued: number, until: number): number {
  return until === 0 ? 0 : storedMs + Math.min(until - issued, MAX_PAIRING_MS)
}

/** A patient's device as a conversation keeps it. */
export function patientDevice(
  keys: DeviceKeys,
  kind: PatientDevice["kind"],
  until = 0,
  untilMs = 0,
): PatientDevice {
  const key = keyOf(deviceIdOf(sha256, keys.signing, keys.wrapping))
  return { key, wrappingHash: sha256(keys.wrapping), kind, until, untilMs, isRemoved: false }
}

function judgeRemoved(conversation: Conversation, key: string): PatientDevice {
  const device = conversation.patients.get(key)
  if (device === undefined || device.isRemoved) throw conflict("no such device")
  const others = [...conversation.patients.values()].filter(
    (other) => !other.isRemoved && other.kind !== "pairing" && other.key !== key,
  )
  if (others.length === 0) throw forbidden("the patient's last device")
  return { ...device, isRemoved: true }
}

function judgeRoles(
  { conversation, actor }: Judged,
  { change, role }: Extract<MemberBody, { change: "add-role" | "remove-role" }>,
): readonly Role[] {
  const { roles } = conversation
  const isMember = roles.includes(role)
  if (change === "add-role") {
    if (newestRoleKey(actor.clinic.directory, role) === undefined) throw forbidden("a role without a key")
    if (isMember) throw conflict("the role is a member already")
    if (roles.length >= MAX_ROLES) throw forbidden("too many roles")
    return [...roles, role]
  }
  if (!isMember) throw conflict("the role is no member")
  if (roles.length === 1) throw forbidden("the last role")
  return roles.filter((other) => other !== role)
}

export function judgeAccess({ conversation, record, actor, nowMs }: Judged): ControlChange {
  const body = decodeAccess(record.body)
  checkReference(actor, body.directory)
  // Which only staff do.
  if (!actor.roles.includes(body.role)) throw forbidden("the device doesn't hold this role")
  if (!takesPart(conversation, body.role)) throw forbidden("the conversation doesn't address this role")
  if (body.until > record.issued + MAX_ACCESS_MS) throw forbidden("access for too long")
  if (body.until <= record.issued) throw forbidden("the access is over as soon as it begins")
  if (needsReason(body.purpose) !== body.sealedReason.length > 0)
    throw forbidden(
      "a sealed reason comes with an access that breaks the glass or discloses, and with no other",
    )
  if (isVaultKeeper(conversation, body.role) && body.purpose !== "BTG")
    throw forbidden("the vault opened without breaking the glass")
  return { kind: "access", access: accessOf(body, record.issued, nowMs) }
}

/** An access record as a conversation keeps it. */
export function accessOf(
  { role, purpose, until }: Pick<ReturnType<typeof decodeAccess>, "role" | "purpose" | "until">,
  issued: number,
  storedMs: number,
): Access {
  const untilMs = accessUntil(storedMs, issued, until)
  return { role, purpose: purposeCode(purpose), issued, until, untilMs }
}

/** When access ends: as long after it was stored as the device asked for, both by clocks that may differ. */
function accessUntil(storedMs: number, issuedMs: number, until: number): number {
  return storedMs + Math.min(until - issuedMs, MAX_ACCESS_MS)
}

export function judgeClose(judged: Judged): ControlChange {
  decodeClose(judged.record.body)
  return { kind: "close", access: checkStaff(judged, "staff close a conversation") }
}

/** What lies in the vault is reopened by those who keep it: nobody else has access to it. */
export function judgeReopen(judged: Judged): ControlChange {
  decodeReopen(judged.record.body)
  return { kind: "reopen", access: checkStaff(judged, "staff reopen a conversation") }
}

export function judgeWithdraw({ record, actor }: Judged): ControlChange {
  decodeWithdraw(record.body)
  if (actor.kind !== "patient") throw forbidden("consent withdrawn by another")
  return { kind: "withdraw", access: undefined }
}

export function judgeShred({ record, actor }: Judged): ControlChange {
  if (actor.kind !== "admin") throw forbidden("administrators destroy a conversation")
  const body = decodeShred(record.body)
  checkReference(actor, body.directory)
  return { kind: "shred" }
}

/** A stored member record's device or roles. It was judged when it was stored.
 * @param storedMs - when that was, by the relay's clock. */
export function storedChange(
  conversation: Conversation,
  record: WireRecord,
  storedMs: number,
): Extract<ControlChange, { kind: "member" }>["change"] {
  const body = decodeMember(record.body)
  switch (body.change) {
    case "add-device": {
      const { keys, kind, until } = body
      return { device: patientDevice(keys, kind, until, untilByRelay(storedMs, record.issued, until)) }
    }
    case "remove-device": {
      const device = conversation.patients.get(keyOf(body.device)) as PatientDevice
      return { device: { ...device, isRemoved: true } }
    }
    case "add-role":
      return { roles: [...conversation.roles, body.role] }
    case "remove-role":
      return { roles: conversation.roles.filter((role) => role !== body.role) }
  }
}
