/** PNG (W3C PNG, third edition): keeps the chunks that make the picture and its colours, and nothing else. */
import { concat, utf8, Writer } from "../../bytes.ts"
import { orientationTiff, readOrientation, UPRIGHT, withoutExifHeader } from "./orientation.ts"
import { type ByteSource, Cursor, type ImagePlan, latin1, malformedImage, Pieces } from "./pieces.ts"

const SIGNATURE_BYTES = 8
/** Length, type, CRC. */
const FRAME_BYTES = 12
/** Enough of Exif data to find the orientation, which comes first. */
const MAX_EXIF_BYTES = 65_536

const KEPT: ReadonlySet<string> = new Set([
  "IHDR",
  "PLTE",
  "IDAT",
  "tRNS",
  "cHRM",
  "gAMA",
  "iCCP",
  "sBIT",
  "sRGB",
  "cICP",
  "mDCV",
  "cLLI",
  "bKGD",
  "pHYs",
  "acTL",
  "fcTL",
  "fdAT",
])

/** @throws {WardlineError} ERR_MALFORMED for what isn't a whole PNG. */
export async function planPng(source: ByteSource): Promise<ImagePlan> {
  const cursor = new Cursor(source)
  const pieces = new Pieces()
  const size = await readHeader(cursor)
  let hasData = false
  let hasOrientation = false
  let at = SIGNATURE_BYTES
  pieces.keep(0, at)
  for (;;) {
    const length = (await cursor.view(at, 8)).getUint32(0)
    const type = latin1(await cursor.bytes(at + 4, 4))
    const end = at + FRAME_BYTES + length
    if (end > cursor.size) throw malformedImage("a chunk's length is wrong")
    if (KEPT.has(type)) pieces.keep(at, end)
    else if (type === "eXIf" && !hasOrientation) {
      const exif = await cursor.bytes(at + 8, Math.min(length, MAX_EXIF_BYTES))
      const orientation = readOrientation(withoutExifHeader(exif))
      if (orientation !== UPRIGHT) {
        pieces.add(chunk("eXIf", orientationTiff(orientation)))
        hasOrientation = true
      }
    } else if (type === "IEND") {
      if (!hasData) throw malformedImage("it has no picture")
      pieces.keep(at, end)
      return { mediaType: "image/png", ...size, pieces: pieces.list }
    }
    hasData ||= type === "IDAT"
    at = end
  }
}

async function readHeader(cursor: Cursor): Promise<{ width: number; height: number }> {
  const view = await cursor.view(SIGNATURE_BYTES, 16)
  const isHeader = view.getUint32(0) === 13 && view.getUint32(4) === 0x49484452
  const width = view.getUint32(8)
  const height = view.getUint32(12)
  if (!isHeader || width === 0 || height === 0) throw malformedImage("it has no header")
  return { width, height }
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const named = concat(utf8(type), data)
  return new Writer().u32(data.length).bytes(named).u32(crc32(named)).done()
}

/** The CRC of chunks (annex D). */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return ~crc >>> 0
}
