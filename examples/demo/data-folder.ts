/** What the demo keeps between runs, all in one folder:
 *
 * - `root-key.txt` the clinic's root key; a real clinic's would lie in a safe
 * - `clinic/` the administrator's folder, as `wardline init` makes it, and `passphrase.txt` that unlocks it
 * - `relay/` the relay's data
 * - `demo.json` ports and the staff's device seeds; written last, so that it says that the rest is whole */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Two 32-byte seeds in hexadecimal: all that a device is. */
export interface StoredSeeds {
  readonly signingSeed: string
  readonly wrappingSeed: string
}

export interface DemoFile {
  readonly relayPort: number
  readonly clinicPort: number
  readonly nurse: StoredSeeds
  readonly biller: StoredSeeds
}

export interface DataFolder {
  readonly path: string
  readonly rootKey: string
  readonly clinic: string
  readonly passphrase: string
  readonly relay: string
  /** From the last run. */
  readonly saved: DemoFile | undefined
}

/** Opens the demo's folder, or makes it. What an interrupted first run left is cleared away.
 * @throws {Error} for a folder with other things in it: those are not ours to touch. */
export function openDataFolder(path: string): DataFolder {
  const folder = {
    path,
    rootKey: join(path, "root-key.txt"),
    clinic: join(path, "clinic"),
    passphrase: join(path, "passphrase.txt"),
    relay: join(path, "relay"),
  }
  const unfinished = join(path, "unfinished")
  if (existsSync(join(path, "demo.json"))) {
    const saved = JSON.parse(readFileSync(join(path, "demo.json"), "utf8")) as DemoFile
    return { ...folder, saved }
  }
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (!existsSync(unfinished) && readdirSync(path).length > 0)
    throw new Error(`${path} has other things in it: name an empty folder, or one of an earlier demo`)
  writeFileSync(unfinished, "The demo's first start isn't done.\n")
  for (const made of [folder.rootKey, folder.clinic, folder.passphrase, folder.relay])
    rmSync(made, { recursive: true, force: true })
  return { ...folder, saved: undefined }
}

export function saveDemo(path: string, demo: DemoFile): void {
  const file = join(path, "demo.json")
  writeFileSync(`${file}.tmp`, `${JSON.stringify(demo, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.tmp`, file)
  rmSync(join(path, "unfinished"), { force: true })
}
