/** Who may write in, or read, a conversation now (docs/protocol.md, Wire). Pure. */
import { archiveRoleAt } from "@wardline/sdk/directory"
import { purposeCode, WardlineError } from "@wardline/sdk/protocol"
import type { Access, Conversation } from "../conversation.ts"

/** A logged-in device. */
export interface Actor {
  readonly kind: "patient" | "staff" | "admin"
  /** The device id as a key. */
  readonly device: string
  /** The clinic's id as a key. */
  readonly clinicKey: string
  /** A staff device's roles, by the newest directory. */
  readonly roles: readonly string[]
}

const BREAK_GLASS = purposeCode("BTG")

/** Checks that the conversation is one that the actor may know of.
 * @throws {WardlineError} ERR_NOT_FOUND, the same for one that isn't there as for another's, or for a device that was
 *   removed; ERR_FORBIDDEN for staff of none of its roles. */
export function checkConcerns(conversation: Conversation, actor: Actor, nowMs: number): void {
  if (conversation.clinic.key !== actor.clinicKey) throw notFound()
  if (actor.kind === "patient") {
    if (conversation.patientOf(actor.device, nowMs) === undefined) throw notFound()
    return
  }
  if (!actor.roles.some((role) => takesPart(conversation, role)))
    throw new WardlineError("ERR_FORBIDDEN", "the conversation addresses none of this device's roles")
}

/** Whether a role's staff may open the conversation now: a member's, unless it lies in the vault alone, or the vault's
 * keepers. */
export function takesPart(conversation: Conversation, role: string): boolean {
  if (isVaultRole(conversation, role)) return true
  return !conversation.isArchived && (conversation.roles as readonly string[]).includes(role)
}

/** Whether the role keeps the vault that the conversation's history lies in. */
export function isVaultRole(conversation: Conversation, role: string): boolean {
  return conversation.vaultRole !== undefined && archiveRoleAt(conversation.clinic.directory) === role
}

/** Whether the role's staff are there for the vault alone, and have to break the glass. */
export function isVaultKeeper(conversation: Conversation, role: string): boolean {
  const isMember = !conversation.isArchived && (conversation.roles as readonly string[]).includes(role)
  return !isMember && isVaultRole(conversation, role)
}

/** Checks that a staff device has opened the conversation, as checkConcerns isn't enough to read or write it.
 * @returns its access record; undefined for the patient.
 * @throws {WardlineError} ERR_ACCESS_REQUIRED */
export function checkAccess(conversation: Conversation, actor: Actor, nowMs: number): Access | undefined {
  if (actor.kind === "patient") return undefined
  const access = conversation.accessOf(actor.device, nowMs)
  if (access === undefined || !actor.roles.includes(access.role)) throw accessRequired()
  if (!takesPart(conversation, access.role)) throw accessRequired()
  // What was opened before the conversation went into the vault doesn't open the vault.
  if (access.purpose !== BREAK_GLASS && isVaultKeeper(conversation, access.role)) throw accessRequired()
  return access
}

function accessRequired(): WardlineError {
  return new WardlineError("ERR_ACCESS_REQUIRED", "sign an access record for this conversation first")
}

export function notFound(): WardlineError {
  return new WardlineError("ERR_NOT_FOUND", "no such conversation")
}
