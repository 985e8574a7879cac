/** `wardline-relay start`. */
import { toHex } from "@wardline/sdk/protocol"
import { pino } from "pino"
import type { Config } from "../config.ts"
import { createLog, errorFields } from "../log.ts"
import { type Relay, startRelay } from "../relay.ts"
import type { Output } from "./output.ts"

/** Runs the relay until it is asked to stop; resolves when it has. */
export async function runStart({ relay: options, logLevel }: Config, output: Output): Promise<void> {
  const log = createLog(logLevel, pino.destination({ fd: 2, sync: true }))
  process.on("unhandledRejection", (error) => log.error("unexpected", errorFields(error)))
  const relay = await startRelay({ ...options, log })
  const logKey = toHex(relay.logKey)
  log.info("started", { port: relay.port, relay: relay.relayId, logKey })
  output.result(
    {
      ok: true,
      event: "started",
      url: relay.url,
      port: relay.port,
      relayId: relay.relayId,
      logKey,
      clinics: relay.clinics,
      pid: process.pid,
    },
    [
      `Wardline relay: ${relay.url}`,
      `Log key:        ${logKey}  (put it into the clinic's policy)`,
      ...relay.clinics.map(({ id, directoryPosition }) =>
        directoryPosition === 0
          ? `Clinic ${id}: no directory yet; \`wardline directory push\` sends it`
          : `Clinic ${id}: directory at position ${directoryPosition}`,
      ),
      "Stop it with Ctrl-C or SIGTERM.",
    ],
  )
  await untilStopped(relay)
  log.info("stopped")
}

async function untilStopped(relay: Relay): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve())
  })
  await relay.close()
}
