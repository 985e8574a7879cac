import type { ChatMessage } from "@wardline/sdk"
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { EscapeTwice } from "../src/frame/escape-twice.ts"
import { accentColors } from "../src/frame/theme.ts"
import { checkText, sendsOnEnter } from "../src/ui/composer-element.ts"
import { contrast, parseRgb, type Rgb, readableOn, textOn } from "../src/ui/contrast.ts"
import { ageName, dayName, durationName } from "../src/ui/format.ts"
import { firstUnreadId, roleName, rowsOf, showsState } from "../src/ui/message-rows.ts"
import { clinicClock, openState } from "../src/ui/opening-hours.ts"
import { actLater } from "../src/ui/undo.ts"

const test = suite("ui logic")
const MINUTE = 60_000
/** A Tuesday, 15:00 UTC. */
const NOW = Date.UTC(2026, 4, 5, 15)

let made = 0
function message(fields: Partial<ChatMessage>): ChatMessage {
  made += 1
  const base = { id: `m${made}`, kind: "text", mine: false, text: "x", at: NOW, state: "delivered" } as const
  return { ...base, from: { kind: "staff", deviceId: "nurse" }, ...fields }
}
const mine = { mine: true, from: { kind: "patient", deviceId: "me" } } as const
const access = (at: number, deviceId = "nurse"): ChatMessage =>
  message({
    kind: "system",
    at,
    from: { kind: "staff", deviceId },
    system: { type: "access", purpose: "TREAT", untilMs: at },
  })
const kinds = (messages: ChatMessage[], unread?: string): string[] =>
  rowsOf(messages, unread).map(({ kind }) => kind)

test("rows: one sender within five minutes is a group", () => {
  assert.equal(kinds([message({}), message({ at: NOW + MINUTE })]), ["day", "group"])
  assert.equal(kinds([message({}), message({ at: NOW + 6 * MINUTE })]), ["day", "group", "group"])
  assert.equal(kinds([message({}), message(mine)]), ["day", "group", "group"])
})

test("rows: notes and the unread line break groups; a new day has its line", () => {
  const [a, b] = [message({}), message({})]
  assert.equal(kinds([a, b], b.id), ["day", "group", "unread", "group"])
  assert.equal(kinds([a, message({ kind: "refused" }), b]), ["day", "group", "note", "group"])
  assert.equal(kinds([a, message({ at: NOW + 24 * 60 * MINUTE })]), ["day", "group", "day", "group"])
})

test("rows: an answer given at the start stands as a message, a bare name as a note", () => {
  assert.equal(kinds([message({ ...mine, kind: "profile", text: "my inhaler" })]), ["day", "group"])
  assert.equal(kinds([message({ ...mine, kind: "profile", text: "" })]), ["day", "note"])
})

test("rows: who opened it is noted once for each device and day", () => {
  assert.equal(kinds([access(NOW), access(NOW + 1), access(NOW + 2, "doctor")]), ["day", "note", "note"])
  assert.equal(kinds([access(NOW), access(NOW + 24 * 60 * MINUTE)]), ["day", "note", "day", "note"])
  const billing = message({
    ...access(NOW + 3),
    system: { type: "access", purpose: "HPAYMT", untilMs: NOW },
  })
  assert.equal(kinds([access(NOW), billing]), ["day", "note", "note"])
})

test("the first unread message is counted from the end, among those of others", () => {
  const [a, b] = [message({}), message({})]
  assert.is(firstUnreadId([a, message(mine), b], 1), b.id)
  assert.is(firstUnreadId([a, message(mine), b], 2), a.id)
  assert.is(firstUnreadId([a, b, access(NOW)], 1), b.id)
  assert.is(firstUnreadId([a], 0), undefined)
})

test("states are told under the newest own message, and wherever something is to do", () => {
  const failed = message({ ...mine, state: "failed" })
  const [first, last] = [message({ ...mine, state: "read" }), message({ ...mine, state: "sent" })]
  const all = [first, failed, last, message({})]
  assert.equal(
    all.map((one) => showsState(one, all)),
    [false, true, true, false],
  )
})

test("roles read as words", () => {
  assert.is(roleName("nursing", { nursing: "Enfermería" }), "Enfermería")
  assert.is(roleName("front-desk", {}), "Front desk")
  assert.is(roleName("constructor", {}), "Constructor")
})

