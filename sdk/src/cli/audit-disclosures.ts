import { toHex } from "../bytes.ts"
import { deviceAt } from "../directory/index.ts"
import { decodeAccess, decodeRecord, purposeOf } from "../protocol/index.ts"
import { csvLine } from "../tlog/csv.ts"
import type { AuditEntry, StoredFacts } from "../tlog/index.ts"
import { usage } from "./arguments.ts"
import { readId } from "./audit-breach-scope.ts"
import { EXPORT_ARGUMENT, EXPORT_CLINIC_KEY, readLog, vouchedText } from "./audit-source.ts"
import type { Command } from "./command.ts"
import { timeText } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"
import { writeNewFile } from "./files.ts"
import { wrap } from "./help.ts"
import { LogFacts } from "./log-facts.ts"
import { inline, table } from "./output.ts"
import { parseTime } from "./period.ts"

/** 45 CFR 164.528(a)(1): the six years before the request. */
const YEARS = 6

const PURPOSE_WORDS: Readonly<Record<string, string>> = {
  HLEGAL: "a legal matter",
  PUBHLTH: "public health",
  HRESCH: "research",
}

/** An accounting names what the log can't know; whoever sends one without it hasn't accounted. */
const TO_ADD: readonly string[] = [
  "Who received it, and their address if it is known. The reason that was given when the conversation was opened may say it: open the conversation in the inbox; it is sealed, and this export doesn't have it.",
  "What was disclosed, in a few words: the log says that a conversation was opened for this purpose, and not whether anything was then given to anybody, nor what.",
  "What was asked for, or a copy of the written request, where there was one.",
  "Disclosures that didn't go through this chat: by telephone, on paper, from the record, by business associates.",
  "Whether an agency has asked to wait with the accounting (45 CFR 164.528(a)(2)), and for research on many people the summary of (b)(4).",
]

interface Disclosure {
  readonly entry: number
  readonly timeMs: number
  /** By the clock of whoever opened it, who signed it. */
  readonly issuedMs: number
  readonly conversation: string
  readonly device: string
  readonly role: string
  readonly purpose: string
  readonly hasReason: boolean
}

export const auditDisclosures: Command = {
  name: "audit disclosures",
  summary: "list disclosures, as a patient may ask for (45 CFR 164.528)",
  description: [
    "Lists when conversations were opened to disclose something of them: for a legal matter, public health or research. Treatment, payment, the clinic's own operations and what goes to the patient herself aren't disclosures that must be accounted for, and aren't here. With a conversation it lists what concerns that patient, in all conversations that were written in from the same device.",
    "It is the part of an accounting that the log can give. It says what the clinic must add.",
  ],
  argument: EXPORT_ARGUMENT,
  options: {
    conversation: { value: "ID", multiple: true, help: "only the patient whose conversation this is" },
    from: { value: "TIME", help: `from this day (UTC) or time on (default: ${YEARS} years ago)` },
    to: { value: "TIME", help: "until this day, included, or this time (default: now)" },
    csv: { value: "FILE", help: "write a table too; it is never overwritten" },
    "clinic-key": EXPORT_CLINIC_KEY,
  },
  examples: [
    "wardline audit disclosures audit.ndjson --conversation 41aa…",
    "wardline audit disclosures audit.ndjson --from 2026-01-01 --to 2026-12-31 --csv disclosures.csv",
  ],
  async run(input, context) {
    const from = input.text("from")
    const to = input.text("to")
    const toMs = to === undefined ? context.now() + 1 : parseTime(to, "to", true)
    const fromMs = from === undefined ? yearsBefore(toMs, YEARS) : parseTime(from, "from", false)
    if (fromMs >= toMs) throw usage("--from is after --to")
    const wanted = input.list("conversation").map((id) => readId(id, "conversation"))
    const all: Disclosure[] = []
    const ledger = new DisclosureFacts(all)
    const report = await readLog(input, context, ledger)
    const patients = ledger.patients()
    for (const id of wanted) if (!patients.has(id)) throw usage(`the log has no conversation ${id}`)
    const meant = new Set(wanted.map((id) => patients.get(id)))
    const isWithin = (ms: number): boolean => ms >= fromMs && ms < toMs
    // A relay that dates an entry out of the period can't date what was signed.
    const found = all.filter(
      ({ timeMs, issuedMs, conversation }) =>
        (isWithin(timeMs) || isWithin(issuedMs)) &&
        (meant.size === 0 || meant.has(patients.get(conversation))),
    )
    const rows = found.map((one) => ({
      entry: one.entry,
      time: new Date(one.timeMs).toISOString(),
      patient: patients.get(one.conversation) ?? "",
      conversation: one.conversation,
      purpose: one.purpose,
      by: deviceAt(ledger.directory, Buffer.from(one.device, "hex"))?.name ?? "",
      device: one.device,
      role: one.role,
      hasReason: one.hasReason,
    }))
    const csv = input.text("csv")
    if (csv !== undefined) await writeNewFile(csv, csvOf(rows))
    context.output.result(
      {
        clinicKey: ledger.clinicKey,
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        disclosures: rows,
        unsigned: ledger.unsigned,
        toAdd: TO_ADD,
      },
      [
        `Conversations opened for a disclosure, ${timeText(fromMs)} to ${timeText(toMs)}: ${rows.length === 0 ? "none" : rows.length.toLocaleString("en")}.`,
        ...(rows.length === 0
          ? []
          : table([
              ["  ENTRY", "WHEN", "PATIENT", "CONVERSATION", "PURPOSE", "BY"],
              ...rows.map((row, i) => [
                `  ${row.entry}`,
                timeText(found[i]?.timeMs ?? 0),
                row.patient.slice(0, 12),
                row.conversation,
                PURPOSE_WORDS[row.purpose] ?? row.purpose,
                `${inline(row.by) || row.device}, ${row.role}`,
              ]),
            ])),
        "",
        vouchedText(report, ledger.clinic),
        ...(ledger.unsigned === 0
          ? []
          : [
              `LEFT OUT: ${ledger.unsigned} that no member of staff signed. Ask the relay's operator about them.`,
            ]),
        "",
        "For an accounting the clinic must add:",
        ...TO_ADD.flatMap((line) => wrap(line, 90).map((part, i) => `${i === 0 ? "  - " : "    "}${part}`)),
      ],
    )
    return EXIT.done
  },
}

