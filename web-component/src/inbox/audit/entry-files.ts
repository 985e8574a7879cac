/** Files of audit entries: tables and FHIR. Made in this browser. */
import type { AuditLogEntry } from "@wardline/sdk"
import { sha256 } from "@wardline/sdk/crypto"
import { toAuditEvent } from "@wardline/sdk/fhir"
import { fromHex } from "@wardline/sdk/protocol"
import {
  CSV_HEADER,
  csvEntry,
  decodeEntry,
  type EntryContext,
  entryHash,
  readableEntry,
} from "@wardline/sdk/tlog"

/** Entries between two breaths: a long file mustn't freeze the page. */
const AT_ONCE = 2_000

export class EntryFiles {
  readonly #relay: string

  /** @param relay - its address. */
  constructor(relay: string) {
    this.#relay = relay
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
