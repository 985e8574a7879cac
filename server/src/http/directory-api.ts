/** `/v1/clinics/<id>/directory`: the clinic's signed directory, public, and changes to it (docs/protocol.md, HTTP). */
import type { IncomingMessage, ServerResponse } from "node:http"
import { Reader, toHex, WardlineError } from "@wardline/sdk/protocol"
import type { Clinic } from "../clinic.ts"
import { MAX_POST_BYTES, MAX_POST_RECORDS } from "../limits.ts"
import type { RelayCore } from "../relay-core.ts"
import { ChangeDirectory, type DirectoryHead } from "../requests/change-directory.ts"
import type { ServedDirectory } from "../served-directory.ts"
import { announceDirectory } from "../sweep.ts"
import { answer, answerJson, answerMethod, type Headers, hasVersion, readBody } from "./answer.ts"

const PATH = /^\/v1\/clinics\/([0-9a-f]{32})\/directory(\/snapshot)?$/

/** The directory is public and signed: any page may read it. */
const READABLE: Headers = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "ETag",
  "Cross-Origin-Resource-Policy": "cross-origin",
}

/** Answers if the path is a directory's.
 * @param isAllowedOrigin - whether a page of that origin may change a directory.
 * @throws {WardlineError} for the caller to answer. */
export async function handleDirectory(
  core: RelayCore,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  isAllowedOrigin: (origin: string) => boolean,
): Promise<boolean> {
  const [, name, snapshot] = PATH.exec(url.pathname) ?? []
  if (name === undefined) return false
  const clinic = core.clinics.get(Buffer.from(name, "hex").toString("latin1"))
  if (clinic === undefined) throw new WardlineError("ERR_NOT_FOUND", "this relay doesn't serve that clinic")
  switch (request.method) {
    case "GET":
    case "HEAD":
      if (snapshot === undefined) await sendDirectory(core, clinic, request, response, url)
      else await sendShort(core, clinic, request, response)
      break
    case "POST":
      if (snapshot !== undefined) {
        answerMethod(response, "GET, HEAD, OPTIONS")
        break
      }
      await changeDirectory(core, clinic, request, response, isAllowedOrigin)
      break
    case "OPTIONS":
      answer(response, 204, {
        ...READABLE,
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Content-Type, If-None-Match",
        "Access-Control-Max-Age": 86_400,
      })
      break
    default:
      answerMethod(response, "GET, HEAD, POST, OPTIONS")
  }
  return true
}

async function sendDirectory(
  core: RelayCore,
  clinic: Clinic,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const from = fromOf(url)
  const wraps = wrapsOf(url)
  await send(core, clinic, request, response, (served) => served.body(from, wraps))
}

/** `/v1/clinics/<id>/directory/snapshot`: what a first visitor begins from. */
async function sendShort(
  core: RelayCore,
  clinic: Clinic,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await send(core, clinic, request, response, (served) => served.short())
}

async function send(
  core: RelayCore,
  clinic: Clinic,
  request: IncomingMessage,
  response: ServerResponse,
  makeBody: (served: ServedDirectory) => Buffer,
): Promise<void> {
  const served = await clinic.served(core.store)
  const body = makeBody(served)
  const etag = `"${toHex(served.directory.link)}"`
  const headers = { ...READABLE, ETag: etag, "Cache-Control": "no-cache" }
  if (hasVersion(request, etag)) answer(response, 304, headers)
  else answer(response, 200, { ...headers, "Content-Type": "application/octet-stream" }, body)
}

/** Whose wraps are asked for. They are no secret: a wrap opens for the device alone that it was made for. */
function wrapsOf(url: URL): Uint8Array | "all" | undefined {
  const text = url.searchParams.get("wraps")
  if (text === null) return undefined
  if (text === "all") return text
  if (!/^[0-9a-f]{32}$/.test(text)) throw new WardlineError("ERR_MALFORMED", "wraps isn't a device")
  return Buffer.from(text, "hex")
}

function fromOf(url: URL): number {
  const text = url.searchParams.get("from") ?? "0"
  const from = Number(text)
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(from))
    throw new WardlineError("ERR_MALFORMED", "from isn't a position")
  return from
}

async function changeDirectory(
  core: RelayCore,
  clinic: Clinic,
  request: IncomingMessage,
  response: ServerResponse,
  isAllowedOrigin: (origin: string) => boolean,
): Promise<void> {
  const { origin } = request.headers
  if (origin !== undefined && !isAllowedOrigin(origin))
    throw new WardlineError("ERR_FORBIDDEN", "pages of this origin may not change the directory")
  const records = splitRecords(await readBody(request, MAX_POST_BYTES))
  const head = await new Promise<DirectoryHead>((resolve, reject) => {
    const done = (result: DirectoryHead, isChanged: boolean): void => {
      if (isChanged) announceDirectory(core, clinic, core.now())
      resolve(result)
    }
    core.commits.add(new ChangeDirectory(core.store, clinic, records, done, reject))
  })
  answerJson(response, 200, { position: head.position, link: toHex(head.link) }, READABLE)
}

/** @throws {WardlineError} ERR_MALFORMED, ERR_TOO_LARGE */
function splitRecords(body: Uint8Array): Uint8Array[] {
  const reader = new Reader(body)
  const records: Uint8Array[] = []
  while (reader.remaining > 0) {
    if (records.length === MAX_POST_RECORDS)
      throw new WardlineError("ERR_TOO_LARGE", "too many records at once")
    records.push(reader.lp32(MAX_POST_BYTES))
  }
  if (records.length === 0) throw new WardlineError("ERR_MALFORMED", "no records")
  return records
}
