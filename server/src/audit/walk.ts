/** Reads a store's audit log with the records that its entries name, page by page. */
import { startLink } from "@wardline/sdk/protocol"
import { decodeEntry, ENTRY_BYTES, isRecordAction } from "@wardline/sdk/tlog"
import { sha256 } from "../hashing.ts"
import type { ClinicRef, ScopeSummary, Store, StoredRecord } from "../store/store.ts"

const SCOPES_PER_PAGE = 500

export interface WalkedEntry {
  /** 204 bytes. */
  readonly bytes: Uint8Array
  readonly sequence: number
  /** What is stored for the record that it names. */
  readonly record: StoredRecord | undefined
}

/** A clinic's entries in order. What can't be decoded comes without its record: whoever checks says so. */
export async function* walkEntries(store: Store, clinic: ClinicRef): AsyncGenerator<WalkedEntry[]> {
  let after = 0
  for (;;) {
    const page = await store.readAudit(clinic, after)
    if (page.length === 0) return
    const walked: WalkedEntry[] = []
    for (let offset = 0; offset < page.length; offset += ENTRY_BYTES) {
      const bytes = page.subarray(offset, offset + ENTRY_BYTES)
      after++
      walked.push({ bytes, sequence: after, record: await recordOf(store, clinic, bytes) })
    }
    yield walked
  }
}

async function recordOf(
  store: Store,
  clinic: ClinicRef,
  bytes: Uint8Array,
): Promise<StoredRecord | undefined> {
  let entry: ReturnType<typeof decodeEntry>
  try {
    entry = decodeEntry(bytes)
  } catch {
    return undefined
  }
  if (!isRecordAction(entry.action)) return undefined
  const found = store.find(clinic, entry.scope, entry.position)
  const record = found instanceof Promise ? await found : found
  // A record that points to another entry isn't this one's.
  return record?.auditSequence === entry.sequence ? record : undefined
}

/** A clinic's record chains as stored: its directory and conversations. */
export async function* walkScopes(store: Store, clinic: ClinicRef): AsyncGenerator<ScopeSummary> {
  let after: ScopeSummary | undefined
  for (;;) {
    const page = await store.scopes(clinic, after?.ref, SCOPES_PER_PAGE)
    for (const scope of page)
      yield scope.records > 0 ? scope : { ...scope, link: startLink(sha256, scope.ref.id) }
    after = page.at(-1)
    if (after === undefined) return
  }
}
