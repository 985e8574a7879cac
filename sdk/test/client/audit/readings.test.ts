/** From entries to readings: what counts as one, how far it went, and how sure it is. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../../src/bytes.ts"
import type { RecordFact } from "../../../src/client/audit/facts.ts"
import { readingsOf } from "../../../src/client/audit/readings.ts"
import type { TrailEntry } from "../../../src/client/audit/walk.ts"
import type { Proof, Reading } from "../../../src/index.ts"
import type { Action, AuditEntry } from "../../../src/tlog/index.ts"

const test = suite("readings")
const MINUTE = 60_000
const BEGIN = 1_790_000_000_000
const NURSE = new Uint8Array(16).fill(1)
const DOCTOR = new Uint8Array(16).fill(2)

interface Event {
  readonly action: Action
  readonly minute: number
  readonly device?: Uint8Array
  readonly position?: number
  readonly role?: string
  readonly purpose?: number
  readonly proof?: Proof
}

function trail(events: readonly Event[]): TrailEntry[] {
  return events.map((event, i) => {
    const entry: AuditEntry = {
      action: event.action,
      outcome: event.action === "refusal" ? "refused" : "success",
      purpose: event.purpose ?? 1,
      sequence: i + 1,
      time: BEGIN + event.minute * MINUTE,
      actor: event.device ?? NURSE,
      actorRole: event.role ?? "nursing",
      scope: new Uint8Array(16).fill(9),
      position: event.position ?? 0,
      recordHash: new Uint8Array(32),
      link: new Uint8Array(32),
      salt: new Uint8Array(16),
      before: i,
      previous: new Uint8Array(32),
    }
    return { entry, proof: event.proof ?? "proven" }
  })
}

const fact = (position: number, more: Partial<RecordFact> = {}): RecordFact => ({
  position,
  hash: new Uint8Array(32),
  action: "create",
  issuer: toHex(NURSE),
  seen: 0,
  access: undefined,
  added: undefined,
  removed: undefined,
  ...more,
})

/** Newest last. */
function readings(events: readonly Event[], facts: readonly RecordFact[] = []): Reading[] {
  const actor = (device: Uint8Array): Reading["who"] => ({ kind: "staff", deviceId: toHex(device) })
  return readingsOf(trail(events), facts, { actor, reasonAt: (at) => `because of ${at}` }).toReversed()
}

const minutes = ({ from, to }: Reading): number[] => [from, to].map((ms) => (ms - BEGIN) / MINUTE)

test("one reading: from the first record to the last, and how far", () => {
  const [reading, ...others] = readings([
    { action: "read", minute: 0 },
    { action: "keys-served", minute: 0 },
    { action: "blob-read", minute: 2 },
    { action: "delivered", minute: 5, position: 12 },
  ])
  assert.equal(others, [])
  assert.is(reading?.state, "ended")
  assert.equal(reading && minutes(reading), [0, 5])
  assert.is(reading?.upTo, 12)
  assert.is(reading?.files, 1)
  assert.equal(reading?.entries, [1, 2, 3, 4])
})

test("a connection that breaks is one reading still; one after a longer pause is another", () => {
  const found = readings([
    { action: "read", minute: 0 },
    { action: "delivered", minute: 1, position: 3 },
    { action: "read", minute: 9 },
    { action: "delivered", minute: 10, position: 5 },
    { action: "read", minute: 25 },
  ])
  assert.equal(
    found.map(({ times, upTo, state }) => [times, upTo, state]),
    [
      [2, 5, "ended"],
      [1, 0, "open"],
    ],
  )
})

test("two subscriptions at a time: it ends with the last", () => {
  const [first] = readings([
    { action: "read", minute: 0 },
    { action: "read", minute: 1 },
    { action: "delivered", minute: 2, position: 3 },
  ])
  assert.is(first?.state, "open")
})

test("another role, purpose or device reads for itself", () => {
  const found = readings([
    { action: "read", minute: 0 },
    { action: "read", minute: 1, role: "archive" },
    { action: "read", minute: 2, role: "archive", purpose: 3 },
    { action: "read", minute: 3, device: DOCTOR },
  ])
  assert.equal(
    found.map(({ who, role, purpose }) => [who.deviceId.slice(0, 2), role, purpose]),
    [
      ["01", "nursing", "TREAT"],
      ["01", "archive", "TREAT"],
      ["01", "archive", "BTG"],
      ["02", "nursing", "TREAT"],
    ],
  )
})

test("an access record begins a reading of its own, with its reason; without a reading it is announced", () => {
  const access = fact(1, { action: "break-glass", access: { role: "nursing", purpose: "BTG", lastsMs: 1 } })
  const [announced, ...none] = readings(
    [{ action: "break-glass", minute: 0, position: 1, purpose: 3 }],
    [access],
  )
  assert.equal(none, [])
  assert.is(announced?.state, "announced")
  assert.is(announced?.reason, "because of 1")
  assert.is(announced?.times, 0)
  const [read] = readings(
    [
      { action: "break-glass", minute: 0, position: 1, purpose: 3 },
      { action: "read", minute: 30, purpose: 3 },
    ],
    [access],
  )
  assert.is(read?.state, "open")
  assert.equal(read && minutes(read), [30, 30], "it begins when something is handed out")
  assert.equal(read?.entries, [1, 2])
})

test("what somebody says of having read counts, as far as the log says nothing", () => {
  const [reading] = readings(
    [
      { action: "read", minute: 0 },
      { action: "create", minute: 4, position: 1 },
    ],
    [fact(1, { seen: 7 })],
  )
  assert.is(reading?.upTo, 7)
  assert.equal(reading && minutes(reading), [0, 4])
})

test("what is refused to somebody who reads is no try to read; to others it is, once until it stops for a while", () => {
  const found = readings([
    { action: "read", minute: 0 },
    { action: "refusal", minute: 1 },
    { action: "refusal", minute: 1, device: DOCTOR },
    { action: "refusal", minute: 3, device: DOCTOR },
    { action: "refusal", minute: 30, device: DOCTOR },
  ])
  assert.equal(
    found.map(({ state, times }) => [state, times]),
    [
      ["open", 1],
      ["refused", 2],
      ["refused", 1],
    ],
  )
})

test("a reading is as sure as its least sure entry", () => {
  const proofOf = (...proofs: Proof[]): Proof | undefined =>
    readings(proofs.map((proof) => ({ action: "read", minute: 0, proof })))[0]?.proof
  assert.is(proofOf("proven", "proven"), "proven")
  assert.is(proofOf("proven", "pending"), "pending")
  assert.is(proofOf("pending", "unproven", "proven"), "unproven")
})

test.run()
