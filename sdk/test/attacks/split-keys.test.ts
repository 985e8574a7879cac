/** Split keys under attack: too few shares, foreign, mixed and changed ones make no key, and say why. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  combineShares,
  parseShareText,
  type Share,
  type SplitKey,
  shareLines,
  splitKey,
} from "../../src/cli/key-share.ts"
import { cryptoReady, sha256, signingKeyPair, wrappingKeyPair } from "../../src/crypto/index.ts"
import { type ErrorCode, isWardlineError } from "../../src/errors.ts"
import { clinicIdOf } from "../../src/protocol/index.ts"

const test = suite("attacks on split keys")
test.before(cryptoReady)

const NEEDED = 3
const TOTAL = 5
const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)

function rootKey(n: number): SplitKey {
  const { publicKey } = signingKeyPair(seedOf(n))
  return { kind: "root", clinicId: clinicIdOf(sha256, publicKey), publicKey }
}

function roleKey(n: number, role: string, generation: number, clinic = 1): SplitKey {
  const { publicKey } = wrappingKeyPair(seedOf(n))
  return { kind: "role", clinicId: seedOf(clinic).subarray(16), publicKey, role, generation }
}

const split = (n: number, key = rootKey(n)): Promise<Share[]> =>
  splitKey(seedOf(n), key, { needed: NEEDED, shares: TOTAL })

/** Every choice of `count` items. */
function choices<T>(items: readonly T[], count: number): T[][] {
  if (count === 0) return [[]]
  return items.flatMap((item, i) => choices(items.slice(i + 1), count - 1).map((rest) => [item, ...rest]))
}

async function refused(act: () => Promise<unknown>, code: ErrorCode, message?: RegExp): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!isWardlineError(error)) throw error
    assert.is(error.code, code, error.message)
    if (message !== undefined) assert.match(error.message, message)
    return
  }
  assert.unreachable(`expected ${code}`)
}

/** Typed from the sheet again, with something changed. */
const retyped = (share: Share, change: (text: string) => string = (text) => text): Share =>
  parseShareText(
    change(
      shareLines(share)
        .map((line, i) => `${i + 1}. ${line}`)
        .join("\n"),
    ),
  )

test("enough shares are the key, whichever they are, and in any order", async () => {
  const key = rootKey(7)
  const shares = (await split(7)).map((share) => retyped(share))
  for (const count of [NEEDED, NEEDED + 1, TOTAL]) {
    for (const some of choices(shares, count)) {
      assert.equal(await combineShares(some.toReversed(), key), seedOf(7))
    }
  }
})

test("below the quorum no choice of shares is the key", async () => {
  const shares = await split(7)
  for (const count of [0, 1, NEEDED - 1]) {
    for (const some of choices(shares, count)) {
      await refused(
        () => combineShares(some, rootKey(7)),
        "ERR_FORBIDDEN",
        /3 shares are needed|2 shares are needed/,
      )
    }
  }
})

