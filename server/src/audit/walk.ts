/** Reads a store's audit log with the records that its entries name, page by page. */
import { startLink } from "@wardline/sdk/protocol"
import { ACTIONS, type Action, ENTRY_BYTES, ENTRY_OFFSETS, isRecordAction } from "@wardline/sdk/tlog"
import { sha256 } from "../hashing.ts"
import type { Awaitable, ClinicRef, ScopeSummary, Store, StoredRecord } from "../store/store.ts"

const SCOPES_PER_PAGE = 500

const { action: ACTION, sequence: SEQUENCE, scope: SCOPE, position: POSITION } = ENTRY_OFFSETS
const RECORD_ACTIONS: ReadonlySet<number> = new Set(
  (Object.keys(ACTIONS) as Action[]).filter(isRecordAction).map((action) => ACTIONS[action]),
)

export interface WalkedEntry {
  /** 212 bytes. */
  readonly bytes: Uint8Array
  readonly sequence: number
  /** What is stored for the record that it names. */
  readonly record: StoredRecord | undefined
}

/** A clinic's entries in order. What can't be decoded comes without its record: whoever checks says so. */
export async function* walkEntries(store: Store, clinic: ClinicRef): AsyncGenerator<WalkedEntry[]> {
  let after = 0
  for (;;) {
    const entries = await store.readAudit(clinic, after)
    if (entries.length === 0) return
    const page = Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength)
    const walked: WalkedEntry[] = []
    for (let offset = 0; offset < page.length; offset += ENTRY_BYTES) {
      const bytes = page.subarray(offset, offset + ENTRY_BYTES)
      after++
      const record = recordOf(store, clinic, bytes)
      walked.push({ bytes, sequence: after, record: record instanceof Promise ? await record : record })
    }
    yield walked
  }
}

/** What is stored for the record that an entry names. The entry may be anything: it is checked elsewhere. */
function recordOf(store: Store, clinic: ClinicRef, entry: Buffer): Awaitable<StoredRecord | undefined> {
  if (!RECORD_ACTIONS.has(entry[ACTION] as number)) return undefined
  const position = entry.readUIntBE(POSITION + 2, 6)
  const sequence = entry.readUIntBE(SEQUENCE + 2, 6)
  const found = store.find(clinic, entry.subarray(SCOPE, SCOPE + 16), position)
  return found instanceof Promise
    ? found.then((record) => ownRecord(record, sequence))
    : ownRecord(found, sequence)
}

/** A record that points to another entry isn't this one's. */
function ownRecord(record: StoredRecord | undefined, sequence: number): StoredRecord | undefined {
  return record?.auditSequence === sequence ? record : undefined
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
