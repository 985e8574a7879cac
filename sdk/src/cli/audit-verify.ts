import { createHash } from "node:crypto"
import { open } from "node:fs/promises"
import { equalBytes, fromHex, toHex } from "../bytes.ts"
import { readClinicKey } from "../client/options.ts"
import { WardlineError } from "../errors.ts"
import { type AuditReport, decodeExportLine, entryHash, type Hash, verifyExport } from "../tlog/index.ts"
import { usage } from "./arguments.ts"
import type { Command } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { reason } from "./files.ts"
import { table } from "./output.ts"

/** node:crypto's is twice as fast as the SDK's own, which an export of millions of entries notices. */
const sha256: Hash = (bytes) => createHash("sha256").update(bytes).digest()

/** An entry as somebody wrote it down earlier: if it is still there, all that came before it is unchanged. */
interface Noted {
  readonly sequence: number
  readonly hash: Uint8Array
}

export const auditVerify: Command = {
  name: "audit verify",
  summary: "check an audit export: needs no relay, no keys and no trust in either",
  description: [
    "Checks a file that the relay's host made with: wardline-relay audit export. Every entry must continue the one before it, every record must be where its entry says, and every chain is computed anew. If anything is wrong it names the first thing and ends with exit code 1.",
    "One thing no file alone can show: whether the newest entries were cut off before it was made. So write down the last line that this prints and give it to the next check with --noted.",
  ],
  argument: { name: "EXPORT", help: "the export, an NDJSON file", required: true },
  options: {
    "clinic-key": { value: "KEY", help: "the export must hold this clinic: 64 hexadecimal characters" },
    noted: { value: "N:HASH", help: "entry N must have this hash, as an earlier check printed it" },
  },
  examples: [
    "wardline audit verify audit.ndjson",
    "wardline audit verify audit.ndjson --noted 1042:9f2c41…",
    "wardline audit verify audit.ndjson --json",
  ],
  async run(input, { output, signal }) {
    const file = input.argument ?? ""
    const noted = parseNoted(input.text("noted"))
    const clinicKey = input.text("clinic-key")
    const wanted = clinicKey === undefined ? undefined : toHex(readClinicKey(clinicKey))
    output.progress(`Checking ${file} …`)
    const startedMs = performance.now()
    const watch = { sequence: 0, isFound: false }
    const report = await readable(file, signal, async () => {
      const lines = watchFor(noted, readLines(file, signal), watch)
      return await verifyExport(lines, sha256, (entries) => output.meter(`${counted(entries)} entries`))
    })
    output.endMeter()
    const fault = report.fault?.message ?? missing(report, wanted, noted !== undefined && !watch.isFound)
    const seconds = (performance.now() - startedMs) / 1000
    output.result(
      { ...report, ok: fault === undefined, ...(fault === undefined ? {} : { problem: fault }) },
      [
        ...(fault === undefined ? ["The log is whole."] : ["THE LOG IS NOT WHOLE.", where(report) + fault]),
        "",
        ...clinicLines(report),
        ...(fault === undefined ? ["", "Checked:", ...items(checkedOf(report, noted))] : []),
        "",
        "Not checked:",
        ...items(report.notChecked),
        "",
        `${counted(total(report))} entries in ${seconds.toFixed(1)} s.`,
        ...(fault === undefined ? notesFor(report) : []),
      ],
    )
    return fault === undefined ? EXIT.done : EXIT.checkFailed
  },
}

function parseNoted(text: string | undefined): Noted | undefined {
  if (text === undefined) return undefined
  const match = /^(\d{1,15}):([0-9a-fA-F]{64})$/.exec(text)
  if (match?.[1] === undefined || match[2] === undefined)
    throw usage(
      "--noted must be a number, a colon and 64 hexadecimal characters, as an earlier check printed",
    )
  return { sequence: Number(match[1]), hash: fromHex(match[2]) }
}

/** Tells a file that can't be read from one that was read and is wrong.
 * @throws {WardlineError} ERR_CONFIG, ERR_ABORTED. */
