/** Files as applications hand them over, made ready to be sealed: named, measured, and images without metadata. */
import {
  type FileParts,
  isImage,
  MAX_FILE_BYTES,
  mediaTypeOf,
  type Piece,
  pieceBytes,
  planCleanImage,
  sentFileName,
} from "../attachments/index.ts"
import { WardlineError } from "../errors.ts"

/** A file that can be read once, from its beginning. */
export interface StreamedFile {
  readonly stream: ReadableStream<Uint8Array>
  /** Bytes. */
  readonly size: number
  readonly name: string
  /** Such as application/pdf. */
  readonly type: string
}

/** A `File` from an input, a `Blob` of your own, or a stream. */
export type SendableFile = (Blob & { readonly name?: string }) | StreamedFile

export interface ReadyFile {
  readonly name: string
  readonly mediaType: string
  readonly size: number
  readonly parts: FileParts
}

const READ_BYTES = 1_048_576
/** An image that comes as a stream is held to be cleaned. */
const MAX_STREAMED_IMAGE_BYTES = 33_554_432

/** @param keepOriginal - leave an image's metadata in it.
 * @throws {WardlineError} ERR_TOO_LARGE; ERR_MALFORMED and ERR_UNSUPPORTED as planCleanImage. */
export async function readyFile(file: SendableFile, keepOriginal: boolean): Promise<ReadyFile> {
  if (file.size > MAX_FILE_BYTES) throw new WardlineError("ERR_TOO_LARGE", "the file is too large")
  const common = { name: sentFileName(file.name ?? ""), mediaType: mediaTypeOf(file.type) }
  if (isBlob(file)) return { ...common, ...(await readyBlob(file, common.mediaType, keepOriginal)) }
  const { size } = file
  if (keepOriginal) return { ...common, size, parts: readStream(file.stream.getReader(), new Uint8Array(0)) }
  const reader = file.stream.getReader()
  const head = await readHead(reader)
  const parts = readStream(reader, head)
  if (!isImage(head.subarray(0, 16), common.mediaType)) return { ...common, size, parts }
  if (size > MAX_STREAMED_IMAGE_BYTES)
    throw new WardlineError("ERR_TOO_LARGE", "an image of this size can be cleaned only as a File or Blob")
  return { ...common, ...(await readyBlob(await gather(parts, size), common.mediaType, false)) }
}

/** By what it can do: a frame's Blob is no instance of its parent's. */
function isBlob(file: SendableFile): file is Blob {
  return typeof file.stream === "function"
}

async function readyBlob(
  blob: Blob,
  mediaType: string,
  keepOriginal: boolean,
): Promise<Pick<ReadyFile, "mediaType" | "size" | "parts">> {
  const read = async (start: number, end: number): Promise<Uint8Array> =>
    new Uint8Array(await blob.slice(start, end).arrayBuffer())
  const plan = keepOriginal ? undefined : await planCleanImage({ size: blob.size, read }, mediaType)
  const pieces: readonly Piece[] = plan?.pieces ?? [{ start: 0, end: blob.size }]
  const size = pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0)
  return { mediaType: plan?.mediaType ?? mediaType, size, parts: readPieces(pieces, read) }
}

async function* readPieces(
  pieces: readonly Piece[],
  read: (start: number, end: number) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece
    else
      for (let at = piece.start; at < piece.end; at += READ_BYTES)
        yield await read(at, Math.min(piece.end, at + READ_BYTES))
  }
}

type FileReader = ReadableStreamDefaultReader<Uint8Array>

/** Enough to tell what the file is. */
async function readHead(reader: FileReader): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  while (length < 16) {
    const { value } = await reader.read()
    if (value === undefined) break
    parts.push(value)
    length += value.length
  }
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer())
}

async function* readStream(reader: FileReader, head: Uint8Array): AsyncGenerator<Uint8Array> {
  let isDone = false
  try {
    yield head
    for (;;) {
      const { value } = await reader.read()
      isDone = value === undefined
      if (value === undefined) return
      yield value
    }
  } finally {
    if (!isDone) reader.cancel().catch(() => {})
  }
}

async function gather(parts: FileParts, size: number): Promise<Blob> {
  const held: Uint8Array[] = []
  let length = 0
  for await (const part of parts) {
    length += part.length
    if (length > size) break
    held.push(part)
  }
  if (length !== size) throw new WardlineError("ERR_MALFORMED", "the file isn't as long as it was said to be")
  return new Blob(held as Uint8Array<ArrayBuffer>[])
}
