/** What every attack must end in: a refusal with a stable code, and nothing believed. */
import * as assert from "uvu/assert"
import type { Transcript } from "../../src/conversation/index.ts"
import type { Actor } from "./scene.ts"

/** The state without the chain, which goes on over a refused record. */
function believed(state: Transcript): unknown {
  return { ...state, position: 0, links: [], fork: undefined, epochMessages: 0 }
}

/** Gives `record` to `actor` and asserts that only the chain moved. */
export function assertRefused(
  actor: Actor,
  record: Uint8Array,
  code: "ERR_OPEN_FAILED" | "ERR_FORK" = "ERR_OPEN_FAILED",
): void {
  const before = actor.state
  const event = actor.take(record)
  assert.is(event.kind === "refused" ? event.code : `believed: ${event.kind}`, code)
  const { position, fork } = actor.state
  assert.equal(believed(actor.state), believed(before))
  assert.is(position, before.position + 1)
  assert.is(fork === before.fork, code !== "ERR_FORK")
}

/** Gives `actor` a record whose sender and place are right but whose inside isn't, or isn't for this actor, and asserts
 * that it keeps its place in the sender's count, or in the chain of epochs as one without a key, and that nothing else
 * is believed. */
export function assertUnusable(actor: Actor, record: Uint8Array): void {
  const before = actor.state
  const event = actor.take(record)
  const isClosed = event.kind === "locked" || (event.kind === "epoch" && !event.isOpen)
  assert.ok(isClosed || (event.kind === "refused" && event.code === "ERR_OPEN_FAILED"), event.kind)
  const { epochs, currents, epochMessages, senders, position, fork } = actor.state
  const placed = {
    epochs: before.epochs,
    currents: before.currents,
    senders: before.senders,
    locked: before.locked,
    lockedCount: before.lockedCount,
    directoryFloor: before.directoryFloor,
    namedFloor: before.namedFloor,
  }
  assert.equal(believed({ ...actor.state, ...placed }), believed(before))
  assert.is(position, before.position + 1)
  assert.is(fork, before.fork)
  const newEpochs = [...epochs].filter(([hash]) => !before.epochs.has(hash)).map(([, epoch]) => epoch)
  assert.ok(
    newEpochs.every(({ key }) => key === undefined),
    "no key of it is kept",
  )
  for (const [hash, epoch] of before.epochs) assert.is(epochs.get(hash), epoch)
  assert.equal(currents, [...before.currents, ...newEpochs.filter((epoch) => currents.includes(epoch))])
  assert.ok(epochMessages <= before.epochMessages + 1)
  const counted = [...senders].filter(
    ([id, { sequence }]) => sequence !== (before.senders.get(id)?.sequence ?? 0),
  )
  for (const [id, { sequence }] of counted) assert.is(sequence, (before.senders.get(id)?.sequence ?? 0) + 1)
  assert.is(counted.length + newEpochs.length, 1)
}
