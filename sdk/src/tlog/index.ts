/** The audit log: entries, their chain, and its verification, pure (docs/protocol.md, Audit entry). */
export { ClinicAudit, type StoredFacts } from "./clinic-audit.ts"
export {
  ACTIONS,
  type Action,
  type AuditEntry,
  type AuditHead,
  decodeEntry,
  EMPTY_AUDIT,
  ENTRY_BYTES,
  encodeEntry,
  entryHash,
  type Hash,
  isRecordAction,
  nextHead,
  OUTCOMES,
  type Outcome,
  paddedRole,
  verifyChain,
} from "./entry.ts"
export { decodeExportLine, EXPORT_VERSION, type ExportLine, encodeExportLine } from "./export-lines.ts"
export {
  AUDIT_CHECKED,
  AUDIT_NOT_CHECKED,
  type AuditFault,
  type AuditProgress,
  type AuditReport,
  type ClinicReport,
  verifyExport,
} from "./verify-export.ts"
