/** Pure mappings to FHIR R4 (docs/fhir.md). */
export { type AuditEventContext, BALP, ENTRY_EXTENSION, toAuditEvent } from "./audit-event.ts"
export type {
  AuditEvent,
  AuditEventAction,
  AuditEventAgent,
  AuditEventEntity,
  AuditEventNetwork,
  CodeableConcept,
  Coding,
  Extension,
  LogicalReference,
} from "./resource.ts"
