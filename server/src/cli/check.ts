/** `wardline-relay check`: is this fit to start? Changes nothing; each finding says how to mend it. */
import { existsSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { applyRecords, createDirectory, type DirectoryState } from "@wardline/sdk/directory"
import { equalBytes, isWardlineError, toHex } from "@wardline/sdk/protocol"
import { decodeEntry } from "@wardline/sdk/tlog"
import type { Config } from "../config.ts"
import { freeBytes } from "../disk-guard.ts"
import { folderProblem } from "../folder.ts"
import { sha256, verify } from "../hashing.ts"
import { defaultWebRoot } from "../http/pages.ts"
import { DEFAULT_LIMITS, MAX_POSITION } from "../limits.ts"
import { LOG_KEY_FILE, type LogKey, openLogKey } from "../log-key.ts"
import { parseClinicKey } from "../relay.ts"
import { tryLock } from "../store/lock.ts"
import { DATABASE_FILE, SqliteStore } from "../store/sqlite.ts"
import type { ClinicRef } from "../store/store.ts"
import { checkLog } from "./check-log.ts"
import { type Finding, ok, warning, wrong } from "./findings.ts"
import type { Output } from "./output.ts"

const OTHERS_MAY = 0o077

/** @returns whether nothing is wrong; warnings don't count. */
export async function runCheck({ relay }: Config, output: Output): Promise<boolean> {
  const findings = [
    ok("settings", "all can be read"),
    ...(await checkFolder(relay.data, relay.limits?.minFreeBytes ?? DEFAULT_LIMITS.minFreeBytes)),
    ...(await checkDatabase(relay.data, relay.clinicKeys)),
    await checkPort(relay),
    ...checkPages(relay),
  ]
  const isFit = findings.every(({ state }) => state !== "wrong")
  const marks = { ok: "ok     ", warning: "warning", wrong: "WRONG  " }
  output.result({ ok: isFit, findings }, [
    ...findings.map(({ name, state, message }) => `${marks[state]}  ${name}: ${message}`),
    isFit ? "Fit to start." : "Not fit to start.",
  ])
  return isFit
}

async function checkFolder(data: string, minFree: number): Promise<Finding[]> {
  if (!existsSync(data)) return [warning("data folder", `${data} isn't there yet; start makes it`)]
  const problem = folderProblem(data)
  if (problem !== undefined) return [wrong("data folder", problem)]
  const findings = [checkPrivate("data folder", data, "700")]
  for (const file of [DATABASE_FILE, LOG_KEY_FILE]) {
    const path = join(data, file)
    if (existsSync(path)) findings.push(checkPrivate(file, path, "600"))
  }
  const free = await freeBytes(data)
  const space = `${megabytes(free)} free; the relay is read-only below ${megabytes(minFree)}`
  findings.push(free < minFree ? wrong("disk", `${space}: make room`) : ok("disk", space))
  return findings
}

function checkPrivate(name: string, path: string, mode: string): Finding {
  const isOpen = (statSync(path).mode & OTHERS_MAY) !== 0
  return isOpen ? warning(name, `others may read ${path}: chmod ${mode} ${path}`) : ok(name, path)
}

async function checkDatabase(data: string, clinicKeys: readonly string[]): Promise<Finding[]> {
  if (!existsSync(join(data, DATABASE_FILE))) return [ok("database", "none yet; start makes it")]
  let store: SqliteStore
  try {
    store = new SqliteStore(data, { isReadOnly: true })
  } catch (error) {
    return [wrong("database", messageOf(error))]
  }
  try {
    const logKey = existsSync(join(data, LOG_KEY_FILE)) ? openLogKey(data) : undefined
    const findings = [ok("database", `relay ${toHex(store.relayId)}`)]
    for (const key of clinicKeys) findings.push(...(await checkClinic(store, parseClinicKey(key), logKey)))
    return findings
  } catch (error) {
    return [wrong("database", messageOf(error))]
  } finally {
    store.close()
  }
}

async function checkClinic(
  store: SqliteStore,
  rootKey: Uint8Array,
  logKey: LogKey | undefined,
): Promise<Finding[]> {
  const ref = store.clinics().find((clinic) => equalBytes(clinic.rootKey, rootKey))
  if (ref === undefined) return [warning("clinic", `${toHex(rootKey).slice(0, 16)}… isn't known here yet`)]
  const name = `clinic ${toHex(ref.id)}`
  let directory: DirectoryState
  try {
    directory = replay(store, ref)
  } catch (error) {
    return [wrong(name, `its directory can't be replayed: ${messageOf(error)}; restore a backup`)]
  }
  return [
    ...checkDirectory(name, directory, logKey?.publicKey),
    checkClock(name, store, ref),
    ...(await checkLog(name, store, ref, directory, logKey)),
  ]
}

function replay(store: SqliteStore, ref: ClinicRef): DirectoryState {
  const records = store.read(ref, 0, MAX_POSITION, Number.MAX_SAFE_INTEGER).map(({ bytes }) => bytes)
  return applyRecords(createDirectory(ref.rootKey, sha256), records, { hash: sha256, verify })
}

function checkDirectory(name: string, directory: DirectoryState, logKey: Uint8Array | undefined): Finding[] {
  if (directory.position === 0) return [warning(name, "no directory yet: `wardline directory push` sends it")]
  const findings = [ok(name, `directory at position ${directory.position}`)]
  if (directory.policy === undefined)
    findings.push(warning(name, "no policy yet: patients can't choose a topic"))
  if (directory.consentText === undefined)
    findings.push(warning(name, "no consent text yet: no conversation can begin"))
  const named = directory.policy?.logKey
  if (named && logKey && !equalBytes(named, logKey))
    findings.push(warning(name, `its policy names another log key than ${toHex(logKey)}`))
  return findings
}

function checkClock(name: string, store: SqliteStore, ref: ClinicRef): Finding {
  const last = store.lastAudit(ref)
  const aheadMs = last === undefined ? 0 : decodeEntry(last).time - Date.now()
  if (aheadMs <= 0) return ok(name, "the clock is after the log's last entry")
  return wrong(name, `the clock is ${Math.ceil(aheadMs / 1000)} s before the log's last entry: set it`)
}

async function checkPort({ data, host = "127.0.0.1", port = 8443 }: Config["relay"]): Promise<Finding> {
  const lock = existsSync(data) && folderProblem(data) === undefined ? tryLock(data) : undefined
  if (existsSync(data) && lock === undefined)
    return warning("process", "another relay runs on this data folder; stop it before starting one")
  lock?.release()
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
  const where = `${host}:${port}`
  if (code === undefined) return ok("port", `${where} is free`)
  return wrong("port", `can't listen on ${where} (${code}): choose another --port or --host`)
}

function checkPages({
  webRoot,
  host = "127.0.0.1",
  publicOrigin,
  allowOrigins = [],
}: Config["relay"]): Finding[] {
  const root = webRoot ?? defaultWebRoot()
  const findings = [
    root !== undefined && existsSync(join(root, "chat.html"))
      ? ok("pages", root)
      : warning("pages", "no pages are there to serve: build @wardline/web-component or set --web-root"),
  ]
  const isLoopback = ["127.0.0.1", "::1", "localhost"].includes(host)
  if (!isLoopback && publicOrigin === undefined)
    findings.push(
      wrong("origin", "--public-origin is missing: without it the relay's own pages can't connect"),
    )
  if (publicOrigin?.startsWith("http:") && !isLoopback)
    findings.push(warning("origin", `${publicOrigin} has no TLS: browsers refuse what the pages need`))
  if (allowOrigins.length === 0)
    findings.push(warning("origin", "no --allow-origin: no other page may embed the chat"))
  return findings
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000).toLocaleString("en-US")} MB`
}

function messageOf(error: unknown): string {
  if (isWardlineError(error)) return error.message
  throw error
}
