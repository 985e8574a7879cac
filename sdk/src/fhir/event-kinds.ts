/** What each kind of audit entry becomes: one line for each (docs/fhir.md shows the same as a table). */
import type { Action } from "../tlog/index.ts"
import { ADMINISTRATION, RECORDS, SUBTYPE, TYPE } from "./codes.ts"
import type { AuditEventAction, Coding } from "./resource.ts"

/** Who takes which part, as the BALP profiles of an interaction want it:
 *
 *     in          the device sends: it is the source (110153), the relay the destination (110152)
 *     out         the device is given something: it is the destination (110152), the relay the source (110153)
 *     query       as in, but the person is the one who learns something
 *     delete      an application (110150) and a custodian
 *     authorize   an application, and the relay that decides
 *     disclose    as out; who gets it outside stands in the sealed reason
 *     session     as in; the person is just a person
 *     relay       nobody but the relay */
export type Flow = "in" | "out" | "query" | "delete" | "authorize" | "disclose" | "session" | "relay"

/** What the event is about: the record that the entry names, the conversation, the clinic, its log, or a query. */
export type Subject = "record" | "conversation" | "consent" | "clinic" | "log" | "query"

export interface EventKind {
  readonly type: Coding
  readonly subtype: readonly Coding[]
  readonly action: AuditEventAction
  readonly flow: Flow
  readonly subject: Subject
  /** The BALP profile that a successful event meets. */
  readonly profile?:
    | "Create"
    | "Read"
    | "Update"
    | "Delete"
    | "Query"
    | "AuthZconsent"
    | "PrivacyDisclosure.Source"
  /** Where the entry names no purpose. */
  readonly purpose?: Coding
}

const rest = (
  profile: "Create" | "Read" | "Update" | "Delete" | "Query",
  subject: Subject,
  more: { also?: Coding; purpose?: Coding } = {},
): EventKind => ({
  type: TYPE.rest,
  subtype: [REST[profile].subtype, ...(more.also === undefined ? [] : [more.also])],
  action: REST[profile].action,
  flow: REST[profile].flow,
  subject,
  profile,
  ...(more.purpose === undefined ? {} : { purpose: more.purpose }),
})

const REST = {
  Create: { subtype: SUBTYPE.create, action: "C", flow: "in" },
  Read: { subtype: SUBTYPE.read, action: "R", flow: "out" },
  Update: { subtype: SUBTYPE.update, action: "U", flow: "in" },
  Delete: { subtype: SUBTYPE.delete, action: "D", flow: "delete" },
  Query: { subtype: SUBTYPE.search, action: "E", flow: "query" },
} as const

/** A change of who may do what, or of how the clinic is set up. */
const change = (subtype: Coding): EventKind => ({
  type: TYPE.alert,
  subtype: [subtype],
  action: "U",
  flow: "in",
  subject: "record",
  purpose: ADMINISTRATION,
})

/** The relay's own doings. */
const own = (
  type: Coding,
  subtype: readonly Coding[],
  action: AuditEventAction,
  subject: Subject,
): EventKind => ({ type, subtype, action, flow: "relay", subject })

export const EVENT_KINDS: Readonly<Record<Action, EventKind>> = {
  "relay-start": own(TYPE.application, [SUBTYPE.start, SUBTYPE.recordingStarted], "E", "log"),
  "relay-stop": own(TYPE.application, [SUBTYPE.stop, SUBTYPE.recordingStopped], "E", "log"),
  "configuration-change": own(TYPE.alert, [SUBTYPE.softwareConfiguration], "U", "clinic"),
  export: own(TYPE.export, [], "R", "log"),
  backup: own(TYPE.export, [], "R", "clinic"),
  restore: own(TYPE.import, [], "C", "clinic"),
  "retention-run": own(TYPE.destroy, [], "D", "clinic"),
  "break-glass-end": own(TYPE.alert, [SUBTYPE.overrideStopped], "E", "conversation"),
  "refusals-unnoted": own(TYPE.alert, [SUBTYPE.restrictedFunction], "E", "clinic"),

  login: session([SUBTYPE.login]),
  "login-failure": session([SUBTYPE.login]),
  logout: session([SUBTYPE.logout]),
  refusal: {
    type: TYPE.alert,
    subtype: [SUBTYPE.restrictedFunction],
    action: "E",
    flow: "in",
    subject: "conversation",
  },

  consent: rest("Create", "consent"),
  open: rest("Create", "conversation"),
  create: rest("Create", "record"),
  "blob-write": rest("Create", "conversation"),
  read: rest("Read", "conversation"),
  "blob-read": rest("Read", "conversation"),
  list: rest("Query", "query"),
  "member-change": rest("Update", "record", { also: SUBTYPE.objectAttributes }),
  grant: rest("Update", "record", { also: SUBTYPE.objectAttributes }),
  close: rest("Update", "conversation"),
  withdraw: rest("Update", "consent"),
  shred: rest("Delete", "conversation", { purpose: RECORDS }),

  access: {
    type: TYPE.alert,
    subtype: [SUBTYPE.byConsent],
    action: "E",
    flow: "authorize",
    subject: "consent",
    profile: "AuthZconsent",
  },
  disclosure: {
    type: TYPE.export,
    subtype: [SUBTYPE.disclose],
    action: "R",
    flow: "disclose",
    subject: "conversation",
    profile: "PrivacyDisclosure.Source",
  },
  "break-glass": {
    type: TYPE.alert,
    subtype: [SUBTYPE.overrideStarted],
    action: "E",
    flow: "out",
    subject: "conversation",
  },
  "keys-served": { type: TYPE.decrypt, subtype: [], action: "R", flow: "out", subject: "conversation" },
  delivered: { type: TYPE.transmit, subtype: [], action: "R", flow: "out", subject: "conversation" },
  "audit-read": { type: TYPE.auditLogUsed, subtype: [], action: "R", flow: "out", subject: "log" },
  epoch: { type: TYPE.encrypt, subtype: [], action: "U", flow: "in", subject: "conversation" },
  archive: keeping(TYPE.archive),
  reopen: keeping(TYPE.reactivate),
  hold: keeping(TYPE.hold),
  unhold: keeping(TYPE.unhold),

  "consent-text": rest("Create", "record", { purpose: ADMINISTRATION }),
  "policy-change": change(SUBTYPE.securityConfiguration),
  "directory-change": change(SUBTYPE.securityConfiguration),
  "role-key": change(SUBTYPE.securityConfiguration),
  "key-recovery": change(SUBTYPE.restrictedFunction),
  "admin-change": change(SUBTYPE.roles),
  "device-roles": change(SUBTYPE.roles),
  "device-add": change(SUBTYPE.userAttributes),
  "device-revoke": change(SUBTYPE.userAttributes),
  "role-grant": change(SUBTYPE.userAttributes),
  attest: { type: TYPE.attest, subtype: [], action: "E", flow: "in", subject: "record" },
}

function session(subtype: readonly Coding[]): EventKind {
  return { type: TYPE.authentication, subtype, action: "E", flow: "session", subject: "clinic" }
}

/** A step in how a conversation is kept. */
function keeping(type: Coding): EventKind {
  return { type, subtype: [], action: "U", flow: "in", subject: "conversation", purpose: RECORDS }
}
