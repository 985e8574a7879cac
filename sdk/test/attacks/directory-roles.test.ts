/** Attacks on roles in life: who changes them, who is given which key, and what an older right is worth later. */
import { suite } from "uvu"
import { cryptoReady } from "../../src/crypto/index.ts"
import { applyRecords, defaultRoleRule } from "../../src/directory/index.ts"
import {
  encodeDeviceRoles,
  encodeRecovery,
  type HistoryRule,
  type Policy,
  type RoleRule,
} from "../../src/protocol/index.ts"
import { refusal } from "../crypto/expect.ts"
import {
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
} from "../directory/clinic.ts"
import { type Attack, addAttacks, asKeeper, asNurse, newcomer, reference } from "./directory-attack.ts"

const test = suite("attacks on roles in life")
test.before(cryptoReady)

const asBiller = [{ role: BILLING, keeper: false }]
const recovery = encodeRecovery({ keyName: "archive", reason: "a drill" })

const authority: Attack[] = [
  {
    name: "a keeper gives a colleague's device another role",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, nurse, issue }) =>
      issue(keeper, "device-roles", deviceRoles(nurse, [...asNurse, ...asBiller])),
  },
  {
    name: "a member makes itself a keeper",
    code: "ERR_FORBIDDEN",
    record: ({ nurse, issue }) => issue(nurse, "device-roles", deviceRoles(nurse, asKeeper)),
  },
  {
    name: "the root key leaves its vault for device-roles",
    code: "ERR_FORBIDDEN",
    record: ({ nurse, issueAsRoot }) => issueAsRoot("device-roles", deviceRoles(nurse, asKeeper)),
  },
  {
    name: "a keeper says that a split key was put together",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "recovery", recovery),
  },
  {
    name: "a keeper that was made an ordinary member rotates the role",
    code: "ERR_FORBIDDEN",
    first: ({ admin, keeper, issue }) => [issue(admin, "device-roles", deviceRoles(keeper, asNurse))],
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2)),
  },
  {
    name: "a keeper that lost the role grants its key",
    code: "ERR_FORBIDDEN",
    first: ({ admin, keeper, issue }) => [issue(admin, "device-roles", deviceRoles(keeper, asBiller))],
    record: ({ keeper, nurse, issue, grant }) => issue(keeper, "role-grant", grant(NURSING, 1, nurse)),
  },
  {
    name: "a keeper that lost the role, backdated",
    code: "ERR_FORBIDDEN",
    first: ({ admin, keeper, issue }) => [issue(admin, "device-roles", deviceRoles(keeper, asBiller))],
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2), T0 - DAY_MS),
  },
  {
    name: "somebody who keeps no role any more attests",
    code: "ERR_FORBIDDEN",
    first: ({ admin, keeper, issue }) => [issue(admin, "device-roles", deviceRoles(keeper, asNurse))],
    record: ({ keeper, admin, state, issue, attest }) => {
      const later = applyRecords(state, [issue(admin, "device-roles", deviceRoles(keeper, asNurse))], options)
      return issue(keeper, "attest", attest(later))
    },
  },
]

const changes: Attack[] = [
  {
    name: "roles for a device that was never added",
    code: "ERR_FORBIDDEN",
    record: ({ admin, issue }) => issue(admin, "device-roles", deviceRoles(newcomer(), asNurse)),
  },
  {
    name: "roles for an administrator, who would be shown conversations",
    code: "ERR_FORBIDDEN",
    record: ({ admin, issue }) => issue(admin, "device-roles", deviceRoles(admin, asKeeper)),
  },
  {
    name: "a revoked device comes back by a change of its roles",
    code: "ERR_REVOKED",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) => issue(admin, "device-roles", deviceRoles(nurse, asNurse)),
  },
  {
    name: "a device with no role left, which is neither staff nor revoked",
    code: "ERR_MALFORMED",
    record: ({ admin, nurse, issue }) => issue(admin, "device-roles", deviceRoles(nurse, [])),
  },
  {
    name: "one role twice, as keeper and not",
    code: "ERR_MALFORMED",
    record: ({ admin, nurse, issue }) =>
      issue(admin, "device-roles", encodeDeviceRoles({ device: nurse.id, roles: [...asNurse, ...asKeeper] })),
  },
  {
    name: "a grant to a device that lost the role",
    code: "ERR_FORBIDDEN",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-roles", deviceRoles(nurse, asBiller))],
    record: ({ keeper, nurse, issue, grant }) => issue(keeper, "role-grant", grant(NURSING, 1, nurse)),
  },
  {
    name: "two rules for one role in a policy",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) =>
      issue(
        admin,
        "policy",
        policy({ roleRules: [defaultRoleRule(NURSING), { ...defaultRoleRule(NURSING), history: "none" }] }),
      ),
  },
]

const ruled = (history: HistoryRule, more: Partial<RoleRule> = {}): Policy["roleRules"] => [
  { ...defaultRoleRule(NURSING), history, ...more },
]
const setRule = ({ admin, issue }: Clinic, history: HistoryRule, more?: Partial<RoleRule>): Uint8Array =>
  issue(admin, "policy", policy({ roleRules: ruled(history, more) }))
const join = ({ admin, issue }: Clinic): Uint8Array =>
  issue(admin, "device-add", deviceAdd(newcomer(), asNurse))
const rotate = ({ keeper, issue }: Clinic, generation: number, issued = T0): Uint8Array =>
  issue(keeper, "role-key", roleKey(NURSING, generation), issued)

