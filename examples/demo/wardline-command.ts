/** Runs the real `wardline` command, as a clinic's administrator would. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

/** @throws {Error} with the command's own words if it fails. */
export async function wardline(...args: readonly string[]): Promise<void> {
  // The command lies beside the SDK's entry: sources in a working copy, dist/ where the package is installed.
  const entry = import.meta.resolve("@wardline/sdk")
  const main = new URL(entry.endsWith(".ts") ? "cli/main.ts" : "cli/main.js", entry)
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(main), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  })
  let words = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", resolve)
  })
  if (code !== 0) throw new Error(`wardline ${args.slice(0, 2).join(" ")} failed:\n${words.trim()}`)
}
