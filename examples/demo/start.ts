/** `npm start`: the demo, with the addresses to open. */
import { createWriteStream, mkdirSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { parseArgs } from "node:util"
import { isWardlineError } from "@wardline/sdk"
import { type AdminFolder, prepareAdminFolder } from "./admin-folder.ts"
import { type Demo, startDemo } from "./demo.ts"

const HELP = `Starts a demo clinic on this machine: a patient's page and a staff inbox.

  npm start
  npm start -- --data ~/wardline-demo     keep its data elsewhere (default: .demo)
  npm start -- --port 9000                the page's port (default: 8080)
  npm start -- --relay-port 9001          the relay's port (default: 8090)

A port that is taken is replaced by a free one. Ports stay the same from run to run.
Delete the data folder to begin anew.`

interface Options {
  readonly data: string
  readonly clinicPort?: number
  readonly relayPort?: number
}

/** @throws {Error} for an option that doesn't exist or a port that is none. */
function readOptions(): Options | "help" {
  const { values } = parseArgs({
    options: {
      data: { type: "string", default: ".demo" },
      port: { type: "string" },
      "relay-port": { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  })
  if (values.help) return "help"
  const { port, "relay-port": relayPort } = values
  return {
    data: resolve(values.data),
    ...(port === undefined ? {} : { clinicPort: portOf(port, "--port") }),
    ...(relayPort === undefined ? {} : { relayPort: portOf(relayPort, "--relay-port") }),
  }
}

function portOf(text: string, option: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`${option} takes a number from 0 to 65535`)
  return port
}

async function main(options: Options): Promise<void> {
  const { data, clinicPort, relayPort } = options
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const logPath = join(data, "relay.log")
  const log = createWriteStream(logPath, { flags: "a", mode: 0o600 })
  const demo = await startDemo({
    dataDir: data,
    log: (line) => log.write(line),
    ...(clinicPort === undefined ? {} : { clinicPort }),
    ...(relayPort === undefined ? {} : { relayPort }),
  })
  stopOnSignal(async () => {
    await demo.stop()
    await new Promise((resolve) => log.end(resolve))
  })
  announce(demo, await prepareAdminFolder(demo, data), { data, logPath })
  for (const note of demo.notes) console.log(`${note}\n`)
}

function announce(demo: Demo, admin: AdminFolder, paths: { data: string; logPath: string }): void {
  console.log(`
${demo.isNew ? "A demo clinic was made." : "The demo clinic is back."} It runs on this machine alone. Open these in two windows:

  As a patient
  ${demo.clinicUrl}

  As Noor, a nurse (nursing, scheduling)
  ${demo.nurseUrl}

  As Bo, who does the bills (billing; can open none of Noor's conversations)
  ${demo.billerUrl}

  As Imani, the compliance officer (opens no conversation; her inbox has the audit log)
  ${demo.officerUrl}

The chat's menu has "Who has read this". Noor's inbox is the log's witness: it signs while it is open.
One browser is one device: open Noor, Bo and Imani in different browsers, or in private windows.
The long links are their keys, so treat real ones as keys.

As the clinic's administrator:
  node sdk/dist/cli/main.js directory show --dir ${shown(admin.folder)}
  node sdk/dist/cli/main.js staff add --help     (passphrase: --passphrase-file ${shown(admin.passphraseFile)})

Everything is kept in ${shown(paths.data)}; the relay's log is ${shown(paths.logPath)}. Ctrl-C stops.
`)
}

/** A path as it would be typed here. */
function shown(path: string): string {
  const nearby = relative(process.cwd(), path)
  return nearby === "" || nearby.startsWith("..") ? path : nearby
}

/** One stop, however often it is asked for. */
function stopOnSignal(end: () => Promise<void>): void {
  let _stopping: Promise<void> | undefined
  const stop = (): void => {
    _stopping ??= end().then(() => {
      console.log("\nStopped. The next npm start continues from here.")
      process.exit(0)
    })
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop)
}

try {
  const options = readOptions()
  if (options === "help") console.log(HELP)
  else await main(options)
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  console.error(`The demo can't start: ${reason}${isWardlineError(error) ? ` (${error.code})` : ""}`)
  process.exit(1)
}
