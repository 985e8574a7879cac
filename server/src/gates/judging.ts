/** What the gates of every transcript record but messages share. Pure. */
import { checkExtends } from "@wardline/sdk/directory"
import {
  type DirectoryReference,
  detachedOf,
  hasDetachedPart,
  type Role,
  signatureInput,
  signatureTag,
  signedPart,
  WardlineError,
  type WireRecord,
} from "@wardline/sdk/protocol"
import type { Clinic } from "../clinic.ts"
import type { Access, Conversation, PatientDevice } from "../conversation.ts"
import { sha256, verify } from "../hashing.ts"
import type { RoleKeyUse } from "../store/store.ts"
import { type Actor, checkAccess } from "./authority.ts"

/** What an accepted record changes. `access`: the staff device's, by which it was published. `slots`: the role keys that
 * its detached part is wrapped to. */
export type ControlChange =
  | { kind: "consent"; patient: PatientDevice }
  | { kind: "open"; roles: readonly Role[]; slots: readonly RoleKeyUse[] }
  | { kind: "epoch"; number: number; slots: readonly RoleKeyUse[]; access: Access | undefined }
  | { kind: "access"; access: Access }
  | { kind: "member"; change: MemberChange; access: Access | undefined }
  | { kind: "grant"; slots: readonly RoleKeyUse[]; access: Access | undefined }
  | {
      kind: "archive"
      slots: readonly RoleKeyUse[]
      /** Record hashes of the epochs that the vault takes over, as keys. */
      epochs: readonly string[]
      access: Access | undefined
    }
  | { kind: "close" | "reopen" | "withdraw"; access: Access | undefined }
  | { kind: "shred" }

/** One of the patient's devices, new or removed, or the roles from now on. */
export type MemberChange = { device: PatientDevice } | { roles: readonly Role[] }

/** A logged-in device with the key that its records are signed with. */
export interface SigningActor extends Actor {
  readonly clinic: Clinic
  /** 32 bytes. */
  readonly signingKey: Uint8Array
}

/** What a record is judged by. */
export interface Judged {
  readonly conversation: Conversation
  readonly record: WireRecord
  readonly actor: SigningActor
  readonly nowMs: number
}

/** The directory position that a record names must be the relay's own history.
 * @throws {WardlineError} ERR_ROLLBACK where the relay's is shorter, ERR_FORK where it differs. */
export function checkReference(actor: SigningActor, reference: DirectoryReference): void {
  checkExtends(reference, actor.clinic.directory)
}

/** What a record commits to comes with it: dropped it may be later, by the relay alone.
 * @throws {WardlineError} ERR_MALFORMED */
export function checkDetached(record: WireRecord): void {
  if (hasDetachedPart(record.type) && detachedOf(sha256, record) === undefined)
    throw new WardlineError("ERR_MALFORMED", "the record's detached part is missing or isn't its own")
}

export function checkSignature(record: WireRecord, actor: SigningActor): void {
  const input = signatureInput(signatureTag(record.type), signedPart(record))
  if (!verify(actor.signingKey, input, record.signature))
    throw new WardlineError("ERR_SIGNATURE", "the record's signature is wrong")
}

/** @returns the staff device's access record.
 * @throws {WardlineError} ERR_FORBIDDEN for anybody else, ERR_ACCESS_REQUIRED without one. */
export function checkStaff({ conversation, actor, nowMs }: Judged, what: string): Access {
  const access = actor.kind === "staff" ? checkAccess(conversation, actor, nowMs) : undefined
  if (access === undefined) throw forbidden(what)
  return access
}

export function forbidden(message: string): WardlineError {
  return new WardlineError("ERR_FORBIDDEN", message)
}

export function conflict(message: string): WardlineError {
  return new WardlineError("ERR_CONFLICT", message)
}
