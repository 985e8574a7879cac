/** `audit verify`: the whole log of a data folder against its records, its directories, its tree and its signed roots. */
import { isWardlineError, recordHash, recordPart } from "@wardline/sdk/protocol"
import {
  AuditError,
  type AuditFault,
  type AuditProgress,
  type AuditReport,
  auditOrigin,
  auditReport,
  beginReport,
  ClinicAudit,
  type ClinicReport,
  fillReport,
  type StoredFacts,
} from "@wardline/sdk/tlog"
import { sha256, verify } from "../hashing.ts"
import type { ClinicRef, Store, StoredRecord } from "../store/store.ts"
import { TileCheck } from "./tile-check.ts"
import { walkEntries, walkScopes } from "./walk.ts"

/** Checks every clinic in the store.
 * @param kept - checkpoints that somebody kept, by the origin that they name.
 * @returns a report; `fault` names the first thing wrong. */
export async function verifyStore(
  store: Store,
  onProgress: AuditProgress,
  kept: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<AuditReport> {
  const clinics: ClinicReport[] = []
  let entries = 0
  for (const ref of await store.clinics()) {
    const report = beginReport(ref.id, ref.rootKey)
    clinics.push(report)
    try {
      await verifyClinic(store, ref, report, kept, (added) => {
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
  return auditReport(clinics, undefined)
}

async function verifyClinic(
  store: Store,
  ref: ClinicRef,
  report: ClinicReport,
  kept: ReadonlyMap<string, readonly string[]>,
  onAdded: AuditProgress,
): Promise<void> {
  const notes = {
    checkpoint: await store.checkpoint(ref, "newest"),
    witnessed: await store.checkpoint(ref, "witnessed"),
    kept: kept.get(auditOrigin(ref.id)) ?? [],
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
  audit.breakOff(undefined)
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
