/** A directory that begins from a snapshot and the attest of it, in place of the whole log (docs/protocol.md,
 * Snapshot). What it lacks by that is in docs/threat-model.md. */
import { equalBytes } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { type ApplyOptions, applyAt, applyNext } from "./apply.ts"
import { decodeDirectoryRecord } from "./body.ts"
import { decodeSnapshot } from "./snapshot.ts"
import { type DirectoryState, draftOf, finishDraft } from "./state.ts"

/** Checks a snapshot by the rules of replay, each record at its own position, and the attest of it.
 * @param empty - `createDirectory(rootKey)`; not modified.
 * @param snapshot - as received; copied.
 * @param attest - the record that commits to it.
 * @returns the directory after the attest. Whether that is recent enough is for `checkFresh` to say.
 * @throws {WardlineError} ERR_SIGNATURE if the attest is of another snapshot; ERR_FORK if the snapshot isn't what such
 *   records give; otherwise as `applyRecords`. */
export function applySnapshot(
  empty: DirectoryState,
  snapshot: Uint8Array,
  attest: Uint8Array,
  options: ApplyOptions,
): DirectoryState {
  const { type, body } = decodeDirectoryRecord(attest)
  if (type !== "attest") throw new WardlineError("ERR_MALFORMED", "not an attest")
  if (!equalBytes(options.hash(snapshot), body.snapshotHash))
    throw new WardlineError("ERR_SIGNATURE", "not the snapshot that was attested")
  // The attester's word, until the signature is checked, with everything else, in applyNext.
  const draft = { ...draftOf(empty), base: body.position, links: [body.link] }
  for (const { position, record } of decodeSnapshot(snapshot)) {
    if (position > body.position) throw new WardlineError("ERR_MALFORMED", "a snapshot of later records")
    draft.position = position - 1
    applyAt(draft, record, position, options)
  }
  draft.position = body.position
  // The rule of attests takes the snapshot of these very records: none may be missing, and none too many.
  applyNext(draft, attest, options)
  return finishDraft(draft)
}
