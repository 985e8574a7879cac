/** JPEG (ITU-T T.81, annex B): keeps what it takes to decode the picture and its colours, and nothing else. */
import { concat, Writer } from "../../bytes.ts"
import { hasExifHeader, orientationTiff, readOrientation, UPRIGHT } from "./orientation.ts"
import { type ByteSource, Cursor, type ImagePlan, latin1, malformedImage, Pieces } from "./pieces.ts"

const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const APP0 = 0xe0
const APP1 = 0xe1
const APP2 = 0xe2
const APP14 = 0xee
/** Tables, restart interval, hierarchy: DHT, DAC, DQT, DNL, DRI, DHP, EXP. */
const KEPT: ReadonlySet<number> = new Set([0xc4, 0xcc, 0xdb, 0xdc, 0xdd, 0xde, 0xdf])
/** "JFIF\0", version, density; what follows is a thumbnail. */
const JFIF_BYTES = 12
/** "Adobe", version, flags, colour transform. */
const ADOBE_BYTES = 12
const EXIF_HEADER = Uint8Array.of(0x45, 0x78, 0x69, 0x66, 0, 0)

/** @throws {WardlineError} ERR_MALFORMED for what isn't a whole JPEG. */
export async function planJpeg(source: ByteSource): Promise<ImagePlan> {
  const cursor = new Cursor(source)
  const pieces = new Pieces()
  let frame: { width: number; height: number } | undefined
  let hasOrientation = false
  let at = 2
  pieces.keep(0, at)
  for (;;) {
    at = await skipFill(cursor, at)
    const marker = (await cursor.bytes(at, 2))[1] as number
    if (marker === EOI) {
      if (frame === undefined) throw malformedImage("it has no picture")
      // Phones hide films, other pictures and depth maps behind the end.
      pieces.keep(at, at + 2)
      return { mediaType: "image/jpeg", ...frame, pieces: pieces.list }
    }
    const length = await segmentLength(cursor, at, marker)
    const end = at + 2 + length
    const payload = (): Promise<Uint8Array> => cursor.bytes(at + 4, length - 2)
    if (isFrame(marker)) {
      frame ??= readFrame(await payload())
      pieces.keep(at, end)
    } else if (marker === SOS) {
      if (frame === undefined) throw malformedImage("it has no frame")
      const next = await endOfScan(cursor, end)
      pieces.keep(at, next)
      at = next
      continue
    } else if (KEPT.has(marker)) pieces.keep(at, end)
    else if (marker === APP1 && !hasOrientation && hasExifHeader(await payload())) {
      const orientation = readOrientation((await payload()).subarray(EXIF_HEADER.length))
      if (orientation !== UPRIGHT) {
        pieces.add(segment(APP1, concat(EXIF_HEADER, orientationTiff(orientation))))
        hasOrientation = true
      }
    } else {
      const kept = keptOfApp(marker, await payload())
      if (kept !== undefined) pieces.add(segment(marker, kept))
    }
    at = end
  }
}

/** Any number of 0xff may come before a marker (B.1.1.2). */
async function skipFill(cursor: Cursor, start: number): Promise<number> {
  let at = start
  for (;;) {
    const bytes = await cursor.bytes(at, 2)
    if (bytes[0] !== 0xff) throw malformedImage("a marker is missing")
    if (bytes[1] !== 0xff) return at
    at += 1
  }
}

async function segmentLength(cursor: Cursor, at: number, marker: number): Promise<number> {
  const isAlone = marker === SOI || marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd7)
  if (isAlone) throw malformedImage("a marker is out of place")
  const length = (await cursor.view(at + 2, 2)).getUint16(0)
  if (length < 2 || at + 2 + length > cursor.size) throw malformedImage("a segment's length is wrong")
  return length
}

/** SOF0 … SOF15 without DHT, JPG and DAC. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

function readFrame(payload: Uint8Array): { width: number; height: number } {
  const at = (i: number): number => payload[i] ?? 0
  const height = at(1) * 256 + at(2)
  const width = at(3) * 256 + at(4)
  if (width === 0 || height === 0) throw malformedImage("it has no size")
  return { width, height }
}

/** The next marker after the coded data, in which 0xff is followed by 0 or is a restart marker (B.1.1.5). */
async function endOfScan(cursor: Cursor, start: number): Promise<number> {
  let at = start
  for (;;) {
    const bytes = await cursor.ahead(at)
    if (bytes.length < 2) throw malformedImage("it ends too early")
    for (let i = bytes.indexOf(0xff); i >= 0 && i + 1 < bytes.length; i = bytes.indexOf(0xff, i + 1)) {
      const next = bytes[i + 1] as number
      const isData = next === 0 || next === 0xff || (next >= 0xd0 && next <= 0xd7)
      if (!isData) return at + i
    }
    // The last byte may be the first of a marker.
    at += bytes.length - 1
  }
}

/** What is kept of an application segment: its payload, cut where something else begins; undefined for nothing. */
function keptOfApp(marker: number, payload: Uint8Array): Uint8Array | undefined {
  if (marker === APP0 && startsWith(payload, "JFIF\0")) {
    // Without the thumbnail, which may show what was cut off since.
    return concat(payload.subarray(0, JFIF_BYTES), new Uint8Array(2))
  }
  if (marker === APP2 && startsWith(payload, "ICC_PROFILE\0")) return payload.slice()
  if (marker === APP14 && startsWith(payload, "Adobe")) return payload.slice(0, ADOBE_BYTES)
  return undefined
}

function startsWith(payload: Uint8Array, text: string): boolean {
  return latin1(payload.subarray(0, text.length)) === text
}

function segment(marker: number, payload: Uint8Array): Uint8Array {
  return new Writer()
    .u8(0xff)
    .u8(marker)
    .u16(payload.length + 2)
    .bytes(payload)
    .done()
}
