/** A directory that begins from a snapshot: it says what the whole one says, and of the rest it says nothing. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady, type Device, sha256 } from "../../src/crypto/index.ts"
import {
  applyRecord,
  applyRecords,
  applySnapshot,
  attestOf,
  checkExtends,
  checkFresh,
  consentTextAt,
  createDirectory,
  type DirectoryState,
  decodeSnapshot,
  deviceAt,
  encodeSnapshot,
  grantsFor,
  isAdmin,
  isKeeper,
  linkAt,
  newestRoleKey,
  policyAt,
  roleKeyOf,
} from "../../src/directory/index.ts"
import { isWardlineError } from "../../src/errors.ts"
import {
  decodeRecord,
  encodeAttest,
  encodeDeviceReference,
  encodeDeviceRoles,
  encodeRoleGrant,
} from "../../src/protocol/index.ts"
import { refusal, there } from "../crypto/expect.ts"
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
  T0,
} from "./clinic.ts"

const test = suite("directory snapshot")
test.before(cryptoReady)

/** A first visitor of a clinic whose newest record is an attest. */
function visit({ state }: { state: DirectoryState }): DirectoryState {
  const { snapshot, record } = there(state.attested)
  return applySnapshot(createDirectory(state.rootKey, sha256), snapshot, record, options)
}

/** What a visitor's state and the whole one must agree in. */
function said(state: DirectoryState): unknown {
  const { clinicId, position, link, attested, policy, consentText, roleKeys } = state
  const newest = [...roleKeys.keys()].sort().map((role) => {
    const { publicKey, generation, position, issuer } = there(newestRoleKey(state, role))
    return { role, publicKey, generation, position, issuer }
  })
  return { clinicId, position, link, attested, policy, consentText, newest }
}

test("it holds policy, consent text, role keys, who issued them and who attests: in order, nothing else", () => {
  const { state, records } = makeClinic()
  const held = decodeSnapshot(state.attested?.snapshot as Uint8Array)
  // Not the nurse, who issued nothing, nor the role-grant.
  assert.equal(
    held.map(({ position }) => position),
    [1, 2, 3, 4, 6, 7, 8],
  )
  for (const { position, record } of held) assert.equal(record, records[position - 1])
  assert.equal(encodeSnapshot(held), state.attested?.snapshot)
})

test("a visitor knows what the whole directory says, and can begin", () => {
  const clinic = makeClinic()
  const visitor = visit(clinic)
  assert.equal(said(visitor), said(clinic.state))
  assert.is(visitor.base, 9)
  checkFresh(visitor, T0 + DAY_MS)
  refusal(() => checkFresh(visitor, T0 + 8 * DAY_MS), "ERR_STALE_DIRECTORY")
})

test("of the time before the snapshot it says nothing", () => {
  const { state, keeper, records } = makeClinic()
  const visitor = visit({ state })
  assert.equal(linkAt(visitor, 9), linkAt(state, 9))
  assert.equal(linkAt(visitor, 10), state.link)
  assert.equal(deviceAt(visitor, keeper.id)?.position, 4)
  for (const position of [0, 4, 8]) {
    assert.is(linkAt(visitor, position), undefined)
    assert.is(deviceAt(visitor, keeper.id, position), undefined)
    assert.is(newestRoleKey(visitor, NURSING, position), undefined)
    assert.is(policyAt(visitor, position), undefined)
    assert.is(consentTextAt(visitor, position), undefined)
    const link = linkAt(state, position) as Uint8Array
    refusal(() => checkExtends({ position, link }, visitor), "ERR_CONFLICT")
  }
  checkExtends({ position: 9, link: linkAt(state, 9) as Uint8Array }, visitor)
  refusal(() => checkExtends({ position: 11, link: state.link }, visitor), "ERR_ROLLBACK")
  assert.is(records.length, 10)
})

test("generations and versions go on from what was told", () => {
  const { state, admin, keeper, issue, attest } = makeClinic()
  const twice = [2, 3].map((generation) => issue(keeper, "role-key", roleKey(NURSING, generation)))
  const rotated = applyRecords(state, twice, options)
  const whole = applyRecord(rotated, issue(keeper, "attest", attest(rotated)), options)
  const visitor = visit({ state: whole })
  assert.is(roleKeyOf(visitor, NURSING, 1), undefined)
  assert.is(roleKeyOf(visitor, NURSING, 2), undefined)
  assert.is(roleKeyOf(visitor, NURSING, 3)?.generation, 3)
  assert.is(roleKeyOf(visitor, NURSING, 4), undefined)
  refusal(() => applyRecord(visitor, issue(keeper, "role-key", roleKey(NURSING, 5)), options), "ERR_CONFLICT")
  refusal(() => applyRecord(visitor, issue(admin, "consent-text", consentText(3)), options), "ERR_CONFLICT")
  applyRecord(visitor, issue(admin, "consent-text", consentText(2)), options)
  const next = applyRecord(visitor, issue(keeper, "role-key", roleKey(NURSING, 4)), options)
  assert.is(roleKeyOf(next, NURSING, 4), newestRoleKey(next, NURSING))
  assert.is(roleKeyOf(next, NURSING, 3)?.generation, 3)
})

