/** The directory's one transition: `apply(state, records) → state | refusal` (docs/protocol.md, Directory). */
import { equalBytes } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import {
  detachedOf,
  type Hash,
  hasDetachedPart,
  nextLink,
  signatureInput,
  signatureTag,
  signedPart,
  type Verify,
  type WireRecord,
  WRAP_BYTES,
} from "../protocol/index.ts"
import { issuerKey } from "./authority.ts"
import { decodeDirectoryRecord } from "./body.ts"
import { applyBody } from "./rules.ts"
import { keepRecord } from "./snapshot.ts"
import { type DirectoryState, type Draft, draftOf, finishDraft, headOf, MAX_CLOCK_AHEAD_MS } from "./state.ts"

export interface ApplyOptions {
  readonly hash: Hash
  readonly verify: Verify
  /** Milliseconds since 1970. Only where new records are accepted, as the relay does: then issuers that have expired
   * by this clock are refused too, and records from the future. Replay knows no such time. */
  readonly nowMs?: number
}

/** Applies records in order, all or none.
 * @param state - not modified.
 * @param records - as received; copied.
 * @returns the state after the last of them.
 * @throws {WardlineError} with the reason for the first that is refused: ERR_MALFORMED, ERR_TOO_LARGE,
 * ERR_UNSUPPORTED, ERR_CLINIC_KEY, ERR_FORBIDDEN, ERR_REVOKED, ERR_SIGNATURE, ERR_CONFLICT, ERR_FORK, ERR_CLOCK. */
export function applyRecords(
  state: DirectoryState,
  records: readonly Uint8Array[],
  options: ApplyOptions,
): DirectoryState {
  const draft = draftOf(state)
  for (const bytes of records) applyNext(draft, bytes, options)
  return finishDraft(draft)
}

/** Applies one record; see {@link applyRecords}, which is faster for many. */
export function applyRecord(
  state: DirectoryState,
  record: Uint8Array,
  options: ApplyOptions,
): DirectoryState {
  return applyRecords(state, [record], options)
}

/** Puts a record at the draft's head. */
export function applyNext(draft: Draft, bytes: Uint8Array, options: ApplyOptions): void {
  const { hash } = options
  const position = draft.position + 1
  const record = applyAt(draft, bytes, position, options)
  draft.links.push(nextLink(hash, headOf(draft), position, hash(record.bytes)))
  draft.position = position
}

/** Checks a record and does what it says, as the one at `position`; the chain is the caller's. */
export function applyAt(
  draft: Draft,
  bytes: Uint8Array,
  position: number,
  { hash, verify, nowMs }: ApplyOptions,
): WireRecord {
  const entry = decodeDirectoryRecord(bytes)
  const { record, type } = entry
  if (!equalBytes(record.scope, draft.clinicId))
    throw new WardlineError("ERR_CLINIC_KEY", "a record of another clinic")
  if (nowMs !== undefined && record.issued > nowMs + MAX_CLOCK_AHEAD_MS) throw fromTheFuture()
  // Who replays may lack the wraps for others; who accepts a new one must not.
  if (nowMs !== undefined && type === "role-grant" && record.detached.length !== WRAP_BYTES)
    throw new WardlineError("ERR_MALFORMED", "a role grant without its wrap")
  if (nowMs !== undefined && hasDetachedPart(type) && detachedOf(hash, record) === undefined)
    throw new WardlineError("ERR_MALFORMED", "the wrap isn't the one that was signed")
  if (position === 1 && type !== "admin-add") throw notFirst()
  const key = issuerKey(draft, entry, nowMs)
  const input = signatureInput(signatureTag(type), signedPart(record))
  if (!verify(key, input, record.signature))
    throw new WardlineError("ERR_SIGNATURE", "a wrong signature in the directory")
  applyBody(draft, entry, position, hash)
  keepRecord(draft.kept, entry, position, hash)
  return record
}

function fromTheFuture(): WardlineError {
  return new WardlineError("ERR_CLOCK", "the record was issued in the future")
}

function notFirst(): WardlineError {
  return new WardlineError("ERR_FORBIDDEN", "a directory begins with an administrator")
}
