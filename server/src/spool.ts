/** How another process tells a running relay what to note in its audit log: an export is made beside it, and only the
 * relay writes entries. A notice is a file in the data folder's spool, gone once it is noted. */
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"

const EXPORT = /^export-[0-9a-f]{16}$/

export interface Notice {
  readonly action: "export"
  /** To be called once it is noted. */
  done(): Promise<void>
}

function spoolOf(folder: string): string {
  return join(folder, "spool")
}

/** Leaves a notice; returns its path. */
export function leaveNotice(folder: string, action: Notice["action"]): string {
  mkdirSync(spoolOf(folder), { recursive: true, mode: 0o700 })
  const path = join(spoolOf(folder), `${action}-${randomBytes(8).toString("hex")}`)
  writeFileSync(path, "", { mode: 0o600, flag: "wx" })
  return path
}

/** Waits until the relay has noted it; whether it did in time. */
export async function noticeTaken(path: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  while (existsSync(path)) {
    if (Date.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return true
}

/** The notices that wait. */
export async function takeNotices(folder: string): Promise<Notice[]> {
  const spool = spoolOf(folder)
  const names = await readdir(spool).catch(() => [] as string[])
  return names
    .filter((name) => EXPORT.test(name))
    .map((name) => ({ action: "export", done: () => rm(join(spool, name), { force: true }) }) as const)
}
