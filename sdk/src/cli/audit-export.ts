import { readClinicKey } from "../client/options.ts"
import { ACTIONS, type Action, faultText, OUTCOMES, type Outcome } from "../tlog/index.ts"
import { type Input, usage } from "./arguments.ts"
import { type AuditConverter, type EntryFilter, EXPORT_FORMATS, type ExportFormat } from "./audit-convert.ts"
import { convertExport } from "./audit-convert-file.ts"
import type { Command } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { inline } from "./output.ts"
import { parseTime } from "./period.ts"
import { closest } from "./suggest.ts"

const FORMATS: Readonly<Record<ExportFormat, string>> = {
  ndjson: "JSON, one entry a line",
  csv: "a CSV table",
  fhir: "FHIR AuditEvents, one a line",
}

export const auditExport: Command = {
  name: "audit export",
  summary: "turn an audit export into a table, JSON or FHIR AuditEvents",
  description: [
    "Takes a file that the relay's host made with: wardline-relay audit export. It checks the whole file first, as wardline audit verify does, and writes nothing if anything is wrong. Nothing that was written or said in a conversation is in it: devices, conversations and patients are ids.",
    "Formats: ndjson is one entry a line; csv is a table for people, in which no cell is a formula; fhir is one FHIR R4 AuditEvent a line, by IHE's BALP profiles (docs/fhir.md).",
    "Options that choose entries are joined: what is given several times may be any of them, and every option must fit.",
  ],
  argument: { name: "EXPORT", help: "the export, an NDJSON file", required: true },
  options: {
    format: { value: "FORMAT", help: "ndjson, csv or fhir" },
    out: { value: "FILE", help: "the file to write; never overwritten" },
    from: {
      value: "TIME",
      help: "entries from this day (UTC) or time on: 2026-11-01, 2026-11-01T09:00+01:00",
    },
    to: { value: "TIME", help: "entries up to this time, or to the end of this day" },
    scope: { value: "ID", multiple: true, help: "entries of this conversation, or of the clinic itself" },
    device: { value: "ID", multiple: true, help: "entries of what this device did" },
    role: { value: "ROLE", multiple: true, help: "entries of what was done in this role" },
    action: { value: "ACTION", multiple: true, help: "entries of this action, such as read or break-glass" },
    outcome: { value: "OUTCOME", multiple: true, help: "success, refused or failed" },
    "clinic-key": { value: "KEY", help: "the export must hold this clinic: 64 hexadecimal characters" },
    "even-if-broken": {
      help: "write what can be read of an export that is wrong; each entry says whether it was\nchecked, and the exit code is 1 all the same",
    },
  },
  examples: [
    "wardline audit export audit.ndjson --format csv --out audit.csv",
    "wardline audit export audit.ndjson --format fhir --out events.ndjson --from 2026-11-01 --to 2026-11-30",
    "wardline audit export audit.ndjson --format csv --out emergencies.csv --action break-glass --action break-glass-end",
  ],
  async run(input, { output, signal }) {
    const file = input.argument ?? ""
    const format = parseFormat(input.required("format"))
    const out = input.required("out")
    const filter = parseFilter(input)
    const key = input.text("clinic-key")
    const clinicKey = key === undefined ? undefined : readClinicKey(key)
    output.progress(`Checking ${file} …`)
    const { report, converter } = await convertExport({
      file,
      out,
      format,
      filter,
      clinicKey,
      isForced: input.flag("even-if-broken"),
      signal,
      onProgress: (entries) => output.meter(`${counted(entries)} entries`),
    })
    output.endMeter()
    const { fault } = report
    const problem = fault === undefined ? undefined : faultText(fault)
    const isWritten = converter !== undefined
    output.result(
      {
        ok: fault === undefined,
        ...(problem === undefined ? {} : { problem }),
        ...(isWritten
          ? {
              file: out,
              format,
              entries: converter.entries,
              written: converter.written,
              unreadable: converter.unreadable,
            }
          : {}),
      },
      [
        ...(problem === undefined ? ["The log is whole."] : ["THE LOG IS NOT WHOLE.", problem]),
        ...(isWritten
          ? writtenLines(converter, out, format, problem !== undefined)
          : ["Nothing was written. To see what can be read all the same: --even-if-broken"]),
      ],
    )
    return fault === undefined ? EXIT.done : EXIT.checkFailed
  },
}

function writtenLines(
  { entries, written, unreadable }: AuditConverter,
  out: string,
  format: ExportFormat,
  isBroken: boolean,
): string[] {
  const chosen =
    written === entries
      ? `all ${counted(entries)} entries`
      : `${counted(written)} of ${counted(entries)} entries`
  return [
    `${out}: ${chosen}, as ${FORMATS[format]}.`,
    ...(unreadable === 0
      ? []
      : unreadable === 1
        ? ["1 line couldn't be read and is left out."]
        : [`${counted(unreadable)} lines couldn't be read and are left out.`]),
    ...(isBroken ? ["Each entry says whether it was checked; don't rely on one that wasn't."] : []),
  ]
}

function parseFormat(text: string): ExportFormat {
  const format = EXPORT_FORMATS.find((name) => name === text)
  if (format === undefined)
    throw usage(`--format must be ${EXPORT_FORMATS.join(", ")}, not "${inline(text)}"`)
  return format
}

function parseFilter(input: Input): EntryFilter {
  const from = input.text("from")
  const to = input.text("to")
  const filter = {
    fromMs: from === undefined ? 0 : parseTime(from, "from", false),
    toMs: to === undefined ? Number.MAX_SAFE_INTEGER : parseTime(to, "to", true),
    scopes: idsOf(input, "scope"),
    devices: idsOf(input, "device"),
    roles: new Set(input.list("role")),
    actions: namesOf<Action>(input, "action", Object.keys(ACTIONS) as Action[]),
    outcomes: namesOf<Outcome>(input, "outcome", Object.keys(OUTCOMES) as Outcome[]),
  }
  if (filter.fromMs >= filter.toMs) throw usage("--from must be before --to")
  return filter
}

function idsOf(input: Input, option: string): Set<string> {
  const ids = input.list(option).map((text) => text.toLowerCase())
  const wrong = ids.find((id) => !/^[0-9a-f]{32}$/.test(id))
  if (wrong !== undefined)
    throw usage(`--${option} must be 32 hexadecimal characters, not "${inline(wrong)}"`)
  return new Set(ids)
}

function namesOf<Name extends string>(input: Input, option: string, known: readonly Name[]): Set<Name> {
  return new Set(
    input.list(option).map((text) => {
      const name = known.find((candidate) => candidate === text)
      if (name !== undefined) return name
      const near = closest(text, known)
      throw usage(
        `there is no ${option} "${inline(text)}"${near === undefined ? "" : `; did you mean ${near}?`}`,
      )
    }),
  )
}

const counted = (value: number): string => value.toLocaleString("en")