test("records after the attest are taken by the rules of replay, the next attest too", () => {
  const { state, admin, keeper, issue, attest } = makeClinic()
  let whole = state
  let visitor = visit({ state })
  const take = (record: Uint8Array): void => {
    whole = applyRecord(whole, record, options)
    visitor = applyRecord(visitor, record, options)
  }
  take(issue(keeper, "role-key", roleKey(NURSING, 2)))
  take(issue(admin, "device-add", deviceAdd(device(50), [{ role: BILLING, keeper: true }])))
  take(issue(device(50), "role-key", roleKey(BILLING, 2)))
  take(issue(admin, "consent-text", consentText(2)))
  take(issue(admin, "device-revoke", encodeDeviceReference(keeper.id)))
  take(issue(device(50), "attest", attest(whole, device(50))))
  assert.equal(said(visitor), said(whole))
  refusal(() => applyRecord(visitor, issue(keeper, "role-key", roleKey(NURSING, 3)), options), "ERR_REVOKED")
  // What only the whole log can tell: whether this nurse is the clinic's.
  const grant = issue(admin, "role-grant", encodeGrant(device(3)))
  applyRecord(whole, grant, options)
  refusal(() => applyRecord(visitor, grant, options), "ERR_FORBIDDEN")
})

const encodeGrant = (who: Device): Uint8Array =>
  encodeRoleGrant({ role: NURSING, generation: 2, device: who.id, wrapHash: new Uint8Array(32) })

test("who has fallen is told as fallen, by whoever said so", () => {
  const { state, admin, keeper, biller, issue, issueAsRoot, attest } = makeClinic()
  const second = device(60)
  const changes = [
    issueAsRoot("admin-add", adminAdd(second)),
    issueAsRoot("admin-remove", encodeDeviceReference(admin.id)),
    issue(second, "device-revoke", encodeDeviceReference(keeper.id)),
  ]
  const changed = applyRecords(state, changes, options)
  const whole = applyRecord(changed, issue(biller, "attest", attest(changed, biller)), options)
  const visitor = visit({ state: whole })
  assert.not(isAdmin(visitor, admin.id))
  assert.ok(isAdmin(visitor, second.id))
  assert.not(isKeeper(visitor, keeper.id, NURSING))
  for (const [who, type, body] of [
    [admin, "policy", policy({ retentionDays: 1 })],
    [keeper, "role-key", roleKey(NURSING, 2)],
  ] as const) {
    refusal(() => applyRecord(whole, issue(who, type, body), options), "ERR_REVOKED")
    refusal(() => applyRecord(visitor, issue(who, type, body), options), "ERR_REVOKED")
  }
})

test("an attester's roles are those that she had when she attested, and each issuer's those of her time", () => {
  const { state, admin, keeper, nurse, issue, attest } = makeClinic()
  const roles = (who: Device, isKept: boolean): Uint8Array =>
    issue(
      admin,
      "device-roles",
      encodeDeviceRoles({ device: who.id, roles: [{ role: NURSING, keeper: isKept }] }),
    )
  const changes = [
    roles(keeper, false),
    roles(nurse, true),
    issue(nurse, "role-key", roleKey(NURSING, 2)),
    roles(nurse, false),
    roles(keeper, true),
  ]
  const changed = applyRecords(state, changes, options)
  const whole = applyRecord(changed, issue(keeper, "attest", attest(changed)), options)
  const visitor = visit({ state: whole })
  assert.equal(said(visitor), said(whole))
  assert.not(isKeeper(visitor, nurse.id, NURSING))
  refusal(
    () => applyRecord(visitor, issue(nurse, "attest", attest(visitor, nurse)), options),
    "ERR_FORBIDDEN",
  )
})

test("hundreds of attests cost little: what hasn't changed is hashed once", () => {
  const { state, keeper, biller, issue, attest } = makeClinic()
  let hashed = 0
  const counting = {
    ...options,
    hash: (bytes: Uint8Array) => {
      hashed += bytes.length
      return sha256(bytes)
    },
  }
  let whole = state
  const records: Uint8Array[] = []
  for (let i = 0; i < 200; i++) {
    const who = i % 2 === 0 ? keeper : biller
    const record = issue(who, "attest", attest(whole, who))
    whole = applyRecord(whole, record, options)
    records.push(record)
  }
  applyRecords(state, records, counting)
  const ownBytes = records.reduce((sum, record) => sum + record.length, 0)
  assert.ok(hashed < ownBytes + 200 * 100, `${hashed} bytes hashed for ${ownBytes}`)
})

