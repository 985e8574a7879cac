// The relay itself, all its work done: logins, gates, dedupe, links, audit log, credits. Only its rate limits are out of
// the way, since all of the load comes from one address and each of its devices writes faster than a person.
import { cryptoReady, signingKeyPair } from "@wardline/sdk/crypto"
import { toHex } from "@wardline/sdk/protocol"
import { createLog, DEFAULT_LIMITS, startRelay } from "../../src/index.ts"

const UNLIMITED = 1_000_000_000

const [, , data = ".", rootSeed = ""] = process.argv

await cryptoReady()
const root = signingKeyPair(Buffer.from(rootSeed, "hex"))
const relay = await startRelay({
  data,
  clinicKeys: [toHex(root.publicKey)],
  port: 0,
  log: createLog("warn"),
  limits: {
    sessionsPerAddress: DEFAULT_LIMITS.sessions,
    loginsPerSecond: UNLIMITED,
    loginsBurst: UNLIMITED,
    requestsPerSecond: UNLIMITED,
    requestsBurst: UNLIMITED,
    recordsPerSecond: UNLIMITED,
    recordsBurst: UNLIMITED,
    bytesPerSecond: UNLIMITED,
    bytesBurst: UNLIMITED,
    addressRecordsPerSecond: UNLIMITED,
    addressRecordsBurst: UNLIMITED,
    httpPerSecond: UNLIMITED,
    httpBurst: UNLIMITED,
    postsPerSecond: UNLIMITED,
    postsBurst: UNLIMITED,
  },
})
process.once("disconnect", () => process.exit(0))
process.once("SIGTERM", () => void relay.close().then(() => process.exit(0)))
process.send?.({ port: relay.port })
