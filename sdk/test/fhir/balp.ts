/** What the IHE BALP 1.1.3 profiles that events claim ask for, written down from their pages
 * (https://profiles.ihe.net/ITI/BALP/artifacts.html): neither validator looks into the slices of a profile. */
import { type AuditEvent, type AuditEventAgent, type AuditEventEntity, BALP } from "../../src/fhir/index.ts"

const DCM = "http://dicom.nema.org/resources/ontology/DCM"
const PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
const ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
const OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
const LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"

/** An agent or entity of one type. */
interface Slice {
  readonly name: string
  /** `system|code` */
  readonly type: string
  readonly isOptional?: boolean
  readonly required?: readonly string[]
  readonly absent?: readonly string[]
  readonly values?: Readonly<Record<string, unknown>>
}

interface Profile {
  readonly type: string
  readonly subtype: string
  readonly action: string
  readonly outcome?: "0"
  readonly agents: readonly Slice[]
  readonly entities: readonly Slice[]
  /** No others. */
  readonly entitiesClosed?: boolean
}

const machine = (name: string, type: string, absent: readonly string[] = ["media"]): Slice => ({
  name,
  type,
  required: ["who", "network"],
  absent,
})
const user = (type: string): Slice => ({
  name: "user",
  type: `${PARTICIPATION}|${type}`,
  isOptional: true,
  required: ["who"],
  absent: ["media", "network"],
  values: { requestor: true },
})
const SOURCE = `${DCM}|110153`
const DESTINATION = `${DCM}|110152`
const SENDS = [machine("client", SOURCE), machine("server", DESTINATION)]
const DATA: Slice = { name: "data", type: `${ENTITY_TYPE}|2`, required: ["what", "role"] }
const QUERY: Slice = {
  name: "query",
  type: `${ENTITY_TYPE}|2`,
  required: ["query"],
  absent: ["what", "lifecycle", "detail"],
  values: { role: `${OBJECT_ROLE}|24` },
}
const PATIENT: Slice = {
  name: "patient",
  type: `${ENTITY_TYPE}|1`,
  required: ["what"],
  values: { role: `${OBJECT_ROLE}|1`, whatType: "Patient" },
}
/** A machine of which nothing but its name is said. */
const BARE = ["role", "altId", "name", "location", "policy", "media", "purposeOfUse"]
const LONE = ["lifecycle", "name", "query", "detail"]

const rest = (
  interaction: string,
  action: string,
  agents: readonly Slice[],
  entity: Slice = DATA,
): Profile => ({
  type: "http://terminology.hl7.org/CodeSystem/audit-event-type|rest",
  subtype: `http://hl7.org/fhir/restful-interaction|${interaction}`,
  action,
  outcome: "0",
  agents,
  entities: [entity],
})

const BASIC: Readonly<Record<string, Profile>> = {
  Create: rest("create", "C", [...SENDS, user("AUT")]),
  Update: rest("update", "U", [...SENDS, user("AUT")]),
  Read: rest("read", "R", [machine("client", DESTINATION), machine("server", SOURCE), user("IRCP")]),
  Query: rest("search-type", "E", [...SENDS, user("IRCP")], QUERY),
  Delete: rest(
    "delete",
    "D",
    [
      machine("client", `${DCM}|110150`, BARE),
      machine("server", "http://terminology.hl7.org/CodeSystem/provenance-participant-type|custodian", BARE),
      { ...user("AUT"), absent: ["altId", "location", "policy", "media", "network"] },
    ],
    { ...DATA, absent: LONE },
  ),
}

