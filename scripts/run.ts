import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { repoRoot } from "./root.ts"

/** The arguments that let node run a TypeScript file against the packages' sources. */
export const nodeSourceArgs: readonly string[] = [
  "--conditions=source",
  "--import",
  import.meta.resolve("tsx"),
]

/** Runs a command in the repository's folder with its output shown; returns the exit code. */
export function run(command: string, args: readonly string[]): number {
  const { status, error } = spawnSync(command, args, { cwd: repoRoot, stdio: "inherit" })
  if (error) console.error(`${command}: ${error.message}`)
  return status ?? 1
}

/** Path of a tool that npm installed. */
export const toolPath = (name: string): string => join(repoRoot, "node_modules/.bin", name)
