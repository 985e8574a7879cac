/** What a directory says after honest records, and that it is all or nothing. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, utf8 } from "../../src/bytes.ts"
import { cryptoReady, hpkeOpen, sha256, signRecord } from "../../src/crypto/index.ts"
import {
  adminsOf,
  applyRecord,
  applyRecords,
  createDirectory,
  grantsFor,
  holdsRole,
  isAdmin,
  isConsentToCurrentText,
  isKeeper,
  isLiveDevice,
  isLiveStaff,
  membersOf,
  newestRoleKey,
  roleKeyOf,
} from "../../src/directory/index.ts"
import { encodeDeviceReference, grantInfo, nextLink, startLink } from "../../src/protocol/index.ts"
import { counting, refusal } from "../crypto/expect.ts"
import {
  BILLING,
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
  roleSeed,
  snapshot,
  T0,
} from "./clinic.ts"

const test = suite("directory")
test.before(cryptoReady)

test("a new clinic: who is who after ten records", () => {
  const { state, admin, keeper, nurse, biller } = makeClinic()
  assert.is(state.position, 10)
  assert.equal(
    adminsOf(state).map(({ id }) => id),
    [admin.id],
  )
  assert.equal(
    membersOf(state, NURSING).map(({ id }) => id),
    [keeper.id, nurse.id],
  )
  assert.equal(
    membersOf(state, BILLING).map(({ id }) => id),
    [biller.id],
  )
  assert.ok(holdsRole(state, nurse.id, NURSING) && !isKeeper(state, nurse.id, NURSING))
  assert.ok(isKeeper(state, keeper.id, NURSING) && !isKeeper(state, keeper.id, BILLING))
  assert.not(holdsRole(state, admin.id, NURSING))
  assert.ok(isAdmin(state, admin.id) && !isAdmin(state, keeper.id))
  assert.is(state.policy?.position, 2)
  assert.is(state.consentText?.version, 1)
  const { attested } = state
  assert.equal([attested?.position, attested?.issuer, attested?.issued], [10, keeper.id, T0])
  assert.equal(newestRoleKey(state, NURSING)?.publicKeyHash, sha256(rolePublicKey(NURSING, 1)))
  assert.is(newestRoleKey(state, "triage"), undefined)
})

test("links are those of the protocol page", () => {
  const { state, records, id } = makeClinic()
  let link = startLink(sha256, id)
  assert.equal(state.links[0], link)
  for (const [i, record] of records.entries()) {
    link = nextLink(sha256, link, i + 1, sha256(record))
    assert.equal(state.links[i + 1], link)
  }
  assert.equal(state.link, link)
})

test("one by one and all at once come to the same", () => {
  const { state, records } = makeClinic()
  const again = records.reduce(
    (so, record) => applyRecord(so, record, options),
    createDirectory(state.rootKey, sha256),
  )
  assert.is(snapshot(again), snapshot(state))
})

test("all or none: the state before stays as it was, though the first records were good", () => {
  const { state, admin, keeper, issue, grant, attest } = makeClinic()
  const before = snapshot(state)
  const good = [
    issue(admin, "device-add", deviceAdd(device(50), [{ role: NURSING, keeper: false }])),
    issue(admin, "policy", policy({ retentionDays: 1 })),
    issue(admin, "consent-text", consentText(2)),
    issue(keeper, "role-key", roleKey(NURSING, 2)),
    issue(keeper, "role-grant", grant(NURSING, 1, device(3))),
    issue(admin, "device-revoke", encodeDeviceReference(device(3).id)),
  ]
  const bad = issue(keeper, "attest", attest(state))
  refusal(() => applyRecords(state, [...good, bad], options), "ERR_CONFLICT")
  assert.is(snapshot(state), before)
  assert.is(applyRecords(state, good, options).position, 16)
  assert.is(snapshot(state), before)
})

test("a state doesn't change with the buffer that it was read from", () => {
  const { records, state } = makeClinic()
  const buffer = concat(...records)
  const starts = records.map((_, i) => concat(...records.slice(0, i)).length)
  const views = records.map(({ length }, i) => buffer.subarray(starts[i], (starts[i] as number) + length))
  const root = state.rootKey.slice()
  const read = applyRecords(createDirectory(root, sha256), views, options)
  buffer.fill(0xee)
  root.fill(0xee)
  assert.is(snapshot(read), snapshot(state))
})

test("a rotation: the newest generation is served, the older ones stay", () => {
  const { state, admin, keeper, issue } = makeClinic()
  const byKeeper = applyRecord(state, issue(keeper, "role-key", roleKey(NURSING, 2)), options)
  const byAdmin = applyRecord(byKeeper, issue(admin, "role-key", roleKey(NURSING, 3)), options)
  assert.is(newestRoleKey(byAdmin, NURSING)?.generation, 3)
  assert.is(newestRoleKey(byAdmin, NURSING, 11)?.generation, 2)
  assert.is(newestRoleKey(byAdmin, NURSING, 6), undefined)
  assert.equal(roleKeyOf(byAdmin, NURSING, 1)?.publicKey, rolePublicKey(NURSING, 1))
  assert.is(roleKeyOf(byAdmin, NURSING, 0), undefined)
  assert.is(roleKeyOf(byAdmin, NURSING, 4), undefined)
  assert.is(newestRoleKey(byAdmin, BILLING)?.generation, 1)
})

test("a grant reaches its receiver: the wrap opens to the role's seed", () => {
  const { state: bare, nurse, keeper, id, admin, issue, grant, wraps } = makeClinic()
  const body = grant(NURSING, 1, nurse)
  const record = concat(issue(keeper, "role-grant", body), wraps.get(body) as Uint8Array)
  const state = applyRecord(bare, record, { ...options, nowMs: T0 })
  const [withoutWrap, granted] = grantsFor(state, nurse.id)
  assert.is(withoutWrap?.wrap, undefined)
  assert.ok(granted)
  assert.equal(
    [granted.role, granted.generation, granted.issuer, granted.position],
    [NURSING, 1, keeper.id, 11],
  )
  const info = grantInfo(id, NURSING, 1, nurse.id)
  assert.equal(
    hpkeOpen(nurse.wrapping.seed, info, new Uint8Array(0), granted.wrap as Uint8Array),
    roleSeed(NURSING, 1),
  )
  assert.equal(grantsFor(state, keeper.id), [])
  // An admin may hold any role's seed, to rotate it later.
  const more = applyRecord(state, issue(admin, "role-grant", grant(BILLING, 1, admin)), options)
  assert.is(grantsFor(more, admin.id)[0]?.role, BILLING)
})

test("the clinic's current consent text is the newest record's, of whatever id", () => {
  const { state, admin, issue } = makeClinic()
  const later = applyRecords(
    state,
    [
      issue(admin, "consent-text", consentText(2)),
      issue(admin, "consent-text", consentText(1, "research")),
      issue(admin, "consent-text", consentText(3)),
    ],
    options,
  )
  assert.equal([later.consentText?.id, later.consentText?.version], ["standard", 3])
  const to = (
    version: number,
    consentId = "standard",
    text = `Consent, version ${version}`,
    language = "en",
  ) => ({
    consentId,
    version,
    language,
    textHash: sha256(utf8(text)),
  })
  assert.ok(isConsentToCurrentText(later, to(3)))
  assert.ok(isConsentToCurrentText(later, to(3, "standard", "Consent, version 3 (es)", "es")))
  assert.ok(isConsentToCurrentText(later, to(1), 10))
  assert.ok(isConsentToCurrentText(later, to(1, "research", "Consent, version 1"), 12))
  for (const [name, consent] of Object.entries({
    older: to(2),
    "another text's": to(1, "research"),
    "other words": to(3, "standard", "Consent, version 2"),
    "another language's words": to(3, "standard", "Consent, version 3", "es"),
    "a language that it doesn't have": to(3, "standard", "Consent, version 3", "fr"),
    "the same version of another id": to(3, "research"),
    "another version of the same words": { ...to(3), version: 2 },
  })) {
    assert.not(isConsentToCurrentText(later, consent), name)
  }
  assert.not(isConsentToCurrentText(createDirectory(state.rootKey, sha256), to(1)))
})

test("who is live: staff and admins, until revoked or expired", () => {
  const { state, admin, nurse, issue } = makeClinic()
  const guest = device(51)
  const added = issue(admin, "device-add", deviceAdd(guest, [{ role: NURSING, keeper: false }], T0 + DAY_MS))
  const revoked = issue(admin, "device-revoke", encodeDeviceReference(nurse.id))
  const later = applyRecords(state, [added, revoked], options)
  assert.ok(isLiveStaff(later, guest.id, T0 + DAY_MS - 1))
  assert.not(isLiveStaff(later, guest.id, T0 + DAY_MS), "expired")
  assert.not(isLiveStaff(later, guest.id, T0, 10), "not yet added")
  assert.ok(isLiveStaff(later, nurse.id, T0, 11), "before its revocation")
  assert.not(isLiveStaff(later, nurse.id, T0, 12), "at its revocation")
  assert.not(isLiveStaff(later, admin.id, T0), "an admin is no staff")
  assert.ok(isLiveDevice(later, admin.id, T0))
  assert.not(isLiveDevice(later, nurse.id, T0))
  assert.not(isLiveDevice(later, guest.id, T0 + DAY_MS))
  assert.not(isLiveDevice(later, counting(16), T0))
})

test("an expired device's records that were issued before stand, when they are replayed", () => {
  const { state, admin, issue } = makeClinic()
  const guest = device(52)
  const later = applyRecords(
    state,
    [
      issue(admin, "device-add", deviceAdd(guest, [{ role: NURSING, keeper: true }], T0 + DAY_MS)),
      issue(guest, "role-key", roleKey(NURSING, 2), T0 + DAY_MS - 1),
    ],
    options,
  )
  assert.is(newestRoleKey(later, NURSING)?.generation, 2)
})

test("an admin may not revoke itself, but the root may remove it", () => {
  const { state, admin, issue, issueAsRoot } = makeClinic()
  const reference = encodeDeviceReference(admin.id)
  refusal(() => applyRecord(state, issue(admin, "device-revoke", reference), options), "ERR_FORBIDDEN")
  const later = applyRecord(state, issueAsRoot("admin-remove", reference), options)
  assert.equal(adminsOf(later), [])
  assert.equal(adminsOf(later, 10).length, 1)
})

test("the relay judges new records by its clock too; replay doesn't", () => {
  const { state, admin, keeper, issue, attest } = makeClinic()
  const accept = { ...options, nowMs: T0 }
  applyRecord(state, issue(keeper, "attest", attest(state), T0 + DAY_MS), accept)
  const future = issue(keeper, "attest", attest(state), T0 + 2 * DAY_MS)
  refusal(() => applyRecord(state, future, accept), "ERR_CLOCK")
  applyRecord(state, future, options)
  const guest = device(53)
  const added = issue(admin, "device-add", deviceAdd(guest, [{ role: NURSING, keeper: true }], T0 + DAY_MS))
  const withGuest = applyRecord(state, added, accept)
  const backdated = issue(guest, "role-key", roleKey(NURSING, 2), T0)
  applyRecord(withGuest, backdated, { ...options, nowMs: T0 + DAY_MS - 1 })
  refusal(() => applyRecord(withGuest, backdated, { ...options, nowMs: T0 + DAY_MS }), "ERR_REVOKED")
})

test("a root key that is no key makes no directory", () => {
  for (const key of [new Uint8Array(32), new Uint8Array(31), Uint8Array.of(1, ...new Uint8Array(31))]) {
    refusal(() => createDirectory(key, sha256), "ERR_CLINIC_KEY")
  }
})

test("a transcript's record is none of the directory's", () => {
  const { state, admin, id } = makeClinic()
  const record = signRecord(admin, { type: "message", scope: id, issued: T0 }, new Uint8Array(8))
  refusal(() => applyRecord(state, record, options), "ERR_MALFORMED")
})

test.run()
