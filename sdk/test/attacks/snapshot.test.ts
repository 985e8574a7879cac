/** What a first visitor is shown in place of the whole directory, made by a relay alone, or by a relay together with
 * somebody who may vouch. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat } from "../../src/bytes.ts"
import { cryptoReady, type Device, sha256, signingKeyPair } from "../../src/crypto/index.ts"
import {
  applyRecord,
  applyRecords,
  applySnapshot,
  checkFresh,
  createDirectory,
  type DirectoryState,
  decodeSnapshot,
  encodeSnapshot,
  isKeeper,
  newestRoleKey,
  type PlacedRecord,
} from "../../src/directory/index.ts"
import type { ErrorCode } from "../../src/errors.ts"
import { encodeAttest } from "../../src/protocol/index.ts"
import { flipBit, refusal, there } from "../crypto/expect.ts"
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
  seed,
  T0,
} from "../directory/clinic.ts"
import { asKeeper, forge, newcomer, reference, relayKey } from "./directory-attack.ts"

const test = suite("attacks on the snapshot of a directory")
test.before(cryptoReady)

/** What the relay shows. */
interface Shown {
  readonly snapshot: Uint8Array
  readonly attest: Uint8Array
}

/** A clinic with a second generation, a second policy and a revoked keeper. */
interface Lived extends Clinic {
  readonly shown: Shown
  /** Every record, in order; the last is the attest. */
  readonly log: readonly Uint8Array[]
  readonly state: DirectoryState
}

const fallen = (): Device => device(90)

/** 11 device-add and 12 role-key by a keeper who is revoked at 14; 13 policy; 15 role-key; 16 attest. */
function live(): Lived {
  const clinic = makeClinic()
  const { admin, keeper, issue, attest } = clinic
  const changes = [
    issue(admin, "device-add", deviceAdd(fallen(), asKeeper)),
    issue(fallen(), "role-key", roleKey(NURSING, 2)),
    issue(admin, "policy", policy({ retentionDays: 1 })),
    issue(admin, "device-revoke", reference(fallen())),
    issue(keeper, "role-key", roleKey(NURSING, 3)),
  ]
  const before = applyRecords(clinic.state, changes, options)
  const record = issue(keeper, "attest", attest(before))
  const state = applyRecord(before, record, options)
  const log = [...clinic.records, ...changes, record]
  return { ...clinic, state, log, shown: shownOf(state) }
}

function shownOf({ attested }: DirectoryState): Shown {
  const { snapshot, record } = there(attested)
  return { snapshot, attest: record }
}

const open = ({ state }: Pick<Clinic, "state">, { snapshot, attest }: Shown): DirectoryState =>
  applySnapshot(createDirectory(state.rootKey, sha256), snapshot, attest, options)

/** The honest snapshot's records, changed. */
function changed(shown: Shown, change: (records: PlacedRecord[]) => PlacedRecord[]): Uint8Array {
  return encodeSnapshot(change(decodeSnapshot(shown.snapshot)))
}

/** The record at a position of the log. */
const at = ({ log }: Lived, position: number): PlacedRecord => ({
  position,
  record: log[position - 1] as Uint8Array,
})

const replace =
  (position: number, record: PlacedRecord) =>
  (records: PlacedRecord[]): PlacedRecord[] =>
    records.map((item) => (item.position === position ? record : item))

const sorted = (records: readonly PlacedRecord[]): PlacedRecord[] =>
  [...records].sort((a, b) => a.position - b.position)

test("the honest one is believed", () => {
  const clinic = live()
  const visitor = open(clinic, clinic.shown)
  assert.is(visitor.position, 16)
  assert.is(newestRoleKey(visitor, NURSING)?.generation, 3)
  assert.is(visitor.policy?.retentionDays, 1)
})

