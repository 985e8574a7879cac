/** 50 patients, 10 staff in 4 roles, keys renewed, people dismissed, conversations handed over, phones added and lost,
 * on a network that loses, delays, repeats and reorders, with the relay's own gates: everyone honest ends with the same
 * transcript, and everyone dismissed with nothing new. SEED and STEPS replay a run. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { decodeRecord } from "../../src/protocol/index.ts"
import type { Participant } from "../simulation/participant.ts"
import { type Talk, World } from "../simulation/world.ts"

const STEPS = Number(process.env.STEPS ?? 100_000)
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000)

const test = suite("simulation")
test.before(cryptoReady)

function lockedOf({ state }: Participant): Set<number> {
  return new Set(state.locked.map(({ position }) => position))
}

/** Who has heard everything from the beginning: the patient's devices come first. */
function checkSame(talk: Talk): void {
  const reader = talk.participants.find(({ role }) => role === undefined) as Participant
  const first = lockedOf(reader)
  const positions = new Set(talk.participants.flatMap(({ said }) => [...said.keys()]))
  for (const participant of talk.participants) {
    const locked = lockedOf(participant)
    for (const position of positions) {
      // The last words of somebody who was just dismissed: whoever knew already doesn't believe them.
      if ([participant, reader].some(({ refused }) => refused.includes(position))) continue
      const [own, other] = [participant.said.get(position), reader.said.get(position)]
      if (own && other)
        assert.equal(own, other, `${participant.name} and ${reader.name} differ at ${position}`)
      else if (!own) assert.ok(locked.has(position), `${participant.name} misses ${position}`)
      else assert.ok(first.has(position), `${reader.name} misses ${position}`)
    }
  }
  const texts = [...reader.said.values()].map(({ text }) => text)
  assert.is(new Set(texts).size, texts.length, "a message was doubled")
  // One that was closed with nobody left to reopen it takes nothing more.
  if (reader.state.closedAt !== undefined) return
  for (const { outbox, name } of talk.participants)
    assert.equal(outbox, [], `${name} could not say everything`)
}

/** What an honest device sent and the relay took, every honest device believes; but for the last words of somebody who
 * was just dismissed. */
function checkRefusals(talk: Talk, records: readonly Uint8Array[]): void {
  const dismissed = new Set(talk.former.map(({ participant }) => toHex(participant.device.id)))
  for (const { refused, name } of talk.participants) {
    const odd = refused.flatMap((position) => {
      const { issuer, type } = decodeRecord(records[position - 1] as Uint8Array)
      return dismissed.has(toHex(issuer)) ? [] : [`${position} ${type}`]
    })
    assert.equal(odd, [], `${name} refused what honest devices sent`)
  }
}

/** The relay and a dismissed device together: nothing opens that was sent by somebody who knew of the dismissal. */
function checkDismissed(world: World, talk: Talk): number {
  const sentAt = new Map(
    [...talk.participants, ...talk.former.map(({ participant }) => participant)].flatMap((p) => [
      ...p.sentAt,
    ]),
  )
  let checked = 0
  for (const { participant, directoryPosition } of talk.former) {
    world.leakTo(talk, participant)
    for (const [position, hash] of world.hashesOf(talk)) {
      const knew = sentAt.get(hash)
      if (knew === undefined || knew < directoryPosition) continue
      checked++
      assert.not(participant.said.has(position), `${participant.name} reads ${position} after the dismissal`)
    }
  }
  return checked
}

test(`${STEPS} steps from seed ${SEED}`, () => {
  try {
    const world = new World(SEED, 50, 10)
    for (let i = 0; i < STEPS; i++) world.step()
    world.settle()
    let unread = 0
    for (const talk of world.talks) {
      checkSame(talk)
      checkRefusals(talk, world.recordsOf(talk))
      unread += checkDismissed(world, talk)
    }
    console.log(world.counts)
    if (STEPS < 50_000) return
    assert.ok(unread > 100, "dismissed devices were kept from enough")
    for (const what of [
      "messages",
      "rotations",
      "dismissals",
      "crashes",
      "grants",
      "add-role",
      "remove-role",
    ])
      assert.ok((world.counts[what] ?? 0) > 10, `too few ${what}`)
  } catch (error) {
    console.error(`replay with: SEED=${SEED} STEPS=${STEPS}`)
    throw error
  }
})

test.run()
