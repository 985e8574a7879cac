import type { ConversationSummary } from "@wardline/sdk"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { takeFromAddress } from "../src/inbox/address.ts"
import { isOverdue, orderOf, queuesOf, refine, stepFrom } from "../src/inbox/queues.ts"

const test = suite("inbox logic")
const NOW = 1_800_000_000_000
const MINUTE = 60_000

function summary(id: string, minutes: number, more: Partial<ConversationSummary> = {}): ConversationSummary {
  const at = NOW - minutes * MINUTE
  return {
    id,
    topic: "refill",
    roles: ["nursing"],
    updatedAt: at,
    startedAt: at,
    closed: false,
    lastBy: "patient",
    count: 5,
    ...more,
  }
}

test("the code leaves the address at once", () => {
  const replaced: unknown[] = []
  const history = { replaceState: (...args: unknown[]) => void replaced.push(args) }
  const at = (hash: string) => ({ hash, pathname: "/staff", search: "?x=1" })
  assert.is(takeFromAddress(at("#enrol=abc"), history), "abc")
  assert.equal(replaced, [[null, "", "/staff?x=1"]])
  assert.is(takeFromAddress(at("#other"), history), null)
  assert.is(replaced.length, 1)
})

test("queues: waiting first, urgent before the rest, the longest waiting on top; closed last", () => {
  const list = [
    summary("new", 1),
    summary("answered", 5, { lastBy: "staff" }),
    summary("old", 60),
    summary("closed", 2, { closed: true }),
    summary("urgent", 3, { priority: "urgent" }),
    summary("bill", 4, { roles: ["billing"] }),
    summary("both", 90, { roles: ["billing", "nursing"] }),
  ]
  const queues = queuesOf(list, ["nursing", "billing"])
  assert.equal(
    queues.map(({ role, waiting, items }) => [role, waiting, items.map(({ id }) => id).join(" ")]),
    [
      ["nursing", 4, "urgent both old new answered closed"],
      ["billing", 1, "bill"],
    ],
  )
  assert.equal(orderOf(queues).length, 7)
})

test("queues: what was handed over, or lies in the archive, has a place too", () => {
  const list = [summary("handed", 1), summary("archived", 2, { closed: true })]
  const places = (roles: string[], archive?: string): [string, string][] =>
    queuesOf(list, roles, archive).map(({ role, items }) => [role, items.map(({ id }) => id).join(" ")])
  assert.equal(places(["billing"]), [["billing", "handed archived"]])
  assert.equal(places(["archive"], "archive"), [["archive", "handed archived"]])
  assert.equal(places(["archive", "billing"], "archive"), [
    ["archive", "archived"],
    ["billing", "handed"],
  ])
})

test("j and k stop at the ends", () => {
  const order = ["a", "b", "c"]
  assert.is(stepFrom(order, null, 1), "a")
  assert.is(stepFrom(order, null, -1), "c")
  assert.is(stepFrom(order, "a", 1), "b")
  assert.is(stepFrom(order, "a", -1), "a")
  assert.is(stepFrom(order, "c", 1), "c")
  assert.is(stepFrom([], null, 1), null)
})

test("overdue is a promise that has passed", () => {
  const topics = [{ id: "refill", label: {}, replyWithinMinutes: 30, roles: [] }]
  assert.ok(isOverdue(summary("a", 31), topics, NOW))
  assert.not.ok(isOverdue(summary("a", 29), topics, NOW))
  assert.not.ok(isOverdue(summary("a", 31, { lastBy: "staff" }), topics, NOW))
  assert.not.ok(isOverdue(summary("a", 31), [], NOW))
})

test("a conversation that was only read still waits", () => {
  const read = summary("a", 0, { lastBy: "staff" })
  const wrote = { by: "patient", atMs: NOW - 10 * MINUTE } as const
  assert.is(refine(read, wrote, false).lastBy, "patient")
  assert.is(refine(read, wrote, false).updatedAt, wrote.atMs)
  assert.is(refine(read, undefined, false), read)
})

test("a receipt of the patient isn't a question, while the conversation is open here", () => {
  const receipt = summary("a", 0)
  const answered = { by: "staff", atMs: NOW - 10 * MINUTE } as const
  assert.is(refine(receipt, answered, true).lastBy, "staff")
  // Once it isn't open any more, what came may be a question.
  assert.is(refine(receipt, answered, false).lastBy, "patient")
})

test.run()
