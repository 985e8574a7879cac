/** Keys and directory under attack: each case is a refusal with a stable code, and a state that stays as it was. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex } from "../../src/bytes.ts"
import {
  cryptoReady,
  type Device,
  deviceFromSeeds,
  sha256,
  sign,
  signingKeyPair,
  signRootRecord,
  verifySignature,
} from "../../src/crypto/index.ts"
import {
  applyRecord,
  applyRecords,
  checkExtends,
  checkFresh,
  createDirectory,
  type DirectoryState,
  newestRoleKey,
} from "../../src/directory/index.ts"
import type { ErrorCode } from "../../src/errors.ts"
import { encodeRole } from "../../src/ids.ts"
import {
  attachSignature,
  type DirectoryRecordType,
  encodeAttest,
  encodeDeviceAdd,
  encodeDeviceReference,
  encodeRoleGrant,
  encodeRoleKey,
  encodeUnsigned,
  HEADER_BYTES,
  type RecordType,
} from "../../src/protocol/index.ts"
import { flipBit, refusal } from "../crypto/expect.ts"
import {
  adminAdd,
  BILLING,
  type Clinic,
  consentText,
  DAY_MS,
  device,
  deviceAdd,
  makeClinic,
  NURSING,
  options,
  policy,
  roleKey,
  rolePublicKey,
  seed,
  snapshot,
  T0,
} from "../directory/clinic.ts"

const test = suite("attacks on the directory")
test.before(cryptoReady)

interface Attack {
  readonly name: string
  readonly code: ErrorCode
  /** Honest records that come before it. */
  readonly first?: (clinic: Clinic) => readonly Uint8Array[]
  readonly record: (clinic: Clinic) => Uint8Array
}

const newcomer = (): Device => device(80)
const asNurse = [{ role: NURSING, keeper: false }]
const asKeeper = [{ role: NURSING, keeper: true }]
const reference = (who: Device): Uint8Array => encodeDeviceReference(who.id)

/** An Ed25519 key of small order (the neutral element), and what passes for keys of a device that has it. */
const smallOrder = fromHex("0100000000000000000000000000000000000000000000000000000000000000")
const zeroShare = (): Uint8Array => {
  const key = newcomer().wrapping.publicKey.slice()
  key.fill(0, key.length - 32)
  return key
}
const withKeys = (signing: Uint8Array, wrapping: Uint8Array): Uint8Array =>
  encodeDeviceAdd({ keys: { signing, wrapping }, name: "A name", roles: asNurse, expires: 0 })

/** Signs with a chosen key under a chosen tag, whatever issuer the record names. */
function forge(
  clinic: Clinic,
  type: RecordType,
  body: Uint8Array,
  how: { issuer: Uint8Array; by: Uint8Array; tag?: string; scope?: Uint8Array },
): Uint8Array {
  const unsigned = encodeUnsigned(
    { type, scope: how.scope ?? clinic.id, issuer: how.issuer, issued: T0 },
    body,
  )
  return attachSignature(unsigned, sign(how.tag ?? `wl1/${type}`, unsigned, how.by))
}

const relayKey = () => signingKeyPair(seed(99, 6))

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
    record: ({ nurse, state, issue, attest }) => issue(nurse, "attest", attest(state)),
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
    record: ({ issue }) => issue(newcomer(), "attest", new Uint8Array(40)),
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