test("shares that claim a smaller quorum are not the key either", async () => {
  const shares = (await split(7)).map((share) => ({ ...share, needed: NEEDED - 1 }))
  for (const some of choices(shares, NEEDED - 1)) {
    await refused(() => combineShares(some, rootKey(7)), "ERR_KEYSTORE", /don't belong together/)
  }
})

test("one share less than needed says nothing about the key: each of its bytes still takes any value", async () => {
  // With x and y of two shares fixed, the polynomials over all secrets fit equally well. The library's choice of
  // coefficients is seen in that the same two holders' bytes are spread evenly, whatever the secret is.
  const counts = new Map<string, number>()
  const rounds = 400
  for (let round = 0; round < rounds; round++) {
    const [share] = await splitKey(seedOf(7), rootKey(7), { needed: 2, shares: 2 })
    for (const byte of share?.point.subarray(0, 32) ?? []) {
      const bucket = `${byte >> 4}`
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
    }
  }
  const expected = (rounds * 32) / 16
  const chiSquared = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
  assert.is(counts.size, 16)
  // 15 degrees of freedom: beyond 60 once in four million runs.
  assert.ok(chiSquared < 60, `the bytes of a share of a key of sevens are uneven: ${chiSquared}`)
})

test("shares of two splits of the same key don't go together, and are told apart by name", async () => {
  const [first, second] = [await split(7), await split(7)]
  const mixed = [first[0], first[1], second[2]] as Share[]
  await refused(() => combineShares(mixed, rootKey(7)), "ERR_KEYSTORE", /share 3 doesn't belong with share 1/)
  const disguised = mixed.map((share) => ({ ...share, split: new Uint8Array(4) }))
  await refused(() => combineShares(disguised, rootKey(7)), "ERR_KEYSTORE", /don't belong together/)
})

test("another clinic's share is named, and doesn't pass in disguise", async () => {
  const [own, other] = [await split(7), await split(8)]
  const mixed = [own[0], own[1], other[2]] as Share[]
  await refused(() => combineShares(mixed, rootKey(7)), "ERR_CLINIC_KEY", /share 3 is of another clinic/)
  const { tag, split: id } = own[0] as Share
  const disguised = [own[0], own[1], { ...(other[2] as Share), tag, split: id }] as Share[]
  await refused(() => combineShares(disguised, rootKey(7)), "ERR_KEYSTORE", /don't belong together/)
})

test("a whole set of another clinic's shares is not this clinic's key", async () => {
  const other = await split(8)
  await refused(() => combineShares(other.slice(0, NEEDED), rootKey(7)), "ERR_CLINIC_KEY")
  const { tag } = (await split(7))[0] as Share
  const disguised = other.slice(0, NEEDED).map((share) => ({ ...share, tag }))
  await refused(() => combineShares(disguised, rootKey(7)), "ERR_KEYSTORE", /don't belong together/)
})

test("an archive key's shares are not the root's, another role's or another generation's", async () => {
  const key = roleKey(7, "vault", 1)
  const shares = (await split(7, key)).slice(0, NEEDED).map((share) => retyped(share))
  assert.equal(await combineShares(shares, key), seedOf(7))
  for (const wrong of [
    rootKey(7),
    roleKey(7, "nursing", 1),
    roleKey(7, "vault", 2),
    roleKey(7, "vault", 1, 2),
    roleKey(8, "vault", 1),
  ]) {
    await refused(() => combineShares(shares, wrong), "ERR_CLINIC_KEY")
  }
})

test("a share that was changed in any byte is not the key, whatever else fits", async () => {
  const shares = await split(7)
  for (let i = 0; i < 33; i++) {
    const changed = shares.slice(0, NEEDED)
    const point = (changed[1] as Share).point.slice()
    point[i] = (point[i] as number) ^ 1
    changed[1] = { ...(changed[1] as Share), point }
    await refused(() => combineShares(changed, rootKey(7)), "ERR_KEYSTORE", /don't belong together/)
  }
})

test("one share given twice doesn't count twice, even under another number", async () => {
  const [first, second] = (await split(7)) as [Share, Share]
  await refused(
    () => combineShares([first, second, second], rootKey(7)),
    "ERR_CONFLICT",
    /share 2 was given before/,
  )
  await refused(() => combineShares([first, second, { ...second, number: 3 }], rootKey(7)), "ERR_CONFLICT")
})

test("a key is only split as what it is", async () => {
  await refused(
    () => splitKey(seedOf(8), rootKey(7), { needed: NEEDED, shares: TOTAL }),
    "ERR_CLINIC_KEY",
    /isn't the one/,
  )
})

for (const { name, needed, shares } of [
  { name: "a split in which one share is the key", needed: 1, shares: 3 },
  { name: "a split that could never be put together", needed: 4, shares: 3 },
  { name: "a split among nobody", needed: 2, shares: 0 },
  { name: "a split among more people than fit", needed: 2, shares: 16 },
  { name: "a split into half shares", needed: 2, shares: 2.5 },
]) {
  test(name, async () => {
    await refused(() => splitKey(seedOf(7), rootKey(7), { needed, shares }), "ERR_CONFIG")
  })
}

test("a slip in any word of a share is found, with its line", async () => {
  const [share] = await split(7)
  const lines = shareLines(share as Share)
  for (const [i, line] of lines.entries()) {
    const words = line.split(" ")
    for (const [j, word] of words.entries()) {
      const other = word === "zebra" ? "abandon" : "zebra"
      const changed = lines.with(i, words.with(j, other).join(" ")).map((text, n) => `${n + 1}. ${text}`)
      // A changed word of a line's four gets past its checksum once in 2048 times, and then past the share's.
      await refused(async () => parseShareText(changed.join("\n")), "ERR_MALFORMED", /line|sheet/)
    }
  }
})

test("lines of two sheets, or of one sheet in another order, are not a share", async () => {
  const [one, other] = (await split(7)) as [Share, Share]
  const [lines, foreign] = [shareLines(one), shareLines(other)]
  const numbered = (all: readonly string[]): string => all.map((text, i) => `${i + 1}. ${text}`).join("\n")
  await refused(
    async () => parseShareText(numbered(lines.with(4, foreign[4] as string))),
    "ERR_MALFORMED",
    /not all of the same sheet/,
  )
  const swapped = lines.with(4, lines[5] as string).with(5, lines[4] as string)
  await refused(async () => parseShareText(numbered(swapped)), "ERR_MALFORMED", /line 5: .*line 6: /)
})

test.run()
