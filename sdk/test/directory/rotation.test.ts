/** Roles in life: who holds what at which position, when a key is due, who still lacks one. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady } from "../../src/crypto/index.ts"
import * as d from "../../src/directory/index.ts"
import {
  encodeDeviceReference,
  encodeRecovery,
  type Policy,
  type RoleRule,
} from "../../src/protocol/index.ts"
import {
  adminAdd,
  BILLING,
  type Clinic,
  DAY_MS,
  device,
  deviceAdd,
  deviceRoles,
  makeClinic,
  NURSING,
  options,
  policy,
  roleKey,
  T0,
} from "./clinic.ts"

const test = suite("roles in life")
test.before(cryptoReady)

const asNurse = [{ role: NURSING, keeper: false }]
const asKeeper = [{ role: NURSING, keeper: true }]
const asBiller = [{ role: BILLING, keeper: false }]
const newcomer = () => device(80)

const rule = (change: Partial<RoleRule>): Policy["roleRules"] => [
  { ...d.defaultRoleRule(NURSING), ...change },
]

/** A clinic after more records. */
function grown(make: (clinic: Clinic) => readonly Uint8Array[]): { clinic: Clinic; state: d.DirectoryState } {
  const clinic = makeClinic()
  return { clinic, state: d.applyRecords(clinic.state, make(clinic), options) }
}

test("roles are judged by position: before, after and without a change", () => {
  const { clinic, state } = grown(({ admin, nurse, issue }) => [
    issue(admin, "device-roles", deviceRoles(nurse, asBiller)),
    issue(admin, "device-roles", deviceRoles(nurse, [...asKeeper, ...asBiller])),
  ])
  const { id } = clinic.nurse
  const rolesAt = (position: number) => d.rolesOf(state, id, position).map(({ role }) => role)
  assert.equal([10, 11, 12].map(rolesAt), [[NURSING], [BILLING], [NURSING, BILLING]])
  assert.equal(
    [10, 11, 12].map((position) => d.isKeeper(state, id, NURSING, position)),
    [false, false, true],
  )
  assert.is(d.holdsRole(state, id, NURSING, 11), false)
  assert.equal(
    d.membersOf(state, BILLING, 10).map((member) => member.id),
    [clinic.biller.id],
  )
  assert.is(d.membersOf(state, BILLING).length, 2)
})

test("a role that is kept was joined when it was; one that is left and taken up again is joined anew", () => {
  const { clinic, state } = grown(({ admin, nurse, issue }) => [
    issue(admin, "device-roles", deviceRoles(nurse, [...asKeeper, ...asBiller])),
    issue(admin, "device-roles", deviceRoles(nurse, asBiller)),
    issue(admin, "device-roles", deviceRoles(nurse, [...asBiller, ...asNurse])),
  ])
  const joined = (position: number) =>
    d.rolesOf(state, clinic.nurse.id, position).map(({ role, joined: at }) => `${role} ${at}`)
  assert.equal(joined(11), ["nursing 5", "billing 11"])
  assert.equal(joined(13), ["billing 11", "nursing 13"])
})

test("a revoked device's past roles are still known, its present ones are none", () => {
  const { clinic, state } = grown(({ admin, nurse, issue }) => [
    issue(admin, "device-roles", deviceRoles(nurse, asBiller)),
    issue(admin, "device-revoke", encodeDeviceReference(nurse.id)),
  ])
  assert.equal(d.rolesOf(state, clinic.nurse.id), [])
  assert.ok(d.holdsRole(state, clinic.nurse.id, NURSING, 10))
  assert.ok(d.holdsRole(state, clinic.nurse.id, BILLING, 11))
})

test("what was put together from its parts stays on record, by whom and why", () => {
  const { clinic, state } = grown(({ admin, issue, issueAsRoot }) => [
    issueAsRoot("recovery", encodeRecovery({ keyName: "root", reason: "a new administrator" }), T0 + 1),
    issue(admin, "recovery", encodeRecovery({ keyName: "archive", reason: "a court order" })),
  ])
  assert.equal(state.recoveries, [
    { keyName: "root", reason: "a new administrator", issuer: clinic.id, issued: T0 + 1, position: 11 },
    { keyName: "archive", reason: "a court order", issuer: clinic.admin.id, issued: T0, position: 12 },
  ])
})

test("a policy's rule for a role, then and now; without one everything may be read and nobody brought in", () => {
  const { state } = grown(({ admin, issue }) => [
    issue(admin, "policy", policy({ archiveRole: BILLING, roleRules: rule({ history: "none" }) })),
  ])
  assert.equal(d.roleRuleAt(state, NURSING, 10), d.defaultRoleRule(NURSING))
  assert.is(d.roleRuleAt(state, NURSING).history, "none")
  assert.equal(d.roleRuleAt(state, BILLING), d.defaultRoleRule(BILLING))
  assert.equal(
    [10, 11].map((position) => d.archiveRoleAt(state, position)),
    [undefined, BILLING],
  )
})

