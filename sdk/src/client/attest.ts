/** Keepers vouch for the directory, so that nobody can be shown an old one for long (docs/protocol.md, attest). */
import type { Device } from "../crypto/index.ts"
import { type DirectoryState, isAdmin, rolesOf } from "../directory/index.ts"
import { extendDirectory } from "./directory-author.ts"
import type { DirectoryTracker } from "./directory-tracker.ts"
import type { ClientContext } from "./options.ts"

/** Vouching again after this part of the limit leaves time for keepers who are away. */
const DUE_AFTER_PART = 1 / 4

/** Whether the newest attest is older than a quarter of the clinic's freshness limit. */
export function isAttestDue(directory: DirectoryState, nowMs: number): boolean {
  const { attested, policy } = directory
  if (attested === undefined || policy === undefined) return true
  return nowMs - attested.issued > policy.freshnessSeconds * 1000 * DUE_AFTER_PART
}

/** Attests if it is due and this device may.
 * @returns whether it did.
 * @throws {WardlineError} what the relay says; ERR_OFFLINE. */
export async function attestIfDue(
  context: ClientContext,
  tracker: DirectoryTracker,
  device: Device,
): Promise<boolean> {
  if (!isAttestDue(tracker.state, context.now()) || !mayAttest(tracker.state, device)) return false
  await extendDirectory(context, tracker, device, (author) => {
    if (isAttestDue(author.state, author.nowMs)) author.attest()
  })
  return true
}

function mayAttest(directory: DirectoryState, device: Device): boolean {
  return isAdmin(directory, device.id) || rolesOf(directory, device.id).some(({ keeper }) => keeper)
}
