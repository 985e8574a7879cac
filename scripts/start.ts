// `npm start`: build, then the demo.
import { checkNativeModules } from "./native.ts"
import { nodeSourceArgs, run } from "./run.ts"

const native = checkNativeModules()
if (native !== null) {
  console.error(native)
  process.exit(1)
}
// The demo stops by itself on Ctrl-C; dying first would leave it writing over the shell's next prompt.
process.on("SIGINT", () => {})
const built = run(process.execPath, ["--import", import.meta.resolve("tsx"), "scripts/build.ts"])
process.exitCode =
  built !== 0
    ? built
    : run(process.execPath, [...nodeSourceArgs, "examples/demo/start.ts", ...process.argv.slice(2)])
