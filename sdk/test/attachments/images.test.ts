/** Images lose what they say of people and places, keep every pixel and the way up, and damaged ones are refused. */
import exifr from "exifr"
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  type ByteSource,
  type ImagePlan,
  pieceBytes,
  planCleanImage,
  previewOf,
} from "../../src/attachments/index.ts"
import { isWardlineError } from "../../src/errors.ts"
import { rejects } from "../support/errors.ts"
import {
  LATITUDE,
  ORIENTATION,
  picture,
  riff,
  riffChunk,
  SECRETS,
  taggedAnimation,
  taggedJpeg,
  taggedPng,
  taggedWebp,
  tiff,
} from "./tagged.ts"

const test = suite("images without metadata")

const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
})

function build(bytes: Uint8Array, plan: ImagePlan): Buffer {
  return Buffer.concat(
    plan.pieces.map((piece) =>
      piece instanceof Uint8Array ? piece : bytes.subarray(piece.start, piece.end),
    ),
  )
}

async function clean(bytes: Uint8Array, type = ""): Promise<Buffer> {
  const plan = await planCleanImage(sourceOf(bytes), type)
  assert.ok(plan)
  const cleaned = build(bytes, plan)
  assert.is(
    plan.pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0),
    cleaned.length,
  )
  return cleaned
}

/** What exifr finds, in a file of a format that it reads, or in a WebP's Exif chunk. */
async function metadata(bytes: Buffer): Promise<Record<string, unknown>> {
  const at = bytes.subarray(0, 4).toString("latin1") === "RIFF" ? bytes.indexOf("EXIF", 12, "latin1") : -2
  if (at === -1) return {}
  const start = bytes.subarray(at + 8, at + 14).toString("latin1") === "Exif\0\0" ? at + 14 : at + 8
  const input = at === -2 ? bytes : bytes.subarray(start)
  const options = {
    tiff: true,
    ifd1: true,
    gps: true,
    xmp: true,
    iptc: true,
    jfif: false,
    translateValues: false,
  }
  return ((await exifr.parse(input, { ...options, ihdr: false, icc: false })) ?? {}) as Record<
    string,
    unknown
  >
}

const FILES: Record<string, (little?: boolean, orientation?: number) => Buffer> = {
  JPEG: taggedJpeg,
  PNG: taggedPng,
  "lossy WebP": (...how) => taggedWebp("lossy.webp", ...how),
  "lossless WebP": (...how) => taggedWebp("lossless.webp", ...how),
  "WebP with transparency": (...how) => taggedWebp("alpha.webp", ...how),
}

for (const [name, make] of Object.entries(FILES)) {
  for (const little of [false, true]) {
    test(`${name}, ${little ? "little" : "big"}-endian: place and device are gone, the way up stays`, async () => {
      const before = await metadata(make(little))
      assert.is(before.latitude, LATITUDE)
      assert.is(before.Make, "SecretCam")
      const cleaned = await clean(make(little))
      const after = await metadata(cleaned)
      assert.equal(after, { Orientation: ORIENTATION })
      for (const secret of SECRETS) assert.is(cleaned.indexOf(secret, 0, "latin1"), -1, secret)
    })
  }

  test(`${name}: one that stands upright keeps no Exif data at all`, async () => {
    const cleaned = await clean(make(false, 1))
    assert.equal(await metadata(cleaned), {})
    for (const name of ["Exif", "EXIF", "eXIf"]) assert.is(cleaned.indexOf(name, 0, "latin1"), -1)
  })

  test(`${name}: what was cleaned is clean`, async () => {
    const once = await clean(make())
    assert.ok((await clean(once)).equals(once))
  })

  test(`${name}: cut anywhere before its end it is refused`, async () => {
    for (const whole of [await clean(make()), await clean(make(false, 1))])
      for (let length = 16; length < whole.length; length++) {
        const error = await planCleanImage(sourceOf(whole.subarray(0, length)), "").catch((e: unknown) => e)
        assert.ok(isWardlineError(error, "ERR_MALFORMED"), `${length} of ${whole.length}`)
      }
  })

  test(`${name}: whatever is changed, it is refused or made of its own parts`, async () => {
    const whole = make()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const bytes = Buffer.from(whole)
          for (const [at, value] of changes) bytes[at] = value
          try {
            const plan = await planCleanImage(sourceOf(bytes), "image/jpeg")
            for (const piece of plan?.pieces ?? []) {
              if (piece instanceof Uint8Array) continue
              assert.ok(0 <= piece.start && piece.start <= piece.end && piece.end <= bytes.length)
            }
          } catch (error) {
            assert.ok(isWardlineError(error), String(error))
          }
        },
      ),
      { numRuns: 300 },
    )
  })
}

