/** Sends and fetches a conversation's files. A page loads it when the first file is chosen or opened. */
import { throwIfAborted } from "../abort.ts"
import {
  type AttachmentPayload,
  FileSealer,
  inertMediaType,
  MAX_CAPTION_CHARACTERS,
  placeOf,
  sealedSize,
  secretsOf,
} from "../attachments/index.ts"
import { toHex } from "../bytes.ts"
import { randomBytes, STREAM_KEY_BYTES, wipe } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import { ID_BYTES } from "../ids.ts"
import { downloadBlob } from "./blob-download.ts"
import { uploadBlob } from "./blob-upload.ts"
import { readyFile, type SendableFile } from "./sendable-file.ts"
import type { TransferHost, TransferOptions } from "./transfer-retries.ts"

export interface SendFileOptions extends TransferOptions {
  /** Words that go with the file, at most 4,000 characters. */
  readonly caption?: string
  /** Leave an image as it is, with the place and the device that it was taken with. */
  readonly keepOriginal?: boolean
}

/** Seals a file and uploads it.
 * @returns the payload of the message that stands for it. */
export async function uploadFile(
  host: TransferHost,
  file: SendableFile,
  options: SendFileOptions,
): Promise<AttachmentPayload> {
  const { caption, keepOriginal = false, signal } = options
  throwIfAborted(signal)
  if ((caption?.length ?? 0) > MAX_CAPTION_CHARACTERS)
    throw new WardlineError("ERR_TOO_LARGE", "the caption is too long")
  const { name, mediaType, size, parts } = await readyFile(file, keepOriginal)
  const key = randomBytes(STREAM_KEY_BYTES)
  const blob = randomBytes(ID_BYTES)
  const sealer = new FileSealer(parts, size, key, { conversation: host.conversation, blob })
  await uploadBlob(host, blob, sealer, sealedSize(size), options)
  const payload: AttachmentPayload = {
    v: 1,
    type: "attachment",
    blob: toHex(blob),
    key: toHex(key),
    hash: toHex(sealer.hash),
    size,
    mediaType,
    name,
    ...(caption === undefined || caption === "" ? {} : { caption }),
  }
  wipe(key)
  return payload
}

/** Gathered before they become a Blob, which browsers may keep on disk. */
const FOLDED_BYTES = 8_388_608

/** Downloads and opens a file.
 * @returns all of it, and nothing before all of it has been checked. Its type is one that a browser runs nothing of. */
export async function downloadFile(
  host: TransferHost,
  payload: AttachmentPayload,
  options: TransferOptions,
): Promise<Blob> {
  const type = inertMediaType(payload.mediaType)
  let file = new Blob([], { type })
  let parts: Uint8Array<ArrayBuffer>[] = []
  let held = 0
  const fold = (): void => {
    file = new Blob([file, ...parts], { type })
    parts = []
    held = 0
  }
  const write = async (part: Uint8Array): Promise<void> => {
    parts.push(part as Uint8Array<ArrayBuffer>)
    held += part.length
    if (held >= FOLDED_BYTES) fold()
  }
  await fetchFile(host, payload, write, options)
  fold()
  return file
}

/** Downloads and opens a file into a stream, which is closed only after all of it has been checked, and aborted
 * otherwise: a file on disk then never comes into being. */
export async function saveFile(
  host: TransferHost,
  payload: AttachmentPayload,
  sink: WritableStream<Uint8Array>,
  options: TransferOptions,
): Promise<void> {
  const writer = sink.getWriter()
  try {
    await fetchFile(host, payload, (part) => writer.write(part), options)
    await writer.close()
  } catch (error) {
    await writer.abort(error).catch(() => {})
    throw error
  }
}

async function fetchFile(
  host: TransferHost,
  payload: AttachmentPayload,
  write: (part: Uint8Array) => Promise<void>,
  options: TransferOptions,
): Promise<void> {
  throwIfAborted(options.signal)
  const { blob } = placeOf(payload, host.conversation)
  await downloadBlob(host, blob, secretsOf(payload), write, options)
}
