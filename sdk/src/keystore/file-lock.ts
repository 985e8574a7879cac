/** One process at a time on a keystore file: two would overwrite each other's message counters. */
import { open, readFile, stat, unlink } from "node:fs/promises"
import { WardlineError } from "../errors.ts"

/** Between creating a lock and writing into it a process needs far less; after this it has died in between. */
const UNFINISHED_MS = 10_000

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

/** Removes a lock whose process has ended.
 * @throws {WardlineError} ERR_CONFLICT if it lives, or while another process removes it. */
async function removeStale(lock: string): Promise<void> {
  if (await isHeld(lock)) throw inUse(lock)
  const removing = `${lock}.removing`
  if (!(await create(removing))) {
    // Its process may have died over it: the next try finds the way free.
    if (!(await isHeld(removing))) await unlink(removing).catch(() => {})
    throw inUse(lock)
  }
  try {
    // Looked at again, alone: of two processes that saw the stale lock, the second would remove the first's new one.
    if (await isHeld(lock)) throw inUse(lock)
    await unlink(lock).catch(() => {})
  } finally {
    await unlink(removing).catch(() => {})
  }
}

/** Whether the lock's process lives, or has only just created it. */
async function isHeld(lock: string): Promise<boolean> {
  try {
    const text = await readFile(lock, "utf8")
    if (text === "") return Date.now() - (await stat(lock)).mtimeMs < UNFINISHED_MS
    return isAlive(Number(text))
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
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
