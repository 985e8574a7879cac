/** An audit export as commands draw conclusions from it: checked whole, while it is read. */
import { equalBytes, toHex } from "../bytes.ts"
import { readClinicKey } from "../client/options.ts"
import { WardlineError } from "../errors.ts"
import {
  type AuditEntry,
  type AuditReport,
  decodeEntry,
  decodeExportLine,
  type ExportLine,
  ExportVerifier,
  faultText,
  type StoredFacts,
} from "../tlog/index.ts"
import { type Input, usage } from "./arguments.ts"
import type { Context } from "./command.ts"
import { EXPORT_CRYPTO, reading, readPieces } from "./export-file.ts"

export const EXPORT_ARGUMENT = {
  name: "EXPORT",
  help: "the file that the relay's host made with wardline-relay audit export",
  required: true,
} as const

export const EXPORT_CLINIC_KEY = {
  value: "KEY",
  help: "which clinic, where the export holds several: 64 hexadecimal characters",
} as const

/** Told what stands in one clinic's part of the export, in its order. */
export interface LogVisitor {
  begin(clinic: ExportLine & { kind: "clinic" }): void
  entry(entry: AuditEntry, bytes: Uint8Array, record: StoredFacts | undefined): void
}

const NEWLINE = 0x0a

/** Reads the export of the command's argument. What the visitor was told counts only once this has returned: until then
 * the log may turn out not to be whole.
 * @throws {WardlineError} ERR_FORK if the log isn't whole; ERR_CONFIG for a file that can't be read or holds several
 *   clinics; ERR_ABORTED. */
export async function readLog(input: Input, context: Context, visitor: LogVisitor): Promise<AuditReport> {
  const { output, signal } = context
  const file = input.argument ?? ""
  const given = input.text("clinic-key")
  const clinicKey = given === undefined ? undefined : readClinicKey(given)
  const onProgress = (entries: number): void => output.meter(`${entries.toLocaleString("en")} entries`)
  const verifier = new ExportVerifier({ ...EXPORT_CRYPTO, clinicKey, onProgress })
  const reader = new LogReader(visitor, clinicKey)
  output.progress(`Checking ${file} …`)
  await reading(file, signal, async () => {
    for await (const piece of readPieces(file, signal)) {
      if (!verifier.take(piece)) break
      reader.take(piece)
    }
  })
  const report = verifier.report()
  output.endMeter()
  if (report.fault !== undefined)
    throw new WardlineError(
      "ERR_FORK",
      `the log is not whole, so nothing is concluded from it: ${faultText(report.fault)}`,
    )
  if (reader.clinics > 1 && clinicKey === undefined)
    throw usage(`the export holds ${reader.clinics} clinics: name one with --clinic-key`)
  return report
}

/** The same bytes once more, line by line. */
class LogReader {
  readonly #visitor: LogVisitor
  readonly #clinicKey: Uint8Array | undefined
  #rest = Buffer.alloc(0)
  #clinics = 0
  #isWanted = false

  constructor(visitor: LogVisitor, clinicKey: Uint8Array | undefined) {
    this.#visitor = visitor
    this.#clinicKey = clinicKey
  }

  get clinics(): number {
    return this.#clinics
  }

  take(piece: Uint8Array): void {
    const bytes = Buffer.concat([this.#rest, piece])
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#takeLine(bytes.subarray(start, end))
      start = end + 1
    }
    this.#rest = bytes.subarray(start)
  }

  #takeLine(text: Uint8Array): void {
    const line = decodeExportLine(text)
    if (line.kind === "clinic") {
      this.#clinics++
      this.#isWanted =
        this.#clinicKey === undefined ? this.#clinics === 1 : equalBytes(line.rootKey, this.#clinicKey)
      if (this.#isWanted) this.#visitor.begin(line)
    } else if (line.kind === "entry" && this.#isWanted) {
      this.#visitor.entry(decodeEntry(line.bytes), line.bytes, line.record)
    }
  }
}

/** How far somebody other than the relay vouches for the log that was read. */
export function vouchedText(report: AuditReport, clinic: Uint8Array): string {
  const found = report.clinics.find((one) => one.clinic === toHex(clinic))
  const witnessed = found?.roots.witnessed
  const entries = `${(found?.entries ?? 0).toLocaleString("en")} entries`
  if (witnessed === undefined || witnessed.witnesses.length === 0)
    return `The log is whole: ${entries}. No witness vouches for it: whoever has the log's key could have rewritten it.`
  const names = witnessed.witnesses.map(({ name }) => name).join(", ")
  return `The log is whole: ${entries}. ${names} signed it up to entry ${witnessed.size.toLocaleString("en")}.`
}
