import { readFile } from "node:fs/promises"
import { fromHex } from "../bytes.ts"
import { readClinicKey } from "../client/options.ts"
import { isWardlineError } from "../errors.ts"
import {
  type AuditReport,
  faultText,
  type NotedEntry,
  parseCheckpoint,
  parseNote,
  verifyExport,
} from "../tlog/index.ts"
import { usage } from "./arguments.ts"
import type { Command } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { EXPORT_CRYPTO, reading, readPieces } from "./export-file.ts"
import { reason } from "./files.ts"
import { table } from "./output.ts"

/** Anybody can make a whole log of a clinic of their own. */
const WHOSE_LOG =
  "whose log it is: the root key is the one that the file names; say with --clinic-key which it must be"

export const auditVerify: Command = {
  name: "audit verify",
  summary: "check an audit export: needs no relay, no keys and no trust in either",
  description: [
    "Checks a file that the relay's host made with: wardline-relay audit export. Every entry must continue the one before it, every record must be where its entry says, every chain and the tree are computed anew, the clinic's directory is replayed from its root key, and the tree must be the one that the log's key and the clinic's witnesses signed. If anything is wrong it names the first wrong entry and ends with exit code 1.",
    "What one file alone can't show: whether the newest entries were cut off before it was made. So write down the last line that this prints and give it to the next check with --noted; and ask a patient, a witness or your own archive for a checkpoint, and give it with --checkpoint.",
    "docs/verify-audit.mjs does the same in one file that you can read whole, with nothing but Node.",
  ],
  argument: { name: "EXPORT", help: "the export, an NDJSON file", required: true },
  options: {
    "clinic-key": { value: "KEY", help: "the export must hold this clinic: 64 hexadecimal characters" },
    noted: { value: "N:HASH", help: "entry N must have this hash, as an earlier check printed it" },
    checkpoint: {
      value: "FILE",
      multiple: true,
      help: "a checkpoint that somebody kept: the log must contain it (may be repeated)",
    },
  },
  examples: [
    "wardline audit verify audit.ndjson",
    "wardline audit verify audit.ndjson --noted 1042:9f2c41…",
    "wardline audit verify audit.ndjson --checkpoint from-the-witness.txt --json",
  ],
  async run(input, { output, signal }) {
    const file = input.argument ?? ""
    const noted = parseNoted(input.text("noted"))
    const clinicKey = input.text("clinic-key")
    const kept = await Promise.all(input.list("checkpoint").map(readCheckpoint))
    output.progress(`Checking ${file} …`)
    const startedMs = performance.now()
    let read = 0
    const report = await reading(file, signal, () =>
      verifyExport(readPieces(file, signal), {
        ...EXPORT_CRYPTO,
        clinicKey: clinicKey === undefined ? undefined : readClinicKey(clinicKey),
        noted,
        kept,
        onProgress: (entries) => {
          read = entries
          output.meter(`${counted(entries)} entries`)
        },
      }),
    )
    output.endMeter()
    const seconds = (performance.now() - startedMs) / 1000
    const { ok, fault, checked } = report
    const notChecked = clinicKey === undefined ? [WHOSE_LOG, ...report.notChecked] : report.notChecked
    output.result({ ...report, notChecked, ...(fault === undefined ? {} : { problem: fault.message }) }, [
      ...(fault === undefined ? ["The log is whole."] : ["THE LOG IS NOT WHOLE.", faultText(fault)]),
      "",
      ...clinicLines(report),
      ...(ok ? ["", "Checked:", ...items(checkedOf(checked, noted))] : []),
      "",
      "Not checked:",
      ...items(notChecked),
      "",
      `${counted(read)} entries read in ${seconds.toFixed(1)} s.`,
      ...(ok ? notesFor(report) : []),
    ])
    return ok ? EXIT.done : EXIT.checkFailed
  },
}

function parseNoted(text: string | undefined): NotedEntry | undefined {
  if (text === undefined) return undefined
  const match = /^(\d{1,15}):([0-9a-fA-F]{64})$/.exec(text)
  if (match?.[1] === undefined || match[2] === undefined)
    throw usage(
      "--noted must be a number, a colon and 64 hexadecimal characters, as an earlier check printed",
    )
  return { sequence: Number(match[1]), hash: fromHex(match[2]) }
}

/** A kept checkpoint's text.
 * @throws {WardlineError} ERR_CONFIG */
async function readCheckpoint(file: string): Promise<string> {
  let text: string
  try {
    text = await readFile(file, "utf8")
  } catch (error) {
    throw usage(`--checkpoint ${file} can't be read (${reason(error)})`)
  }
  try {
    parseCheckpoint(parseNote(text).body)
    return text
  } catch (error) {
    if (!isWardlineError(error)) throw error
    throw usage(`--checkpoint ${file} is no signed checkpoint: ${error.message}`)
  }
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

function checkedOf(checked: readonly string[], noted: NotedEntry | undefined): readonly string[] {
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
