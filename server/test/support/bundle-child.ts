/** The relay that crash tests kill. */
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { buildSync } from "esbuild"

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url))

/** Builds crash-child.ts into one file, so that each life begins faster; inside the repository, so that its libraries are
 * found. The caller removes it. */
export function bundleChild(name: string): string {
  const outfile = join(REPOSITORY, "test-output", `${name}-child-${process.pid}.mjs`)
  buildSync({
    entryPoints: [fileURLToPath(new URL("./crash-child.ts", import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["source"],
    external: ["better-sqlite3", "pino", "ws"],
    logLevel: "error",
  })
  return outfile
}
