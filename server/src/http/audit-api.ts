/** `/v1/clinics/<id>/audit/…`: the audit log's checkpoints, tiles and proofs, public as hashes tell nobody anything, and
 * the witnesses' cosignatures (docs/protocol.md, The log over HTTP). */
import type { IncomingMessage, ServerResponse } from "node:http"
import { WardlineError } from "@wardline/sdk/protocol"
import { consistencyProof, inclusionProof, parseDecimal, parseTilePath, toBase64 } from "@wardline/sdk/tlog"
import { noteOf, type SignedCheckpoint } from "../audit/signed-checkpoint.ts"
import type { Clinic } from "../clinic.ts"
import { sha256 } from "../hashing.ts"
import { MAX_NOTE_BYTES } from "../limits.ts"
import type { RelayCore } from "../relay-core.ts"
import { answer, answerJson, answerMethod, type Headers, readBody } from "./answer.ts"

const PATH = /^\/v1\/clinics\/([0-9a-f]{32})\/audit\/(.+)$/
const READABLE: Headers = {
  "Access-Control-Allow-Origin": "*",
  "Cross-Origin-Resource-Policy": "cross-origin",
}
const NEWEST: Headers = { ...READABLE, "Cache-Control": "no-cache" }
/** What is in a tree of one size never changes. */
const FOR_EVER: Headers = { ...READABLE, "Cache-Control": "public, max-age=31536000, immutable" }
const TEXT = "text/plain; charset=utf-8"

/** Answers if the path is an audit log's.
 * @param isAllowedOrigin - whether a page of that origin may bring cosignatures.
 * @throws {WardlineError} for the caller to answer. */
export async function handleAudit(
  core: RelayCore,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  isAllowedOrigin: (origin: string) => boolean,
): Promise<boolean> {
  const [, name, what] = PATH.exec(url.pathname) ?? []
  if (name === undefined || what === undefined) return false
  const clinic = core.clinics.get(Buffer.from(name, "hex").toString("latin1"))
  if (clinic === undefined) throw new WardlineError("ERR_NOT_FOUND", "this relay doesn't serve that clinic")
  const isPosted = what === "cosignatures"
  const isRead = request.method === "GET" || request.method === "HEAD"
  if (request.method === "OPTIONS") answerOptions(response, isPosted)
  else if (isPosted && request.method === "POST")
    await takeCosignatures(core, clinic, request, response, isAllowedOrigin)
  else if (isPosted || !isRead) answerMethod(response, isPosted ? "POST, OPTIONS" : "GET, HEAD, OPTIONS")
  else await read(core, clinic, what, url, response)
  return true
}

function answerOptions(response: ServerResponse, isPosted: boolean): void {
  answer(response, 204, {
    ...READABLE,
    "Access-Control-Allow-Methods": isPosted ? "POST" : "GET",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": 86_400,
  })
}

async function read(
  core: RelayCore,
  clinic: Clinic,
  what: string,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const { read: readTile, size } = clinic.tree
  switch (what) {
    case "checkpoint":
      answerNote(response, core.checkpoints.newest(clinic))
      return
    case "witnessed":
      answerNote(response, core.checkpoints.witnessed(clinic))
      return
    case "inclusion": {
      const treeSize = sizeOf(url, "size", size)
      answerHashes(response, await inclusionProof(sha256, readTile, treeSize, countOf(url, "index")))
      return
    }
    case "consistency": {
      const to = sizeOf(url, "to", size)
      answerHashes(response, await consistencyProof(sha256, readTile, countOf(url, "from"), to))
      return
    }
    default:
      if (!what.startsWith("tile/")) throw new WardlineError("ERR_NOT_FOUND", "nothing is here")
      await answerTile(response, clinic, what.slice("tile/".length))
  }
}

function answerNote(response: ServerResponse, checkpoint: SignedCheckpoint | undefined): void {
  if (checkpoint === undefined) throw new WardlineError("ERR_NOT_FOUND", "there is no such checkpoint yet")
  answer(response, 200, { ...NEWEST, "Content-Type": TEXT }, Buffer.from(noteOf(checkpoint)))
}

/** One hash a line. */
function answerHashes(response: ServerResponse, hashes: readonly Uint8Array[]): void {
  const lines = hashes.map((hash) => `${toBase64(hash)}\n`).join("")
  answer(response, 200, { ...FOR_EVER, "Content-Type": TEXT }, Buffer.from(lines))
}

async function answerTile(response: ServerResponse, { tree }: Clinic, path: string): Promise<void> {
  const { level, index, width } = parseTilePath(path)
  const hashes = Buffer.from(await tree.read(level, index, width))
  answer(response, 200, { ...FOR_EVER, "Content-Type": "application/octet-stream" }, hashes)
}

/** @throws {WardlineError} ERR_MALFORMED */
function countOf(url: URL, name: string): number {
  const text = url.searchParams.get(name)
  if (text === null) throw new WardlineError("ERR_MALFORMED", `${name} is missing`)
  return parseDecimal(text)
}

/** @throws {WardlineError} ERR_MALFORMED; ERR_NOT_FOUND for a tree that isn't there yet. */
function sizeOf(url: URL, name: string, size: number): number {
  const value = countOf(url, name)
  if (value > size) throw new WardlineError("ERR_NOT_FOUND", "the log's tree isn't that large")
  return value
}

async function takeCosignatures(
  core: RelayCore,
  clinic: Clinic,
  request: IncomingMessage,
  response: ServerResponse,
  isAllowedOrigin: (origin: string) => boolean,
): Promise<void> {
  const { origin } = request.headers
  if (origin !== undefined && !isAllowedOrigin(origin))
    throw new WardlineError("ERR_FORBIDDEN", "pages of this origin may not bring cosignatures")
  const body = await readBody(request, MAX_NOTE_BYTES)
  const cosigned = await core.checkpoints.cosign(clinic, body.toString("utf8"))
  answerJson(response, 200, { cosigned }, READABLE)
}
