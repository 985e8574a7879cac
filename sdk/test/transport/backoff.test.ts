import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { backoffDelayMs } from "../../src/transport/backoff.ts"

const test = suite("backoff")

for (const { attempt, ceiling } of [
  { attempt: 1, ceiling: 500 },
  { attempt: 2, ceiling: 1000 },
  { attempt: 6, ceiling: 16_000 },
  { attempt: 7, ceiling: 30_000 },
  { attempt: 5000, ceiling: 30_000 },
]) {
  test(`failure ${attempt} waits from 0 up to ${ceiling} ms`, () => {
    assert.is(backoffDelayMs(attempt, 0), 0)
    assert.is(backoffDelayMs(attempt, 0.5), ceiling / 2)
    assert.ok(backoffDelayMs(attempt, 0.999999) < ceiling)
  })
}

test("is always a whole number of milliseconds within half a minute", () => {
  const attempts = fc.integer({ min: 1, max: 1_000_000 })
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(attempts, randoms, (attempt, random) => {
      const ms = backoffDelayMs(attempt, random)
      return Number.isInteger(ms) && ms >= 0 && ms < 30_000
    }),
  )
})

test.run()