const keys: Attack[] = [
  {
    name: "relay serves another role's key: registered for role B, then as role A's",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2, rolePublicKey(BILLING, 1))),
  },
  {
    name: "a rotation to the generation before: whoever was put out stays in",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2, rolePublicKey(NURSING, 1))),
  },
  {
    name: "a role key that is a device's own",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2, keeper.wrapping.publicKey)),
  },
  {
    name: "an older generation, again",
    code: "ERR_CONFLICT",
    first: ({ keeper, issue }) => [issue(keeper, "role-key", roleKey(NURSING, 2))],
    record: ({ keeper, issue }) =>
      issue(keeper, "role-key", roleKey(NURSING, 2, newcomer().wrapping.publicKey)),
  },
  {
    name: "a generation left out",
    code: "ERR_CONFLICT",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 3)),
  },
  {
    name: "the newest role-key record, replayed",
    code: "ERR_CONFLICT",
    record: ({ records }) => records[6] as Uint8Array,
  },
  {
    name: "a device-add, replayed",
    code: "ERR_FORBIDDEN",
    record: ({ records }) => records[4] as Uint8Array,
  },
  {
    name: "a revoked device comes back under the same keys",
    code: "ERR_FORBIDDEN",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) => issue(admin, "device-add", deviceAdd(nurse, asNurse)),
  },
  {
    name: "a revoked device's signing key comes back beside a new wrapping key",
    code: "ERR_FORBIDDEN",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) =>
      issue(admin, "device-add", withKeys(nurse.signing.publicKey, newcomer().wrapping.publicKey)),
  },
  {
    name: "a revoked device's wrapping key comes back beside a new signing key",
    code: "ERR_FORBIDDEN",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) =>
      issue(admin, "device-add", withKeys(newcomer().signing.publicKey, nurse.wrapping.publicKey)),
  },
  {
    name: "the root key as a device's",
    code: "ERR_FORBIDDEN",
    record: ({ admin, state, issue }) =>
      issue(admin, "device-add", withKeys(state.rootKey, newcomer().wrapping.publicKey)),
  },
  {
    name: "a small-order Ed25519 key for a device",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) =>
      issue(admin, "device-add", withKeys(smallOrder, newcomer().wrapping.publicKey)),
  },
  {
    name: "an all-zero X25519 share for a device",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) =>
      issue(admin, "device-add", withKeys(newcomer().signing.publicKey, zeroShare())),
  },
  {
    name: "an all-zero X25519 share for a role",
    code: "ERR_MALFORMED",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2, zeroShare())),
  },
  {
    name: "a small-order log key",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) => issue(admin, "policy", policy({ logKey: smallOrder })),
  },
  {
    name: "a small-order witness key",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) => issue(admin, "policy", policy({ witnessKeys: [smallOrder] })),
  },
  {
    name: "one witness counted twice towards the quorum",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) => {
      const { publicKey } = relayKey()
      return issue(admin, "policy", policy({ witnessKeys: [publicKey, publicKey], quorum: 2 }))
    },
  },
  {
    name: "a role key that is never valid",
    code: "ERR_MALFORMED",
    record: ({ keeper, issue }) => {
      const publicKey = rolePublicKey(NURSING, 2)
      const body = { role: NURSING, generation: 2, publicKey, validFrom: T0, validUntil: T0 }
      return issue(keeper, "role-key", encodeRoleKey(body))
    },
  },
  {
    name: "a policy under which nothing is ever fresh",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) => issue(admin, "policy", policy({ freshnessSeconds: 0 })),
  },
]

const wrap = new Uint8Array(1168)
const grantTo = (who: Device, generation = 1): Uint8Array =>
  encodeRoleGrant({ role: NURSING, generation, device: who.id, wrap })

