/** An audit entry as a FHIR R4 AuditEvent, by the IHE BALP 1.1.3 profiles where one fits (docs/fhir.md). */
import { equalBytes, isAllZero, toHex } from "../bytes.ts"
import { purposeOf } from "../protocol/index.ts"
import type { AuditEntry, Outcome } from "../tlog/index.ts"
import type { EntryContext } from "../tlog/readable.ts"
import { agentsOf, type Parties } from "./agents.ts"
import { ENTITY, PURPOSES, ROLE, SERVER } from "./codes.ts"
import { EVENT_KINDS, type EventKind } from "./event-kinds.ts"
import { clinicOf, idRef, patientOf } from "./identifiers.ts"
import type { AuditEvent, AuditEventEntity, Coding, Extension, LogicalReference } from "./resource.ts"

export const BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
/** What leads from an event back to its entry. */
export const ENTRY_EXTENSION = "urn:wardline:fhir:audit-entry"

/** What an entry doesn't say itself. */
export interface AuditEventContext extends EntryContext {
  /** The relay's id in hexadecimal; its host where only that is known. */
  readonly relay: string
}

const OUTCOMES: Readonly<Record<Outcome, AuditEvent["outcome"]>> = { success: "0", refused: "4", failed: "8" }
const OUTCOME_TEXT: Readonly<Record<Outcome, string | undefined>> = {
  success: undefined,
  refused: "The relay refused it.",
  failed: "It failed.",
}

/** Maps one entry. The event has no content and no names: everybody in it is an id. */
export function toAuditEvent(entry: AuditEntry, context: AuditEventContext): AuditEvent {
  const kind = EVENT_KINDS[entry.action]
  const relay = idRef("relay", context.relay, "Device")
  const parties: Parties = {
    clinic: clinicOf(context.clinic),
    relay,
    actor: actorOf(entry, context),
    actorRole: entry.actorRole,
    purpose: entry.purpose === 0 ? kind.purpose : PURPOSES[purposeOf(entry.purpose)],
    isUnknown: entry.action === "login-failure",
  }
  const profile = profileOf(entry, kind, parties, context)
  const outcomeDesc =
    entry.action === "refusals-unnoted"
      ? `${entry.position} refusals weren't noted one by one.`
      : OUTCOME_TEXT[entry.outcome]
  return {
    resourceType: "AuditEvent",
    id: `${toHex(context.clinic)}-${entry.sequence}`,
    ...(profile === undefined ? {} : { meta: { profile: [`${BALP}${profile}`] } }),
    extension: [entryExtension(entry, context)],
    type: kind.type,
    ...(kind.subtype.length === 0 ? {} : { subtype: kind.subtype }),
    action: kind.action,
    recorded: new Date(entry.time).toISOString(),
    outcome: OUTCOMES[entry.outcome],
    ...(outcomeDesc === undefined ? {} : { outcomeDesc }),
    ...(parties.purpose === undefined ? {} : { purposeOfEvent: [{ coding: [parties.purpose] }] }),
    agent: agentsOf(kind.flow, parties),
    source: { site: `wardline/audit/${toHex(context.clinic)}`, observer: relay, type: [SERVER] },
    entity: entitiesOf(entry, kind, context),
  }
}

/** A device, or the clinic for its root key; undefined for the relay itself. */
function actorOf({ actor }: AuditEntry, { clinic }: AuditEventContext): LogicalReference | undefined {
  if (isAllZero(actor)) return undefined
  return equalBytes(actor, clinic) ? clinicOf(clinic) : idRef("device", toHex(actor), "Device")
}

/** The profile that the event meets. BALP's are of what succeeded, by somebody; those of a decision or a disclosure
 * are about a patient, the others have a variant for it. */
function profileOf(
  entry: AuditEntry,
  { profile }: EventKind,
  { actor }: Parties,
  { patient }: AuditEventContext,
): string | undefined {
  if (profile === undefined || entry.outcome !== "success" || actor === undefined) return undefined
  if (profile === "AuthZconsent" || profile === "PrivacyDisclosure.Source")
    return patient === undefined ? undefined : profile
  return patient === undefined ? profile : `Patient${profile}`
}

function entitiesOf(entry: AuditEntry, kind: EventKind, context: AuditEventContext): AuditEventEntity[] {
  const { patient } = context
  return [
    subjectOf(entry, kind, context),
    ...(patient === undefined ? [] : [{ what: patientOf(patient), type: ENTITY.person, role: ROLE.patient }]),
  ]
}

function subjectOf(
  entry: AuditEntry,
  { subject, flow }: EventKind,
  context: AuditEventContext,
): AuditEventEntity {
  const object = (what: LogicalReference, role: Coding = ROLE.resource): AuditEventEntity => ({
    what,
    type: ENTITY.object,
    role,
  })
  const scope = toHex(entry.scope)
  const isClinic = equalBytes(entry.scope, context.clinic)
  switch (subject) {
    case "record":
      return object(
        idRef(
          "record",
          `${scope}/${entry.position}`,
          entry.action === "create" ? "Communication" : undefined,
        ),
      )
    case "consent": {
      // A transcript's first record; AuthZconsent wants its entity to be of that type.
      const what = idRef("record", `${scope}/1`, "Consent")
      return flow === "authorize" ? { what, type: ENTITY.consent } : object(what)
    }
    case "conversation":
      return object(isClinic ? clinicOf(context.clinic) : idRef("conversation", scope))
    case "clinic":
      return object(clinicOf(context.clinic))
    case "log":
      return object(idRef("audit-log", `wardline/audit/${toHex(context.clinic)}`), ROLE.security)
    case "query":
      // The relay's only query: which conversations is there for the one who asks.
      return { type: ENTITY.object, role: ROLE.query, query: btoa("conversations") }
  }
}

function entryExtension(entry: AuditEntry, context: AuditEventContext): Extension {
  const isRecord = !isAllZero(entry.recordHash)
  return {
    url: ENTRY_EXTENSION,
    extension: [
      { url: "clinic", valueString: toHex(context.clinic) },
      // Text: FHIR's integers have 32 bits.
      { url: "sequence", valueString: String(entry.sequence) },
      { url: "leafHash", valueString: toHex(context.leafHash) },
      { url: "action", valueCode: entry.action },
      ...(entry.position === 0 ? [] : [{ url: "position", valueString: String(entry.position) }]),
      ...(isRecord ? [{ url: "recordHash", valueString: toHex(entry.recordHash) }] : []),
      { url: "verified", valueBoolean: context.isVerified },
    ],
  }
}
