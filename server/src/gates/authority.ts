/** Who may write in, or read, a conversation now (docs/protocol.md, Wire). Pure. */
import { WardlineError } from "@wardline/sdk/protocol"
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

/** Checks that the conversation is one that the actor may know of.
 * @throws {WardlineError} ERR_NOT_FOUND, the same for one that isn't there as for another's; ERR_FORBIDDEN for staff
 *   of none of its roles. */
export function checkConcerns(conversation: Conversation, actor: Actor): void {
  if (conversation.clinic.key !== actor.clinicKey) throw notFound()
  if (actor.kind === "patient") {
    if (conversation.patient?.key !== actor.device) throw notFound()
    return
  }
  if (!conversation.roles.some((role) => actor.roles.includes(role)))
    throw new WardlineError("ERR_FORBIDDEN", "the conversation addresses none of this device's roles")
}

/** Checks that a staff device has opened the conversation, as checkConcerns isn't enough to read or write it.
 * @returns its access record; undefined for the patient.
 * @throws {WardlineError} ERR_ACCESS_REQUIRED */
export function checkAccess(conversation: Conversation, actor: Actor, nowMs: number): Access | undefined {
  if (actor.kind === "patient") return undefined
  const access = conversation.accessOf(actor.device, nowMs)
  if (access === undefined || !actor.roles.includes(access.role))
    throw new WardlineError("ERR_ACCESS_REQUIRED", "sign an access record for this conversation first")
  return access
}

export function notFound(): WardlineError {
  return new WardlineError("ERR_NOT_FOUND", "no such conversation")
}
