/** A clinic's relay in a process of its own, which reports how much memory it takes. */
import { startClinic } from "../support/live-clinic.ts"
import { reportMemory } from "./memory.ts"

let close = (): Promise<void> => Promise.resolve()
process.on("disconnect", () => void close().then(() => process.exit(0)))
const clinic = await startClinic({ limits: { patientBlobBytes: 250_000_000, blobBytesBurst: 2_000_000_000 } })
close = () => clinic.close()
const keystore = await clinic.staffKeystore("nurse")
const entries = await Promise.all(
  (await keystore.keys("")).map(async (key) => [key, await keystore.get(key)] as const),
)
process.send?.({ kind: "ready", url: clinic.url, clinicKey: clinic.created.clinicKey, staff: entries })
reportMemory()
