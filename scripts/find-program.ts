import { spawnSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

export const isRoot: boolean = process.getuid?.() === 0

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The first of `names` that PATH has; an earlier name goes before an earlier folder. */
export function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

/** The path that an environment variable names, or undefined if it isn't set.
 * @throws {Error} when what it names can't be run. */
export function chosenBy(variable: string, what: string): string | undefined {
  const chosen = process.env[variable]
  if (chosen === undefined || chosen === "") return undefined
  if (isExecutable(chosen)) return chosen
  throw new Error(`${variable} is ${chosen}, which can't be run. Set it to ${what}.`)
}

/** Debian and Ubuntu as root only: elsewhere installing software is the person's own decision. */
export function installByApt(what: string, packages: readonly string[]): void {
  if (!isRoot || onPath(["apt-get"]) === undefined) return
  console.error(`No ${what} found: installing it by apt-get.`)
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  const apt = (...args: string[]): void => {
    spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] })
  }
  apt("update", "-q")
  // Two test files may come here at the same time.
  apt("install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...packages)
}