test("JPEG: tables, frame and coded data stay byte by byte", async () => {
  const plain = picture("photo.jpg")
  const cleaned = await clean(taggedJpeg())
  // From the first table on, after JFIF and the colour profile.
  const tables = plain.subarray(plain.indexOf(Buffer.from([0xff, 0xdb])))
  assert.ok(cleaned.subarray(-tables.length).equals(tables))
  assert.ok(cleaned.indexOf("ICC_PROFILE", 0, "latin1") > 0)
})

test("JPEG: long coded data is read through, whatever its windows cut apart", async () => {
  const plain = picture("photo.jpg")
  const scan = plain.indexOf(Buffer.from([0xff, 0xda]))
  const head = plain.subarray(0, scan + 2 + plain.readUInt16BE(scan + 2))
  for (const length of [65_000, 65_534, 65_535, 65_536, 131_070, 200_001]) {
    const data = Buffer.alloc(length, 0x55)
    for (let i = 1; i + 1 < length; i += 97) data.set([0xff, i % 2 ? 0 : 0xd0 + (i % 8)], i)
    const second = Buffer.from([0xff, 0xc4, 0, 4, 1, 2])
    const bytes = Buffer.concat([head, data, second, plain.subarray(scan), Buffer.from("SECRET-BEHIND")])
    const cleaned = await clean(bytes)
    assert.ok(cleaned.equals(bytes.subarray(0, -13)), `${length}`)
  }
})

test("PNG: its chunks stay byte by byte", async () => {
  const plain = picture("photo.png")
  const cleaned = await clean(taggedPng())
  assert.ok(cleaned.subarray(0, 33).equals(plain.subarray(0, 33)))
  assert.ok(cleaned.subarray(-(plain.length - 33)).equals(plain.subarray(33)))
})

test("WebP: picture and colours stay, the header says what is left, sizes fit", async () => {
  for (const name of ["lossy.webp", "lossless.webp", "alpha.webp"]) {
    const plain = picture(name)
    const cleaned = await clean(taggedWebp(name, false, 1))
    assert.ok(cleaned.equals(plain), name)
    assert.is((await clean(taggedWebp(name)))[20], (plain[20] as number) | 0x08)
  }
})

test("an animation keeps its frames, without what hides in them", async () => {
  const cleaned = await clean(taggedAnimation())
  assert.is(cleaned.indexOf("secret-words", 0, "latin1"), -1)
  assert.is(cleaned.readUInt32LE(4), cleaned.length - 8)
  const frames = cleaned.toString("latin1").split("ANMF").slice(1)
  assert.is(frames.length, 2)
  assert.is(frames[0], frames[1])
})

test("an image is known by what it is, not by what it is called", async () => {
  assert.is((await metadata(await clean(taggedJpeg(), "application/pdf"))).latitude, undefined)
  assert.is((await planCleanImage(sourceOf(taggedPng()), "image/jpeg"))?.mediaType, "image/png")
  assert.is(await planCleanImage(sourceOf(Buffer.from("%PDF-1.7 …")), "application/pdf"), undefined)
  assert.is(await planCleanImage(sourceOf(Buffer.alloc(0)), "text/plain"), undefined)
})

