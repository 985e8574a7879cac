/** `npm start`: the demo, with the addresses to open. */
import { createWriteStream, mkdirSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { isWardlineError } from "@wardline/sdk"
import { startDemo } from "./demo.ts"

const HELP = `Starts a demo clinic on this machine: a patient's page and a staff inbox.

  npm start
  npm start -- --data ~/wardline-demo     keep its data elsewhere
  npm start -- --port 9000                the clinic's page; the relay takes the next port

Delete the data folder to begin anew.`

const { values } = parseArgs({
  options: {
    data: { type: "string", default: ".demo" },
    port: { type: "string", default: "8080" },
    help: { type: "boolean", short: "h", default: false },
  },
})

async function main(): Promise<void> {
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_534)
    throw new Error("--port takes a number from 0 to 65534")
  mkdirSync(values.data, { recursive: true })
  const logPath = join(values.data, "relay.log")
  const log = createWriteStream(logPath, { flags: "a", mode: 0o600 })
  const demo = await startDemo({
    dataDir: values.data,
    clinicPort: port,
    relayPort: port === 0 ? 0 : port + 1,
    log: (line) => log.write(line),
  })
  console.log(`
${demo.isNew ? "A demo clinic was made." : "The demo clinic is back."} Open these in two windows:

  As a patient   ${demo.clinicUrl}

  As Noor, a nurse (nursing, scheduling)
  ${demo.nurseUrl}

  As Bo, who does the bills (billing)
  ${demo.billerUrl}

Noor and Bo need browser profiles of their own: a private window for one of them.
Everything is kept in ${values.data}; the relay's log is ${logPath}. Ctrl-C stops.
`)
  if (port !== 0 && !demo.clinicUrl.endsWith(`:${port}`))
    console.log(`Port ${port} was taken, so another one is used.\n`)
  const stop = (): void => {
    void demo.stop().then(() => process.exit(0))
  }
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
}

if (values.help) console.log(HELP)
else {
  await main().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    console.error(`The demo can't start: ${reason}${isWardlineError(error) ? ` (${error.code})` : ""}`)
    process.exitCode = 1
  })
}