const history: Attack[] = [
  ...(["keeper", "admin"] as const).map(
    (issuer): Attack => ({
      name: `history "none": the ${issuer} grants a newcomer the key that was there before`,
      code: "ERR_FORBIDDEN",
      first: (clinic) => [setRule(clinic, "none"), join(clinic)],
      record: (clinic) => clinic.issue(clinic[issuer], "role-grant", clinic.grant(NURSING, 1, newcomer())),
    }),
  ),
  {
    name: 'history "none": a key from before, though a newer one was made for the newcomer',
    code: "ERR_FORBIDDEN",
    first: (clinic) => [setRule(clinic, "none"), join(clinic), rotate(clinic, 2)],
    record: ({ keeper, issue, grant }) => issue(keeper, "role-grant", grant(NURSING, 1, newcomer())),
  },
  {
    name: 'history "none": a member that left and came back gets what was made while it was away',
    code: "ERR_FORBIDDEN",
    first: (clinic) => [
      setRule(clinic, "none"),
      clinic.issue(clinic.admin, "device-roles", deviceRoles(clinic.nurse, asBiller)),
      rotate(clinic, 2),
      clinic.issue(clinic.admin, "device-roles", deviceRoles(clinic.nurse, [...asBiller, ...asNurse])),
    ],
    record: ({ keeper, nurse, issue, grant }) => issue(keeper, "role-grant", grant(NURSING, 2, nurse)),
  },
  {
    name: 'history "since": a key that was renewed before the date',
    code: "ERR_FORBIDDEN",
    first: (clinic) => [setRule(clinic, "since", { sinceMs: T0 + 1 }), rotate(clinic, 2), join(clinic)],
    record: ({ keeper, issue, grant }) => issue(keeper, "role-grant", grant(NURSING, 1, newcomer())),
  },
  {
    name: "a key from before, once the rule has become stricter",
    code: "ERR_FORBIDDEN",
    first: (clinic) => [join(clinic), setRule(clinic, "none")],
    record: ({ keeper, issue, grant }) => issue(keeper, "role-grant", grant(NURSING, 1, newcomer())),
  },
]

addAttacks(test, [...authority, ...changes, ...history])

test('history "since": a rotation dated to next week, to make the older key look younger', () => {
  const clinic = makeClinic()
  const accepting = { ...options, nowMs: T0 }
  refusal(
    () => applyRecords(clinic.state, [rotate(clinic, 2, T0 + 7 * DAY_MS)], accepting),
    "ERR_CLOCK",
    "the relay takes no record from the future",
  )
})

/** What the rules let through, so that they aren't kept by refusing everything. */
const allowed: readonly (readonly [string, (clinic: Clinic) => readonly Uint8Array[]])[] = [
  [
    'history "all": every key that ever was',
    (clinic) => [
      setRule(clinic, "all"),
      rotate(clinic, 2),
      join(clinic),
      ...[1, 2].map((generation) =>
        clinic.issue(clinic.keeper, "role-grant", clinic.grant(NURSING, generation, newcomer())),
      ),
    ],
  ],
  [
    'history "none": the key that was made for the newcomer, and the same key for those who were there before',
    (clinic) => [
      setRule(clinic, "none"),
      join(clinic),
      rotate(clinic, 2),
      ...[newcomer(), clinic.nurse].map((who) =>
        clinic.issue(clinic.keeper, "role-grant", clinic.grant(NURSING, 2, who)),
      ),
    ],
  ],
  [
    'history "none": a key from before, for a member from before; a new keeper is no new member',
    (clinic) => [
      setRule(clinic, "none"),
      clinic.issue(clinic.admin, "device-roles", deviceRoles(clinic.nurse, asKeeper)),
      rotate(clinic, 2),
      clinic.issue(clinic.keeper, "role-grant", clinic.grant(NURSING, 2, clinic.nurse)),
    ],
  ],
  [
    'history "none": an administrator gets every key, to be able to grant it',
    (clinic) => [
      setRule(clinic, "none"),
      clinic.issue(clinic.keeper, "role-grant", clinic.grant(NURSING, 1, clinic.admin)),
    ],
  ],
  [
    'history "since": the key in use at the date, and the newest',
    (clinic) => [
      setRule(clinic, "since", { sinceMs: T0 + 2 * DAY_MS }),
      rotate(clinic, 2, T0 + 3 * DAY_MS),
      join(clinic),
      ...[1, 2].map((generation) =>
        clinic.issue(clinic.keeper, "role-grant", clinic.grant(NURSING, generation, newcomer())),
      ),
    ],
  ],
]

for (const [name, records] of allowed) {
  test(`allowed: ${name}`, () => {
    const clinic = makeClinic()
    applyRecords(clinic.state, records(clinic), options)
  })
}

test("a rotation by a keeper from whom a removal is withheld fits no true directory", () => {
  const clinic = makeClinic()
  const { admin, keeper, nurse, state, issue, grant } = clinic
  // What the relay shows to everybody else: the nurse is out and the role has a new key, in one step.
  const truth = applyRecords(
    state,
    [issue(admin, "device-revoke", reference(nurse)), issue(admin, "role-key", roleKey(NURSING, 2))],
    options,
  )
  // What the keeper makes on the old directory, with a key for the nurse.
  const frozen = roleKey(NURSING, 2, device(90).wrapping.publicKey)
  refusal(
    () => applyRecords(truth, [issue(keeper, "role-key", frozen)], options),
    "ERR_CONFLICT",
    "its generation is taken",
  )
  refusal(
    () => applyRecords(truth, [issue(keeper, "role-grant", grant(NURSING, 2, nurse))], options),
    "ERR_REVOKED",
    "and its grant is for somebody who was revoked",
  )
})

test.run()