const UNCLEANED: Record<string, [head: string, type: string]> = {
  HEIC: ["\0\0\0\x18ftypheic\0\0\0\0", ""],
  "HEIC by another brand": ["\0\0\0\x18ftypmif1\0\0\0\0", "application/octet-stream"],
  AVIF: ["\0\0\0\x18ftypavif\0\0\0\0", ""],
  "a raw photo": ["II*\0\x10\0\0\0", ""],
  TIFF: ["MM\0*\0\0\0\x08", ""],
  "what calls itself an image": ["GIF89a", "image/gif"],
  "a JPEG that isn't one": ["hello", "image/jpeg"],
}
for (const [name, [head, type]] of Object.entries(UNCLEANED)) {
  test(`${name} can't be cleaned, and is refused`, async () => {
    await rejects(planCleanImage(sourceOf(Buffer.from(head, "latin1")), type), "ERR_UNSUPPORTED")
  })
}

test("a header without a picture is refused", async () => {
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xd9])
  await rejects(planCleanImage(sourceOf(jpeg), ""), "ERR_MALFORMED")
  const png = picture("photo.png")
  const noData = Buffer.concat([png.subarray(0, 33), png.subarray(-12)])
  await rejects(planCleanImage(sourceOf(noData), ""), "ERR_MALFORMED")
  const extended = picture("lossy.webp").subarray(12, 30)
  await rejects(planCleanImage(sourceOf(riff(extended, riffChunk("EXIF", tiff()))), ""), "ERR_MALFORMED")
  await rejects(planCleanImage(sourceOf(riff()), ""), "ERR_MALFORMED")
})

test("a picture is shown by its own type and size", async () => {
  assert.equal(await previewOf(sourceOf(taggedJpeg())), { mediaType: "image/jpeg", width: 40, height: 24 })
  assert.equal(await previewOf(sourceOf(taggedPng())), { mediaType: "image/png", width: 40, height: 24 })
  for (const name of ["lossy.webp", "lossless.webp", "alpha.webp"]) {
    const size = { mediaType: "image/webp", width: 40, height: 24 }
    assert.equal(await previewOf(sourceOf(picture(name))), size, name)
    const bare = picture(name)
    const at = Math.max(bare.indexOf("VP8 ", 0, "latin1"), bare.indexOf("VP8L", 0, "latin1"))
    assert.equal(await previewOf(sourceOf(riff(bare.subarray(at)))), size, `${name}, simple format`)
  }
})

test("a small file that would cost gigabytes to show isn't shown: bombs and 100 megapixels", async () => {
  const png = picture("photo.png")
  const sized = (width: number, height: number): Buffer => {
    const bytes = Buffer.from(png)
    bytes.writeUInt32BE(width, 16)
    bytes.writeUInt32BE(height, 20)
    return bytes
  }
  assert.ok(await previewOf(sourceOf(sized(8192, 6144))))
  assert.is(await previewOf(sourceOf(sized(11_600, 8_700))), undefined)
  assert.is(await previewOf(sourceOf(sized(100_000, 100_000))), undefined)
  assert.is(await previewOf(sourceOf(sized(20_000, 1))), undefined)
  const jpeg = picture("photo.jpg")
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
  jpeg.writeUInt16BE(65_500, frame + 5)
  jpeg.writeUInt16BE(65_500, frame + 7)
  assert.is(await previewOf(sourceOf(jpeg)), undefined)
  const webp = picture("lossy.webp")
  webp.writeUIntLE(16_383, 24, 3)
  webp.writeUIntLE(16_383, 27, 3)
  assert.is(await previewOf(sourceOf(webp)), undefined)
})

test("what isn't a picture of a known format is never shown: SVG, HTML, a damaged one", async () => {
  for (const text of ["<svg xmlns='http://www.w3.org/2000/svg'/>", "<!doctype html><script>", "GIF89a", ""])
    assert.is(await previewOf(sourceOf(Buffer.from(text))), undefined)
  assert.is(await previewOf(sourceOf(taggedJpeg().subarray(0, 900))), undefined)
})

test.run()
