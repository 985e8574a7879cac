/** What a directory's tracker needs once something is stored, or a conversation has begun. A page fetches it apart. */
import { sleep } from "../abort.ts"
import { equalBytes } from "../bytes.ts"
import { sha256 } from "../crypto/hash.ts"
import { type ApplyOptions, applyRecords, type DirectoryState, linkAt } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { nextLink, recordHash } from "../protocol/index.ts"

export { checkShown, keepEvidence } from "./directory-evidence.ts"
export { loadRecords, loadShort, rewriteRecords, saveRecords, saveShort } from "./directory-store.ts"
export {
  keptFromEntry,
  loadKeptFrom,
  raiseKeptFrom,
  withoutForgottenGrants,
  withoutForgottenWrap,
} from "./forgotten-keys.ts"

/** Records at once: some hundredths of a second's work, while a page is in use. */
const REPLAY_AT_ONCE = 250

/** Replays a log while somebody is typing.
 * @throws as `applyRecords`. */
export async function replayInSteps(
  empty: DirectoryState,
  records: readonly Uint8Array[],
  options: ApplyOptions,
): Promise<DirectoryState> {
  let state = empty
  for (let from = 0; from < records.length; from += REPLAY_AT_ONCE) {
    state = applyRecords(state, records.slice(from, from + REPLAY_AT_ONCE), options)
    await sleep(0)
  }
  return state
}

/** Applies records.
 * @throws {WardlineError} ERR_CLINIC_KEY if the very first record isn't by the pinned key. */
export function replay(
  state: DirectoryState,
  records: readonly Uint8Array[],
  options: ApplyOptions,
): DirectoryState {
  try {
    return applyRecords(state, records, options)
  } catch (error) {
    if (state.position === 0 && isWardlineError(error) && !startsUnder(state, records[0], options)) {
      throw new WardlineError("ERR_CLINIC_KEY", "the relay's directory is not the pinned clinic's", {
        cause: error,
      })
    }
    throw error
  }
}

function startsUnder(state: DirectoryState, first: Uint8Array | undefined, options: ApplyOptions): boolean {
  if (first === undefined) return true
  try {
    applyRecords(state, [first], options)
    return true
  } catch {
    return false
  }
}

/** The record at the position that this device knows must be the one that it knows.
 * @throws {WardlineError} ERR_ROLLBACK, ERR_FORK */
export function checkOverlap(known: DirectoryState, record: Uint8Array | undefined): void {
  if (record === undefined)
    throw new WardlineError("ERR_ROLLBACK", "the relay's directory is shorter than one seen before")
  const before = linkAt(known, known.position - 1) as Uint8Array
  if (!equalBytes(nextLink(sha256, before, known.position, recordHash(sha256, record)), known.link))
    throw new WardlineError("ERR_FORK", "the relay's directory forks from one seen before")
}