const rules: Attack[] = [
  {
    name: "an admin's own role-grant to a device that was never added",
    code: "ERR_FORBIDDEN",
    record: ({ admin, issue }) => issue(admin, "role-grant", grantTo(newcomer())),
  },
  {
    name: "a grant to a device outside the role",
    code: "ERR_FORBIDDEN",
    record: ({ admin, biller, issue }) => issue(admin, "role-grant", grantTo(biller)),
  },
  {
    name: "a grant to a revoked device",
    code: "ERR_REVOKED",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ keeper, nurse, issue }) => issue(keeper, "role-grant", grantTo(nurse)),
  },
  {
    name: "a grant to a removed admin",
    code: "ERR_REVOKED",
    first: ({ issueAsRoot }) => [
      issueAsRoot("admin-add", adminAdd(newcomer())),
      issueAsRoot("admin-remove", reference(newcomer())),
    ],
    record: ({ keeper, issue }) => issue(keeper, "role-grant", grantTo(newcomer())),
  },
  {
    name: "a grant to an expired device",
    code: "ERR_REVOKED",
    first: ({ admin, issue }) => [issue(admin, "device-add", deviceAdd(newcomer(), asNurse, T0 + DAY_MS))],
    record: ({ keeper, issue }) => issue(keeper, "role-grant", grantTo(newcomer()), T0 + DAY_MS),
  },
  {
    name: "a grant of a generation that doesn't exist",
    code: "ERR_CONFLICT",
    record: ({ keeper, nurse, issue }) => issue(keeper, "role-grant", grantTo(nurse, 2)),
  },
  {
    name: "a consent text swapped under the same id and version",
    code: "ERR_CONFLICT",
    record: ({ admin, issue }) => issue(admin, "consent-text", consentText(1, "standard", "Something else")),
  },
  {
    name: "a consent text that leaves a version out",
    code: "ERR_CONFLICT",
    record: ({ admin, issue }) => issue(admin, "consent-text", consentText(3)),
  },
  {
    name: "a new consent text that doesn't begin at 1",
    code: "ERR_CONFLICT",
    record: ({ admin, issue }) => issue(admin, "consent-text", consentText(2, "research")),
  },
  {
    name: "a second revocation, to move the first",
    code: "ERR_REVOKED",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) => issue(admin, "device-revoke", reference(nurse)),
  },
  {
    name: "a revocation of nobody",
    code: "ERR_FORBIDDEN",
    record: ({ admin, issue }) => issue(admin, "device-revoke", reference(newcomer())),
  },
  {
    name: "the root removes staff as if it were an admin",
    code: "ERR_FORBIDDEN",
    record: ({ nurse, issueAsRoot }) => issueAsRoot("admin-remove", reference(nurse)),
  },
  {
    name: "an old attest, replayed to look fresh",
    code: "ERR_CONFLICT",
    record: ({ records }) => records[9] as Uint8Array,
  },
  {
    name: "an attest of an older head than the record's own predecessor",
    code: "ERR_CONFLICT",
    first: ({ admin, issue }) => [issue(admin, "policy", policy({ retentionDays: 1 }))],
    record: ({ keeper, state, issue, attest }) => issue(keeper, "attest", attest(state)),
  },
  {
    name: "an attest of another history",
    code: "ERR_FORK",
    record: ({ keeper, state, issue }) =>
      issue(keeper, "attest", encodeAttest({ position: state.position, link: flipBit(state.link, 0) })),
  },
  {
    name: "records withheld before an attest",
    code: "ERR_FORK",
    record: ({ keeper, admin, state, issue, attest }) => {
      const withheld = issue(admin, "device-revoke", reference(device(3)))
      return issue(keeper, "attest", attest(applyRecord(state, withheld, options)))
    },
  },
]

for (const { name, code, first, record } of [...authority, ...signatures, ...keys, ...rules]) {
  test(name, () => {
    const clinic = makeClinic()
    const state = applyRecords(clinic.state, first?.(clinic) ?? [], options)
    const before = snapshot(state)
    refusal(() => applyRecord(state, record(clinic), options), code, name)
    assert.is(snapshot(state), before, "the state stays as it was")
  })
}

test("a small-order key verifies nothing even where it wasn't refused before", () => {
  const signature = new Uint8Array(64)
  // With this nonce and the scalar zero, the equation would hold for every message, without any secret.
  signature.set(smallOrder)
  assert.not(verifySignature("wl1/policy", policy(), signature, smallOrder))
})

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

test("reordered: a record before the one that gives its issuer the right", () => {
  const { state, records } = makeClinic()
  const pinned = createDirectory(state.rootKey, sha256)
  const reordered = [...records.slice(0, 3), records[6], records[3]] as Uint8Array[]
  refusal(() => applyRecords(pinned, reordered, options), "ERR_FORBIDDEN")
})

test("dropped from the middle: the keeper's next attest shows it", () => {
  const { state, records } = makeClinic()
  const pinned = createDirectory(state.rootKey, sha256)
  refusal(
    () => applyRecords(pinned, records.toSpliced(4, 1), options),
    "ERR_FORBIDDEN",
    "its grant is left over",
  )
  refusal(() => applyRecords(pinned, records.toSpliced(2, 1), options), "ERR_FORK", "the attest names it")
})

