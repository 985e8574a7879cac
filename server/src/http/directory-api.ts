/** `/v1/clinics/<id>/directory`: the clinic's signed directory, public, and changes to it (docs/protocol.md, HTTP). */
import type { IncomingMessage, ServerResponse } from "node:http"
import { Reader, toHex, WardlineError } from "@wardline/sdk/protocol"
import type { Clinic } from "../clinic.ts"
import { MAX_POST_BYTES, MAX_POST_RECORDS } from "../limits.ts"
import type { RelayCore } from "../relay-core.ts"
import { ChangeDirectory, type DirectoryHead } from "../requests/change-directory.ts"
import { announceDirectory } from "../sweep.ts"
import { answer, answerJson, answerMethod, type Headers, hasVersion, readBody } from "./answer.ts"

const PATH = /^\/v1\/clinics\/([0-9a-f]{32})\/directory$/

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
  const name = PATH.exec(url.pathname)?.[1]
  if (name === undefined) return false
  const clinic = core.clinics.get(Buffer.from(name, "hex").toString("latin1"))
  if (clinic === undefined) throw new WardlineError("ERR_NOT_FOUND", "this relay doesn't serve that clinic")
  switch (request.method) {
    case "GET":
    case "HEAD":
      await sendDirectory(core, clinic, request, response, url)
      break
    case "POST":
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
  const { link } = clinic.directory
  const etag = `"${toHex(link)}"`
  const headers = { ...READABLE, ETag: etag, "Cache-Control": "no-cache" }
  if (hasVersion(request, etag)) {
    answer(response, 304, headers)
    return
  }
  const body = await clinic.directoryBody(core.store, from)
  answer(response, 200, { ...headers, "Content-Type": "application/octet-stream" }, body)
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
