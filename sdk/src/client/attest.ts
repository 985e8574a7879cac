/** Keepers vouch for the directory, so that nobody can be shown an old one for long (docs/protocol.md, attest). */
import type { Device } from "../crypto/index.ts"
import { type DirectoryState, isAdmin, rolesOf } from "../directory/index.ts"

/** Vouching again after this part of the limit leaves time for keepers who are away. */
const DUE_AFTER_PART = 1 / 4

/** A first visitor reads the newest attest's snapshot and every record after it. */
const MAX_RECORDS_AFTER = 8

/** Whether the newest attest is older than a quarter of the clinic's freshness limit, or too far back for visitors. */
export function isAttestDue(directory: DirectoryState, nowMs: number): boolean {
  const { attested, policy } = directory
  if (attested === undefined || policy === undefined) return true
  if (directory.position - attested.position > MAX_RECORDS_AFTER) return true
  return nowMs - attested.issued > policy.freshnessSeconds * 1000 * DUE_AFTER_PART
}

/** Whether a device vouches for the directory: an administrator, or a keeper of any role. */
export function mayAttest(directory: DirectoryState, device: Pick<Device, "id">): boolean {
  return isAdmin(directory, device.id) || rolesOf(directory, device.id).some(({ keeper }) => keeper)
}
