/** What a directory's tracker needs once something is stored, or a conversation has begun. A page fetches it apart. */
import { sleep } from "../abort.ts"
import { type ApplyOptions, applyRecords, type DirectoryState } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"

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
