/** Events with something wrong in them: which of the checks sees it. Each validator misses what the other finds. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type AuditEvent, toAuditEvent } from "../../src/fhir/index.ts"
import type { Action } from "../../src/tlog/index.ts"
import { profileProblems } from "./balp.ts"
import { contextOf, sampleEntry } from "./sample-entries.ts"
import { codeProblems, lantanaProblems, medplumProblems } from "./validators.ts"

const test = suite("spoiled AuditEvents")

type Checker = "medplum" | "lantana" | "codes" | "profile"

function eventOf(action: Action): AuditEvent {
  const entry = sampleEntry(action)
  return toAuditEvent(entry, contextOf(entry))
}

/** Sets, or with undefined takes away, what stands at a path such as `agent.0.network`. */
function spoil(event: AuditEvent, path: string, value: unknown): AuditEvent {
  const spoiled = structuredClone(event)
  const steps = path.split(".")
  const last = steps.pop() ?? ""
  const parent = steps.reduce(
    (at, step) => (at as Record<string, unknown>)[step] as object,
    spoiled as unknown as object,
  ) as Record<string, unknown>
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return spoiled
}

function seenBy(event: AuditEvent): Checker[] {
  const found: Record<Checker, string[]> = {
    medplum: medplumProblems(event),
    lantana: lantanaProblems(event),
    codes: codeProblems(event),
    profile: profileProblems(event),
  }
  return (Object.keys(found) as Checker[]).filter((name) => found[name].length > 0)
}

const CASES: readonly {
  name: string
  action?: Action
  path: string
  value?: unknown
  seen: readonly Checker[]
}[] = [
  { name: "no source", path: "source", seen: ["medplum", "lantana"] },
  { name: "no type", path: "type", seen: ["medplum", "lantana", "profile"] },
  { name: "no time", path: "recorded", seen: ["medplum", "lantana"] },
  { name: "a time without a zone", path: "recorded", value: "2026-11-30T09:00:00", seen: ["medplum"] },
  { name: "an action that isn't one", path: "action", value: "X", seen: ["lantana", "profile"] },
  { name: "an outcome that isn't one", path: "outcome", value: "1", seen: ["lantana", "profile"] },
  { name: "a kind of network that isn't one", path: "agent.1.network.type", value: "9", seen: ["lantana"] },
  {
    name: "an agent that doesn't say who asked",
    path: "agent.2.requestor",
    seen: ["medplum", "lantana", "profile"],
  },
  {
    name: "an entity with a name and a query",
    action: "list",
    path: "entity.0.name",
    value: "x",
    seen: ["medplum"],
  },
  { name: "an element that FHIR doesn't have", path: "content", value: "text", seen: ["medplum", "lantana"] },
  { name: "a type of no code system", path: "type.code", value: "reset", seen: ["codes", "profile"] },
  {
    name: "a code with another's name",
    path: "agent.0.type.coding.0.display",
    value: "Source Role ID",
    seen: ["codes"],
  },
  { name: "another interaction", path: "subtype.0.code", value: "vread", seen: ["codes", "profile"] },
  {
    name: "a client of the wrong type",
    path: "agent.0.type.coding.0.code",
    value: "110153",
    seen: ["codes", "profile"],
  },
  { name: "a client without a network", path: "agent.0.network", seen: ["profile"] },
  { name: "a person with a network", path: "agent.2.network", value: { address: "x" }, seen: ["profile"] },
  { name: "a person who didn't ask", path: "agent.2.requestor", value: false, seen: ["profile"] },
  {
    name: "no patient",
    path: "entity.1",
    value: { type: { system: "x", code: "1", display: "x" } },
    seen: ["codes", "profile"],
  },
  { name: "a patient that isn't one", path: "entity.1.what.type", value: "Device", seen: ["profile"] },
  { name: "a failure in a profile of what succeeded", path: "outcome", value: "4", seen: ["profile"] },
  {
    name: "a disclosure by somebody else than the source",
    action: "disclosure",
    path: "source.observer",
    value: { identifier: { system: "a", value: "b" } },
    seen: ["profile"],
  },
  {
    name: "a decision without consent",
    action: "access",
    path: "entity.0.type.code",
    value: "Patient",
    seen: ["codes", "profile"],
  },
  {
    name: "what was destroyed has details",
    action: "shred",
    path: "entity.0.detail",
    value: [{ type: "a", valueString: "b" }],
    seen: ["profile"],
  },
]

for (const { name, action = "read", path, value, seen } of CASES)
  test(`${name}: ${seen.join(", ")}`, () => {
    assert.equal(seenBy(eventOf(action)), [])
    assert.equal(seenBy(spoil(eventOf(action), path, value)), seen)
  })

test("either validator alone misses something that the other finds", () => {
  const only = (checker: Checker, other: Checker): boolean =>
    CASES.some(({ seen }) => seen.includes(checker) && !seen.includes(other))
  assert.ok(only("medplum", "lantana"))
  assert.ok(only("lantana", "medplum"))
})

test.run()
