/** `wardline-relay audit verify` and `audit export`. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { faultText, parseCheckpoint, parseNote } from "@wardline/sdk/tlog"
import { exportLines } from "../audit/export.ts"
import { verifyStore } from "../audit/verify.ts"
import type { PendingEntries } from "../audit-chain.ts"
import { openLog } from "../clinic.ts"
import { keyOf } from "../hashing.ts"
import { eventWith } from "../requests/note.ts"
import { leaveNotice, noticeTaken } from "../spool.ts"
import { tryLock } from "../store/lock.ts"
import { DATABASE_FILE, SqliteStore } from "../store/sqlite.ts"
import type { Output } from "./output.ts"

const NOTICE_TIMEOUT_MS = 10_000
const WRITE_BYTES = 1_048_576

/** @param checkpoints - files with signed checkpoints that somebody kept.
 * @returns whether the log is whole. */
export async function runAuditVerify(
  data: string,
  checkpoints: readonly string[],
  output: Output,
): Promise<boolean> {
  const kept = checkpoints.map(readCheckpoint)
  const store = openStore(data)
  const startedMs = performance.now()
  try {
    const report = await verifyStore(store, (entries) => output.meter(`${count(entries)} entries`), kept)
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    const whole = report.clinics.filter(({ root }) => root !== "")
    const lines = whole.flatMap(({ clinic, entries, records, chains, head }) => [
      `Clinic ${clinic}: ${count(entries)} entries, ${count(records)} records in ${count(chains)} chains`,
      `  head ${head === "" ? "(empty)" : head}`,
    ])
    lines.push(
      report.fault === undefined ? "The log is whole." : `THE LOG IS NOT WHOLE: ${faultText(report.fault)}`,
      report.ok ? `Checked in ${seconds} s:` : "Checked up to there:",
      ...report.checked.map((line) => `  ${line}`),
      "Not checked:",
      ...report.notChecked.map((line) => `  ${line}`),
    )
    output.result({ ...report }, lines)
    return report.ok
  } finally {
    store.close()
  }
}

/** A kept checkpoint's text.
 * @throws {WardlineError} ERR_CONFIG */
function readCheckpoint(path: string): string {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (cause) {
    throw new WardlineError("ERR_CONFIG", `--checkpoint ${path} can't be read: check its name`, { cause })
  }
  try {
    parseCheckpoint(parseNote(text).body)
    return text
  } catch (cause) {
    if (!isWardlineError(cause)) throw cause
    const message = `--checkpoint ${path} is no signed checkpoint: ${cause.message}`
    throw new WardlineError("ERR_CONFIG", message, { cause })
  }
}

export async function runAuditExport(data: string, out: string, output: Output): Promise<void> {
  // Before the log names an export that then can't be written.
  const file = createFile(out)
  try {
    await noteExport(data, output)
    const store = openStore(data)
    try {
      const lines = await writeLines(file, exportLines(store, Date.now()), (done) =>
        output.meter(`${count(done)} lines`),
      )
      fsyncSync(file)
      output.result({ ok: true, out, lines }, [
        `${out}: ${count(lines)} lines`,
        `Check it anywhere: wardline audit verify ${out}`,
      ])
    } finally {
      store.close()
    }
  } finally {
    closeSync(file)
  }
}

function openStore(data: string): SqliteStore {
  if (!existsSync(join(data, DATABASE_FILE)))
    throw new WardlineError("ERR_STORE", `${data} holds no relay's database: check --data`)
  return new SqliteStore(data, { isReadOnly: true })
}

/** The export is noted by the running relay, or here if none runs: there is one writer. */
async function noteExport(data: string, output: Output): Promise<void> {
  const lock = tryLock(data)
  if (lock === undefined) {
    if (!(await noticeTaken(leaveNotice(data, "export"), NOTICE_TIMEOUT_MS)))
      output.note("The running relay hasn't noted this export yet; it will.")
    return
  }
  lock.release()
  const store = new SqliteStore(data)
  try {
    for (const clinic of store.clinics()) {
      const { chain, tree, entry } = await openLog(store, clinic)
      const scope = { key: keyOf(clinic.id), ref: clinic, entry, storedEntry: entry }
      chain.note(eventWith({ action: "export" }, Date.now()), scope)
      const { first, entries, leafHashes } = chain.pending as PendingEntries
      store.commit({
        newConversations: [],
        records: [],
        changes: [],
        noted: [{ scope: clinic, entry: scope.entry }],
        audit: [{ clinic, first, entries, tiles: tree.stage(leafHashes) }],
        shreds: [],
        drops: [],
        glass: [],
      })
    }
  } finally {
    store.close()
  }
}

function createFile(path: string): number {
  try {
    return openSync(path, "wx", 0o600)
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST"
    const reason = isThere ? "is there already: name another" : "can't be written: check the folder"
    throw new WardlineError("ERR_CONFIG", `${path} ${reason}`, { cause: error })
  }
}

async function writeLines(
  file: number,
  lines: AsyncIterable<string>,
  onProgress: (lines: number) => void,
): Promise<number> {
  let written = 0
  let buffered = ""
  for await (const line of lines) {
    buffered += `${line}\n`
    written++
    if (buffered.length < WRITE_BYTES) continue
    writeSync(file, buffered)
    buffered = ""
    onProgress(written)
  }
  writeSync(file, buffered)
  return written
}

function count(value: number): string {
  return value.toLocaleString("en-US")
}
