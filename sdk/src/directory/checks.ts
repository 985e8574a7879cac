/** What a client asks of a directory before it believes it: not shorter, not forked, not frozen. */
import { equalBytes } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import type { Link } from "../ids.ts"
import { PROTOCOL_VERSION } from "../protocol/index.ts"
import { linkAt } from "./queries.ts"
import { type DirectoryState, MAX_CLOCK_AHEAD_MS } from "./state.ts"

/** Refuses a directory that is shorter than, or forks from, what was seen before.
 * @param seen - a position and its link, as this device stored them or a record names them.
 * @throws {WardlineError} ERR_ROLLBACK or ERR_FORK; ERR_CONFLICT for a position before the snapshot that the state
 *   began from, which says nothing about it. */
export function checkExtends(
  seen: { readonly position: number; readonly link: Link },
  state: DirectoryState,
): void {
  if (seen.position < state.base)
    throw new WardlineError("ERR_CONFLICT", "the directory isn't loaded that far back")
  const link = linkAt(state, seen.position)
  if (link === undefined)
    throw new WardlineError("ERR_ROLLBACK", "the directory is shorter than one seen before")
  if (!equalBytes(link, seen.link))
    throw new WardlineError("ERR_FORK", "the directory forks from one seen before")
}

/** Refuses a directory that nobody vouched for lately: it may be an old one, served again. Refuses one, too, whose
 * policy asks for more than this code does: a clinic that has moved on must not be spoken to by the old rules.
 * @param nowMs - milliseconds since 1970 by this device's clock.
 * @throws {WardlineError} ERR_STALE_DIRECTORY; ERR_CLOCK if the newest attest is from the future; ERR_UNSUPPORTED. */
export function checkFresh(state: DirectoryState, nowMs: number): void {
  if (state.attested === undefined || state.policy === undefined) throw stale()
  if (state.policy.minimumVersion > PROTOCOL_VERSION)
    throw new WardlineError("ERR_UNSUPPORTED", "the clinic asks for a newer version of the protocol")
  const ageMs = nowMs - state.attested.issued
  if (ageMs > state.policy.freshnessSeconds * 1000) throw stale()
  // Otherwise one attest from the future would keep a directory fresh for ever.
  if (ageMs < -MAX_CLOCK_AHEAD_MS)
    throw new WardlineError("ERR_CLOCK", "the directory was vouched for in the future")
}

function stale(): WardlineError {
  return new WardlineError("ERR_STALE_DIRECTORY", "nobody vouched for the directory lately")
}