test("an older generation: a directory cut before the rotation is shorter than one seen", () => {
  const { state, keeper, issue } = makeClinic()
  const rotated = applyRecord(state, issue(keeper, "role-key", roleKey(NURSING, 2)), options)
  assert.is(newestRoleKey(rotated, NURSING)?.generation, 2)
  refusal(() => checkExtends(rotated, state), "ERR_ROLLBACK")
})

test("a directory rolled back for a returning visitor", () => {
  const { state, records } = makeClinic()
  const pinned = createDirectory(state.rootKey, sha256)
  for (let length = 0; length < records.length; length++) {
    const shorter = applyRecords(pinned, records.slice(0, length), options)
    refusal(() => checkExtends(state, shorter), "ERR_ROLLBACK", `${length} records`)
    checkExtends(shorter, state)
  }
  checkExtends(state, state)
})

test("two directories forked between patient and staff", () => {
  const { state, admin, issue } = makeClinic()
  const grow = (retentionDays: number): DirectoryState =>
    applyRecord(state, issue(admin, "policy", policy({ retentionDays })), options)
  const [patients, staffs] = [grow(1), grow(2)]
  refusal(() => checkExtends(patients, staffs), "ERR_FORK")
  // The longer branch doesn't heal it.
  const longer = applyRecord(staffs, issue(admin, "policy", policy()), options)
  refusal(() => checkExtends(patients, longer), "ERR_FORK")
  checkExtends(staffs, longer)
})

test("a directory frozen for a first-time visitor", () => {
  const { state } = makeClinic()
  checkFresh(state, T0)
  checkFresh(state, T0 + 7 * DAY_MS)
  refusal(() => checkFresh(state, T0 + 7 * DAY_MS + 1), "ERR_STALE_DIRECTORY")
})

test("frozen: other new records don't make it fresh, a new attest does", () => {
  const { state, admin, keeper, issue, attest } = makeClinic()
  const lateMs = T0 + 8 * DAY_MS
  const changed = applyRecord(state, issue(admin, "policy", policy({ retentionDays: 1 }), lateMs), options)
  refusal(() => checkFresh(changed, lateMs), "ERR_STALE_DIRECTORY")
  checkFresh(applyRecord(changed, issue(keeper, "attest", attest(changed), lateMs), options), lateMs)
})

test("a directory that nobody ever vouched for", () => {
  const { state, records } = makeClinic()
  const pinned = createDirectory(state.rootKey, sha256)
  refusal(() => checkFresh(pinned, T0), "ERR_STALE_DIRECTORY")
  refusal(() => checkFresh(applyRecords(pinned, records.slice(0, 9), options), T0), "ERR_STALE_DIRECTORY")
  // Without a policy there is no limit to keep to.
  const { admin, issue, attest } = makeClinic()
  const bare = applyRecord(pinned, records[0] as Uint8Array, options)
  const attested = applyRecord(bare, issue(admin, "attest", attest(bare)), options)
  refusal(() => checkFresh(attested, T0), "ERR_STALE_DIRECTORY")
})

test("an attest from the future doesn't keep a directory fresh for ever", () => {
  const { state, keeper, issue, attest } = makeClinic()
  const future = applyRecord(state, issue(keeper, "attest", attest(state), T0 + 365 * DAY_MS), options)
  refusal(() => checkFresh(future, T0), "ERR_CLOCK")
})

test("a clock a day off either way is borne", () => {
  const { state } = makeClinic()
  checkFresh(state, T0 - DAY_MS)
  checkFresh(state, T0 + DAY_MS)
  refusal(() => checkFresh(state, T0 - 2 * DAY_MS), "ERR_CLOCK")
})

test("a device's id can't be claimed with other keys", () => {
  const { state, admin, keeper, issue } = makeClinic()
  const imposter = deviceFromSeeds(seed(81, 1), seed(81, 2))
  const later = applyRecord(state, issue(admin, "device-add", deviceAdd(imposter, asKeeper)), options)
  assert.not.equal(imposter.id, keeper.id)
  const record = forge(
    { ...makeClinic(), state: later },
    "attest",
    encodeAttest({ position: later.position, link: later.link }),
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
