/** Takes the next part of an upload: appended, synced, answered with how far it has come. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { answer, answerError, type Headers } from "../http/answer.ts"
import type { RelayCore } from "../relay-core.ts"
import { Note } from "../requests/note.ts"
import { type Authority, loadTicket } from "./authority.ts"
import { type StoredBlob, type Upload, UploadFile } from "./blob-folder.ts"
import type { Ticket } from "./tickets.ts"
import type { Transfer } from "./transfers.ts"

/** Answers HEAD with the offset, PATCH after storing its body there.
 * @throws {WardlineError} for the caller to answer. */
export async function receivePart(
  core: RelayCore,
  ticket: Ticket,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Headers,
  options: { notReady(): string | undefined },
): Promise<void> {
  const authority = await loadTicket(core, ticket)
  if (request.method === "HEAD") {
    const blob = findUpload(core, ticket)
    answer(response, 200, { ...headers, ...progressOf(blob) })
    return
  }
  const reason = options.notReady()
  if (reason !== undefined) throw new WardlineError("ERR_READ_ONLY", reason)
  await core.blobs.transfers.run(ticket, async (transfer) => {
    const blob = findUpload(core, ticket)
    const upload = blob.upload ?? { device: ticket.device, offset: blob.size }
    if (offsetHeader(request) !== upload.offset) {
      const error = new WardlineError("ERR_CONFLICT", "the upload goes on elsewhere: see Upload-Offset")
      answerError(response, error, { ...headers, ...progressOf(blob) })
      return
    }
    const left = blob.size - upload.offset
    if (Number(request.headers["content-length"] ?? 0) > left) throw tooLarge()
    const stored = await append(core, transfer, blob, upload, request)
    if (stored.upload?.offset === stored.size) await complete(core, ticket, authority, stored)
    answer(response, 204, { ...headers, ...progressOf(stored) })
  })
}

/** @throws {WardlineError} ERR_NOT_FOUND, ERR_CONFLICT */
function findUpload(core: RelayCore, ticket: Ticket): StoredBlob {
  const blob = core.blobs.folder.find(ticket.conversation, ticket.blob)
  // Nobody has gone on with it for too long.
  if (blob === undefined) throw new WardlineError("ERR_NOT_FOUND", "there is no such upload any more")
  const isOwn = blob.upload === undefined || blob.upload.device === ticket.device
  if (!isOwn || blob.size !== ticket.size)
    throw new WardlineError("ERR_CONFLICT", "the ticket is for another upload")
  return blob
}

function progressOf({ size, upload }: StoredBlob): Headers {
  return { "Upload-Offset": upload?.offset ?? size, "Upload-Length": size }
}

function offsetHeader(request: IncomingMessage): number {
  const text = String(request.headers["upload-offset"] ?? "")
  if (!/^\d{1,16}$/.test(text)) throw new WardlineError("ERR_MALFORMED", "Upload-Offset isn't a number")
  return Number(text)
}

/** Writes the request's body, and puts it on disk even if it breaks off.
 * @throws {WardlineError} ERR_TOO_LARGE, ERR_READ_ONLY, ERR_MALFORMED; as loadTicket. */
async function append(
  core: RelayCore,
  transfer: Transfer,
  blob: StoredBlob,
  upload: Upload,
  request: IncomingMessage,
): Promise<StoredBlob> {
  if (blob.upload === undefined) return await expectNothing(blob, request)
  transfer.onStop(() => request.destroy())
  const file = new UploadFile(blob.path, upload.offset)
  let advanced = blob
  let failure: unknown
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      await loadTicket(core, transfer.ticket)
      if (file.offset + chunk.length > blob.size) throw tooLarge()
      file.write(chunk)
    }
  } catch (error) {
    failure = error
  }
  try {
    // Unless it was dropped with its conversation.
    if (core.blobs.folder.writtenMs(blob) > 0) {
      file.sync()
      advanced = core.blobs.folder.advance(blob, upload, file.offset)
    }
  } catch (error) {
    failure ??= error
  } finally {
    file.close()
  }
  if (failure !== undefined) throw errorOf(failure)
  return advanced
}

/** A whole blob never changes; its last part may be sent again, and then it is empty. */
async function expectNothing(blob: StoredBlob, request: IncomingMessage): Promise<StoredBlob> {
  for await (const chunk of request as AsyncIterable<Buffer>) if (chunk.length > 0) throw tooLarge()
  return blob
}

/** The audit log has it first: there is no whole blob that it doesn't know of. */
async function complete(
  core: RelayCore,
  ticket: Ticket,
  { identity, access }: Authority,
  blob: StoredBlob,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const event = {
      action: "blob-write",
      actor: ticket.device,
      role: access?.role ?? "",
      purpose: access?.purpose ?? 0,
    } as const
    const about = { conversations: core.conversations, key: ticket.conversation }
    core.commits.add(new Note(identity.clinic, event, { about, done: resolve, failed: reject }))
  })
  // It may have been dropped meanwhile, with its conversation.
  await loadTicket(core, ticket)
  core.blobs.folder.complete(blob)
}

function tooLarge(): WardlineError {
  return new WardlineError("ERR_TOO_LARGE", "more bytes than the upload was announced with")
}

function errorOf(error: unknown): unknown {
  if (isWardlineError(error)) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EIO" || code === "EROFS")
    return new WardlineError("ERR_READ_ONLY", "the relay's disk is full or failing", { cause: error })
  return new WardlineError("ERR_MALFORMED", "the request broke off", { cause: error })
}
