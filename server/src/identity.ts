/** Who a device is, by the newest directory and the clock. */
import { type DirectoryState, isExpired } from "@wardline/sdk/directory"
import { toHex, WardlineError } from "@wardline/sdk/protocol"
import type { Clinic } from "./clinic.ts"
import type { Session } from "./session.ts"

/** What a login proves, and what the directory said of it when last asked. */
export interface Identity {
  readonly kind: "patient" | "staff" | "admin"
  readonly clinic: Clinic
  /** The device id as a key. */
  readonly device: string
  /** 32 bytes, as a key. */
  readonly signingKey: string
  /** Empty for others than staff. */
  readonly roles: readonly string[]
  /** Milliseconds since 1970; 0 is never. */
  readonly expiresMs: number
  /** The directory that this was taken from. */
  readonly directory: DirectoryState
}

const NO_ROLES: readonly string[] = []

/** Looks a device up: one that the directory doesn't know is a patient's.
 * @param device - the id as a key, proved by a signature.
 * @throws {WardlineError} ERR_REVOKED for a device that was revoked, removed, or has expired. */
export function identify(clinic: Clinic, device: string, signingKey: string, nowMs: number): Identity {
  const { directory } = clinic
  const known = directory.devices.get(toHex(Buffer.from(device, "latin1")))
  const common = { clinic, device, signingKey, directory }
  if (known === undefined) return { kind: "patient", roles: NO_ROLES, expiresMs: 0, ...common }
  if (known.revokedAt !== undefined) throw new WardlineError("ERR_REVOKED", "the device was revoked")
  if (isExpired(known, nowMs)) throw new WardlineError("ERR_REVOKED", "the device has expired")
  const roles = known.roles.length === 0 ? NO_ROLES : known.roles.map(({ role }) => role)
  return { kind: known.kind, roles, expiresMs: known.expires, ...common }
}

/** Brings a session's identity up to the newest directory and the clock; called before anything is done for it.
 * @throws {WardlineError} ERR_REVOKED when the device isn't who it logged in as any more. */
export function checkLive(session: Session, nowMs: number): void {
  const { identity } = session
  if (identity === undefined) throw new WardlineError("ERR_UNAUTHENTICATED", "log in first")
  const { clinic, expiresMs } = identity
  if (expiresMs !== 0 && nowMs >= expiresMs) throw new WardlineError("ERR_REVOKED", "the device has expired")
  if (identity.directory === clinic.directory) return
  const now = identify(clinic, identity.device, identity.signingKey, nowMs)
  // A patient's device that became staff's must log in anew, as what it is now.
  if (now.kind !== identity.kind) throw new WardlineError("ERR_REVOKED", "the device is another's now")
  session.identity = now
}