test("opening hours go by the clinic's clock", () => {
  const weekdays = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens: 480, closes: 1020 }))
  assert.equal(clinicClock(NOW, "America/New_York"), { weekday: 2, minute: 11 * 60 })
  assert.equal(openState(weekdays, "America/New_York", NOW), { kind: "open", closes: 1020 })
  assert.equal(openState(weekdays, "Asia/Tokyo", NOW), { kind: "closed", opens: 480, weekday: 3, inDays: 0 })
  const friday = Date.UTC(2026, 4, 8, 23)
  assert.equal(openState(weekdays, "America/New_York", friday), {
    kind: "closed",
    opens: 480,
    weekday: 1,
    inDays: 3,
  })
  assert.equal(openState([{ weekday: 2, opens: 0, closes: 60 }], "UTC", NOW), {
    kind: "closed",
    opens: 0,
    weekday: 2,
    inDays: 7,
  })
  assert.equal(openState([], "UTC", NOW), { kind: "unknown" })
  assert.is(openState(weekdays, "Not/AZone", NOW).kind, "open")
})

test("times read as people say them", () => {
  assert.is(durationName(30, "en"), "30 minutes")
  assert.is(durationName(90, "en"), "2 hours")
  assert.is(durationName(2880, "es"), "2 días")
  assert.is(ageName(NOW - 5, NOW, "en"), "1 min")
  assert.is(ageName(NOW - 3 * 60 * MINUTE, NOW, "en"), "3 hr")
  const words = { today: "Today", yesterday: "Yesterday" }
  assert.is(dayName(NOW, NOW, "en", words), "Today")
  assert.is(dayName(NOW - 24 * 60 * MINUTE, NOW, "en", words), "Yesterday")
})

const channel = fc.integer({ min: 0, max: 255 })
const color = fc.tuple(channel, channel, channel) as fc.Arbitrary<Rgb>

test("any accent ends up readable, on light and on dark", () => {
  assert.equal(parseRgb("rgb(23, 98, 79)"), [23, 98, 79])
  assert.equal(parseRgb("oklch(0.5 0.1 170)"), null)
  fc.assert(
    fc.property(color, fc.constantFrom<Rgb>([255, 255, 255], [29, 35, 33]), (accent, surface) => {
      const colors = accentColors(accent, surface)
      assert.ok(contrast(colors["--accent-ink"], surface) >= 4.5 - 0.01)
      assert.ok(contrast(colors["--accent-ink"], colors["--mine"]) >= 4.5 - 0.01)
      assert.ok(contrast(textOn(accent), accent) >= 4.5)
      assert.ok(contrast(readableOn(surface, accent, 3), surface) >= 3 - 0.01)
    }),
  )
})

test("Escape twice within a moment, and only then", () => {
  const twice = new EscapeTwice()
  assert.equal(
    [0, 2_000, 3_000, 3_100, 4_500].map((atMs) => twice.press(atMs)),
    [false, false, true, false, true],
  )
})

test("Enter sends with a keyboard, unless it ends a composition or makes a line", () => {
  const key = (fields: object): KeyboardEvent =>
    ({
      key: "Enter",
      shiftKey: false,
      altKey: false,
      isComposing: false,
      keyCode: 13,
      ...fields,
    }) as KeyboardEvent
  assert.ok(sendsOnEnter(key({}), true))
  assert.not.ok(sendsOnEnter(key({}), false))
  assert.not.ok(sendsOnEnter(key({ shiftKey: true }), true))
  assert.not.ok(sendsOnEnter(key({ isComposing: true }), true))
  assert.not.ok(sendsOnEnter(key({ keyCode: 229 }), true))
  assert.not.ok(sendsOnEnter(key({ key: "a" }), true))
})

test("a text that can't be sent isn't", () => {
  assert.is(checkText(" \n"), "empty")
  assert.is(checkText("x".repeat(16_000)), "ok")
  assert.is(checkText("x".repeat(16_001)), "too-long")
})

test("what is undone in time isn't done", async () => {
  let done = 0
  const kept = actLater(() => (done += 1), 5)
  const undone = actLater(() => (done += 10), 5)
  assert.ok(undone.undo())
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.is(done, 1)
  assert.not.ok(kept.undo())
})

test.run()
