/** Every kind of audit entry as a FHIR AuditEvent, held against FHIR R4 by two validators and against IHE's profiles. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { type AuditEvent, BALP, ENTRY_EXTENSION, toAuditEvent } from "../../src/fhir/index.ts"
import type { Action, AuditEntry } from "../../src/tlog/index.ts"
import { profileProblems } from "./balp.ts"
import { ACTION_NAMES, CLINIC, contextOf, NURSE, PATIENT, RELAY, sampleEntry } from "./sample-entries.ts"
import { problemsOf } from "./validators.ts"

const test = suite("AuditEvent")

function eventOf(action: Action, other: Partial<AuditEntry> = {}): AuditEvent {
  const entry = sampleEntry(action, other)
  return toAuditEvent(entry, contextOf(entry))
}

/** What two validators, the code systems and IHE's profile find. */
const allProblems = (event: AuditEvent): string[] => [...problemsOf(event), ...profileProblems(event)]
const profileOf = (event: AuditEvent): string | undefined => event.meta?.profile[0]?.slice(BALP.length)
const codesOf = (event: AuditEvent): string[] => [
  event.type.code,
  ...(event.subtype ?? []).map(({ code }) => code),
]
/** Type and id of each agent. */
const agentsOf = (event: AuditEvent): string[] =>
  event.agent.map(({ type, who }) => `${type.coding[0]?.code} ${who?.identifier.value.slice(0, 2) ?? "-"}`)

for (const action of ACTION_NAMES) {
  test(`${action}: two validators, the code systems and the profile agree`, () => {
    assert.equal(allProblems(eventOf(action)), [])
  })

  test(`${action} refused or failed: valid, and claims no profile of what succeeded`, () => {
    for (const [outcome, code] of [
      ["refused", "4"],
      ["failed", "8"],
    ] as const) {
      const event = eventOf(action, { outcome })
      assert.equal(allProblems(event), [])
      assert.is(event.outcome, code)
      assert.is(event.meta, undefined)
      assert.ok(event.outcomeDesc)
    }
  })

  test(`${action} by the relay, or where no patient is known: valid, in a profile that fits`, () => {
    const byRelay = eventOf(action, { actor: new Uint8Array(16), actorRole: "" })
    assert.equal(allProblems(byRelay), [])
    const entry = sampleEntry(action)
    const nobody = toAuditEvent(entry, contextOf(entry, { patient: undefined }))
    assert.equal(allProblems(nobody), [])
    assert.is(
      nobody.entity.some(({ type }) => type.code === "1"),
      false,
    )
  })
}

test("each interaction claims IHE's profile for it", () => {
  const expected: [Action, string][] = [
    ["create", "PatientCreate"],
    ["open", "PatientCreate"],
    ["consent", "PatientCreate"],
    ["blob-write", "PatientCreate"],
    ["read", "PatientRead"],
    ["blob-read", "PatientRead"],
    ["member-change", "PatientUpdate"],
    ["withdraw", "PatientUpdate"],
    ["shred", "PatientDelete"],
    ["list", "Query"],
    ["consent-text", "Create"],
    ["access", "AuthZconsent"],
    ["disclosure", "PrivacyDisclosure.Source"],
  ]
  for (const [action, profile] of expected) assert.is(profileOf(eventOf(action)), profile, action)
})

test("a read: the device is the destination, the relay the source", () => {
  const event = eventOf("read")
  assert.equal(agentsOf(event), ["110152 db", "110153 5e", "IRCP db"])
  assert.equal(codesOf(event), ["rest", "read"])
  assert.is(event.action, "R")
})

test("a create: the other way round", () => {
  const event = eventOf("create")
  assert.equal(agentsOf(event), ["110153 db", "110152 5e", "AUT db"])
  assert.equal(codesOf(event), ["rest", "create"])
  assert.is(event.action, "C")
})

test("an update as a create; a query sends, and its person learns; a delete has a custodian", () => {
  assert.equal(agentsOf(eventOf("close")), ["110153 db", "110152 5e", "AUT db"])
  assert.equal(agentsOf(eventOf("list")), ["110153 db", "110152 5e", "IRCP db"])
  assert.equal(agentsOf(eventOf("shred")), ["110150 db", "custodian 5e", "AUT db"])
  assert.equal(agentsOf(eventOf("disclosure")), ["110152 db", "110153 5e", "humanuser db"])
})

