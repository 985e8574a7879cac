/** A conversation as its participants live it, without anybody hostile. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  currentEpoch,
  isEpochNeeded,
  listingKeyOf,
  openSummary,
  type TranscriptEvent,
} from "../../src/conversation/index.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { isWardlineError } from "../../src/errors.ts"
import { decodeOpen, decodeRecord, decodeSummaries } from "../../src/protocol/index.ts"
import { NOW } from "../support/clinic.ts"
import { Scene, shredKeyFor } from "../support/scene.ts"

const test = suite("conversation")
test.before(cryptoReady)

function textOf(event: TranscriptEvent | undefined): string {
  if (event?.kind !== "message") return `(${event?.kind})`
  return event.payload.type === "text" ? event.payload.text : `(${event.payload.type})`
}

test("a patient writes, two nurses read, one answers, the patient reads", () => {
  const scene = new Scene()
  assert.equal(
    scene.patient.events.map((event) => event.kind),
    ["consent", "open", "epoch", "access", "access"],
  )
  assert.equal(
    scene.deliver(scene.patient.message("I need my inhaler")).map(textOf),
    Array(3).fill("I need my inhaler"),
  )
  assert.equal(
    scene.deliver(scene.nurse.message("It is on its way")).map(textOf),
    Array(3).fill("It is on its way"),
  )
  const [, , , , , first, second] = scene.patient.events
  assert.is(first?.kind === "message" && first.from.kind, "patient")
  assert.is(second?.kind === "message" && second.from.kind, "staff")
})

test("the sealed summary opens for the addressed role", () => {
  const scene = new Scene()
  const { body, detached } = decodeRecord(scene.records[1] as Uint8Array)
  const [entry] = decodeOpen(body).roles
  const [sealedSummary] = decodeSummaries(detached, 1)
  if (!entry || !sealedSummary) throw new Error("no role")
  const seed = scene.clinic.roleSeedsOf(scene.clinic.nurse)("nursing", 1) as Uint8Array
  const from = { conversation: scene.conversation, role: entry.role, generation: entry.generation }
  const listingKey = listingKeyOf(shredKeyFor(scene.conversation), scene.conversation)
  assert.equal(openSummary(sealedSummary, from, seed, listingKey), {
    topic: "refill",
    language: "en",
    priority: "routine",
  })
})

test("whoever comes later replays the same transcript", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("one"))
  scene.deliver(scene.nurse.message("two"))
  scene.deliver(scene.patient.message("three"))
  const later = scene.replay("later", scene.clinic.colleague)
  assert.equal(later.events.slice(-3).map(textOf), ["one", "two", "three"])
  assert.equal(later.state.links, scene.patient.state.links)
})

test("messages that cross on the way both count", () => {
  const scene = new Scene()
  const [a, b] = [scene.patient.message("a"), scene.nurse.message("b")]
  assert.equal(scene.deliver(a).map(textOf), ["a", "a", "a"])
  assert.equal(scene.deliver(b).map(textOf), ["b", "b", "b"])
})

test("of two epochs made at once the earlier is current and both are readable", () => {
  const scene = new Scene()
  const [mine, yours] = [scene.patient.epoch(), scene.nurse.epoch()]
  scene.deliver(mine)
  const underOther = scene.replay("nurse again", scene.clinic.nurse)
  scene.deliver(yours)
  assert.is(currentEpoch(scene.patient.state)?.number, 2)
  assert.equal(currentEpoch(scene.patient.state)?.hash, currentEpoch(underOther.state)?.hash)
  assert.equal(scene.deliver(scene.nurse.message("still here")).map(textOf), Array(3).fill("still here"))
})

test("a new epoch is due at first, after 100 messages, after a day, after a restore, after a rotation", () => {
  const scene = new Scene()
  const due = (nowMs = NOW, restored = false) =>
    isEpochNeeded(scene.patient.state, scene.clinic.directory, nowMs, restored)
  assert.is(due(), false)
  assert.is(due(NOW, true), true)
  assert.is(due(NOW + 24 * 60 * 60 * 1000), true)
  for (let i = 0; i < 99; i++) scene.deliver(scene.patient.message("x"))
  assert.is(due(), false)
  scene.deliver(scene.patient.message("the hundredth"))
  assert.is(due(), true)
  scene.deliver(scene.patient.epoch())
  assert.is(due(), false)
  scene.clinic.rotate("billing", 2)
  assert.is(due(), false)
  scene.clinic.rotate("nursing", 2)
  assert.is(due(), true)
})

test("a closed conversation takes nothing more, and says so to the sender", () => {
  const scene = new Scene()
  const late = scene.patient.message("too late")
  assert.is(scene.deliver(scene.nurse.close())[0]?.kind, "close")
  assert.throws(
    () => scene.patient.message("x"),
    (error: unknown) => isWardlineError(error, "ERR_CLOSED"),
  )
  assert.equal(
    scene.deliver(late).map((event) => event.kind),
    ["refused", "refused", "refused"],
  )
})

test("an unknown type of payload is shown as such", () => {
  const scene = new Scene()
  const record = scene.patient.message({ v: 1, type: "profile", name: "Ana" })
  assert.is(textOf(scene.deliver(record)[1]), "(profile)")
})

test.run()
