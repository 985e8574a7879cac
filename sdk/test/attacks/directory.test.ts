/** Who may say what in the directory, and with whose signature: each attack is a refusal with a stable code, and a state
 * that stays as it was. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  cryptoReady,
  deviceFromSeeds,
  sha256,
  sign,
  signingKeyPair,
  signRootRecord,
} from "../../src/crypto/index.ts"
import { applyRecord, applyRecords, attestOf, createDirectory } from "../../src/directory/index.ts"
import { encodeRole } from "../../src/ids.ts"
import {
  attachSignature,
  type DirectoryRecordType,
  encodeAttest,
  encodeUnsigned,
  HEADER_BYTES,
} from "../../src/protocol/index.ts"
import { refusal } from "../crypto/expect.ts"
import {
  adminAdd,
  BILLING,
  type Clinic,
  consentText,
  DAY_MS,
  deviceAdd,
  makeClinic,
  NURSING,
  options,
  policy,
  roleKey,
  seed,
  T0,
} from "../directory/clinic.ts"
import {
  type Attack,
  addAttacks,
  asKeeper,
  forge,
  newcomer,
  reference,
  relayKey,
} from "./directory-attack.ts"

const test = suite("attacks on the directory: authority and signatures")
test.before(cryptoReady)

const authority: Attack[] = [
  {
    name: "a revoked device signs a role-key",
    code: "ERR_REVOKED",
    first: ({ admin, keeper, issue }) => [issue(admin, "device-revoke", reference(keeper))],
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2)),
  },
  {
    name: "a record by a removed admin, backdated",
    code: "ERR_REVOKED",
    first: ({ admin, issueAsRoot }) => [issueAsRoot("admin-remove", reference(admin), T0 + DAY_MS)],
    record: ({ admin, issue }) => issue(admin, "device-add", deviceAdd(newcomer(), asKeeper), T0 - DAY_MS),
  },
  {
    name: "an expired device signs a role-key",
    code: "ERR_REVOKED",
    first: ({ admin, issue }) => [issue(admin, "device-add", deviceAdd(newcomer(), asKeeper, T0 + DAY_MS))],
    record: ({ issue }) => issue(newcomer(), "role-key", roleKey(NURSING, 2), T0 + DAY_MS),
  },
  {
    name: "a keeper of one role rotates another",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(BILLING, 2)),
  },
  {
    name: "a keeper of one role makes another's first key",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey("triage", 1)),
  },
  {
    name: "a keeper of one role grants another",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, biller, issue, grant }) => issue(keeper, "role-grant", grant(BILLING, 1, biller)),
  },
  {
    name: "a member that is no keeper rotates her role",
    code: "ERR_FORBIDDEN",
    record: ({ nurse, issue }) => issue(nurse, "role-key", roleKey(NURSING, 2)),
  },
  {
    name: "a member that is no keeper grants her role",
    code: "ERR_FORBIDDEN",
    record: ({ nurse, keeper, issue, grant }) => issue(nurse, "role-grant", grant(NURSING, 1, keeper)),
  },
  {
    name: "a member that is no keeper attests",
    code: "ERR_FORBIDDEN",
    record: ({ nurse, state, issue, attest }) => issue(nurse, "attest", attest(state, nurse)),
  },
  ...(
    [
      ["policy", () => policy()],
      ["consent-text", () => consentText(2)],
      ["device-add", () => deviceAdd(newcomer(), asKeeper)],
      ["device-revoke", ({ nurse }: Clinic) => reference(nurse)],
    ] as const
  ).map(
    ([type, body]): Attack => ({
      name: `a keeper does an admin's work: ${type}`,
      code: "ERR_FORBIDDEN",
      record: (clinic) => clinic.issue(clinic.keeper, type, body(clinic)),
    }),
  ),
  {
    name: "an admin makes another admin",
    code: "ERR_FORBIDDEN",
    record: ({ admin, issue }) => issue(admin, "admin-add", adminAdd(newcomer())),
  },
  {
    name: "an admin removes another admin",
    code: "ERR_FORBIDDEN",
    first: ({ issueAsRoot }) => [issueAsRoot("admin-add", adminAdd(newcomer()))],
    record: ({ admin, issue }) => issue(admin, "admin-remove", reference(newcomer())),
  },
  {
    name: "an admin revokes another admin as if it were staff",
    code: "ERR_FORBIDDEN",
    first: ({ issueAsRoot }) => [issueAsRoot("admin-add", adminAdd(newcomer()))],
    record: ({ admin, issue }) => issue(admin, "device-revoke", reference(newcomer())),
  },
  ...(
    [
      ["consent-text", () => consentText(2)],
      ["device-add", () => deviceAdd(newcomer(), asKeeper)],
      ["device-revoke", ({ nurse }: Clinic) => reference(nurse)],
      ["role-key", () => roleKey(NURSING, 2)],
      ["role-grant", ({ grant, nurse }: Clinic) => grant(NURSING, 1, nurse)],
      ["attest", ({ attest, state }: Clinic) => attest(state)],
    ] as const
  ).map(
    ([type, body]): Attack => ({
      name: `the root key leaves its vault for ${type}`,
      code: "ERR_FORBIDDEN",
      record: (clinic) => clinic.issueAsRoot(type, body(clinic)),
    }),
  ),
  {
    name: "a device that was never added",
    code: "ERR_FORBIDDEN",
    record: ({ issue }) => issue(newcomer(), "attest", new Uint8Array(72)),
  },
]

const signatures: Attack[] = [
  {
    name: "a policy supplied by the relay in the root's name",
    code: "ERR_SIGNATURE",
    record: (clinic) => forge(clinic, "policy", policy(), { issuer: clinic.id, by: relayKey().secretKey }),
  },
  {
    name: "a policy supplied by the relay in the admin's name",
    code: "ERR_SIGNATURE",
    record: (clinic) =>
      forge(clinic, "policy", policy(), { issuer: clinic.admin.id, by: relayKey().secretKey }),
  },
  {
    name: "a policy signed by the relay's log key that the policy itself names",
    code: "ERR_FORBIDDEN",
    record: (clinic) => {
      const { publicKey, secretKey } = relayKey()
      return forge(clinic, "policy", policy({ logKey: publicKey }), {
        issuer: seed(1, 1).subarray(16),
        by: secretKey,
      })
    },
  },
  {
    name: "an admin's id with a keeper's signature",
    code: "ERR_SIGNATURE",
    record: (clinic) =>
      forge(clinic, "device-add", deviceAdd(newcomer(), asKeeper), {
        issuer: clinic.admin.id,
        by: clinic.keeper.signing.secretKey,
      }),
  },
  {
    name: "a device record presented as a role record: its type changed",
    code: "ERR_SIGNATURE",
    record: (clinic) => {
      // What the admin signed is a role-key's bytes under the tag of a device record.
      const how = { issuer: clinic.admin.id, by: clinic.admin.signing.secretKey, tag: "wl1/device-add" }
      return forge(clinic, "role-key", roleKey(NURSING, 2), how)
    },
  },
  ...(["policy", "attest", "role-grant"] as const).map(
    (type: DirectoryRecordType): Attack => ({
      name: `a role-key signed under the tag of ${type}`,
      code: "ERR_SIGNATURE",
      record: (clinic) =>
        forge(clinic, "role-key", roleKey(NURSING, 2), {
          issuer: clinic.keeper.id,
          by: clinic.keeper.signing.secretKey,
          tag: `wl1/${type}`,
        }),
    }),
  ),
  {
    name: "a certificate for role B served as role A: the role's name changed",
    code: "ERR_SIGNATURE",
    record: ({ admin, issue }) => {
      const record = issue(admin, "role-key", roleKey(BILLING, 2))
      record.set(encodeRole(NURSING), HEADER_BYTES + 2)
      return record
    },
  },
  {
    name: "a certificate for role B served as role A: another's signed body under one's own name",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(BILLING, 2)),
  },
  {
    name: "another clinic's record, which its admin signed",
    code: "ERR_CLINIC_KEY",
    record: () => makeClinic(1).records[1] as Uint8Array,
  },
  {
    name: "a record for another scope, signed by this clinic's own admin",
    code: "ERR_CLINIC_KEY",
    record: (clinic) =>
      forge(clinic, "policy", policy(), {
        issuer: clinic.admin.id,
        by: clinic.admin.signing.secretKey,
        scope: makeClinic(1).id,
      }),
  },
]

addAttacks(test, [...authority, ...signatures])

test("a root key supplied by the relay: its whole directory is another clinic's", () => {
  const pinned = createDirectory(makeClinic().state.rootKey, sha256)
  refusal(() => applyRecords(pinned, makeClinic(1).records, options), "ERR_CLINIC_KEY")
})

test("a root key supplied by the relay, under the pinned clinic's id", () => {
  const { state, id, admin } = makeClinic()
  const pinned = createDirectory(state.rootKey, sha256)
  const unsigned = encodeUnsigned({ type: "admin-add", scope: id, issuer: id, issued: T0 }, adminAdd(admin))
  const record = attachSignature(unsigned, sign("wl1/admin-add", unsigned, relayKey().secretKey))
  refusal(() => applyRecord(pinned, record, options), "ERR_SIGNATURE")
})

test("a directory begins with an admin of the root's: nothing comes before", () => {
  const { state, issueAsRoot, records } = makeClinic()
  const pinned = createDirectory(state.rootKey, sha256)
  refusal(() => applyRecord(pinned, issueAsRoot("policy", policy()), options), "ERR_FORBIDDEN")
  refusal(() => applyRecord(pinned, records[1] as Uint8Array, options), "ERR_FORBIDDEN")
})

test("a device's id can't be claimed with other keys", () => {
  const { state, admin, keeper, issue } = makeClinic()
  const imposter = deviceFromSeeds(seed(81, 1), seed(81, 2))
  const later = applyRecord(state, issue(admin, "device-add", deviceAdd(imposter, asKeeper)), options)
  assert.not.equal(imposter.id, keeper.id)
  const record = forge(
    { ...makeClinic(), state: later },
    "attest",
    encodeAttest(attestOf(later, keeper.id, sha256)),
    { issuer: keeper.id, by: imposter.signing.secretKey },
  )
  refusal(() => applyRecord(later, record, options), "ERR_SIGNATURE")
})

test("two roots, one id: an admin-add by a root of another clinic is not this root's word", () => {
  const { state } = makeClinic()
  const other = signingKeyPair(seed(1, 7))
  const record = signRootRecord(other, { type: "admin-add", issued: T0 }, adminAdd(newcomer()))
  refusal(() => applyRecord(state, record, options), "ERR_CLINIC_KEY")
})

test.run()