test("two futures of one state don't share what their snapshots hold", () => {
  const { state, keeper, issue, attest } = makeClinic()
  const futures = [roleKey(NURSING, 2), roleKey(NURSING, 2, device(70).wrapping.publicKey)].map((body) =>
    applyRecord(state, issue(keeper, "role-key", body), options),
  ) as [DirectoryState, DirectoryState]
  const attested = futures.map((future) =>
    applyRecord(future, issue(keeper, "attest", attest(future)), options),
  ) as [DirectoryState, DirectoryState]
  assert.not.equal(attested[0].attested?.snapshot, attested[1].attested?.snapshot)
  for (const future of attested) assert.equal(said(visit({ state: future })), said(future))
})

test("whatever a clinic does: at each attest a visitor knows what the whole says, and follows as long as she can", () => {
  const steps = fc.array(fc.tuple(fc.nat(9), fc.nat(6), fc.nat(6)), { minLength: 5, maxLength: 40 })
  let visits = 0
  let followed = 0
  fc.assert(
    fc.property(steps, (choices) => {
      const clinic = makeClinic()
      let whole = clinic.state
      let visitor: DirectoryState | undefined = visit(clinic)
      for (const [step, a, b] of choices) {
        const record = makeStep(clinic, whole, step, a, b)
        const next = attempt(() => applyRecord(whole, record, options))
        if (next === undefined) continue
        whole = next
        if (visitor !== undefined)
          visitor = attempt(() => applyRecord(visitor as DirectoryState, record, options))
        if (visitor !== undefined) assert.equal(said(visitor), said(whole))
        if (decodeRecord(record).type !== "attest") continue
        visits++
        if (visitor !== undefined) followed++
        const first = visit({ state: whole })
        assert.equal(said(first), said(whole))
        // Everything that it may still have to judge is alike.
        for (const id of first.devices.keys()) {
          const { revokedAt, roles, kind } = there(first.devices.get(id))
          const known = whole.devices.get(id)
          assert.equal({ revokedAt, roles, kind }, pick(known))
        }
        visitor = first
      }
    }),
    { numRuns: 60 },
  )
  assert.ok(visits > 30 && followed > 20, `${visits} visits, ${followed} followed to the next attest`)
})

const pick = (
  known: DirectoryState["devices"] extends ReadonlyMap<string, infer D> ? D | undefined : never,
) => ({
  revokedAt: known?.revokedAt,
  roles: known?.roles,
  kind: known?.kind,
})

function attempt(work: () => DirectoryState): DirectoryState | undefined {
  try {
    return work()
  } catch (error) {
    if (isWardlineError(error)) return undefined
    throw error
  }
}

/** Some record by somebody, that may well be refused. */
function makeStep(clinic: Clinic, whole: DirectoryState, step: number, a: number, b: number): Uint8Array {
  const people = [clinic.admin, clinic.keeper, clinic.nurse, clinic.biller, ...[201, 202, 203].map(device)]
  const who = people[a] as Device
  const whom = people[b] as Device
  const role = (a + b) % 2 === 0 ? NURSING : BILLING
  const at = T0 + whole.position
  switch (step) {
    case 0:
      return clinic.issueAsRoot("admin-add", adminAdd(whom), at)
    case 1:
      return clinic.issueAsRoot("admin-remove", encodeDeviceReference(whom.id), at)
    case 2:
      return clinic.issue(who, "policy", policy({ retentionDays: whole.position }), at)
    case 3:
      return clinic.issue(who, "device-add", deviceAdd(whom, [{ role, keeper: b % 2 === 0 }]), at)
    case 4:
      return clinic.issue(who, "device-revoke", encodeDeviceReference(whom.id), at)
    case 5: {
      const roles = [{ role, keeper: b % 2 === 0 }]
      return clinic.issue(who, "device-roles", encodeDeviceRoles({ device: whom.id, roles }), at)
    }
    case 6: {
      const generation = (newestRoleKey(whole, role)?.generation ?? 0) + 1
      return clinic.issue(who, "role-key", roleKey(role, generation), at)
    }
    case 7:
      return clinic.issue(who, "consent-text", consentText((whole.consentText?.version ?? 0) + 1), at)
    default:
      return clinic.issue(who, "attest", encodeAttest(attestOf(whole, who.id, sha256)), at)
  }
}

test("a grant isn't kept where the receiver isn't known", () => {
  const { nurse } = makeClinic()
  assert.equal(grantsFor(visit(makeClinic()), nurse.id), [])
})

test.run()
