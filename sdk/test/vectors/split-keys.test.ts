/** docs/split-keys.md against the code, and against sharing written down anew from what the page says. */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { wordlist } from "@scure/bip39/wordlists/english.js"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { combineShares, parseShareText } from "../../src/cli/key-share.ts"
import { cryptoReady, sha256, signingKeyPair } from "../../src/crypto/index.ts"
import { clinicIdOf } from "../../src/protocol/index.ts"

const PAGE = readFileSync(new URL("../../../docs/split-keys.md", import.meta.url), "utf8")
const SHARES = [...PAGE.matchAll(/```\n(1\. [^`]+)```/g)].map(([, text]) => text ?? "")
const SEED = Uint8Array.from({ length: 32 }, (_, i) => i)

test.before(cryptoReady)

test("the page's shares are its key", async () => {
  const { publicKey } = signingKeyPair(SEED)
  assert.ok(PAGE.includes(Buffer.from(publicKey).toString("hex")))
  const key = { kind: "root", clinicId: clinicIdOf(sha256, publicKey), publicKey } as const
  assert.is(SHARES.length, 2)
  assert.equal(await combineShares(SHARES.map(parseShareText), key), SEED)
})

/** a × b in GF(2⁸), as the page names it. */
function times(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ (product & 0x80 ? 0x11b : 0)
    if ((b >> bit) & 1) product ^= a
  }
  return product
}

const inverse = (a: number): number =>
  Array.from({ length: 255 }, (_, i) => i + 1).find((b) => times(a, b) === 1) ?? 0

test("a reader with the page alone gets the same", () => {
  const hash = (text: string, bytes: Uint8Array): Buffer =>
    createHash("sha256").update(text).update(bytes).digest()
  const points = SHARES.map((text) => {
    const lines = text.trim().split("\n")
    const bits = lines.map((line, i) => {
      const words = line.split(" ").slice(1)
      const numbers = words.map((word) => wordlist.indexOf(word))
      const input = Buffer.from([i + 1, ...numbers.slice(0, 4).flatMap((n) => [n >> 8, n & 255])])
      assert.is(numbers[4], hash("wl1/share-line", input).readUInt16BE(0) >> 5, `check word of line ${i + 1}`)
      return numbers
        .slice(0, 4)
        .map((n) => n.toString(2).padStart(11, "0"))
        .join("")
    })
    const bytes = Uint8Array.from(bits.join("").match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
    assert.is(bytes.length, 44)
    assert.equal(bytes.slice(0, 2), Uint8Array.of(0x11, 0x23))
    assert.equal(bytes.slice(42), new Uint8Array(hash("wl1/share", bytes.subarray(0, 42)).subarray(0, 2)))
    return { x: bytes[9] ?? 0, y: bytes.slice(10, 42) }
  })
  const [one, two] = points as [(typeof points)[0], (typeof points)[0]]
  // The line through two points, at zero.
  const seed = one.y.map((y, i) => {
    const slope = times(y ^ (two.y[i] ?? 0), inverse(one.x ^ two.x))
    return y ^ times(slope, one.x)
  })
  assert.equal(seed, SEED)
})

test.run()
