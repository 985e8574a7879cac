/** The audit log as the relay gives it: checkpoints and proofs over HTTP to anybody, entries in a session to whoever may
 * read them (docs/protocol.md, Reading the log). Nothing of it is checked here. */
import { sleep } from "../../abort.ts"
import { fromUtf8, toHex, utf8 } from "../../bytes.ts"
import { isWardlineError, WardlineError } from "../../errors.ts"
import { HASH_BYTES } from "../../ids.ts"
import { fromBase64, MAX_PROOF_HASHES, tilePath } from "../../tlog/index.ts"
import type { AuditPage, AuditQuery, Session } from "../../transport/index.ts"
import { type DirectoryRequest, exchange } from "../directory-fetch.ts"

/** Which clinic's log, and where. */
export type AuditRequest = DirectoryRequest

const BUSY_ATTEMPTS = 10
const BUSY_PAUSE_MS = 500

const GET: RequestInit = { method: "GET", cache: "no-store" }

/** The newest signed checkpoint: `checkpoint` with the cosignatures that came, `witnessed` the newest that has the
 * policy's quorum of them.
 * @throws {WardlineError} ERR_NOT_FOUND if there is none; ERR_OFFLINE, ERR_MALFORMED, ERR_ABORTED. */
export async function fetchNote(request: AuditRequest, which: "checkpoint" | "witnessed"): Promise<string> {
  return fromUtf8(await exchange(auditUrl(request, which), GET, request.signal))
}

/** The proof that the tree of `to` entries begins with that of `from` entries.
 * @throws {WardlineError} what the relay answers; ERR_OFFLINE, ERR_MALFORMED, ERR_ABORTED. */
export function fetchConsistency(request: AuditRequest, from: number, to: number): Promise<Uint8Array[]> {
  return fetchProof(request, `consistency?from=${from}&to=${to}`)
}

/** The proof that the tree of `size` entries has the leaf at `index`, from 0.
 * @throws {WardlineError} as {@link fetchConsistency}. */
export function fetchInclusion(request: AuditRequest, index: number, size: number): Promise<Uint8Array[]> {
  return fetchProof(request, `inclusion?index=${index}&size=${size}`)
}

async function fetchProof(request: AuditRequest, path: string): Promise<Uint8Array[]> {
  const lines = fromUtf8(await exchange(auditUrl(request, path), GET, request.signal)).split("\n")
  if (lines.pop() !== "" || lines.length > MAX_PROOF_HASHES) throw unreadable()
  const hashes = lines.map(fromBase64)
  if (hashes.some(({ length }) => length !== HASH_BYTES)) throw unreadable()
  return hashes
}

/** A tile's first `width` hashes, joined. */
export async function fetchTile(
  request: AuditRequest,
  level: number,
  index: number,
  width: number,
): Promise<Uint8Array> {
  return await exchange(auditUrl(request, `tile/${tilePath({ level, index, width })}`), GET, request.signal)
}

/** Gives the relay a witness's cosignature.
 * @param note - the checkpoint's body with the witness's line.
 * @throws {WardlineError} what the relay answers; ERR_OFFLINE, ERR_ABORTED. */
export async function postCosignatures(request: AuditRequest, note: string): Promise<void> {
  const init = {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: utf8(note) as Uint8Array<ArrayBuffer>,
  }
  await exchange(auditUrl(request, "cosignatures"), init, request.signal)
}

/** Asks for entries, again after a moment where the relay is too busy.
 * @throws {WardlineError} what it answers; ERR_OFFLINE, ERR_ABORTED. */
export async function askAudit(
  session: Session,
  query: AuditQuery,
  signal: AbortSignal | undefined,
): Promise<AuditPage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await session.audit(query, signal)
    } catch (error) {
      const isBusy = isWardlineError(error, "ERR_RATE_LIMITED") || isWardlineError(error, "ERR_OVERLOADED")
      if (!isBusy || attempt === BUSY_ATTEMPTS) throw error
      await sleep(attempt * BUSY_PAUSE_MS, signal)
    }
  }
}

function auditUrl({ relay, clinicId }: AuditRequest, path: string): URL {
  return new URL(`/v1/clinics/${toHex(clinicId)}/audit/${path}`, relay)
}

function unreadable(): WardlineError {
  return new WardlineError("ERR_MALFORMED", "the relay's proof can't be read")
}