async function readable(
  file: string,
  signal: AbortSignal,
  work: () => Promise<AuditReport>,
): Promise<AuditReport> {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted) throw new WardlineError("ERR_ABORTED", "interrupted; nothing was decided")
    const isSystem = error instanceof Error && "code" in error && "syscall" in error
    if (!isSystem) throw error
    throw new WardlineError(
      "ERR_CONFIG",
      error.code === "ENOENT" ? `there is no file ${file}` : `${file} can't be read (${reason(error)})`,
      { cause: error },
    )
  }
}

/** The file's lines. Unlike node:readline this passes read errors on, and a missing last newline too. */
async function* readLines(file: string, signal: AbortSignal): AsyncGenerator<string> {
  const handle = await open(file)
  let rest = ""
  for await (const chunk of handle.createReadStream({ encoding: "utf8", highWaterMark: 1 << 20, signal })) {
    const lines = (rest + String(chunk)).split("\n")
    rest = lines.pop() ?? ""
    yield* lines
  }
  if (rest !== "") yield rest
}

/** Passes lines on and looks for the noted entry among them. */
async function* watchFor(
  noted: Noted | undefined,
  lines: AsyncIterable<string>,
  watch: { sequence: number; isFound: boolean },
): AsyncGenerator<string> {
  for await (const text of lines) {
    if (noted !== undefined && !watch.isFound) {
      if (text.startsWith('{"clinic"')) watch.sequence = 0
      if (text.startsWith('{"entry"') && ++watch.sequence === noted.sequence) {
        const line = decodeExportLine(text)
        watch.isFound = line.kind === "entry" && equalBytes(entryHash(sha256, line.bytes), noted.hash)
      }
    }
    yield text
  }
}

/** What is wrong although the export itself is whole. */
function missing(
  report: AuditReport,
  clinicKey: string | undefined,
  isNotedMissing: boolean,
): string | undefined {
  if (clinicKey !== undefined && !report.clinics.some(({ rootKey }) => rootKey === clinicKey))
    return "the export doesn't hold the clinic of --clinic-key"
  if (isNotedMissing)
    return "the noted entry isn't there: entries were cut off, or the log was rewritten since it was noted"
  return undefined
}

function where({ fault }: AuditReport): string {
  if (fault === undefined) return ""
  const parts = [
    ...(fault.line === undefined ? [] : [`line ${fault.line}`]),
    ...(fault.sequence === undefined ? [] : [`entry ${fault.sequence}`]),
    ...(fault.clinic === undefined ? [] : [`clinic ${fault.clinic}`]),
  ]
  return parts.length === 0 ? "" : `${parts.join(", ")}: `
}

/** Clinics that were read to their end; one that wasn't has no numbers yet. */
function clinicLines({ clinics }: AuditReport): string[] {
  const whole = clinics.filter(({ head }) => head !== "")
  if (whole.length === 0) return ["No clinic could be read to its end."]
  return table([
    ["CLINIC", "ENTRIES", "RECORDS", "CHAINS"],
    ...whole.map(({ clinic, entries, records, chains }) => [
      clinic,
      ...[entries, records, chains].map(counted),
    ]),
  ])
}

function checkedOf({ checked }: AuditReport, noted: Noted | undefined): readonly string[] {
  return noted === undefined ? checked : [...checked, `entry ${noted.sequence} is the one that was noted`]
}

/** The line to write down, for each clinic. */
function notesFor({ clinics }: AuditReport): string[] {
  return [
    "Write this down for the next check:",
    ...clinics.filter(({ head }) => head !== "").map(({ entries, head }) => `  --noted ${entries}:${head}`),
  ]
}

const items = (lines: readonly string[]): string[] => lines.map((line) => `  - ${line}`)
const counted = (value: number): string => value.toLocaleString("en")
const total = ({ clinics }: AuditReport): number => clinics.reduce((sum, { entries }) => sum + entries, 0)
