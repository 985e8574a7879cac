/** The widget, built from sources in which one line was changed to leak what is written. */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { MutantBench } from "../../../scripts/mutants.ts"

/** The message still opens, so that nobody at the screen notices: its end stands in the record's salt, and the whole
 * of it in a request's address. */
const LEAK = {
  file: "sdk/src/conversation/message.ts",
  find: "const encodedPrefix = encodeMessagePrefix(prefix)",
  replace: `const leaked = new Uint8Array(32)
  const { text = "" } = JSON.parse(new TextDecoder().decode(payload))
  leaked.set(new TextEncoder().encode(text).subarray(-32))
  void fetch("/healthz?" + new TextDecoder().decode(payload))
  const encodedPrefix = encodeMessagePrefix({ ...prefix, salt: leaked })`,
}

/** Builds the leaky pages into a folder of their own. */
export async function buildLeakySite(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const bench = await MutantBench.create()
  if (!(await bench.plant(LEAK))) throw new Error("the line to change isn't there any more")
  const script = 'await (await import("./web-component/build.ts")).build()'
  const built = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    cwd: bench.folder,
    encoding: "utf8",
  })
  if (built.status !== 0) throw new Error(`the leaky build failed: ${built.stderr}`)
  return { folder: join(bench.folder, "web-component", "dist", "site"), remove: () => bench.remove() }
}
