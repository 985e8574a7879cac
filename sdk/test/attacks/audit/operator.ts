/** Who runs the relay's host: has its database and the log's key, and rewrites the audit log so that nothing in it shows. */
import { join } from "node:path"
import Database from "better-sqlite3"
import { concat, toHex } from "../../../src/bytes.ts"
import { sha256 } from "../../../src/crypto/index.ts"
import {
  type AuditEntry,
  decodeEntry,
  ENTRY_BYTES,
  encodeEntry,
  entryHash,
  TILE_WIDTH,
} from "../../../src/tlog/index.ts"

/** Rewrites the log of the only clinic in a data folder: numbers, scopes' chains and hashes anew, so that it is whole. The
 * relay makes the tree of it, and signs it, when it starts.
 * @param keepWitnessed - leave the witnessed checkpoint that is stored.
 * @returns how many entries there are now. */
export function rewriteLog(
  data: string,
  rewrite: (entries: AuditEntry[]) => AuditEntry[],
  keepWitnessed = false,
): number {
  const db = new Database(join(data, "relay.db"))
  try {
    const rows = db.prepare("SELECT key, entries FROM audit ORDER BY key").all() as {
      key: number
      entries: Buffer
    }[]
    const bytes = concat(...rows.map(({ entries }) => entries))
    const all = Array.from({ length: bytes.length / ENTRY_BYTES }, (_, i) =>
      decodeEntry(bytes.slice(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES)),
    )
    const kept = rewrite(all)
    if (kept.length >= TILE_WIDTH) throw new Error("a log of this size has tiles: make them anew too")
    const newest = new Map<string, number>()
    const sequences = new Map<number, number>()
    let previous: Uint8Array = new Uint8Array(32)
    const rewritten = kept.map((entry, i) => {
      const scope = toHex(entry.scope)
      const chained = { ...entry, sequence: i + 1, before: newest.get(scope) ?? 0, previous }
      newest.set(scope, i + 1)
      sequences.set(entry.sequence, i + 1)
      const encoded = encodeEntry(chained)
      previous = entryHash(sha256, encoded)
      return encoded
    })
    db.transaction(() => {
      db.exec("DELETE FROM audit")
      const first = rows[0]?.key ?? 0
      db.prepare("INSERT INTO audit (key, entries) VALUES (?, ?)").run(first, concat(...rewritten))
      db.exec(keepWitnessed ? "DELETE FROM checkpoints WHERE kind = 'newest'" : "DELETE FROM checkpoints")
      for (const [scope, sequence] of newest)
        db.prepare("UPDATE scopes SET entry = ? WHERE id = ?").run(sequence, Buffer.from(scope, "hex"))
      const records = db.prepare("SELECT row, audit FROM records").all() as { row: number; audit: number }[]
      for (const { row, audit } of records)
        db.prepare("UPDATE records SET audit = ? WHERE row = ?").run(sequences.get(audit), row)
    })()
    return rewritten.length
  } finally {
    db.close()
  }
}
