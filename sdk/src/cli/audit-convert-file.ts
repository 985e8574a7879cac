/** Converts an audit export into a file, and only a whole one. */
import { type FileHandle, open, rename, unlink } from "node:fs/promises"
import { WardlineError } from "../errors.ts"
import { type AuditReport, ExportVerifier } from "../tlog/index.ts"
import { AuditConverter, type EntryFilter, type ExportFormat, verifiedBy } from "./audit-convert.ts"
import { EXPORT_CRYPTO, reading, readPieces } from "./export-file.ts"
import { isSystemError, reason } from "./files.ts"

export interface ConversionJob {
  /** The export. */
  readonly file: string
  /** Must not exist. */
  readonly out: string
  readonly format: ExportFormat
  readonly filter: EntryFilter
  /** The export must hold this clinic. */
  readonly clinicKey: Uint8Array | undefined
  /** Whether a broken export is converted, too. */
  readonly isForced: boolean
  readonly signal: AbortSignal
  /** Told the number of entries checked so far. */
  readonly onProgress: (entries: number) => void
}

export interface Conversion {
  readonly report: AuditReport
  /** Undefined if nothing was written. */
  readonly converter: AuditConverter | undefined
}

/** Checks and converts in one reading, so that what is written is what was checked. The file gets its name last.
 * @throws {WardlineError} ERR_CONFIG, ERR_CONFLICT if `out` exists, ERR_ABORTED. */
export async function convertExport(job: ConversionJob): Promise<Conversion> {
  const { out, format, filter, clinicKey, onProgress } = job
  await reserve(out)
  const temporary = `${out}.${process.pid}.tmp`
  let isDone = false
  try {
    const verifier = new ExportVerifier({ ...EXPORT_CRYPTO, clinicKey, onProgress })
    let converter = new AuditConverter(format, filter, EXPORT_CRYPTO.hash, () => true)
    await write(job, temporary, converter, (piece) => verifier.take(piece))
    const report = verifier.report()
    if (!report.ok) {
      if (!job.isForced) return { report, converter: undefined }
      converter = new AuditConverter(format, filter, EXPORT_CRYPTO.hash, verifiedBy(report))
      await write(job, temporary, converter, () => true)
    }
    await rename(temporary, out)
    isDone = true
    return { report, converter }
  } finally {
    await unlink(temporary).catch(() => {})
    if (!isDone) await unlink(out).catch(() => {})
  }
}

/** Takes the name, so that nothing that is there is written over. */
async function reserve(out: string): Promise<void> {
  try {
    await (await open(out, "wx", 0o600)).close()
  } catch (error) {
    if (isSystemError(error, "EEXIST"))
      throw new WardlineError("ERR_CONFLICT", `${out} exists already; it is never overwritten`)
    throw unwritable(out, error)
  }
}

/** @param isRight - told each piece of the export; false ends the reading. */
async function write(
  { file, out, signal }: ConversionJob,
  path: string,
  converter: AuditConverter,
  isRight: (piece: Uint8Array) => boolean,
): Promise<void> {
  const handle = await open(path, "w", 0o600)
  try {
    await append(handle, out, converter.begin())
    await reading(file, signal, async () => {
      for await (const piece of readPieces(file, signal)) {
        if (!isRight(piece)) return
        await append(handle, out, converter.take(piece))
      }
    })
    await append(handle, out, converter.end())
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function append(handle: FileHandle, out: string, text: string): Promise<void> {
  try {
    await handle.writeFile(text)
  } catch (error) {
    throw unwritable(out, error)
  }
}

function unwritable(out: string, error: unknown): WardlineError {
  return new WardlineError("ERR_CONFIG", `${out} can't be written (${reason(error)})`, { cause: error })
}
