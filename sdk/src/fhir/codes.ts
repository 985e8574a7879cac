/** The codes that audit events use, with the displays that their code systems give them. */
import type { Purpose } from "../protocol/index.ts"
import type { Coding } from "./resource.ts"

const coding =
  (system: string) =>
  (code: string, display: string): Coding => ({ system, code, display })

type Codings<Name extends string> = Readonly<Record<Name, Coding>>

const dcm = coding("http://dicom.nema.org/resources/ontology/DCM")
const lifecycle = coding("http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle")
const participation = coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType")
const entityType = coding("http://terminology.hl7.org/CodeSystem/audit-entity-type")
const objectRole = coding("http://terminology.hl7.org/CodeSystem/object-role")
const securityRole = coding("http://terminology.hl7.org/CodeSystem/extra-security-role-type")
const actReason = coding("http://terminology.hl7.org/CodeSystem/v3-ActReason")

/** AuditEvent.type */
export const TYPE: Codings<
  | "rest"
  | "application"
  | "auditLogUsed"
  | "export"
  | "import"
  | "alert"
  | "authentication"
  | "archive"
  | "attest"
  | "decrypt"
  | "destroy"
  | "encrypt"
  | "hold"
  | "reactivate"
  | "transmit"
  | "unhold"
> = {
  rest: coding("http://terminology.hl7.org/CodeSystem/audit-event-type")("rest", "RESTful Operation"),
  application: dcm("110100", "Application Activity"),
  auditLogUsed: dcm("110101", "Audit Log Used"),
  export: dcm("110106", "Export"),
  import: dcm("110107", "Import"),
  alert: dcm("110113", "Security Alert"),
  authentication: dcm("110114", "User Authentication"),
  archive: lifecycle("archive", "Archive Record Lifecycle Event"),
  attest: lifecycle("attest", "Attest Record Lifecycle Event"),
  decrypt: lifecycle("decrypt", "Decrypt Record Lifecycle Event"),
  destroy: lifecycle("destroy", "Destroy/Delete Record Lifecycle Event"),
  encrypt: lifecycle("encrypt", "Encrypt Record Lifecycle Event"),
  hold: lifecycle("hold", "Add Legal Hold Record Lifecycle Event"),
  reactivate: lifecycle("reactivate", "Re-activate Record Lifecycle Event"),
  transmit: lifecycle("transmit", "Transmit Record Lifecycle Event"),
  unhold: lifecycle("unhold", "Remove Legal Hold Record Lifecycle Event"),
}

const interaction = (code: string): Coding => coding("http://hl7.org/fhir/restful-interaction")(code, code)

/** AuditEvent.subtype */
export const SUBTYPE: Codings<
  | "create"
  | "read"
  | "update"
  | "delete"
  | "search"
  | "start"
  | "stop"
  | "login"
  | "logout"
  | "overrideStarted"
  | "overrideStopped"
  | "securityConfiguration"
  | "softwareConfiguration"
  | "restrictedFunction"
  | "recordingStopped"
  | "recordingStarted"
  | "objectAttributes"
  | "roles"
  | "userAttributes"
  | "disclose"
  | "byConsent"
> = {
  create: interaction("create"),
  read: interaction("read"),
  update: interaction("update"),
  delete: interaction("delete"),
  search: interaction("search-type"),
  start: dcm("110120", "Application Start"),
  stop: dcm("110121", "Application Stop"),
  login: dcm("110122", "Login"),
  logout: dcm("110123", "Logout"),
  overrideStarted: dcm("110127", "Emergency Override Started"),
  overrideStopped: dcm("110138", "Emergency Override Stopped"),
  securityConfiguration: dcm("110129", "Security Configuration"),
  softwareConfiguration: dcm("110131", "Software Configuration"),
  restrictedFunction: dcm("110132", "Use of Restricted Function"),
  recordingStopped: dcm("110133", "Audit Recording Stopped"),
  recordingStarted: dcm("110134", "Audit Recording Started"),
  objectAttributes: dcm("110135", "Object Security Attributes Changed"),
  roles: dcm("110136", "Security Roles Changed"),
  userAttributes: dcm("110137", "User security Attributes Changed"),
  disclose: lifecycle("disclose", "Disclose Record Lifecycle Event"),
  byConsent: coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType")(
    "AuthZ-Consent",
    "Authorization Decision using Roles and Consent",
  ),
}

/** AuditEvent.agent.type */
export const AGENT: Codings<
  | "application"
  | "destination"
  | "source"
  | "custodian"
  | "author"
  | "recipient"
  | "human"
  | "authorizer"
  | "provider"
> = {
  application: dcm("110150", "Application"),
  destination: dcm("110152", "Destination Role ID"),
  source: dcm("110153", "Source Role ID"),
  custodian: coding("http://terminology.hl7.org/CodeSystem/provenance-participant-type")(
    "custodian",
    "Custodian",
  ),
  author: participation("AUT", "author (originator)"),
  recipient: participation("IRCP", "information recipient"),
  human: securityRole("humanuser", "human user"),
  authorizer: securityRole("authserver", "authorization server"),
  provider: coding("http://terminology.hl7.org/CodeSystem/v3-RoleClass")("PROV", "healthcare provider"),
}

/** AuditEvent.entity.type */
export const ENTITY: Codings<"person" | "object" | "consent"> = {
  person: entityType("1", "Person"),
  object: entityType("2", "System Object"),
  consent: coding("http://hl7.org/fhir/resource-types")("Consent", "Consent"),
}

/** AuditEvent.entity.role */
export const ROLE: Codings<"patient" | "resource" | "security" | "query"> = {
  patient: objectRole("1", "Patient"),
  resource: objectRole("4", "Domain Resource"),
  security: objectRole("13", "Security Resource"),
  query: objectRole("24", "Query"),
}

/** AuditEvent.source.type */
export const SERVER: Coding = coding("http://terminology.hl7.org/CodeSystem/security-source-type")(
  "4",
  "Application Server",
)

/** Purposes of use. */
export const PURPOSES: Readonly<Record<Purpose, Coding>> = {
  TREAT: actReason("TREAT", "treatment"),
  ETREAT: actReason("ETREAT", "Emergency Treatment"),
  BTG: actReason("BTG", "break the glass"),
  HOPERAT: actReason("HOPERAT", "healthcare operations"),
  HPAYMT: actReason("HPAYMT", "healthcare payment"),
  PATRQT: actReason("PATRQT", "patient requested"),
  HLEGAL: actReason("HLEGAL", "legal"),
  PUBHLTH: actReason("PUBHLTH", "public health"),
  HRESCH: actReason("HRESCH", "healthcare research"),
}
/** What the work itself says where nobody named a purpose. */
export const ADMINISTRATION: Coding = actReason("HSYSADMIN", "health system administration")
export const RECORDS: Coding = actReason("RECORDMGT", "records management")

/** A clinic's own roles, as in its directory. */
export const ROLE_SYSTEM = "urn:wardline:role"
