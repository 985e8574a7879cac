/** The audit log of a relay's folder, decoded. */
import { toHex } from "@wardline/sdk/protocol"
import { type AuditEntry, decodeEntry, ENTRY_BYTES } from "@wardline/sdk/tlog"
import { SqliteStore } from "../../src/store/sqlite.ts"

/** A clinic's entries as they are stored, the oldest first.
 * @param clinic - its id in hexadecimal; the folder's first unless given. */
export function entriesOf(folder: string, clinic?: string): AuditEntry[] {
  const store = new SqliteStore(folder, { isReadOnly: true })
  try {
    const ref = store.clinics().find(({ id }) => clinic === undefined || toHex(id) === clinic)
    const entries: AuditEntry[] = []
    while (ref !== undefined) {
      const page = store.readAudit(ref, entries.length)
      if (page.length === 0) break
      for (let at = 0; at < page.length; at += ENTRY_BYTES)
        entries.push(decodeEntry(page.slice(at, at + ENTRY_BYTES)))
    }
    return entries
  } finally {
    store.close()
  }
}

/** What the entries of a scope, the newest last, should each name as the one before. */
export function checkScopes(entries: readonly AuditEntry[]): void {
  const newest = new Map<string, number>()
  for (const { scope, sequence, before, action } of entries) {
    const key = toHex(scope)
    const expected = newest.get(key) ?? 0
    if (before !== expected)
      throw new Error(`entry ${sequence} (${action}) names ${before} before it, not ${expected}`)
    newest.set(key, sequence)
  }
}
