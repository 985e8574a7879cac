/** Small files of secrets and settings: private, durable, and never written over by accident. */
import { mkdir, open, readFile, rename, unlink } from "node:fs/promises"
import { dirname } from "node:path"
import { WardlineError } from "../errors.ts"

export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code
}

/** The file's bytes, or undefined where there is none.
 * @throws {WardlineError} ERR_CONFIG if it can't be read. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined
    throw new WardlineError("ERR_CONFIG", `${path} can't be read (${reason(error)})`, { cause: error })
  }
}

/** Makes a folder for its owner alone (0700).
 * @throws {WardlineError} ERR_CONFLICT if it exists, ERR_CONFIG if it can't be made. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (isSystemError(error, "EEXIST"))
      throw new WardlineError("ERR_CONFLICT", `${path} exists already; nothing was changed`)
    throw new WardlineError("ERR_CONFIG", `${path} can't be made (${reason(error)})`, { cause: error })
  }
}

/** Writes a file that must not exist yet (0600), synced.
 * @throws {WardlineError} ERR_CONFLICT if it exists, ERR_CONFIG if it can't be written. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const handle = await open(path, "wx", 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (isSystemError(error, "EEXIST"))
      throw new WardlineError("ERR_CONFLICT", `${path} exists already; it is never overwritten`)
    throw new WardlineError("ERR_CONFIG", `${path} can't be written (${reason(error)})`, { cause: error })
  }
}

/** Puts new content in a file's place, whole or not at all (0600).
 * @throws {WardlineError} ERR_CONFIG if it can't be written. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  await unlink(temporary).catch(() => {})
  await writeNewFile(temporary, content)
  try {
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw new WardlineError("ERR_CONFIG", `${path} can't be written (${reason(error)})`, { cause: error })
  }
}

/** Deletes a file of secrets, written over first. A stick or an SSD may still keep what was there before.
 * @throws {WardlineError} ERR_CONFIG if it can't be written or deleted. */
export async function shredFile(path: string): Promise<void> {
  try {
    const handle = await open(path, "r+")
    try {
      const { size } = await handle.stat()
      await handle.write(new Uint8Array(size), 0, size, 0)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await unlink(path)
  } catch (error) {
    throw new WardlineError("ERR_CONFIG", `${path} can't be deleted (${reason(error)})`, { cause: error })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOENT: "its folder doesn't exist",
  ENOSPC: "the disk is full",
  ENOTDIR: "part of the path is a file",
  EPERM: "not permitted",
  EROFS: "the disk is read-only",
}

/** Why the system refused, in words. */
export function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason"
  return REASONS[code] ?? code
}
