/** Attacks on a sealed file by whoever holds its blob, and by a sender who means harm: one refusal for all, and the
 * file's end is never given out. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import * as v from "valibot"
import {
  AttachmentSchema,
  type BlobPlace,
  CHUNK_BYTES,
  chunkAad,
  FileOpener,
  FileSealer,
  type FileSecrets,
  SEALED_CHUNK_BYTES,
} from "../../src/attachments/index.ts"
import { concat, toHex } from "../../src/bytes.ts"
import { cryptoReady, randomBytes, sealStream, sha256 } from "../../src/crypto/index.ts"
import { isWardlineError } from "../../src/errors.ts"

await cryptoReady()
const test = suite("attacks on files")
const HEADER_BYTES = 24
const place: BlobPlace = { conversation: randomBytes(16), blob: randomBytes(16) }

interface Sealed {
  file: Uint8Array
  blob: Uint8Array
  secrets: FileSecrets
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function seal(size = 250_000, at: BlobPlace = place, key = randomBytes(32)): Promise<Sealed> {
  const file = Buffer.from(Uint8Array.from({ length: size }, (_, i) => 1 + (i % 250)))
  const sealer = new FileSealer(once(file), size, key, at)
  const parts: Uint8Array[] = []
  for await (const part of sealer) parts.push(part)
  return { file, blob: concat(...parts), secrets: { key, hash: sealer.hash, size } }
}

/** Opens a blob; answers how many bytes of the file came out before it was refused.
 * @throws if it wasn't refused, or not with the one error. */
function refused(blob: Uint8Array, secrets: FileSecrets, at: BlobPlace = place): number {
  const opener = new FileOpener(secrets, at)
  let opened = 0
  try {
    for (const part of opener.take(blob)) opened += part.length
  } catch (error) {
    assert.ok(isWardlineError(error, "ERR_OPEN_FAILED"), String(error))
    const { message, cause } = error as Error
    assert.equal([message, cause], ["the sealed bytes could not be opened", undefined])
  }
  assert.not(opener.isWhole, "it was taken for the whole file")
  assert.ok(opened < secrets.size || secrets.size === 0, "all of the file came out")
  return opened
}

function chunksOf(blob: Uint8Array): { header: Uint8Array; chunks: Uint8Array[] } {
  const chunks: Uint8Array[] = []
  for (let at = HEADER_BYTES; at < blob.length; at += SEALED_CHUNK_BYTES)
    chunks.push(blob.subarray(at, at + SEALED_CHUNK_BYTES))
  return { header: blob.subarray(0, HEADER_BYTES), chunks }
}

test("a file cut at any chunk, or within one, is refused", async () => {
  const { blob, secrets } = await seal()
  for (let at = 0; at < blob.length; at += 4099) refused(blob.subarray(0, at), secrets)
  for (let at = HEADER_BYTES; at < blob.length; at += SEALED_CHUNK_BYTES)
    refused(blob.subarray(0, at), secrets)
  refused(blob.subarray(0, -1), secrets)
})

test("a file cut and its last chunk put back is refused", async () => {
  const { blob, secrets } = await seal()
  const { header, chunks } = chunksOf(blob)
  refused(concat(header, ...chunks.slice(0, 2), chunks.at(-1) as Uint8Array), secrets)
})

test("chunks in another order, one twice, or one left out are refused", async () => {
  const { blob, secrets } = await seal()
  const { header, chunks } = chunksOf(blob)
  const [a, b, c, ...rest] = chunks as [Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]]
  refused(concat(header, b, a, c, ...rest), secrets)
  assert.is(refused(concat(header, a, a, c, ...rest), secrets), CHUNK_BYTES)
  refused(concat(header, a, c, ...rest, b), secrets)
})

test("bytes behind the end are refused, and the end isn't given out", async () => {
  const { blob, secrets } = await seal()
  for (const more of [new Uint8Array(1), blob.subarray(HEADER_BYTES)]) refused(concat(blob, more), secrets)
})

test("bytes behind the end, in a part of their own, change nothing that was taken", async () => {
  const { blob, secrets, file } = await seal()
  const opener = new FileOpener(secrets, place)
  let opened = 0
  for (const part of opener.take(blob)) opened += part.length
  assert.equal([opener.isWhole, opened], [true, file.length])
  assert.throws(
    () => [...opener.take(new Uint8Array(1))],
    (error: unknown) => isWardlineError(error, "ERR_OPEN_FAILED"),
  )
})

