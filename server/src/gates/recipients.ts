/** What every client will hold against a record: its own date, and the directory that it names. The relay knows better, by
 * its clock and its newer directory, and must not take by these what clients refuse: it would go on with other members,
 * or another end, than they see, and the conversation would be stuck for good. Pure. */
import {
  archiveRoleAt,
  type DirectoryState,
  holdsRole,
  isAdmin,
  isLiveStaff,
  newestRoleKey,
  roleRuleAt,
} from "@wardline/sdk/directory"
import {
  decodeAccess,
  decodeEpoch,
  decodeGrant,
  decodeMember,
  decodeShred,
  type Role,
  WardlineError,
  type WireRecord,
} from "@wardline/sdk/protocol"
import type { Access, Conversation } from "../conversation.ts"
import type { Actor } from "./authority.ts"
import { conflict, type Judged } from "./judging.ts"

/** A device's records are dated within what lets it sign them.
 * @throws {WardlineError} ERR_ACCESS_REQUIRED, or ERR_CLOCK for a pairing device. */
export function checkDated(conversation: Conversation, actor: Actor, issued: number): void {
  if (actor.kind === "patient") {
    const until = conversation.patients.get(actor.device)?.until ?? 0
    if (until !== 0 && issued > until)
      throw new WardlineError("ERR_CLOCK", "by its own date the pairing device's time is over")
    return
  }
  const access = conversation.accesses.get(actor.device)
  if (access !== undefined && (issued < access.issued || issued > access.until))
    throw new WardlineError("ERR_ACCESS_REQUIRED", "the record's date isn't covered by the access record")
}

/** Judges a record that passed its gate by the directory that it names.
 * @param access - by which a staff device published it; an access record's own.
 * @throws {WardlineError} ERR_CONFLICT: with the newest directory the device can make it anew. */
export function checkNamed({ record, actor }: Judged, access: Access | undefined): void {
  const { directory } = actor.clinic
  const position = namedIn(record) ?? directory.position
  const isRight =
    actor.kind === "staff" && access !== undefined
      ? isByStaff(directory, record, access.role, position) && mayDo(directory, record, access.role, position)
      : actor.kind !== "admin" || isAdmin(directory, record.issuer, position)
  if (!isRight) throw conflict("by the directory that it names, the record isn't its issuer's to make")
}

function isByStaff(directory: DirectoryState, record: WireRecord, role: Role, position: number): boolean {
  const { issuer, issued } = record
  return isLiveStaff(directory, issuer, issued, position) && holdsRole(directory, issuer, role, position)
}

function mayDo(directory: DirectoryState, { type, body }: WireRecord, role: Role, position: number): boolean {
  if (type === "archive") {
    const vault = archiveRoleAt(directory, position)
    const { generation } = decodeGrant(body).slot
    return vault !== undefined && newestRoleKey(directory, vault, position)?.generation === generation
  }
  if (type !== "member") return true
  const change = decodeMember(body)
  if (change.change === "add-role" && newestRoleKey(directory, change.role, position) === undefined)
    return false
  return roleRuleAt(directory, role, position).mayChangeMembers
}

function namedIn({ type, body }: WireRecord): number | undefined {
  switch (type) {
    case "epoch":
      return decodeEpoch(body).directory.position
    case "member":
      return decodeMember(body).directory.position
    case "access":
      return decodeAccess(body).directory.position
    case "grant":
    case "archive":
      return decodeGrant(body).directory.position
    case "shred":
      return decodeShred(body).directory.position
    default:
      return undefined
  }
}
