/** `audit export`: the log as a file that anybody can check without the relay (export-lines.ts in the SDK). */
import { recordHash, toHex } from "@wardline/sdk/protocol"
import { EMPTY_AUDIT, encodeExportLine, entryHash } from "@wardline/sdk/tlog"
import { sha256 } from "../hashing.ts"
import type { Store } from "../store/store.ts"
import { walkEntries, walkScopes } from "./walk.ts"

/** The lines, without newlines. Nothing is checked here: what is wrong in the store is wrong in the export. */
export async function* exportLines(store: Store, nowMs: number): AsyncGenerator<string> {
  yield encodeExportLine({ kind: "header", relay: toHex(store.relayId), created: nowMs })
  const clinics = await store.clinics()
  for (const ref of clinics) {
    yield encodeExportLine({ kind: "clinic", clinic: ref.id, rootKey: ref.rootKey })
    let head = EMPTY_AUDIT.leafHash
    let entries = 0
    for await (const page of walkEntries(store, ref)) {
      for (const { bytes, record } of page) {
        const stored = record && { hash: recordHash(sha256, record.bytes), link: record.link }
        yield encodeExportLine({ kind: "entry", bytes, record: stored })
        head = entryHash(sha256, bytes)
        entries++
      }
    }
    for await (const { ref: scope, records, link } of walkScopes(store, ref))
      yield encodeExportLine({ kind: "scope", scope: scope.id, records, link })
    yield encodeExportLine({ kind: "clinic-end", clinic: ref.id, entries, head })
  }
  yield encodeExportLine({ kind: "end", clinics: clinics.length })
}