const due: readonly {
  readonly name: string
  readonly reason: d.RotationReason | undefined
  readonly nowMs?: number
  readonly records: (clinic: Clinic) => readonly Uint8Array[]
}[] = [
  { name: "nothing happened", reason: undefined, records: () => [] },
  {
    name: "a holder was revoked and nobody rotated",
    reason: "left",
    records: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", encodeDeviceReference(nurse.id))],
  },
  {
    name: "a holder was revoked and somebody rotated",
    reason: undefined,
    records: ({ admin, nurse, issue }) => [
      issue(admin, "device-revoke", encodeDeviceReference(nurse.id)),
      issue(admin, "role-key", roleKey(NURSING, 2)),
    ],
  },
  {
    name: "somebody rotated, and only then a holder of the older key was revoked",
    reason: undefined,
    records: ({ admin, nurse, issue }) => [
      issue(admin, "role-key", roleKey(NURSING, 2)),
      issue(admin, "device-revoke", encodeDeviceReference(nurse.id)),
    ],
  },
  {
    name: "a holder lost the role",
    reason: "left",
    records: ({ admin, nurse, issue }) => [issue(admin, "device-roles", deviceRoles(nurse, asBiller))],
  },
  {
    name: "whoever made the key lost the role, though nobody granted it to her",
    reason: "left",
    records: ({ admin, keeper, issue }) => [issue(admin, "device-roles", deviceRoles(keeper, asBiller))],
  },
  {
    name: "a device that never had the key was revoked",
    reason: undefined,
    records: ({ admin, issue }) => [
      issue(admin, "device-add", deviceAdd(newcomer(), asNurse)),
      issue(admin, "device-revoke", encodeDeviceReference(newcomer().id)),
    ],
  },
  {
    name: "a holder has expired",
    reason: "left",
    nowMs: T0 + 2 * DAY_MS,
    records: ({ admin, issue, grant }) => [
      issue(admin, "device-add", deviceAdd(newcomer(), asNurse, T0 + DAY_MS)),
      issue(admin, "role-grant", grant(NURSING, 1, newcomer())),
    ],
  },
  {
    name: "an administrator who holds the key was removed",
    reason: "left",
    records: ({ admin, issue, issueAsRoot, grant }) => [
      issueAsRoot("admin-add", adminAdd(newcomer())),
      issue(admin, "role-grant", grant(NURSING, 1, newcomer())),
      issueAsRoot("admin-remove", encodeDeviceReference(newcomer().id)),
    ],
  },
  {
    name: "somebody joined who may read nothing of before",
    reason: "joined",
    records: ({ admin, issue }) => [
      issue(admin, "policy", policy({ roleRules: rule({ history: "none" }) })),
      issue(admin, "device-add", deviceAdd(newcomer(), asNurse)),
    ],
  },
  {
    name: "the rule became stricter after everybody had the key",
    reason: undefined,
    records: ({ admin, issue, grant }) => [
      issue(admin, "device-add", deviceAdd(newcomer(), asNurse)),
      issue(admin, "role-grant", grant(NURSING, 1, newcomer())),
      issue(admin, "policy", policy({ roleRules: rule({ history: "none" }) })),
    ],
  },
  { name: "the key's validity is over", reason: "scheduled", nowMs: T0 + 365 * DAY_MS, records: () => [] },
  {
    name: "the policy asks for a new key sooner",
    reason: "scheduled",
    nowMs: T0 + 30 * DAY_MS,
    records: ({ admin, issue }) => [
      issue(admin, "policy", policy({ roleRules: rule({ rotationDays: 30 }) })),
    ],
  },
  {
    name: "the day before the policy asks for a new key",
    reason: undefined,
    nowMs: T0 + 30 * DAY_MS - 1,
    records: ({ admin, issue }) => [
      issue(admin, "policy", policy({ roleRules: rule({ rotationDays: 30 }) })),
    ],
  },
  {
    name: "the archive's key is old: its shares may lie in safes",
    reason: undefined,
    nowMs: T0 + 400 * DAY_MS,
    records: ({ admin, issue }) => [issue(admin, "policy", policy({ archiveRole: NURSING }))],
  },
]

for (const { name, reason, nowMs = T0, records } of due) {
  test(`${reason === undefined ? "no rotation" : "rotation"}: ${name}`, () => {
    assert.is(d.rotationDue(grown(records).state, NURSING, nowMs), reason)
  })
}

test("a role without a key isn't due", () => {
  assert.is(d.rotationDue(makeClinic().state, "triage", T0), undefined)
})

test("who lacks the newest key: live members and administrators to whom nobody granted it", () => {
  const { clinic, state } = grown(({ admin, issue }) => [
    issue(admin, "device-add", deviceAdd(newcomer(), asNurse, T0 + 30 * DAY_MS)),
  ])
  const { admin, keeper, nurse } = clinic
  const ids = (devices: readonly d.DirectoryDevice[]) => devices.map(({ id }) => id)
  assert.equal(ids(d.receiversOf(state, NURSING, T0)), [admin.id, keeper.id, nurse.id, newcomer().id])
  assert.equal(ids(d.lackingNewestKey(state, NURSING, T0)), [admin.id, keeper.id, newcomer().id])
  assert.equal(ids(d.receiversOf(state, NURSING, T0 + 30 * DAY_MS)), [admin.id, keeper.id, nurse.id])
  // Another keeper's clock may be a day ahead: it would rotate again as often as this one grants.
  assert.equal(ids(d.lackingNewestKey(state, NURSING, T0 + 29 * DAY_MS)), [admin.id, keeper.id])
  assert.equal(d.lackingNewestKey(state, "triage", T0), [])
})

test("nobody lacks a key that the policy doesn't let them hold", () => {
  const { clinic, state } = grown(({ admin, issue }) => [
    issue(admin, "policy", policy({ roleRules: rule({ history: "none" }) })),
    issue(admin, "device-add", deviceAdd(newcomer(), asNurse)),
  ])
  const lacking = d.lackingNewestKey(state, NURSING, T0).map(({ id }) => id)
  assert.equal(lacking, [clinic.admin.id, clinic.keeper.id])
})

test.run()