for (const { name, change } of [
  {
    name: "a role's key swapped for one of the relay's",
    change: (clinic: Lived) =>
      replace(15, {
        position: 15,
        record: forge(clinic, "role-key", roleKey(NURSING, 3), {
          issuer: clinic.keeper.id,
          by: relayKey().secretKey,
        }),
      }),
  },
  { name: "an older generation of a role's key", change: (clinic: Lived) => replace(15, at(clinic, 12)) },
  { name: "an older policy", change: (clinic: Lived) => replace(13, at(clinic, 2)) },
  { name: "another role's key in its place", change: (clinic: Lived) => replace(15, at(clinic, 8)) },
  {
    name: "a role's key left out",
    change: () => (records: PlacedRecord[]) => records.filter(({ position }) => position !== 15),
  },
  {
    name: "the policy left out",
    change: () => (records: PlacedRecord[]) => records.filter(({ position }) => position !== 13),
  },
  {
    name: "a device more than was attested, whose revocation isn't told",
    change: (clinic: Lived) => (records: PlacedRecord[]) => sorted([...records, at(clinic, 11)]),
  },
  {
    name: "a record moved to another position",
    change: () => (records: PlacedRecord[]) =>
      records.map((item) => (item.position === 13 ? { ...item, position: 14 } : item)),
  },
])
  test(`${name}: not what was attested`, () => {
    const clinic = live()
    const snapshot = changed(clinic.shown, change(clinic))
    assert.not.equal(snapshot, clinic.shown.snapshot)
    refusal(() => open(clinic, { ...clinic.shown, snapshot }), "ERR_SIGNATURE", name)
  })

test("a snapshot with any one bit changed, cut short or longer is not what was attested", () => {
  const clinic = live()
  const { snapshot, attest } = clinic.shown
  fc.assert(
    fc.property(fc.nat(snapshot.length * 8 - 1), (bit) => {
      refusal(() => open(clinic, { snapshot: flipBit(snapshot, bit), attest }), "ERR_SIGNATURE")
    }),
    { numRuns: 100 },
  )
  for (const length of [0, 1, snapshot.length - 1])
    refusal(() => open(clinic, { snapshot: snapshot.subarray(0, length), attest }), "ERR_SIGNATURE")
  refusal(() => open(clinic, { snapshot: concat(snapshot, new Uint8Array(1)), attest }), "ERR_SIGNATURE")
})

test("an attest of another snapshot: an older one with the new records, a new one with the old", () => {
  const clinic = live()
  const before = shownOf(makeClinic().state)
  refusal(() => open(clinic, { ...clinic.shown, attest: before.attest }), "ERR_SIGNATURE")
  refusal(() => open(clinic, { ...clinic.shown, snapshot: before.snapshot }), "ERR_SIGNATURE")
})

test("something else in the attest's place", () => {
  const clinic = live()
  refusal(() => open(clinic, { ...clinic.shown, attest: at(clinic, 15).record }), "ERR_MALFORMED")
  refusal(() => open(clinic, { ...clinic.shown, attest: new Uint8Array(0) }), "ERR_MALFORMED")
})

/** An attest by `who` of whatever records, as the one behind `position`. */
function vouch(
  clinic: Lived,
  who: Device,
  records: readonly PlacedRecord[],
  how: {
    by?: Uint8Array
    position?: number
    link?: Uint8Array
    snapshot?: Uint8Array
    issued?: number
  } = {},
): Shown {
  const { by = who.signing.secretKey, position = clinic.state.position - 1, issued = T0 } = how
  const snapshot = how.snapshot ?? encodeSnapshot(records)
  const { link = clinic.state.link } = how
  const body = encodeAttest({ position, link, snapshotHash: sha256(snapshot) })
  return { snapshot, attest: forge(clinic, "attest", body, { issuer: who.id, by, issued }) }
}

const honest = ({ shown }: Lived): PlacedRecord[] => decodeSnapshot(shown.snapshot)
const without = (clinic: Lived, position: number): PlacedRecord[] =>
  honest(clinic).filter((item) => item.position !== position)

interface Collusion {
  readonly name: string
  readonly code: ErrorCode
  readonly shown: (clinic: Lived) => Shown
}

