/** Properties: history is judged by its own time, and no bytes whatever break the state machine. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady, type Device, sha256 } from "../../src/crypto/index.ts"
import * as d from "../../src/directory/index.ts"
import { WardlineError } from "../../src/errors.ts"
import type { Role } from "../../src/ids.ts"
import { decodeRecord, encodeDeviceReference } from "../../src/protocol/index.ts"
import { flipBit } from "../crypto/expect.ts"
import {
  adminAdd,
  BILLING,
  consentText,
  device,
  deviceAdd,
  deviceRoles,
  makeClinic,
  NURSING,
  options,
  policy,
  roleKey,
  snapshot,
  T0,
} from "./clinic.ts"

const test = suite("directory history")
test.before(cryptoReady)

/** Applies what is good of `steps` and returns the state after each position. */
function statesOf(steps: readonly number[]): d.DirectoryState[] {
  const { state, admin, issue, issueAsRoot } = makeClinic()
  const states = [state]
  for (const step of steps) {
    const now = states.at(-1) as d.DirectoryState
    const who = device(60 + (Math.floor(step / 8) % 3))
    const role: Role = step % 2 === 0 ? NURSING : BILLING
    const generation = (d.newestRoleKey(now, role)?.generation ?? 0) + 1
    const key = makeKey(role, generation)
    const candidates = [
      () => issue(admin, "device-add", deviceAdd(who, [{ role, keeper: step % 3 === 0 }])),
      () => issue(admin, "device-revoke", encodeDeviceReference(who.id)),
      () => issue(admin, "role-key", roleKey(role, generation, key)),
      () => issue(admin, "policy", policy({ retentionDays: step })),
      () => issue(admin, "consent-text", consentText((now.consentText?.version ?? 0) + 1)),
      () => issue(admin, "device-roles", deviceRoles(who, [{ role, keeper: step % 5 === 0 }])),
      () => issueAsRoot("admin-add", adminAdd(who)),
      () => issueAsRoot("admin-remove", encodeDeviceReference(who.id)),
    ]
    const record = (candidates[step % candidates.length] as () => Uint8Array)()
    try {
      states.push(d.applyRecord(now, record, options))
    } catch (error) {
      assert.instance(error, WardlineError)
    }
  }
  return states
}

const keys = new Map<string, Uint8Array>()
function makeKey(role: Role, generation: number): Uint8Array {
  const name = `${role} ${generation}`
  const made = keys.get(name) ?? device(1000 * (role === NURSING ? 1 : 2) + generation).wrapping.publicKey
  keys.set(name, made)
  return made
}

/** Everything that can be asked of a state at a position. */
function answers(state: d.DirectoryState, position: number, people: readonly Device[]): unknown {
  return {
    link: d.linkAt(state, position),
    policy: d.policyAt(state, position),
    consent: d.consentTextAt(state, position),
    keys: [NURSING, BILLING].map((role) => d.newestRoleKey(state, role, position)),
    members: [NURSING, BILLING].map((role) => d.membersOf(state, role, position)),
    admins: d.adminsOf(state, position),
    devices: d.devicesAt(state, position),
    people: people.map(({ id }) => ({
      device: d.deviceAt(state, id, position),
      roles: d.rolesOf(state, id, position),
      isAdmin: d.isAdmin(state, id, position),
      isLive: d.isLiveStaff(state, id, T0, position),
      isLiveDevice: d.isLiveDevice(state, id, T0, position),
      holds: [NURSING, BILLING].map((role) => d.holdsRole(state, id, role, position)),
      keeps: [NURSING, BILLING].map((role) => d.isKeeper(state, id, role, position)),
    })),
  }
}

test("the newest state answers for every position as the state of that position did", () => {
  const people = [1, 2, 3, 4, 60, 61, 62].map(device)
  const run = fc.property(fc.array(fc.nat({ max: 47 }), { maxLength: 60 }), (steps) => {
    const states = statesOf(steps)
    const newest = states.at(-1) as d.DirectoryState
    for (const state of states) {
      assert.equal(answers(newest, state.position, people), answers(state, state.position, people))
      d.checkExtends(state, newest)
    }
  })
  fc.assert(run, { numRuns: 15 })
})

