/** `audit verify`: the whole log of a data folder against its records, its directories, its tree and its signed roots. */
import { isWardlineError, recordHash, recordPart } from "@wardline/sdk/protocol"
import {
  AuditError,
  type AuditFault,
  type AuditReport,
  auditOrigin,
  auditReport,
  beginReport,
  ClinicAudit,
  type ClinicReport,
  fillReport,
  type OnEntriesChecked,
  parseCheckpoint,
  parseNote,
  type StoredFacts,
} from "@wardline/sdk/tlog"
import { sha256, verify } from "../hashing.ts"
import type { ClinicRef, Store, StoredRecord } from "../store/store.ts"
import { TileCheck } from "./tile-check.ts"
import { walkEntries, walkScopes } from "./walk.ts"

/** Checks every clinic in the store.
 * @param kept - signed checkpoints that somebody kept.
 * @returns a report; `fault` names the first thing wrong.
 * @throws {WardlineError} ERR_MALFORMED for a kept text that is no checkpoint. */
export async function verifyStore(
  store: Store,
  onProgress: OnEntriesChecked,
  kept: readonly string[] = [],
): Promise<AuditReport> {
  const notes = kept.map((text) => ({ text, origin: parseCheckpoint(parseNote(text).body).origin }))
  const clinics: ClinicReport[] = []
  let entries = 0
  for (const ref of await store.clinics()) {
    const report = beginReport(ref.id, ref.rootKey)
    clinics.push(report)
    try {
      const own = notes.filter(({ origin }) => origin === auditOrigin(ref.id)).map(({ text }) => text)
      await verifyClinic(store, ref, report, own, (added) => {
        entries += added
        onProgress(entries)
      })
    } catch (error) {
      if (!isWardlineError(error)) throw error
      const place = error instanceof AuditError ? error.place : {}
      const fault: AuditFault = { clinic: report.clinic, message: error.message, ...place }
      return auditReport(clinics, fault)
    }
  }
  const origins = clinics.map(({ clinic }) => auditOrigin(Buffer.from(clinic, "hex")))
  const isForeign = notes.some(({ origin }) => !origins.includes(origin))
  const message = "the folder doesn't hold the clinic of the checkpoint that was kept"
  return auditReport(clinics, isForeign ? { message } : undefined)
}

async function verifyClinic(
  store: Store,
  ref: ClinicRef,
  report: ClinicReport,
  kept: readonly string[],
  onAdded: OnEntriesChecked,
): Promise<void> {
  const notes = {
    checkpoint: await store.checkpoint(ref, "newest"),
    witnessed: await store.checkpoint(ref, "witnessed"),
    kept,
  }
  const audit = new ClinicAudit(ref.rootKey, notes, { hash: sha256, verify })
  const tiles = new TileCheck(store, ref)
  for await (const page of walkEntries(store, ref)) {
    for (const { bytes, record } of page) {
      audit.add(bytes, record && factsOf(record))
      const checking = tiles.add(audit)
      // Only the first entry of each tile has something to wait for.
      if (checking instanceof Promise) await checking
    }
    onAdded(page.length)
  }
  await tiles.finish(audit)
  audit.endEntries(audit.entries, audit.leafHash)
  for await (const { ref: scope, records, link } of walkScopes(store, ref))
    audit.confirmChain(scope.id, records, link)
  audit.finish()
  fillReport(report, audit)
}

/** What the audit is told of a stored record. */
export function factsOf({ bytes, link }: StoredRecord): StoredFacts {
  return { hash: recordHash(sha256, bytes), link, bytes: recordPart(bytes) }
}
