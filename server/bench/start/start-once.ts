// Starts a relay on a data folder, says how long that took, and stops it.
import { startRelay } from "../../src/index.ts"

const [, , data = ".", clinicKey = ""] = process.argv
const startedMs = performance.now()
const relay = await startRelay({ data, clinicKeys: [clinicKey], port: 0 })
const readyMs = performance.now()
process.stdout.write(
  JSON.stringify({ relayMs: readyMs - startedMs, readyMs: performance.timeOrigin + readyMs }),
)
await relay.close()
