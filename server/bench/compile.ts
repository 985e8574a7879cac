import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Under node_modules, so that the programs find their packages and nothing is left in the tree. */
const OUT = here("../../node_modules/.cache/wardline-bench")
const SERVERS = [
  "wardline",
  "echo",
  "store-plain",
  "store-frames-once",
  "store-one-each",
  "socket-io",
  "sqlite-alone",
]

/** Compiles the programs of the bench: run through tsx, each closure would pay for keeping its name.
 * @returns the folder that they are in, each as `<name>.js`. */
export async function compilePrograms(): Promise<string> {
  await build({
    entryPoints: {
      ...Object.fromEntries(SERVERS.map((name) => [name, here(`servers/${name}.ts`)])),
      load: here("load/main.ts"),
      "collect-on-signal": here("collect-on-signal.ts"),
    },
    outdir: OUT,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["source"],
    external: ["better-sqlite3", "ws", "socket.io", "pino", "libsodium-wrappers", "@noble/*"],
    logLevel: "warning",
  })
  return OUT
}

export function programPath(folder: string, name: string): string {
  return join(folder, `${name}.mjs`)
}