const collusions: Collusion[] = [
  {
    name: "an attest by a nurse who is no keeper",
    code: "ERR_FORBIDDEN",
    shown: (clinic) => vouch(clinic, clinic.nurse, sorted([...honest(clinic), at(clinic, 5)])),
  },
  {
    name: "an attest by somebody of whom the snapshot says nothing",
    code: "ERR_FORBIDDEN",
    shown: (clinic) => vouch(clinic, newcomer(), honest(clinic)),
  },
  {
    name: "an attest by a revoked keeper, who tells of it",
    code: "ERR_REVOKED",
    shown: (clinic) => vouch(clinic, fallen(), sorted([...honest(clinic), at(clinic, 11), at(clinic, 14)])),
  },
  {
    name: "an attest by a keeper who has expired",
    code: "ERR_REVOKED",
    shown: (clinic) => {
      const expiring = clinic.issue(clinic.admin, "device-add", deviceAdd(newcomer(), asKeeper, T0 + DAY_MS))
      const records = [...honest(clinic), { position: 16, record: expiring }]
      return vouch(clinic, newcomer(), records, { position: 16, issued: T0 + 2 * DAY_MS })
    },
  },
  {
    name: "an attest in a keeper's name that somebody else signed",
    code: "ERR_SIGNATURE",
    shown: (clinic) => vouch(clinic, clinic.keeper, honest(clinic), { by: relayKey().secretKey }),
  },
  {
    name: "a keeper vouches for a policy that nobody signed",
    code: "ERR_SIGNATURE",
    shown: (clinic) => {
      const { admin, keeper } = clinic
      const record = forge(clinic, "policy", policy({ retentionDays: 9 }), {
        issuer: admin.id,
        by: relayKey().secretKey,
      })
      return vouch(clinic, keeper, replace(13, { position: 13, record })(honest(clinic)))
    },
  },
  {
    name: "a keeper vouches for her own key for another role",
    code: "ERR_FORBIDDEN",
    shown: (clinic) => {
      const record = clinic.issue(clinic.keeper, "role-key", roleKey(BILLING, 2))
      return vouch(clinic, clinic.keeper, replace(8, { position: 8, record })(honest(clinic)))
    },
  },
  {
    name: "a keeper vouches for a key that a revoked one made afterwards",
    code: "ERR_REVOKED",
    shown: (clinic) => {
      const record = clinic.issue(fallen(), "role-key", roleKey(NURSING, 3))
      const records = replace(15, { position: 15, record })(honest(clinic))
      return vouch(clinic, clinic.keeper, sorted([...records, at(clinic, 11), at(clinic, 14)]))
    },
  },
  {
    name: "a keeper vouches for a key whose maker the snapshot doesn't tell of",
    code: "ERR_FORBIDDEN",
    shown: (clinic) =>
      vouch(clinic, clinic.keeper, replace(15, { ...at(clinic, 12), position: 15 })(honest(clinic))),
  },
  {
    name: "a keeper vouches for a key made before its maker was there",
    code: "ERR_FORBIDDEN",
    shown: (clinic) => {
      const records = [...without(clinic, 15), { ...at(clinic, 15), position: 3.5 }]
      const moved = sorted(records).map(({ record }, i) => ({ position: i + 1, record }))
      return vouch(clinic, clinic.keeper, moved)
    },
  },
  {
    name: "a keeper vouches for more than belongs there: a device whose revocation she leaves out",
    code: "ERR_FORK",
    shown: (clinic) => vouch(clinic, clinic.keeper, sorted([...honest(clinic), at(clinic, 11)])),
  },
  {
    name: "a keeper vouches for more than belongs there: an older policy beside the new one",
    code: "ERR_FORK",
    shown: (clinic) => vouch(clinic, clinic.keeper, sorted([...honest(clinic), at(clinic, 2)])),
  },
  {
    name: "a keeper vouches for positions out of order",
    code: "ERR_MALFORMED",
    shown: (clinic) => vouch(clinic, clinic.keeper, honest(clinic).reverse()),
  },
  {
    name: "a keeper vouches for one position twice",
    code: "ERR_MALFORMED",
    shown: (clinic) => vouch(clinic, clinic.keeper, [...honest(clinic), at(clinic, 15)]),
  },
  {
    name: "a keeper vouches for a record of a later time",
    code: "ERR_MALFORMED",
    shown: (clinic) => vouch(clinic, clinic.keeper, honest(clinic), { position: 14 }),
  },
  {
    name: "a keeper vouches for bytes that are no snapshot",
    code: "ERR_MALFORMED",
    shown: (clinic) =>
      vouch(clinic, clinic.keeper, [], { snapshot: concat(clinic.shown.snapshot, new Uint8Array(1)) }),
  },
  {
    name: "another clinic's snapshot",
    code: "ERR_CLINIC_KEY",
    shown: () => shownOf(makeClinic(1).state),
  },
  {
    name: "a root key of the relay's, under the pinned clinic's id",
    code: "ERR_SIGNATURE",
    shown: (clinic) => {
      const root = signingKeyPair(seed(1, 7))
      const record = forge(clinic, "admin-add", adminAdd(newcomer()), {
        issuer: clinic.id,
        by: root.secretKey,
      })
      return vouch(clinic, newcomer(), [{ position: 1, record }], { position: 1 })
    },
  },
]