class DisclosureFacts extends LogFacts {
  readonly #found: Disclosure[]
  #unsigned = 0

  /** Accesses that nobody of the clinic's signed. */
  get unsigned(): number {
    return this.#unsigned
  }

  constructor(found: Disclosure[]) {
    super(() => {})
    this.#found = found
  }

  override entry(entry: AuditEntry, bytes: Uint8Array, stored: StoredFacts | undefined): void {
    super.entry(entry, bytes, stored)
    if (entry.action !== "disclosure" || entry.outcome !== "success" || stored?.bytes === undefined) return
    const record = decodeRecord(stored.bytes)
    // A relay's invention would be told to a patient as if it were somebody's deed.
    if (!this.isByStaff(record)) {
      this.#unsigned++
      return
    }
    const { sealedReason } = decodeAccess(record.body)
    this.#found.push({
      entry: entry.sequence,
      timeMs: entry.time,
      issuedMs: record.issued,
      conversation: toHex(entry.scope),
      device: toHex(entry.actor),
      role: entry.actorRole,
      purpose: purposeOf(entry.purpose),
      hasReason: sealedReason.length > 0,
    })
  }
}

/** The same day so many years before, UTC. */
function yearsBefore(ms: number, years: number): number {
  const date = new Date(ms)
  date.setUTCFullYear(date.getUTCFullYear() - years)
  return date.getTime()
}

interface Row {
  readonly entry: number
  readonly time: string
  readonly patient: string
  readonly conversation: string
  readonly purpose: string
  readonly by: string
  readonly device: string
  readonly role: string
}

/** With empty columns for what the clinic must add. */
function csvOf(rows: readonly Row[]): string {
  const header = [
    "Date (UTC)",
    "Received by (add)",
    "Address (add)",
    "What was disclosed (add)",
    "Purpose",
    "Opened by",
    "Role",
    "Patient",
    "Conversation",
    "Log entry",
  ]
  const lines = rows.map((row) => [
    row.time.replace("T", " ").slice(0, 16),
    "",
    "",
    "",
    PURPOSE_WORDS[row.purpose] ?? row.purpose,
    row.by,
    row.role,
    row.patient,
    row.conversation,
    String(row.entry),
  ])
  return [header, ...lines].map(csvLine).join("")
}
