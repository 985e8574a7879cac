/** A patient's and a nurse's device in one process: one sends a large file that is never in memory, the other fetches
 * it into nowhere; both hash what passes. */
import { createHash } from "node:crypto"
import { memoryKeystore, PatientClient, StaffClient } from "../../src/index.ts"
import { begin, until } from "../support/live-clinic.ts"
import { reportMemory } from "./memory.ts"

interface Start {
  readonly url: string
  readonly clinicKey: string
  readonly staff: readonly (readonly [string, Uint8Array])[]
  readonly size: number
}

process.once("message", (message) => void run(message as Start))

/** A file of pseudo-random bytes: a window that moves over one megabyte of them. */
function largeFile(size: number, hash: { update(bytes: Uint8Array): unknown }): ReadableStream<Uint8Array> {
  const pattern = createHash("shake256", { outputLength: 1_000_003 }).update("large file").digest()
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= size) {
          controller.close()
          return
        }
        const from = at % 900_001
        const part = new Uint8Array(pattern.subarray(from, from + Math.min(65_536, size - at)))
        at += part.length
        hash.update(part)
        controller.enqueue(part)
      },
    },
    { highWaterMark: 0 },
  )
}

async function run({ url, clinicKey, staff, size }: Start): Promise<void> {
  const keystore = memoryKeystore()
  await keystore.set(Object.fromEntries(staff))
  const patient = await PatientClient.connect({ relay: url, clinicKey, keystore: memoryKeystore() })
  const conversation = await begin(patient)
  const nurse = await StaffClient.connect({ relay: url, clinicKey, keystore })
  await until(nurse, "list", () => nurse.list.length === 1)
  const theirs = await nurse.open(conversation.id)
  const exchange = async (
    bytes: number,
  ): Promise<{ sent: string; received: string; sendMs: number; fetchMs: number }> => {
    const sent = createHash("sha256")
    const startedMs = performance.now()
    const message = await conversation.sendFile({
      stream: largeFile(bytes, sent),
      size: bytes,
      name: "scan.dcm",
      type: "application/dicom",
    })
    const sendMs = performance.now() - startedMs
    await until(theirs, "change", () => theirs.view.messages.some(({ id }) => id === message.id))
    const received = createHash("sha256")
    const sink = new WritableStream<Uint8Array>({ write: (part) => void received.update(part) })
    await theirs.saveFile(message.id, sink)
    const fetchMs = performance.now() - startedMs - sendMs
    return { sent: sent.digest("hex"), received: received.digest("hex"), sendMs, fetchMs }
  }
  // Code, buffers and caches that any file needs.
  await exchange(4_000_000)
  process.send?.({ kind: "warm" })
  reportMemory()
  process.send?.({ kind: "done", ...(await exchange(size)) })
  await patient.close()
  await nurse.close()
}

process.on("disconnect", () => process.exit(0))
