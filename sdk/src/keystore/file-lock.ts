/** One process at a time on a keystore file: two would overwrite each other's message counters. */
import { open, readFile, rename, unlink } from "node:fs/promises"
import { WardlineError } from "../errors.ts"

/** Paths that this process holds; a lock file with our own pid and none here is from a process before us. */
const held = new Set<string>()

/** Takes `<path>.lock`; returns a function that gives it back.
 * @throws {WardlineError} ERR_CONFLICT while another process, or another opener in this one, has it. */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`
  if (held.has(lock)) throw inUse(lock)
  held.add(lock)
  try {
    if (!(await create(lock))) {
      await removeStale(lock)
      if (!(await create(lock))) throw inUse(lock)
    }
  } catch (error) {
    held.delete(lock)
    throw error
  }
  return async () => {
    held.delete(lock)
    await unlink(lock).catch(() => {})
  }
}

async function create(lock: string): Promise<boolean> {
  try {
    const handle = await open(lock, "wx", 0o600)
    await handle.writeFile(String(process.pid))
    await handle.close()
    return true
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return false
    throw new WardlineError("ERR_KEYSTORE", "the keystore's folder can't be written to", { cause: error })
  }
}

/** Moves away a lock whose process has ended.
 * @throws {WardlineError} ERR_CONFLICT if it lives. */
async function removeStale(lock: string): Promise<void> {
  const pid = Number(await readFile(lock, "utf8").catch(() => ""))
  if (isAlive(pid)) throw inUse(lock)
  // Renamed first: of two processes that see the stale lock only one moves it.
  const aside = `${lock}.${process.pid}`
  await rename(lock, aside).catch(() => {})
  await unlink(aside).catch(() => {})
}

function isAlive(pid: number): boolean {
  // 0 while its owner is between creating and writing: it lives.
  if (pid === 0) return true
  if (!Number.isInteger(pid) || pid < 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isSystemError(error, "EPERM")
  }
}

export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code
}

function inUse(lock: string): WardlineError {
  return new WardlineError("ERR_CONFLICT", `the keystore is open elsewhere (if it isn't, remove ${lock})`)
}
