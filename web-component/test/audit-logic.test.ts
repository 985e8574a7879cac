/** What the compliance officer's page works out of entries. */
import type { AuditLogEntry } from "@wardline/sdk"
import { ACTIONS } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { byActionOf, byHourOf, byRoleOf, niceTop, timelineOf } from "../src/inbox/audit/activity.ts"
import {
  ACTION_GROUPS,
  applyFilters,
  choicesOf,
  type Filters,
  groupOf,
  isFiltered,
  NO_FILTERS,
  spanOf,
} from "../src/inbox/audit/filters.ts"
import { momentText, whoName } from "../src/inbox/audit/text.ts"
import { windowOf } from "../src/inbox/audit/views/table.ts"
import { witnessStateOf } from "../src/inbox/audit/views/trust.ts"
import { auditStrings } from "../src/strings/audit-strings.ts"

const test = suite("audit page")
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Noon, so that hours before and after it are of the same day. */
const NOW = new Date(2026, 4, 20, 12).getTime()

function entry(hoursAgo: number, fields: Partial<AuditLogEntry> = {}): AuditLogEntry {
  return {
    sequence: 1_000 - hoursAgo,
    time: NOW - hoursAgo * HOUR,
    action: "read",
    outcome: "success",
    who: { kind: "staff", deviceId: "a1b2", name: "Dana Whitfield, RN" },
    role: "nursing",
    conversation: "c0ffee",
    position: 0,
    bytes: new Uint8Array(212),
    ...fields,
  }
}
const all: Filters = { ...NO_FILTERS, period: "all" }
const sequences = (entries: readonly AuditLogEntry[]): number[] => entries.map(({ sequence }) => sequence)

test("every action belongs to exactly one group", () => {
  const listed = Object.values(ACTION_GROUPS).flat()
  assert.equal([...listed].sort(), Object.keys(ACTIONS).sort())
})

test("filters: a person by a part of the name, a device and a conversation by their beginnings", () => {
  const entries = [
    entry(1),
    entry(2, { who: { kind: "unknown", deviceId: "ffee01" }, conversation: "beef" }),
    entry(3, { conversation: undefined as never, action: "policy-change", role: "archive" }),
  ]
  const shown = (changes: Partial<Filters>): number[] =>
    sequences(applyFilters(entries, { ...all, ...changes }, NOW))
  assert.equal(shown({}), [999, 998, 997])
  assert.equal(shown({ who: " whitfield" }), [999, 997])
  assert.equal(shown({ who: "FFEE" }), [998])
  assert.equal(shown({ who: "ee01" }), [], "not from the middle of an id")
  assert.equal(shown({ conversation: "c0f" }), [999])
  assert.equal(shown({ conversation: "ffee" }), [])
  assert.equal(shown({ role: "archive" }), [997])
  assert.equal(shown({ action: "policy-change" }), [997])
  assert.equal(shown({ action: `group:${groupOf("read")}` }), [999, 998])
  assert.equal(shown({ outcome: "refused" }), [])
  assert.equal(isFiltered(all), false)
  assert.equal(isFiltered({ ...all, who: "x" }), true)
})

test("periods: the last days to the moment, or whole days from midnight to midnight", () => {
  assert.is(spanOf({ ...all, period: "day" }, NOW).sinceMs, NOW - DAY)
  assert.is(spanOf({ ...all, period: "week" }, NOW).sinceMs, NOW - 7 * DAY)
  assert.is(spanOf(all, NOW).sinceMs, 0)
  const range = spanOf({ ...all, period: "range", from: "2026-05-18", to: "2026-05-19" }, NOW)
  assert.is(range.sinceMs, new Date(2026, 4, 18).getTime())
  assert.is(range.untilMs, new Date(2026, 4, 20).getTime() - 1)
  assert.equal(spanOf({ ...all, period: "range" }, NOW), { sinceMs: 0, untilMs: Number.POSITIVE_INFINITY })
  const entries = [entry(1), entry(30), entry(60)]
  assert.is(
    applyFilters(entries, { ...all, period: "range", from: "2026-05-19", to: "2026-05-19" }, NOW).length,
    1,
  )
})

