/** Files of audit entries: tables, FHIR, and an entry's proof. Made in this browser. */
import type { AuditLogEntry, CheckpointInfo } from "@wardline/sdk"
import { sha256 } from "@wardline/sdk/crypto"
import { toAuditEvent } from "@wardline/sdk/fhir"
import { fromHex, toHex } from "@wardline/sdk/protocol"
import {
  CSV_HEADER,
  csvEntry,
  decodeEntry,
  type EntryContext,
  entryHash,
  formatProof,
  fromBase64,
  parseCheckpoint,
  parseNote,
  readableEntry,
  verifyInclusion,
} from "@wardline/sdk/tlog"
import type { EntryProof } from "./model.ts"

/** Entries between two breaths: a long file mustn't freeze the page. */
const AT_ONCE = 2_000

export class EntryFiles {
  readonly #relay: string

  /** @param relay - its address. */
  constructor(relay: string) {
    this.#relay = relay
  }

  /** Proves that an entry is in the sealed log, by its own way up the tree.
   * @param known - entries that were read; one about the clinic itself tells its id. */
  async prove(
    entry: AuditLogEntry,
    known: readonly AuditLogEntry[],
    checkpoint: CheckpointInfo,
    signal: AbortSignal,
  ): Promise<EntryProof> {
    const clinic = clinicOf(known)
    if (clinic === undefined) return { kind: "proven" }
    const at = `${this.#relay}/v1/clinics/${toHex(clinic)}/audit`
    const note = await fetchText(`${at}/witnessed`, signal)
    const { size, root } = parseCheckpoint(parseNote(note).body)
    const index = entry.sequence - 1
    const lines = await fetchText(`${at}/inclusion?index=${index}&size=${size}`, signal)
    const proof = lines
      .split("\n")
      .filter((line) => line !== "")
      .map(fromBase64)
    // A newer sealed state than the one that was checked proves nothing yet.
    if (size === checkpoint.size && toHex(root) !== checkpoint.root) return { kind: "unproven" }
    const leafHash = entryHash(sha256, entry.bytes)
    if (!verifyInclusion(sha256, { index, size, leafHash, root, proof })) return { kind: "unproven" }
    return { kind: "proven", file: formatProof({ entry: entry.bytes, index, proof, checkpoint: note }) }
  }

  /** @param entries - newest first; the file begins with the oldest.
   * @param known - everything that was read: a conversation's first entry tells whose it is.
   * @param provenTo - the newest entry that is proven to be in the log. */
  async make(
    format: "csv" | "fhir" | "ndjson",
    entries: readonly AuditLogEntry[],
    known: readonly AuditLogEntry[],
    provenTo: number,
  ): Promise<Blob> {
    const clinic = clinicOf(known) ?? new Uint8Array(16)
    const patients = new Map(
      known.flatMap(({ action, conversation, who }): [string, Uint8Array][] =>
        action === "consent" && conversation !== undefined ? [[conversation, fromHex(who.deviceId)]] : [],
      ),
    )
    const lines: string[] = format === "csv" ? ["\ufeff", CSV_HEADER] : []
    const ordered = entries.toReversed()
    for (let start = 0; start < ordered.length; start += AT_ONCE) {
      for (const { bytes, conversation, sequence } of ordered.slice(start, start + AT_ONCE)) {
        const context: EntryContext = {
          clinic,
          leafHash: entryHash(sha256, bytes),
          patient: patients.get(conversation ?? ""),
          isVerified: sequence <= provenTo,
        }
        lines.push(this.#line(format, bytes, context))
      }
      await new Promise((resolve) => setTimeout(resolve))
    }
    const type = format === "csv" ? "text/csv" : "application/x-ndjson"
    return new Blob(lines, { type })
  }

  #line(format: "csv" | "fhir" | "ndjson", bytes: Uint8Array, context: EntryContext): string {
    const entry = decodeEntry(bytes)
    if (format === "fhir")
      return `${JSON.stringify(toAuditEvent(entry, { ...context, relay: new URL(this.#relay).host }))}\n`
    const readable = readableEntry(entry, context)
    return format === "csv" ? csvEntry(readable) : `${JSON.stringify(readable)}\n`
  }
}

/** The clinic's id, from an entry about the clinic itself. */
function clinicOf(entries: readonly AuditLogEntry[]): Uint8Array | undefined {
  const own = entries.find(({ conversation }) => conversation === undefined)
  return own === undefined ? undefined : decodeEntry(own.bytes).scope
}

/** @throws {Error} with ERR_OFFLINE as its code. */
async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, { signal })
    if (response.ok) return await response.text()
  } catch (error) {
    if (signal.aborted) throw error
  }
  throw Object.assign(new Error("the proof can't be fetched"), { code: "ERR_OFFLINE" })
}
