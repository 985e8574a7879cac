/** Blobs as files: `blobs/<conversation>/<blob>-<size>`, and while they are uploaded
 * `blobs/<conversation>/<blob>-<size>-<device>-<offset>`. Every part of a path is hexadecimal or digits, made here from
 * bytes and numbers: nobody's text becomes a path. The offset is how far the bytes are known to be on disk. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs"
import { join } from "node:path"
import { WardlineError } from "@wardline/sdk/protocol"

const BLOBS_FOLDER = "blobs"
const CONVERSATION_NAME = /^[0-9a-f]{32}$/
const BLOB_NAME = /^([0-9a-f]{32})-(\d{1,16})(?:-([0-9a-f]{32})-(\d{1,16}))?$/

/** An upload that isn't finished. */
export interface Upload {
  /** The device that began it, as a key. */
  readonly device: string
  /** So many bytes are on disk for good. */
  readonly offset: number
}

export interface StoredBlob {
  /** The id as a key. */
  readonly id: string
  /** Of the whole blob, in bytes. */
  readonly size: number
  /** Undefined once it is whole. */
  readonly upload: Upload | undefined
  readonly path: string
}

/** Conversations, blobs and devices are named by their ids as keys. */
export class BlobFolder {
  readonly #root: string
  readonly #data: string

  /** @param data - the relay's data folder. */
  constructor(data: string) {
    this.#data = data
    this.#root = join(data, BLOBS_FOLDER)
  }

  /** Every blob of a conversation, whole or not. */
  list(conversation: string): StoredBlob[] {
    const folder = this.#folderOf(conversation)
    return namesIn(folder).flatMap((name) => {
      const match = BLOB_NAME.exec(name)
      if (match === null) return []
      const [, id = "", size = "", device, offset = ""] = match
      const upload = device === undefined ? undefined : { device: bytesOf(device), offset: Number(offset) }
      return [{ id: bytesOf(id), size: Number(size), upload, path: join(folder, name) }]
    })
  }

  find(conversation: string, blob: string): StoredBlob | undefined {
    const found = this.list(conversation).filter(({ id }) => id === blob)
    // A crash may leave both.
    return found.find(({ upload }) => upload === undefined) ?? found[0]
  }

  /** Makes an empty upload. */
  begin(conversation: string, blob: string, size: number, device: string): StoredBlob {
    const folder = this.#folderOf(conversation)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const upload = { device, offset: 0 }
    const path = join(folder, nameOf(blob, size, upload))
    closeSync(openSync(path, "wx", 0o600))
    return { id: blob, size, upload, path }
  }

  /** What was written up to `offset` is on disk now: says so, durably. The caller has synced the file. */
  advance(blob: StoredBlob, upload: Upload, offset: number): StoredBlob {
    const advanced = { ...upload, offset }
    const path = join(blob.path, "..", nameOf(blob.id, blob.size, advanced))
    if (path !== blob.path) renameDurably(blob.path, path)
    return { ...blob, upload: advanced, path }
  }

  /** Makes a whole upload a blob. */
  complete(blob: StoredBlob): void {
    const folder = join(blob.path, "..")
    renameDurably(blob.path, join(folder, nameOf(blob.id, blob.size)))
    // The first one brought its folders with it.
    syncFolder(this.#root)
    syncFolder(this.#data)
  }

  remove(blob: StoredBlob): void {
    rmSync(blob.path, { force: true })
  }

  /** Removes everything of a conversation, durably. */
  drop(conversation: string): void {
    rmSync(this.#folderOf(conversation), { recursive: true, force: true })
    if (namesIn(this.#data).includes(BLOBS_FOLDER)) syncFolder(this.#root)
  }

  /** The conversations that have any, as keys. */
  conversations(): string[] {
    return namesIn(this.#root)
      .filter((name) => CONVERSATION_NAME.test(name))
      .map(bytesOf)
  }

  /** When an upload was last written to, ms since 1970; 0 if it is gone. */
  writtenMs(blob: StoredBlob): number {
    return statSync(blob.path, { throwIfNoEntry: false })?.mtimeMs ?? 0
  }

  /** Bytes that may still be written to the disk. */
  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#data)
    return bavail * bsize
  }

  #folderOf(conversation: string): string {
    return join(this.#root, hexOf(conversation))
  }
}

function nameOf(blob: string, size: number, upload?: Upload): string {
  const name = `${hexOf(blob)}-${size}`
  return upload === undefined ? name : `${name}-${hexOf(upload.device)}-${upload.offset}`
}

function hexOf(key: string): string {
  const hex = Buffer.from(key, "latin1").toString("hex")
  if (!CONVERSATION_NAME.test(hex)) throw new WardlineError("ERR_INTERNAL", "an id isn't one")
  return hex
}

function bytesOf(hex: string): string {
  return Buffer.from(hex, "hex").toString("latin1")
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}

function renameDurably(from: string, to: string): void {
  renameSync(from, to)
  syncFolder(join(to, ".."))
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r")
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** An upload's file, open for what comes next. */
export class UploadFile {
  readonly #file: number
  #offset: number

  /** What stands behind the offset was never known to be on disk: it is written anew. */
  constructor(path: string, offset: number) {
    this.#file = openSync(path, "r+")
    this.#offset = offset
  }

  get offset(): number {
    return this.#offset
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const count = writeSync(this.#file, bytes, done, bytes.length - done, this.#offset)
      done += count
      this.#offset += count
    }
  }

  /** Puts on disk what was written. */
  sync(): void {
    fsyncSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}
