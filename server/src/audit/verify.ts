/** `audit verify`: the whole log of a data folder against its records and its directories. */
import { applyRecords, createDirectory } from "@wardline/sdk/directory"
import { isWardlineError, recordHash, toHex } from "@wardline/sdk/protocol"
import {
  AUDIT_CHECKED,
  AUDIT_NOT_CHECKED,
  type AuditFault,
  type AuditProgress,
  type AuditReport,
  ClinicAudit,
  type ClinicReport,
} from "@wardline/sdk/tlog"
import { sha256, verify } from "../hashing.ts"
import { PAGE_BYTES, PAGE_RECORDS } from "../limits.ts"
import type { ClinicRef, Store } from "../store/store.ts"
import { walkEntries, walkScopes } from "./walk.ts"

const CHECKED = [
  ...AUDIT_CHECKED,
  "every directory, replayed from the clinic's root key: each record's signature and its issuer's right to it",
]
const NOT_CHECKED = AUDIT_NOT_CHECKED.map((line) =>
  line.startsWith("the records' signatures") ? "the transcripts' signatures: clients check each" : line,
)

/** Checks every clinic in the store.
 * @returns a report; `fault` names the first thing wrong. */
export async function verifyStore(store: Store, onProgress: AuditProgress): Promise<AuditReport> {
  const clinics: ClinicReport[] = []
  let entries = 0
  for (const ref of await store.clinics()) {
    const audit = new ClinicAudit(sha256)
    const report = { clinic: toHex(ref.id), rootKey: toHex(ref.rootKey), entries: 0, records: 0, chains: 0 }
    let isAdding = true
    try {
      for await (const page of walkEntries(store, ref)) {
        for (const { bytes, record } of page)
          audit.add(bytes, record && { hash: recordHash(sha256, record.bytes), link: record.link })
        entries += page.length
        onProgress(entries)
      }
      isAdding = false
      for await (const { ref: scope, records, link } of walkScopes(store, ref))
        audit.confirmChain(scope.id, records, link)
      audit.finish()
      await replayDirectory(store, ref)
    } catch (error) {
      if (!isWardlineError(error)) throw error
      const fault: AuditFault = { clinic: report.clinic, message: error.message }
      if (isAdding) fault.sequence = audit.added
      return { ok: false, clinics, fault, checked: CHECKED, notChecked: NOT_CHECKED }
    }
    const { sequence, leafHash } = audit.head
    clinics.push({
      ...report,
      entries: sequence,
      records: audit.records,
      chains: audit.chains,
      head: sequence === 0 ? "" : toHex(leafHash),
    })
  }
  return { ok: true, clinics, checked: CHECKED, notChecked: NOT_CHECKED }
}

async function replayDirectory(store: Store, ref: ClinicRef): Promise<void> {
  let directory = createDirectory(ref.rootKey, sha256)
  for (;;) {
    const page = await store.read(ref, directory.position, PAGE_RECORDS, PAGE_BYTES)
    if (page.length === 0) return
    const records = page.map(({ bytes }) => bytes)
    directory = applyRecords(directory, records, { hash: sha256, verify })
  }
}
