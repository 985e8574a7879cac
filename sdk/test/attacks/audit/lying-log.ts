/** A relay that lies about its audit log: rewrites the entries that pass through it, and signs checkpoints with the log's
 * own key. */
import { createPrivateKey, sign as signByNode } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fromHex, fromUtf8, toHex, utf8 } from "../../../src/bytes.ts"
import { sha256 } from "../../../src/crypto/index.ts"
import { clinicIdOf, type ServedEntry } from "../../../src/protocol/index.ts"
import {
  type AuditEntry,
  auditOrigin,
  checkpointLine,
  decodeEntry,
  encodeEntry,
  formatCheckpoint,
  formatNote,
} from "../../../src/tlog/index.ts"
import type { LiveClinic } from "../../support/live-clinic.ts"
import type { EvilHooks } from "../evil-relay.ts"

/** Entries ascending, as somebody would like them to be. */
export type Rewrite = (entries: AuditEntry[]) => AuditEntry[]

/** Replaces a scope's entries in a page that holds all of them: numbered as they are, and each naming the one before. */
export function rewritten(entries: readonly ServedEntry[], rewrite: Rewrite): ServedEntry[] {
  const real = entries.map(({ bytes }) => decodeEntry(bytes)).toReversed()
  const chained: AuditEntry[] = []
  for (const entry of rewrite(real)) chained.push({ ...entry, before: chained.at(-1)?.sequence ?? 0 })
  return chained.map((entry) => ({ bytes: encodeEntry(entry), proof: [] })).toReversed()
}

/** Has the proxy rewrite every page of entries. */
export function lie(hooks: EvilHooks, rewrite: Rewrite): void {
  hooks.toClient = (frame) =>
    frame.kind === "entries" ? [{ ...frame, entries: rewritten(frame.entries, rewrite) }] : undefined
}

export function clinicIdOfLive(clinic: LiveClinic): Uint8Array {
  return clinicIdOf(sha256, fromHex(clinic.created.clinicKey))
}

/** A checkpoint that the relay's key signs, whatever it says. */
export function signedNote(
  clinic: LiveClinic,
  tree: { size: number; root: Uint8Array },
  more: readonly string[] = [],
): string {
  const origin = auditOrigin(clinicIdOfLive(clinic))
  const body = formatCheckpoint({ origin, ...tree })
  const key = createPrivateKey(readFileSync(join(clinic.data, "log-key.pem"), "utf8"))
  const signature = new Uint8Array(signByNode(null, utf8(body), key))
  const line = checkpointLine({ origin, key: clinic.relay.logKey, hash: sha256, signature })
  return formatNote(body, [line, ...more])
}

/** The newest checkpoint that the relay shows. */
export async function noteOf(clinic: LiveClinic, which = "witnessed"): Promise<string> {
  const path = `/v1/clinics/${toHex(clinicIdOfLive(clinic))}/audit/${which}`
  const answer = await fetch(new URL(path, clinic.url))
  if (!answer.ok) throw new Error(`no ${which}: ${answer.status}`)
  return fromUtf8(new Uint8Array(await answer.arrayBuffer()))
}

/** Answers a request for a path of the audit log with this text. */
export function answering(path: string, text: string): NonNullable<EvilHooks["before"]> {
  return (request) =>
    request.path.split("?")[0]?.endsWith(`/audit/${path}`)
      ? { status: 200, headers: { "content-type": "text/plain" }, body: utf8(text) }
      : undefined
}
