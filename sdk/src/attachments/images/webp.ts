/** WebP (RFC 9649): keeps the chunks that make the picture and its colours, and nothing else. */
import { concat, utf8 } from "../../bytes.ts"
import { orientationTiff, readOrientation, UPRIGHT, withoutExifHeader } from "./orientation.ts"
import { type ByteSource, Cursor, type ImagePlan, latin1, malformedImage, Pieces } from "./pieces.ts"

/** "RIFF", size, "WEBP". */
const FILE_HEADER_BYTES = 12
/** FourCC and size. */
const CHUNK_HEADER_BYTES = 8
/** Position, size, duration and flags of an animation's frame. */
const FRAME_HEADER_BYTES = 16
const MAX_EXIF_BYTES = 65_536
const HAS_XMP = 0x04
const HAS_EXIF = 0x08

const KEPT: ReadonlySet<string> = new Set(["VP8 ", "VP8L", "ALPH", "ANIM", "ICCP"])
const KEPT_IN_FRAME: ReadonlySet<string> = new Set(["VP8 ", "VP8L", "ALPH"])

interface Chunk {
  readonly type: string
  /** Of its header. */
  readonly at: number
  /** Of its data, without the byte that makes it even. */
  readonly size: number
  readonly end: number
}

/** @throws {WardlineError} ERR_MALFORMED for what isn't a whole WebP. */
export async function planWebp(source: ByteSource): Promise<ImagePlan> {
  const cursor = new Cursor(source)
  const end = CHUNK_HEADER_BYTES + (await cursor.view(4, 4)).getUint32(0, true)
  if (end > cursor.size) throw malformedImage("it ends too early")
  const chunks = await readChunks(cursor, FILE_HEADER_BYTES, end)
  const first = chunks[0]
  if (first === undefined || !chunks.some(isPicture)) throw malformedImage("it has no picture")
  const size = await readSize(cursor, first)
  const orientation = await findOrientation(cursor, chunks)
  const pieces = new Pieces()
  for (const chunk of chunks) {
    if (chunk === first && chunk.type === "VP8X") pieces.add(await extendedHeader(cursor, chunk, orientation))
    else if (chunk.type === "ANMF") await keepFrame(cursor, pieces, chunk)
    else if (KEPT.has(chunk.type)) pieces.keep(chunk.at, chunk.end)
  }
  // Only the extended format may hold more than the picture.
  if (orientation !== UPRIGHT && first.type === "VP8X") {
    pieces.add(concat(header("EXIF", 26), orientationTiff(orientation)))
  }
  const file = concat(header("RIFF", pieces.bytes + 4), utf8("WEBP"))
  return { mediaType: "image/webp", ...size, pieces: [file, ...pieces.list] }
}

async function readChunks(cursor: Cursor, start: number, end: number): Promise<Chunk[]> {
  const chunks: Chunk[] = []
  for (let at = start; at < end; ) {
    const view = await cursor.view(at, CHUNK_HEADER_BYTES)
    const size = view.getUint32(4, true)
    const type = latin1(await cursor.bytes(at, 4))
    const next = at + CHUNK_HEADER_BYTES + size + (size % 2)
    if (next > end) throw malformedImage("a chunk's length is wrong")
    chunks.push({ type, at, size, end: next })
    at = next
  }
  return chunks
}

function isPicture({ type }: Chunk): boolean {
  return type === "VP8 " || type === "VP8L" || type === "ANMF"
}

async function readSize(cursor: Cursor, first: Chunk): Promise<{ width: number; height: number }> {
  const needed = first.type === "VP8L" ? 5 : 10
  if (first.size < needed) throw malformedImage("it has no size")
  const view = await cursor.view(first.at + CHUNK_HEADER_BYTES, needed)
  const u24 = (offset: number): number => view.getUint16(offset, true) + view.getUint8(offset + 2) * 65_536
  if (first.type === "VP8X") return { width: u24(4) + 1, height: u24(7) + 1 }
  if (first.type === "VP8L" && view.getUint8(0) === 0x2f) {
    const bits = view.getUint32(1, true)
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  if (first.type === "VP8 " && u24(3) === 0x2a019d) {
    return { width: view.getUint16(6, true) & 0x3fff, height: view.getUint16(8, true) & 0x3fff }
  }
  throw malformedImage("it has no size")
}

async function findOrientation(cursor: Cursor, chunks: readonly Chunk[]): Promise<number> {
  const exif = chunks.find(({ type }) => type === "EXIF")
  if (exif === undefined) return UPRIGHT
  const bytes = await cursor.bytes(exif.at + CHUNK_HEADER_BYTES, Math.min(exif.size, MAX_EXIF_BYTES))
  return readOrientation(withoutExifHeader(bytes))
}

/** The header that says what else there is. */
async function extendedHeader(cursor: Cursor, { at, end }: Chunk, orientation: number): Promise<Uint8Array> {
  const bytes = (await cursor.bytes(at, end - at)).slice()
  const flags = (bytes[CHUNK_HEADER_BYTES] as number) & ~(HAS_XMP | HAS_EXIF)
  bytes[CHUNK_HEADER_BYTES] = orientation === UPRIGHT ? flags : flags | HAS_EXIF
  return bytes
}

/** A frame of an animation may hold unknown chunks of its own. */
async function keepFrame(cursor: Cursor, pieces: Pieces, frame: Chunk): Promise<void> {
  const inside = frame.at + CHUNK_HEADER_BYTES + FRAME_HEADER_BYTES
  if (frame.size < FRAME_HEADER_BYTES) throw malformedImage("a frame is too short")
  const chunks = await readChunks(cursor, inside, frame.at + CHUNK_HEADER_BYTES + frame.size)
  const kept = chunks.filter(({ type }) => KEPT_IN_FRAME.has(type))
  const size = kept.reduce((sum, { at, end }) => sum + end - at, FRAME_HEADER_BYTES)
  pieces.add(header("ANMF", size))
  pieces.keep(inside - FRAME_HEADER_BYTES, inside)
  for (const { at, end } of kept) pieces.keep(at, end)
}

function header(type: string, size: number): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEADER_BYTES)
  bytes.set(utf8(type))
  new DataView(bytes.buffer).setUint32(4, size, true)
  return bytes
}
