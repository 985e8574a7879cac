import { createRequire } from "node:module"
import { join } from "node:path"
import { repoRoot } from "./root.ts"

/** Says what to do when better-sqlite3 can't be loaded; null when it can. */
export function checkNativeModules(): string | null {
  const require = createRequire(join(repoRoot, "server/package.json"))
  try {
    const Database = require("better-sqlite3") as new (path: string) => { close(): void }
    new Database(":memory:").close()
    return null
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0]
    return [
      "The SQLite module (better-sqlite3) can't be loaded, so nothing that needs the relay's store will work.",
      "It is compiled on this machine when no ready-made build is reachable, which needs python3, make and g++",
      "(Debian, Ubuntu: apt-get install python3 make g++; macOS: xcode-select --install).",
      "Install them, then run: npm rebuild better-sqlite3",
      `Reason: ${reason}`,
    ].join("\n")
  }
}