test("DICOM's codes for what FHIR has no interaction for", () => {
  const expected: [Action, string[]][] = [
    ["login", ["110114", "110122"]],
    ["logout", ["110114", "110123"]],
    ["login-failure", ["110114", "110122"]],
    ["break-glass", ["110113", "110127"]],
    ["break-glass-end", ["110113", "110138"]],
    ["refusal", ["110113", "110132"]],
    ["export", ["110106"]],
    ["device-roles", ["110113", "110136"]],
    ["admin-change", ["110113", "110136"]],
    ["policy-change", ["110113", "110129"]],
    ["relay-start", ["110100", "110120", "110134"]],
    ["relay-stop", ["110100", "110121", "110133"]],
    ["audit-read", ["110101"]],
    ["keys-served", ["decrypt"]],
    ["hold", ["hold"]],
    ["unhold", ["unhold"]],
    ["retention-run", ["destroy"]],
    ["disclosure", ["110106", "disclose"]],
  ]
  for (const [action, codes] of expected) assert.equal(codesOf(eventOf(action)), codes, action)
})

test("every purpose of use is there, for the event and for the person", () => {
  const codes = ["TREAT", "ETREAT", "BTG", "HOPERAT", "HPAYMT", "PATRQT", "HLEGAL", "PUBHLTH", "HRESCH"]
  for (const [i, code] of codes.entries()) {
    const event = eventOf("read", { purpose: i + 1 })
    assert.equal(problemsOf(event), [])
    assert.is(event.purposeOfEvent?.[0]?.coding[0]?.code, code)
    assert.is(event.agent[2]?.purposeOfUse?.[0]?.coding[0]?.code, code)
  }
})

test("a purpose that the entry names goes before the one of the work itself", () => {
  assert.is(eventOf("shred").purposeOfEvent?.[0]?.coding[0]?.code, "RECORDMGT")
  assert.is(eventOf("shred", { purpose: 7 }).purposeOfEvent?.[0]?.coding[0]?.code, "HLEGAL")
  assert.is(eventOf("policy-change").purposeOfEvent?.[0]?.coding[0]?.code, "HSYSADMIN")
  assert.is(eventOf("login").purposeOfEvent, undefined)
})

test("a login without a good signature names nobody", () => {
  const event = eventOf("login-failure", { actor: new Uint8Array(16), actorRole: "" })
  assert.equal(agentsOf(event), ["110150 -", "110152 5e"])
  assert.is(event.outcome, "4")
})

test("a message is a communication, and no other record is", () => {
  const records = ACTION_NAMES.filter(
    (action) => eventOf(action).entity[0]?.what?.identifier.system === "urn:wardline:record",
  )
  assert.ok(records.includes("create") && records.includes("grant") && records.includes("role-key"))
  assert.equal(
    records.filter((action) => eventOf(action).entity[0]?.what?.type === "Communication"),
    ["create"],
  )
})

test("what the root key signed is the clinic's", () => {
  const event = eventOf("admin-change", { actor: CLINIC, actorRole: "" })
  assert.equal(allProblems(event), [])
  assert.is(event.agent[2]?.who?.type, "Organization")
  assert.is(event.agent[2]?.who?.identifier.system, "urn:wardline:clinic")
})

test("refusals that weren't noted are counted", () => {
  assert.is(eventOf("refusals-unnoted").outcomeDesc, "7 refusals weren't noted one by one.")
})

test("an event leads back to its entry", () => {
  for (const action of ACTION_NAMES) {
    const entry = sampleEntry(action)
    const context = contextOf(entry)
    const event = toAuditEvent(entry, context)
    const [link] = event.extension
    assert.is(link?.url, ENTRY_EXTENSION)
    const parts = new Map(link?.extension?.map(({ url, ...value }) => [url, Object.values(value)[0]]))
    assert.is(parts.get("sequence"), String(entry.sequence))
    assert.is(parts.get("leafHash"), toHex(context.leafHash))
    assert.is(parts.get("clinic"), toHex(CLINIC))
    assert.is(parts.get("action"), action)
    assert.is(event.id, `${toHex(CLINIC)}-${entry.sequence}`)
    assert.is(event.recorded, "2026-09-21T14:13:20.000Z")
  }
})

test("an event without proof says so", () => {
  const entry = sampleEntry("read")
  const event = toAuditEvent(entry, contextOf(entry, { isVerified: false }))
  assert.ok(JSON.stringify(event).includes('{"url":"verified","valueBoolean":false}'))
})

test("nobody is named, and the patient is a pseudonym", () => {
  const event = eventOf("read")
  const patient = event.entity.find(({ role }) => role?.code === "1")
  assert.equal(patient?.what, {
    type: "Patient",
    identifier: { system: "urn:wardline:patient", value: toHex(PATIENT) },
  })
  const values = new Set(JSON.stringify(event).match(/"value":"([^"]*)"/g))
  for (const id of [toHex(PATIENT), toHex(NURSE), RELAY]) values.delete(`"value":"${id}"`)
  assert.equal([...values], [`"value":"${"c2".repeat(16)}"`], "ids and nothing else")
  assert.is(JSON.stringify(event).includes("5a5a5a"), false, "the salt stays in the log")
})

test.run()