const PROFILES: Readonly<Record<string, Profile>> = {
  ...BASIC,
  ...Object.fromEntries(
    Object.entries(BASIC).map(([name, basic]) => [
      `Patient${name}`,
      { ...basic, entities: [...basic.entities, PATIENT] },
    ]),
  ),
  AuthZconsent: {
    type: `${DCM}|110113`,
    subtype: "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType|AuthZ-Consent",
    action: "E",
    agents: [
      machine(
        "client",
        `${DCM}|110150`,
        BARE.filter((name) => name !== "policy"),
      ),
      { ...user("IRCP"), isOptional: false, absent: ["altId", "location", "media", "network"] },
      {
        name: "userorg",
        type: "http://terminology.hl7.org/CodeSystem/v3-RoleClass|PROV",
        required: ["who"],
        absent: ["role", "altId", "name", "location", "policy", "media", "network"],
        values: { requestor: false },
      },
      {
        name: "authorizer",
        type: "http://terminology.hl7.org/CodeSystem/extra-security-role-type|authserver",
        absent: [...BARE, "network"],
        values: { requestor: false, isObserver: true },
      },
    ],
    entities: [
      PATIENT,
      { name: "consent", type: "http://hl7.org/fhir/resource-types|Consent", required: ["what"] },
    ],
    entitiesClosed: true,
  },
  "PrivacyDisclosure.Source": {
    type: `${DCM}|110106`,
    subtype: `${LIFECYCLE}|disclose`,
    action: "R",
    agents: [
      { ...machine("source", SOURCE, []), values: { isObserver: true } },
      machine("recipient", DESTINATION, []),
    ],
    entities: [PATIENT, DATA],
  },
}

/** Says how the event misses the profile that it claims; nothing for one that claims none. */
export function profileProblems(event: AuditEvent): string[] {
  const claimed = event.meta?.profile ?? []
  return claimed.flatMap((url) => {
    const profile = PROFILES[url.slice(BALP.length)]
    if (profile === undefined || !url.startsWith(BALP)) return [`no such profile: ${url}`]
    return [...headProblems(event, profile), ...sliceProblems(event, profile)]
  })
}

interface Code {
  readonly system: string
  readonly code: string
}
const textOf = (coding: Code | undefined): string => `${coding?.system}|${coding?.code}`

function headProblems(event: AuditEvent, profile: Profile): string[] {
  const problems: string[] = []
  if (textOf(event.type) !== profile.type) problems.push("type")
  if (!event.subtype?.some((subtype) => textOf(subtype) === profile.subtype)) problems.push("subtype")
  if (event.action !== profile.action) problems.push("action")
  if (profile.outcome !== undefined && event.outcome !== profile.outcome) problems.push("outcome")
  return problems
}

function sliceProblems(event: AuditEvent, profile: Profile): string[] {
  const entityTypes = new Set(profile.entities.map(({ type }) => type))
  return [
    ...profile.agents.flatMap((slice) =>
      problemsOf(
        `agent:${slice.name}`,
        slice,
        event.agent.filter(({ type }) => type.coding.some((coding) => textOf(coding) === slice.type)),
        event,
      ),
    ),
    ...profile.entities.flatMap((slice) =>
      problemsOf(
        `entity:${slice.name}`,
        slice,
        event.entity.filter(({ type }) => textOf(type) === slice.type),
        event,
      ),
    ),
    ...event.entity
      .filter(({ type }) => profile.entitiesClosed === true && !entityTypes.has(textOf(type)))
      .map(({ type }) => `entity of another type: ${type.code}`),
  ]
}

function problemsOf(
  name: string,
  slice: Slice,
  found: readonly (AuditEventAgent | AuditEventEntity)[],
  event: AuditEvent,
): string[] {
  const [one] = found
  if (found.length > 1) return [`${name}: ${found.length} of them`]
  if (one === undefined) return slice.isOptional === true ? [] : [`${name}: missing`]
  return [
    ...(slice.required ?? []).filter((part) => !(part in one)).map((part) => `${name}.${part}: missing`),
    ...(slice.absent ?? []).filter((part) => part in one).map((part) => `${name}.${part}: not allowed`),
    ...Object.entries(slice.values ?? {})
      .filter(([part, value]) => partOf(one, part, event) !== value)
      .map(([part]) => `${name}.${part}: another value`),
  ]
}

function partOf(one: AuditEventAgent | AuditEventEntity, part: string, event: AuditEvent): unknown {
  if ("requestor" in one)
    return part === "isObserver"
      ? JSON.stringify(one.who) === JSON.stringify(event.source.observer)
      : one.requestor
  return part === "whatType" ? one.what?.type : textOf(one.role)
}
