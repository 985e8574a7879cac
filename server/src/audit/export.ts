/** `audit export`: the log as a file that anybody can check without the relay (docs/audit-export.md). */
import { toHex } from "@wardline/sdk/protocol"
import { EMPTY_AUDIT, encodeExportLine, entryHash } from "@wardline/sdk/tlog"
import { sha256 } from "../hashing.ts"
import type { ClinicRef, Store } from "../store/store.ts"
import { factsOf } from "./verify.ts"
import { walkEntries, walkScopes } from "./walk.ts"

/** A message record's type. */
const MESSAGE = 0x23

/** The lines, without newlines. Nothing is checked here: what is wrong in the store is wrong in the export. */
export async function* exportLines(store: Store, nowMs: number): AsyncGenerator<string> {
  yield encodeExportLine({ kind: "header", relay: toHex(store.relayId), created: nowMs })
  const clinics = await store.clinics()
  for (const ref of clinics) yield* clinicLines(store, ref)
  yield encodeExportLine({ kind: "end", clinics: clinics.length })
}

async function* clinicLines(store: Store, ref: ClinicRef): AsyncGenerator<string> {
  const checkpoint = await store.checkpoint(ref, "newest")
  const witnessed = await store.checkpoint(ref, "witnessed")
  yield encodeExportLine({ kind: "clinic", clinic: ref.id, rootKey: ref.rootKey, checkpoint, witnessed })
  let head = EMPTY_AUDIT.leafHash
  let entries = 0
  for await (const page of walkEntries(store, ref)) {
    for (const { bytes, record } of page) {
      const facts = record && factsOf(record)
      // A message says nothing but its ciphertext, which is most of what a relay stores.
      const stored = facts?.bytes?.[3] === MESSAGE ? { ...facts, bytes: undefined } : facts
      yield encodeExportLine({ kind: "entry", bytes, record: stored })
      head = entryHash(sha256, bytes)
      entries++
    }
  }
  yield encodeExportLine({ kind: "log", entries, head })
  for await (const { ref: scope, records, link } of walkScopes(store, ref))
    yield encodeExportLine({ kind: "scope", scope: scope.id, records, link })
  yield encodeExportLine({ kind: "clinic-end", clinic: ref.id })
}
