/** The data folder: the database, the log key, the lock; nobody else's to read. */
import { accessSync, constants, mkdirSync, statSync } from "node:fs"
import { WardlineError } from "@wardline/sdk/protocol"

/** Makes the folder where it isn't there, and checks that it can be used.
 * @throws {WardlineError} ERR_STORE */
export function prepareFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new WardlineError("ERR_STORE", `${path} can't be made: check the parent folder's permissions`, {
      cause,
    })
  }
  const problem = folderProblem(path)
  if (problem !== undefined) throw new WardlineError("ERR_STORE", problem)
}

/** What is wrong with an existing data folder; undefined if nothing is. */
export function folderProblem(path: string): string | undefined {
  if (!statSync(path).isDirectory()) return `${path} is a file: name a folder`
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return undefined
  } catch {
    return `${path} can't be written: make it belong to the user that runs the relay`
  }
}
