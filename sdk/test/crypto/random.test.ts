import { suite } from "uvu"
import * as assert from "uvu/assert"
import { createRandom, type RandomSource, randomBytes } from "../../src/crypto/index.ts"
import { counting, refusal } from "./expect.ts"

const test = suite("random bytes")

test("gives the length that was asked for, fresh each time", () => {
  for (const length of [0, 1, 15, 16, 32, 64, 70_000]) assert.is(randomBytes(length).length, length)
  assert.not.equal(randomBytes(32), randomBytes(32))
  // Short outputs may agree by chance, without the source being broken.
  for (let i = 0; i < 2000; i++) randomBytes(1)
})

const broken: { name: string; source: RandomSource; draws: number }[] = [
  { name: "leaves the array as it is", source: () => {}, draws: 1 },
  { name: "fills with one byte", source: (bytes) => bytes.fill(0xa5), draws: 1 },
  { name: "starts over at each draw", source: (bytes) => bytes.set(counting(bytes.length)), draws: 2 },
  { name: "repeats after a while", source: repeating(5), draws: 6 },
]

function repeating(period: number): RandomSource {
  let draw = 0
  return (bytes) => bytes.set(counting(bytes.length, draw++ % period))
}

for (const { name, source, draws } of broken) {
  for (const length of [1, 16, 32]) {
    test(`refuses a source that ${name}, ${length} bytes at a time`, () => {
      const random = createRandom(source)
      for (let i = 1; i < draws; i++) random(length)
      refusal(() => random(length), "ERR_RANDOM", name)
    })
  }
}

test("sees a repetition across different lengths", () => {
  const random = createRandom((bytes) => bytes.set(counting(bytes.length)))
  random(32)
  refusal(() => random(64), "ERR_RANDOM")
})

test("reports a source that fails", () => {
  const failure = new Error("no entropy")
  const random = createRandom(() => {
    throw failure
  })
  assert.is(refusal(() => random(32), "ERR_RANDOM").cause, failure)
})

test("draws no more at once than getRandomValues allows, and fills everything", () => {
  const drawn: number[] = []
  const random = createRandom((bytes) => {
    drawn.push(bytes.length)
    globalThis.crypto.getRandomValues(bytes)
  })
  assert.is(random(200_000).length, 200_000)
  assert.equal(drawn, [65_536, 65_536, 65_536, 3392])
})

test.run()