test("another file of the same size, sealed with another key, is refused", async () => {
  const [one, two] = [await seal(), await seal()]
  assert.is(refused(two.blob, one.secrets), 0)
  const { header } = chunksOf(one.blob)
  assert.is(refused(concat(header, ...chunksOf(two.blob).chunks), one.secrets), 0)
})

test("another file under the same key is refused: its hash is another", async () => {
  const key = randomBytes(32)
  const one = await seal(5000, place, key)
  const two = await seal(5000, place, key)
  assert.is(refused(two.blob, one.secrets), 0)
})

test("the last chunk isn't given out while the hash doesn't fit", async () => {
  const { blob, secrets, file } = await seal()
  const opened = refused(blob, { ...secrets, hash: randomBytes(32) })
  assert.is(opened, CHUNK_BYTES * Math.floor(file.length / CHUNK_BYTES))
})

test("a blob presented as another blob, or in another conversation, is refused", async () => {
  const { blob, secrets } = await seal()
  assert.is(refused(blob, secrets, { ...place, blob: randomBytes(16) }), 0)
  assert.is(refused(blob, secrets, { ...place, conversation: randomBytes(16) }), 0)
})

test("a bit flipped anywhere is refused", async () => {
  const { blob, secrets } = await seal(100_000)
  for (let at = 0; at < blob.length; at += 997) {
    const flipped = blob.slice()
    flipped[at] = (flipped[at] as number) ^ 0x10
    refused(flipped, secrets)
  }
})

/** What a sender's own hand makes, with a hash and a size that fit it. */
function forge(
  plaintext: Uint8Array,
  size: number,
  isLast: (chunk: number, of: number) => boolean,
): { blob: Uint8Array; secrets: FileSecrets } {
  const key = randomBytes(32)
  const stream = sealStream(key)
  const count = Math.ceil(plaintext.length / CHUNK_BYTES)
  const parts = [stream.header]
  for (let i = 0; i < count; i++) {
    const chunk = plaintext.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)
    parts.push(stream.seal(chunk, chunkAad(place), isLast(i, count)))
  }
  const blob = concat(...parts)
  return { blob, secrets: { key, hash: sha256(blob), size } }
}

test("a stream that never says that it is over is refused, though its hash fits", () => {
  const { blob, secrets } = forge(new Uint8Array(131_072), 131_072, () => false)
  assert.is(refused(blob, secrets), CHUNK_BYTES)
})

test("a stream that says twice that it is over is refused, though its hash fits", () => {
  const { blob, secrets } = forge(new Uint8Array(131_072), 131_072, () => true)
  assert.is(refused(blob, secrets), 0)
})

test("padding that isn't zeros is refused: nothing travels beside the file", () => {
  const plaintext = new Uint8Array(4096)
  const forgedSize = 4000
  plaintext.fill(7, forgedSize)
  const { blob, secrets } = forge(plaintext, forgedSize, (i, n) => i === n - 1)
  assert.is(refused(blob, secrets), 0)
})

test("a size that isn't the file's is refused, cut or stretched", async () => {
  const { blob, secrets } = await seal(100_000)
  for (const size of [99_999, 90_000, 65_536, 110_000, 1_000_000]) {
    const opener = new FileOpener({ ...secrets, size }, place)
    assert.throws(
      () => {
        for (const _part of opener.take(blob));
        if (!opener.isWhole) throw new Error("not whole")
      },
      (error: unknown) => error instanceof Error,
      `${size}`,
    )
    assert.not(opener.isWhole)
  }
})

test("a payload with another shape is refused: ids, keys and sizes that aren't, and what isn't in the schema", () => {
  const good = {
    v: 1,
    type: "attachment",
    blob: toHex(randomBytes(16)),
    key: toHex(randomBytes(32)),
    hash: toHex(randomBytes(32)),
    size: 5,
    mediaType: "image/png",
    name: "a.png",
  }
  assert.ok(v.is(AttachmentSchema, good))
  assert.ok(v.is(AttachmentSchema, { ...good, caption: "look" }))
  for (const change of [
    { blob: "../../etc/passwd" },
    { blob: `${good.blob}00` },
    { blob: good.blob.toUpperCase() },
    { key: good.key.slice(2) },
    { hash: "" },
    { size: -1 },
    { size: 1.5 },
    { size: Number.MAX_SAFE_INTEGER },
    { mediaType: "text/html\r\nx: y" },
    { mediaType: "<script>" },
    { name: "" },
    { name: "x".repeat(256) },
    { caption: "" },
    { caption: "x".repeat(4001) },
    { url: "https://evil.example" },
    { __proto__x: 1 },
  ])
    assert.not(v.is(AttachmentSchema, { ...good, ...change }), JSON.stringify(change))
})

test.run()
