/** The fields of an entry read by their offsets, against the decoder that makes an object of each. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { isAllZero } from "../../src/bytes.ts"
import {
  actionOf,
  beforeOf,
  namesRecord,
  positionOf,
  purposeOf,
  sequenceOf,
  shapeProblem,
  timeOf,
} from "../../src/tlog/entry-fields.ts"
import { type AuditEntry, decodeEntry, encodeEntry, isRecordAction, mayFail } from "../../src/tlog/index.ts"
import { plainEntry } from "./log.ts"

const test = suite("an entry's fields")

function decoded(bytes: Uint8Array): AuditEntry | undefined {
  try {
    return decodeEntry(bytes)
  } catch {
    return undefined
  }
}

/** Whether the decoder takes an entry, and its action fits its record and its outcome. */
function isSound(bytes: Uint8Array): boolean {
  const entry = decoded(bytes)
  if (entry === undefined || isRecordAction(entry.action) === isAllZero(entry.recordHash)) return false
  return entry.outcome === "success" || mayFail(entry.action)
}

test("say of any change of an entry what the decoder says", () => {
  const events = encodeEntry({ ...plainEntry(7), actorRole: "nursing" })
  const record = encodeEntry({ ...plainEntry(7), action: "create", recordHash: new Uint8Array(32).fill(7) })
  fc.assert(
    fc.property(
      fc.constantFrom(events, record),
      fc.array(fc.tuple(fc.nat(211), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      (entry, changes) => {
        const bytes = Uint8Array.from(entry)
        for (const [at, value] of changes) bytes[at] = value
        assert.is(shapeProblem(bytes) === undefined, isSound(bytes), Buffer.from(bytes).toString("hex"))
      },
    ),
    { numRuns: 3000 },
  )
})

test("say of each value of each byte that carries a code, a number's top or a role what the decoder says", () => {
  const entry = encodeEntry({ ...plainEntry(7), actorRole: "nursing-2" })
  for (const at of [0, 1, 2, 3, 4, 5, 12, 13, 36, 37, 43, 45, 46, 67, 84, 85, 172, 173])
    for (let value = 0; value < 256; value++) {
      const bytes = Uint8Array.from(entry)
      bytes[at] = value
      assert.is(shapeProblem(bytes) === undefined, isSound(bytes), `byte ${at} = ${value}`)
    }
})

test("are the decoder's", () => {
  const big = Number.MAX_SAFE_INTEGER
  for (const number of [0, 1, 255, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 77, big]) {
    const time = Math.min(number, 8_640_000_000_000_000)
    const entry = { ...plainEntry(1), sequence: number, position: number, before: number, time, purpose: 3 }
    const bytes = encodeEntry(entry)
    assert.equal(
      [sequenceOf(bytes), positionOf(bytes), beforeOf(bytes), timeOf(bytes), purposeOf(bytes)],
      [number, number, number, time, 3],
    )
    assert.equal([actionOf(bytes), namesRecord(bytes)], [3, false])
  }
})

test.run()
