/** The relay's blobs: what may be stored, by whom, and for how long. */
import { WardlineError } from "@wardline/sdk/protocol"
import type { RelayLimits } from "../limits.ts"
import { BlobFolder, type StoredBlob } from "./blob-folder.ts"
import { Tickets } from "./tickets.ts"
import { Transfers } from "./transfers.ts"

/** Unfinished uploads aren't looked for more often. */
const SWEEP_INTERVAL_MS = 10 * 60 * 1000

/** Who asks to upload, and where; ids as keys. */
export interface UploadRequest {
  readonly conversation: string
  readonly blob: string
  /** Of the whole blob, in bytes. */
  readonly size: number
  readonly device: string
  readonly isPatient: boolean
}

export class Blobs {
  readonly folder: BlobFolder
  readonly tickets: Tickets = new Tickets()
  readonly transfers: Transfers
  readonly #limits: RelayLimits
  #sweptMs = 0

  /** @param data - the data folder. */
  constructor(data: string, limits: RelayLimits) {
    this.folder = new BlobFolder(data)
    this.transfers = new Transfers(limits.blobTransfers, limits.blobTransfersPerDevice)
    this.#limits = limits
  }

  /** Makes room for an upload, or finds the one that is to be resumed.
   * @throws {WardlineError} ERR_TOO_LARGE, ERR_CONFLICT, ERR_RATE_LIMITED, ERR_READ_ONLY */
  reserve(request: UploadRequest): StoredBlob {
    const { conversation, blob, size, device } = request
    this.#checkSize(request)
    const stored = this.folder.list(conversation)
    const existing = this.folder.find(conversation, blob)
    if (existing !== undefined) {
      checkSame(existing, request)
      return existing
    }
    this.#checkQuota(stored, size)
    this.#limitUploads(conversation, device, stored)
    if (this.folder.freeBytes() - size < this.#limits.minFreeBytes)
      throw new WardlineError("ERR_READ_ONLY", "the relay's disk has no room for this")
    return this.folder.begin(conversation, blob, size, device)
  }

  #checkSize({ size, isPatient }: UploadRequest): void {
    const { blobBytes, patientBlobBytes } = this.#limits
    if (size < 1 || size > (isPatient ? patientBlobBytes : blobBytes))
      throw new WardlineError("ERR_TOO_LARGE", "the file is over the relay's limit")
  }

  #checkQuota(stored: readonly StoredBlob[], size: number): void {
    const { conversationBlobBytes, conversationBlobs } = this.#limits
    const total = stored.reduce((sum, blob) => sum + blob.size, size)
    if (total > conversationBlobBytes || stored.length >= conversationBlobs)
      throw new WardlineError("ERR_TOO_LARGE", "the conversation's files are at the relay's limit")
  }

  /** A device whose page was closed over and over loses its oldest unfinished upload, not the right to another. */
  #limitUploads(conversation: string, device: string, stored: readonly StoredBlob[]): void {
    const mine = stored.filter(({ upload }) => upload?.device === device)
    if (mine.length < this.#limits.unfinishedBlobs) return
    const idle = mine.filter(({ id }) => this.transfers.uploadOf(conversation, id) === undefined)
    const age = new Map(idle.map((blob) => [blob, this.folder.writtenMs(blob)]))
    const oldest = idle.sort((a, b) => (age.get(a) ?? 0) - (age.get(b) ?? 0))[0]
    if (oldest === undefined) throw new WardlineError("ERR_RATE_LIMITED", "too many uploads at once")
    this.folder.remove(oldest)
  }

  /** Removes uploads that nobody has gone on with for long. */
  sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_INTERVAL_MS) return
    this.#sweptMs = nowMs
    for (const conversation of this.folder.conversations())
      for (const blob of this.folder.list(conversation)) {
        if (blob.upload === undefined || this.transfers.uploadOf(conversation, blob.id)) continue
        if (nowMs - this.folder.writtenMs(blob) > this.#limits.unfinishedBlobMs) this.folder.remove(blob)
      }
  }

  /** Removes every blob of a conversation and breaks off its transfers; durable once it has returned.
   * @param conversation - its id as a key. */
  drop(conversation: string): void {
    this.transfers.stop(conversation)
    this.folder.drop(conversation)
  }
}

/** @throws {WardlineError} ERR_CONFLICT */
function checkSame({ size, upload }: StoredBlob, request: UploadRequest): void {
  const isOwn = upload === undefined || upload.device === request.device
  if (!isOwn || size !== request.size)
    throw new WardlineError("ERR_CONFLICT", "another upload has this blob's id")
}