for (const { name, code, shown } of collusions)
  test(name, () => {
    const clinic = live()
    const empty = createDirectory(clinic.state.rootKey, sha256)
    const { snapshot, attest } = shown(clinic)
    refusal(() => applySnapshot(empty, snapshot, attest, options), code, name)
    assert.is(empty.position, 0)
    assert.is(empty.devices.size, 0)
    assert.is(empty.kept.devices.size, 0)
  })

test("stale, or vouched for in the future: not fresh", () => {
  const clinic = live()
  const visitor = open(clinic, clinic.shown)
  refusal(() => checkFresh(visitor, T0 + 7 * DAY_MS + 1), "ERR_STALE_DIRECTORY")
  refusal(() => checkFresh(visitor, T0 - 2 * DAY_MS), "ERR_CLOCK")
})

test("what a keeper and the relay can show together that is no prefix of the log: the log refuses its attest", () => {
  const clinic = live()
  const { keeper } = clinic
  const before = applyRecords(createDirectory(clinic.state.rootKey, sha256), clinic.log.slice(0, 15), options)
  const mixed: [string, PlacedRecord[]][] = [
    // The new policy with the old key, whose seed the dismissed keeper has; and not a word of her dismissal.
    ["an older key", sorted([...without(clinic, 15), at(clinic, 11), at(clinic, 12)])],
    ["an older policy", sorted([...without(clinic, 13), at(clinic, 2)])],
    [
      "a text that was never published",
      sorted([
        ...without(clinic, 3),
        { position: 14, record: clinic.issue(clinic.admin, "consent-text", consentText(2)) },
      ]),
    ],
  ]
  for (const [name, records] of mixed) {
    const shown = vouch(clinic, keeper, records, { link: before.link })
    // A first visitor can't tell. That is why nothing of what patients write is sent before the log has been read.
    assert.is(open(clinic, shown).position, 16, name)
    refusal(() => applyRecord(before, shown.attest, options), "ERR_FORK", name)
  }
})

test("after the snapshot nobody counts whom it tells of as fallen, or doesn't tell of", () => {
  const { state, admin, keeper, biller, issue, issueAsRoot, attest } = makeClinic()
  const second = device(61)
  const changes = [
    issueAsRoot("admin-add", adminAdd(second)),
    issue(second, "device-revoke", reference(keeper)),
    issueAsRoot("admin-remove", reference(admin)),
  ]
  const before = applyRecords(state, changes, options)
  const whole = applyRecord(before, issue(biller, "attest", attest(before, biller)), options)
  const visitor = open({ state: whole }, shownOf(whole))
  assert.not(isKeeper(visitor, keeper.id, NURSING))
  for (const [record, code] of [
    [issue(keeper, "role-key", roleKey(NURSING, 2)), "ERR_REVOKED"],
    [issue(admin, "policy", policy()), "ERR_REVOKED"],
    [issue(device(3), "role-key", roleKey(NURSING, 2)), "ERR_FORBIDDEN"],
  ] as const)
    refusal(() => applyRecord(visitor, record, options), code)
})

test.run()
