/** What "who has read this" makes of the client's answer, and its words. */
import type { AuditProblem, CheckpointInfo, Reading, WhoHasRead } from "@wardline/sdk"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  assuranceOf,
  countReaders,
  distinct,
  isMoving,
  ofClinic,
  ofOwn,
  reachOf,
} from "../src/frame/readers/model.ts"
import { type AuditStrings, auditStrings } from "../src/strings/audit-strings.ts"
import { CHAT_LANGUAGES } from "../src/strings/load-chat.ts"
import { INBOX_LANGUAGES } from "../src/strings/load-inbox.ts"
import { type ReaderStrings, readerStrings } from "../src/strings/reader-strings.ts"

const test = suite("who has read this")

const checkpoint: CheckpointInfo = {
  size: 9,
  root: "00",
  at: 5,
  witnesses: [{ name: "w", at: 5 }],
  quorum: 1,
}
const answer = (fields: Partial<WhoHasRead> = {}): WhoHasRead => ({
  readings: [],
  checkpoint,
  problems: [],
  entries: 1,
  completeTo: 5,
  ...fields,
})
const reading = (fields: Partial<Reading> = {}): Reading => ({
  who: { kind: "staff", deviceId: "d1", name: "Dana" },
  state: "ended",
  from: 1,
  to: 2,
  upTo: 3,
  times: 1,
  files: 0,
  proof: "proven",
  entries: [1],
  ...fields,
})

test("one thing that doesn't fit outweighs every proof; a slow witness is no accusation", () => {
  assert.is(assuranceOf(answer()), "checked")
  assert.is(assuranceOf(answer({ problems: [{ kind: "late" }] })), "late")
  assert.is(assuranceOf(answer({ problems: [{ kind: "late" }, { kind: "gap" }] })), "odd")
  assert.is(assuranceOf(answer({ checkpoint: undefined })), "none")
  assert.is(assuranceOf(answer({ checkpoint: undefined, problems: [{ kind: "checkpoint-refused" }] })), "odd")
  assert.is(assuranceOf(answer({ checkpoint: { ...checkpoint, witnesses: [], quorum: 0 } })), "alone")
})

test("the clinic's readers are counted by device, whether or not they were refused once; her own don't count", () => {
  const readings = [
    reading(),
    reading({ state: "open" }),
    reading({ who: { kind: "staff", deviceId: "d2" }, state: "refused" }),
    reading({ who: { kind: "staff", deviceId: "d3" }, state: "announced" }),
    reading({ who: { kind: "unknown", deviceId: "d4" } }),
    reading({ who: { kind: "self", deviceId: "me" } }),
    reading({ who: { kind: "patient", deviceId: "phone" } }),
  ]
  assert.is(countReaders(readings), 2)
  assert.is(ofClinic(readings).length, 5, "what was tried is listed all the same, and a stranger too")
  assert.is(ofOwn(readings).length, 2)
})

test("how far: everything, up to a message's time, or not known", () => {
  const messages = [{ position: 2, at: 20 }, { position: 5, at: 50 }, { at: 60 }, { position: 8, at: 80 }]
  assert.is(reachOf({ upTo: 8, state: "ended" }, messages), "now")
  assert.is(reachOf({ upTo: 9, state: "ended" }, messages), "now")
  assert.is(reachOf({ upTo: 7, state: "ended" }, messages), 50)
  assert.is(reachOf({ upTo: 1, state: "ended" }, messages), null)
  assert.is(reachOf({ upTo: 0, state: "ended" }, messages), null)
  assert.is(reachOf({ upTo: 2, state: "open" }, messages), "now", "it gets what comes")
})

test("each problem is said once for each person, hidden readings first, slow witnesses last", () => {
  const dana = { kind: "staff", deviceId: "d1", name: "Dana" } as const
  const problems: AuditProblem[] = [
    { kind: "late" },
    { kind: "gap", sequence: 4 },
    { kind: "gap", sequence: 5 },
    { kind: "reading-without-access", who: dana },
    { kind: "hidden-reading", who: dana },
    { kind: "hidden-reading", who: { ...dana, deviceId: "d2" } },
  ]
  assert.equal(
    distinct(problems).map(({ kind }) => kind),
    ["hidden-reading", "hidden-reading", "reading-without-access", "gap", "late"],
  )
})

test("it looks again soon while something is still to be signed, or somebody else still reads", () => {
  assert.is(isMoving(answer({ readings: [reading()] })), false)
  assert.is(isMoving(answer({ readings: [reading(), reading({ proof: "pending" })] })), true)
  assert.is(isMoving(answer({ readings: [reading({ state: "open" })] })), true)
  assert.is(
    isMoving(answer({ readings: [reading({ state: "open", who: { kind: "self", deviceId: "me" } })] })),
    false,
  )
})

/** Every text of a table, by its path. */
function textsOf(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]]
  if (typeof value === "function") {
    const say = value as (...args: unknown[]) => string
    // Some take a number, some words.
    return [1, 2, 5, 11].map((n) => [`${path}(${n})`, say(n, "12", "x")])
  }
  return Object.entries(value as object).flatMap(([key, inner]) => textsOf(inner, `${path}.${key}`))
}

/** Names of formats are the same everywhere, and a dash is a dash. */
const SAME = /^\.none$|\(\d+\)$/

for (const [what, languages, load] of [
  ["who has read this", CHAT_LANGUAGES, readerStrings as (language: string) => ReaderStrings | AuditStrings],
  ["audit log", INBOX_LANGUAGES, auditStrings as (language: string) => ReaderStrings | AuditStrings],
] as const) {
  for (const language of languages) {
    test(`${what} in ${language}: whole, in its own words`, () => {
      const english = new Map(textsOf(load("en")))
      const own = textsOf(load(language))
      assert.equal(own.map(([path]) => path).sort(), [...english.keys()].sort())
      for (const [path, text] of own) {
        assert.not.match(text, /^\s*$|\{n\}|undefined|NaN|\[object/, `${path}: ${text}`)
        if (language !== "en" && !SAME.test(path)) assert.is.not(text, english.get(path), path)
      }
    })
  }
}

test.run()
