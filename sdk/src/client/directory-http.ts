/** The directory over HTTP: fetched by everybody, extended by administrators and keepers (docs/protocol.md, HTTP). */
import { Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { HASH_BYTES } from "../ids.ts"
import {
  type DirectoryRequest,
  directoryUrl,
  exchange,
  parseJson,
  type ShortDirectory,
} from "./directory-fetch.ts"

export {
  decodeShortDirectory,
  fetchDirectory,
  fetchShortDirectory,
  type ShortDirectory,
} from "./directory-fetch.ts"

/** `lp32 snapshot ‖ lp32 attest ‖ records, each lp32`. */
export function encodeShortDirectory({ snapshot, attest, tail }: ShortDirectory): Uint8Array {
  return new Writer().list([snapshot, attest, ...tail], (writer, part) => writer.lp32(part)).done()
}

/** Adds records, all or none.
 * @returns the directory's new head.
 * @throws {WardlineError} what the relay answers, ERR_OFFLINE, ERR_MALFORMED, ERR_ABORTED. */
export async function postDirectory(
  request: DirectoryRequest,
  records: readonly Uint8Array[],
): Promise<{ position: number; link: string }> {
  const body = new Writer().list(records, (writer, record) => writer.lp32(record)).done()
  const init = {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: body as Uint8Array<ArrayBuffer>,
  }
  const answer: unknown = parseJson(await exchange(directoryUrl(request), init, request.signal))
  if (!isHead(answer)) throw new WardlineError("ERR_MALFORMED", "the relay's answer can't be read")
  return answer
}

function isHead(answer: unknown): answer is { position: number; link: string } {
  if (typeof answer !== "object" || answer === null) return false
  if (!("position" in answer) || !("link" in answer)) return false
  const { position, link } = answer
  return Number.isSafeInteger(position) && typeof link === "string" && link.length === 2 * HASH_BYTES
}
