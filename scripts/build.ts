// Compiles the packages into dist/, then lets the web component bundle itself.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { repoRoot } from "./root.ts"
import { nodeSourceArgs, run, toolPath } from "./run.ts"

const packages = ["sdk", "web-component", "server"].filter((name) => existsSync(join(repoRoot, name, "src")))
let code = run(toolPath("tsc"), ["-b", ...packages])
const bundle = join(repoRoot, "web-component/build.ts")
if (code === 0 && existsSync(bundle)) code = run(process.execPath, [...nodeSourceArgs, bundle])
process.exitCode = code
