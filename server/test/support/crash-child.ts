/** A relay in a process of its own, to be killed: warms up, waits for a line on stdin, starts, prints its address. */
import { createInterface } from "node:readline"
import { startRelay } from "../../src/index.ts"

const [data = "", clinicKey = ""] = process.argv.slice(2)
const many = 1e9

process.stdout.write("warm\n")
for await (const _ of createInterface({ input: process.stdin })) {
  const relay = await startRelay({
    data,
    clinicKeys: [clinicKey],
    port: 0,
    limits: {
      recordsPerSecond: many,
      recordsBurst: many,
      bytesPerSecond: many,
      bytesBurst: many,
      addressRecordsPerSecond: many,
      addressRecordsBurst: many,
      loginsPerSecond: many,
      loginsBurst: many,
      minFreeBytes: 0,
      checkpointMs: 1,
    },
  })
  process.stdout.write(`${relay.url}\n`)
  break
}