test("without a position, a question is about now", () => {
  const states = statesOf([0, 1, 2, 3, 4, 7, 8, 16])
  const newest = states.at(-1) as d.DirectoryState
  for (const { id } of [1, 2, 60, 61, 62].map(device)) {
    assert.equal(d.deviceAt(newest, id), d.deviceAt(newest, id, newest.position))
    assert.equal(d.rolesOf(newest, id), d.rolesOf(newest, id, newest.position))
  }
  assert.equal(d.newestRoleKey(newest, NURSING), d.newestRoleKey(newest, NURSING, newest.position))
  assert.is(d.linkAt(newest, newest.position + 1), undefined)
})

test("one bit changed in any byte of any record: refused, state unchanged", () => {
  const { records, state } = makeClinic()
  let now = d.createDirectory(state.rootKey, sha256)
  for (const [i, record] of records.entries()) {
    const before = snapshot(now)
    for (let byte = 0; byte < record.length; byte++) {
      const changed = flipBit(record, 8 * byte + ((byte * 5 + i) % 8))
      assert.throws(() => d.applyRecord(now, changed, options), isOurs, `record ${i + 1}, byte ${byte}`)
    }
    assert.is(snapshot(now), before)
    now = d.applyRecord(now, record, options)
  }
})

test("cut short at every length, or with a byte more: refused", () => {
  const { records, state } = makeClinic()
  let now = d.createDirectory(state.rootKey, sha256)
  for (const record of records) {
    for (let length = 0; length < record.length; length++) {
      assert.throws(() => d.applyRecord(now, record.subarray(0, length), options), isOurs)
    }
    const longer = new Uint8Array(record.length + 1)
    longer.set(record)
    // Behind a role-grant it would be a wrap that isn't the one that was signed: the grant stands without it.
    if (decodeRecord(record).type !== "role-grant")
      assert.throws(() => d.applyRecord(now, longer, options), isOurs)
    now = d.applyRecord(now, record, options)
  }
})

test("whatever a key holder signs: applied, or refused with a code; never another exception", () => {
  const { records, state } = makeClinic()
  // Every signature holds, so that the changes reach the rules behind it.
  const trusting = { ...options, verify: () => true }
  const states = records.map((_, i) =>
    d.applyRecords(d.createDirectory(state.rootKey, sha256), records.slice(0, i), options),
  )
  const snapshots = states.map(snapshot)
  const change = fc.record({
    index: fc.nat({ max: records.length - 1 }),
    bits: fc.array(fc.nat(), { maxLength: 4 }),
    splice: fc.option(fc.record({ at: fc.nat({ max: 200 }), bytes: fc.uint8Array({ maxLength: 8 }) })),
  })
  let applied = 0
  const run = fc.property(change, ({ index, bits, splice }) => {
    const before = states[index] as d.DirectoryState
    let bytes: Uint8Array = (records[index] as Uint8Array).slice()
    for (const bit of bits) bytes = flipBit(bytes, bit % (8 * bytes.length))
    if (splice && splice.at + splice.bytes.length <= bytes.length) bytes.set(splice.bytes, splice.at)
    try {
      assert.is(d.applyRecord(before, bytes, trusting).position, index + 1)
      applied++
    } catch (error) {
      assert.ok(isOurs(error), String(error))
    }
    assert.is(snapshot(before), snapshots[index])
  })
  fc.assert(run, { numRuns: 1500 })
  assert.ok(applied > 100, `${applied} were applied: the changes reach past the signature`)
})

test("random bytes are no record", () => {
  const { state } = makeClinic()
  const run = fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
    assert.throws(() => d.applyRecord(state, bytes, options), isOurs)
  })
  fc.assert(run)
})

function isOurs(error: unknown): boolean {
  return error instanceof WardlineError && error.code !== "ERR_INTERNAL"
}

test.run()
