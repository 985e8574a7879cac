/** Who took part in an event, in the roles that its BALP profile wants. */
import { AGENT, ROLE_SYSTEM } from "./codes.ts"
import type { Flow } from "./event-kinds.ts"
import type { AuditEventAgent, AuditEventNetwork, Coding, LogicalReference } from "./resource.ts"

export interface Parties {
  readonly clinic: LogicalReference
  readonly relay: LogicalReference
  /** The device that acted; undefined for the relay alone. */
  readonly actor: LogicalReference | undefined
  /** Empty for none. */
  readonly actorRole: string
  readonly purpose: Coding | undefined
  /** Somebody acted whose signature proved nothing. */
  readonly isUnknown: boolean
}

/** The log keeps no addresses. */
const MASKED: AuditEventNetwork = {
  extension: [{ url: "http://hl7.org/fhir/StructureDefinition/data-absent-reason", valueCode: "masked" }],
}

export function agentsOf(flow: Flow, parties: Parties): AuditEventAgent[] {
  const { actor } = parties
  if (actor === undefined)
    return parties.isUnknown
      ? [machine(AGENT.application, undefined, MASKED), relayAs(AGENT.destination, parties)]
      : [{ ...relayAs(AGENT.application, parties), requestor: true }]
  switch (flow) {
    case "in":
      return [...between("source", "destination", actor, parties), person(AGENT.author, actor, parties)]
    case "out":
      return [...between("destination", "source", actor, parties), person(AGENT.recipient, actor, parties)]
    case "query":
      return [...between("source", "destination", actor, parties), person(AGENT.recipient, actor, parties)]
    case "delete":
      return [...between("application", "custodian", actor, parties), person(AGENT.author, actor, parties)]
    case "authorize":
      return [
        machine(AGENT.application, actor, MASKED),
        person(AGENT.recipient, actor, parties),
        { type: concept(AGENT.provider), who: parties.clinic, requestor: false },
        { type: concept(AGENT.authorizer), who: parties.relay, requestor: false },
      ]
    case "disclose":
      return [...between("destination", "source", actor, parties), person(AGENT.human, actor, parties)]
    case "session":
    case "relay":
      return [...between("source", "destination", actor, parties), person(AGENT.human, actor, parties)]
  }
}

/** Device and relay. */
function between(
  device: "source" | "destination" | "application",
  relay: "source" | "destination" | "custodian",
  actor: LogicalReference,
  parties: Parties,
): AuditEventAgent[] {
  return [machine(AGENT[device], actor, MASKED), relayAs(AGENT[relay], parties)]
}

function relayAs(type: Coding, { relay }: Parties): AuditEventAgent {
  return machine(type, relay, { address: relay.identifier.value, type: "1" })
}

function machine(
  type: Coding,
  who: LogicalReference | undefined,
  network: AuditEventNetwork,
): AuditEventAgent {
  return { type: concept(type), ...(who === undefined ? {} : { who }), requestor: false, network }
}

/** Whoever held the device: known by nothing but it, and by the role. */
function person(type: Coding, actor: LogicalReference, { actorRole, purpose }: Parties): AuditEventAgent {
  return {
    type: concept(type),
    ...(actorRole === ""
      ? {}
      : { role: [concept({ system: ROLE_SYSTEM, code: actorRole, display: actorRole })] }),
    who: actor,
    requestor: true,
    ...(purpose === undefined ? {} : { purposeOfUse: [concept(purpose)] }),
  }
}

function concept(coding: Coding): { readonly coding: readonly Coding[] } {
  return { coding: [coding] }
}
