/** Files sealed and opened as streams: every size, every cut of the parts. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  CHUNK_BYTES,
  FileOpener,
  FileSealer,
  type FileSecrets,
  paddedSize,
  sealedSize,
} from "../../src/attachments/index.ts"
import { equalBytes } from "../../src/bytes.ts"
import { cryptoReady, randomBytes } from "../../src/crypto/index.ts"
import { rejects } from "../support/errors.ts"

await cryptoReady()
const test = suite("file streams")
const place = { conversation: randomBytes(16), blob: randomBytes(16) }

async function* partsOf(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

async function seal(
  file: Uint8Array,
  partBytes = 10_000,
): Promise<{ blob: Uint8Array; secrets: FileSecrets; longest: number }> {
  const key = randomBytes(32)
  const sealer = new FileSealer(partsOf(file, partBytes), file.length, key, place)
  const chunks: Uint8Array[] = []
  for await (const chunk of sealer) chunks.push(chunk)
  const blob = Buffer.concat(chunks)
  const longest = Math.max(...chunks.map(({ length }) => length))
  return { blob, secrets: { key, hash: sealer.hash, size: file.length }, longest }
}

function open(blob: Uint8Array, secrets: FileSecrets, partBytes = 7_777): Uint8Array {
  const opener = new FileOpener(secrets, place)
  const parts: Uint8Array[] = []
  for (let at = 0; at < blob.length; at += partBytes)
    parts.push(...opener.take(blob.subarray(at, at + partBytes)))
  assert.ok(opener.isWhole)
  return Buffer.concat(parts)
}

const SIZES = [
  0,
  1,
  4095,
  4096,
  4097,
  CHUNK_BYTES - 1,
  CHUNK_BYTES,
  CHUNK_BYTES + 1,
  131_072,
  200_000,
  1_000_003,
]
for (const size of SIZES) {
  test(`a file of ${size} bytes comes back, padded, in chunks`, async () => {
    const file = Buffer.alloc(size, "abcdefg")
    const { blob, secrets, longest } = await seal(file)
    assert.is(blob.length, sealedSize(size))
    assert.ok(longest <= CHUNK_BYTES + 17)
    assert.ok(equalBytes(open(blob, secrets), file))
  })
}

test("it doesn't matter how the parts are cut, on either side", async () => {
  const file = Buffer.alloc(150_000, "wardline")
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 200_000 }),
      fc.integer({ min: 1, max: 200_000 }),
      async (sealing, opening) => {
        const { blob, secrets } = await seal(file, Math.max(500, sealing))
        assert.ok(equalBytes(open(blob, secrets, Math.max(100, opening)), file))
      },
    ),
    { numRuns: 25 },
  )
})

test("the same file twice gives two blobs that share nothing", async () => {
  const file = Buffer.alloc(5000)
  const [one, two] = [await seal(file), await seal(file)]
  assert.not(equalBytes(one.blob, two.blob))
  assert.not(equalBytes(one.secrets.hash, two.secrets.hash))
})

test("sizes are hidden: few lengths, 12 % at most, never less than the file", () => {
  const lengths = new Set<number>()
  for (let size = 0; size <= 10_000; size++) lengths.add(paddedSize(size))
  assert.ok(lengths.size < 25, `${lengths.size}`)
  fc.assert(
    fc.property(fc.integer({ min: 4097, max: 2 ** 32 }), (size) => {
      const padded = paddedSize(size)
      assert.ok(padded >= size && padded <= size * 1.12)
      assert.is(paddedSize(padded), padded)
    }),
  )
  // From the PURBs paper's method: 9 has exponent 3 and 2 bits of mantissa.
  assert.is(paddedSize(5000), 5120)
  assert.is(paddedSize(1_000_000), 1_015_808)
})

test("a file that is shorter or longer than it was said to be isn't sealed to its end", async () => {
  for (const claimed of [99_999, 100_001, 0]) {
    const sealer = new FileSealer(partsOf(Buffer.alloc(100_000), 3000), claimed, randomBytes(32), place)
    const drain = async (): Promise<void> => {
      for await (const _chunk of sealer);
    }
    await rejects(drain(), "ERR_MALFORMED")
    assert.throws(() => sealer.hash)
  }
})

test("a file without end isn't read on beyond its size", async () => {
  let parts = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; parts < 100; parts++) yield new Uint8Array(1000)
  }
  const drain = async (): Promise<void> => {
    for await (const _chunk of new FileSealer(endless(), 5000, randomBytes(32), place));
  }
  await rejects(drain(), "ERR_MALFORMED")
  assert.ok(parts <= 6, `${parts}`)
})

test.run()
