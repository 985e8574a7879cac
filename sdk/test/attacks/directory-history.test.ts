/** The history of a directory under attack: cut, reordered, forked, frozen, rolled back. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady, sha256 } from "../../src/crypto/index.ts"
import {
  applyRecord,
  applyRecords,
  attestOf,
  checkExtends,
  checkFresh,
  createDirectory,
  type DirectoryState,
  deviceAt,
  newestRoleKey,
} from "../../src/directory/index.ts"
import { encodeAttest } from "../../src/protocol/index.ts"
import { flipBit, refusal } from "../crypto/expect.ts"
import {
  type Clinic,
  DAY_MS,
  device,
  deviceAdd,
  makeClinic,
  NURSING,
  options,
  policy,
  roleKey,
  T0,
} from "../directory/clinic.ts"
import { type Attack, addAttacks, asKeeper, newcomer, reference } from "./directory-attack.ts"

const test = suite("attacks on the directory: its history")
test.before(cryptoReady)

const addKeeper = ({ admin, issue }: Clinic): Uint8Array[] => [
  issue(admin, "device-add", deviceAdd(newcomer(), asKeeper)),
]

const attests: Attack[] = [
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
    record: ({ keeper, state, issue }) => {
      const seen = attestOf(state, keeper.id, sha256)
      return issue(keeper, "attest", encodeAttest({ ...seen, link: flipBit(seen.link, 0) }))
    },
  },
  {
    name: "an attest of this history and another snapshot",
    code: "ERR_FORK",
    record: ({ keeper, state, issue }) => {
      const seen = attestOf(state, keeper.id, sha256)
      return issue(keeper, "attest", encodeAttest({ ...seen, snapshotHash: flipBit(seen.snapshotHash, 0) }))
    },
  },
  {
    name: "an attest with another attester's snapshot",
    code: "ERR_FORK",
    first: addKeeper,
    record: (clinic) => {
      const { keeper, state, issue, attest } = clinic
      return issue(keeper, "attest", attest(applyRecords(state, addKeeper(clinic), options), newcomer()))
    },
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

addAttacks(test, attests)

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

test("a ghost device that an administrator adds is in everybody's directory, or in a history that an attest gives away", () => {
  const { state, admin, keeper, issue, attest } = makeClinic()
  const ghost = newcomer()
  const shown = applyRecord(state, issue(admin, "device-add", deviceAdd(ghost, asKeeper)), options)
  assert.is(deviceAt(shown, ghost.id)?.position, shown.position, "by the record that added it")
  const vouched = issue(keeper, "attest", attest(shown))
  applyRecord(shown, vouched, options)
  refusal(() => applyRecord(state, vouched, options), "ERR_FORK", "whoever isn't shown the ghost")
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
  const attested = applyRecord(bare, issue(admin, "attest", attest(bare, admin)), options)
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

test.run()
