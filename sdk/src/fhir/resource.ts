/** The parts of FHIR R4's AuditEvent that are used here (https://hl7.org/fhir/R4/auditevent.html). */

export interface Coding {
  readonly system: string
  readonly code: string
  readonly display: string
}

export interface CodeableConcept {
  readonly coding: readonly Coding[]
}

/** A logical reference: pseudonymous ids have no address. */
export interface LogicalReference {
  /** The kind of resource, where FHIR has one for it. */
  readonly type?: string
  readonly identifier: { readonly system: string; readonly value: string }
}

export interface Extension {
  readonly url: string
  readonly valueCode?: string
  readonly valueString?: string
  readonly valueBoolean?: boolean
  readonly extension?: readonly Extension[]
}

export interface AuditEventNetwork {
  readonly address?: string
  /** network-type; 1 is a machine's name. */
  readonly type?: "1"
  readonly extension?: readonly Extension[]
}

export interface AuditEventAgent {
  readonly type: CodeableConcept
  readonly role?: readonly CodeableConcept[]
  readonly who?: LogicalReference
  readonly requestor: boolean
  readonly network?: AuditEventNetwork
  readonly purposeOfUse?: readonly CodeableConcept[]
}

export interface AuditEventEntity {
  readonly what?: LogicalReference
  readonly type: Coding
  readonly role?: Coding
  /** Base64. */
  readonly query?: string
}

export interface AuditEvent {
  readonly resourceType: "AuditEvent"
  readonly id: string
  readonly meta?: { readonly profile: readonly string[] }
  readonly extension: readonly Extension[]
  readonly type: Coding
  readonly subtype?: readonly Coding[]
  readonly action: AuditEventAction
  /** An instant, UTC. */
  readonly recorded: string
  /** 0 success, 4 minor failure, 8 serious failure. */
  readonly outcome: "0" | "4" | "8"
  readonly outcomeDesc?: string
  readonly purposeOfEvent?: readonly CodeableConcept[]
  readonly agent: readonly AuditEventAgent[]
  readonly source: {
    readonly site: string
    readonly observer: LogicalReference
    readonly type: readonly Coding[]
  }
  readonly entity: readonly AuditEventEntity[]
}

/** Create, read, update, delete, execute. */
export type AuditEventAction = "C" | "R" | "U" | "D" | "E"