test("the fields offer what occurs", () => {
  const { names, roles, actions } = choicesOf([entry(1), entry(2, { role: "billing", action: "login" })])
  assert.equal(names, ["Dana Whitfield, RN"])
  assert.equal(roles, ["billing", "nursing"])
  assert.equal([...actions].sort(), ["login", "read"])
})

test("entries are counted by hour in a short log and by day in a long one, without gaps", () => {
  const short = timelineOf([entry(0), entry(0, { outcome: "refused" }), entry(3)])
  assert.is(short.unit, "hour")
  assert.equal(
    short.bins.slice(-4).map(({ count, refused }) => [count, refused]),
    [
      [1, 0],
      [0, 0],
      [0, 0],
      [2, 1],
    ],
  )
  assert.is(short.bins.length, 12)
  const long = timelineOf([entry(0), entry(24 * 9)])
  assert.is(long.unit, "day")
  assert.is(long.bins.length, 10)
  assert.equal(timelineOf([]).bins, [])
  const years = timelineOf([entry(0), entry(24 * 800)])
  assert.is(years.bins.length, 92)
  assert.is(years.bins.at(-1)?.count, 1)
})

test("counts by hour, action and role", () => {
  const entries = [entry(0), entry(1), entry(1, { action: "refusal", outcome: "refused", role: "billing" })]
  const hours = byHourOf(entries)
  assert.is(hours.length, 24)
  assert.is(hours[12], 1)
  assert.is(hours[11], 2)
  assert.equal(byActionOf(entries), [
    { key: "read", count: 2, refused: 0 },
    { key: "refusal", count: 1, refused: 1 },
  ])
  assert.equal(
    byRoleOf([...entries, entry(2, { role: undefined as never })]).map(({ key }) => key),
    ["nursing", "billing"],
  )
})

test("an axis ends at a round number that nothing exceeds", () => {
  assert.equal([0, 3, 5, 11, 99, 100, 101, 999].map(niceTop), [4, 4, 5, 20, 100, 100, 200, 1000])
})

test("of a million rows some dozens are drawn, around what is in sight", () => {
  const { from, to } = windowOf(1_000_000, 450_000, 900, 45)
  assert.ok(from <= 10_000 && to >= 10_020)
  assert.ok(to - from < 60)
  assert.equal(windowOf(3, 0, 900, 45), { from: 0, to: 3 })
  assert.is(windowOf(5, 99_999, 900, 45).to, 5)
})

test("a witness is up to date if it signed the newest state or not long ago", () => {
  assert.is(witnessStateOf({ name: "w" }, 10, NOW), "never")
  assert.is(witnessStateOf({ name: "w", signedMs: NOW - DAY, size: 10 }, 10, NOW), "fresh", "a quiet clinic")
  assert.is(witnessStateOf({ name: "w", signedMs: NOW - 60_000, size: 9 }, 10, NOW), "fresh")
  assert.is(witnessStateOf({ name: "w", signedMs: NOW - DAY, size: 9 }, 10, NOW), "behind")
})

test("who did it: by name; patients' devices stand in no directory; a failed stranger isn't called a patient", () => {
  const words = auditStrings("en")
  const stranger = { who: { kind: "unknown", deviceId: "00ff" } } as const
  assert.is(whoName(entry(1), words), "Dana Whitfield, RN")
  assert.is(whoName(entry(1, stranger), words), "Patient’s device")
  assert.is(whoName(entry(1, { ...stranger, outcome: "failed" }), words), "Unknown device")
  assert.is(whoName(entry(1, { who: { kind: "relay", deviceId: "" } }), words), "Relay")
  const disguised = entry(1, { who: { kind: "staff", deviceId: "1", name: "Dana\u202E" } })
  assert.not.match(whoName(disguised, words), /\u202E/)
})

test("the year is said where it isn't this one", () => {
  assert.match(momentText(NOW - 400 * DAY, NOW, "en"), /2025/)
  assert.not.match(momentText(NOW, NOW, "en"), /2026/)
})

test.run()
