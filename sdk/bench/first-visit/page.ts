/** What runs in the browser: a first visit's directory, the whole one, and the signatures of a snapshot alone. */
import { DirectoryTracker } from "../../src/client/directory-tracker.ts"
import { readOptions } from "../../src/client/options.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import { cryptoReady, deviceFromSeeds, sign, verifySignature } from "../../src/crypto/index.ts"
import { memoryKeystore, PatientClient } from "../../src/index.ts"

export interface VisitTimes {
  /** `PatientClient.connect` on a fresh page, libsodium's start included, ms. */
  readonly connectMs: number
  /** From the request to the checked state, by a snapshot, ms. */
  readonly shortMs: number
  /** The same by the whole log, ms. */
  readonly wholeMs: number
  /** As many checks of signatures as a snapshot has, ms. */
  readonly signaturesMs: number
  /** What the snapshot said, to see that it is the directory. */
  readonly position: number
  readonly base: number
}

const SEED = new Uint8Array(32).fill(1)

async function timed(work: () => unknown): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

async function measure(relay: string, clinicKey: string, signatures: number): Promise<VisitTimes> {
  const options = { relay, clinicKey, keystore: memoryKeystore() }
  const connectMs = await timed(async () => (await PatientClient.connect(options)).close())
  await cryptoReady()
  const load = (fromSnapshot: boolean): Promise<DirectoryTracker> => {
    const context = readOptions(options)
    return DirectoryTracker.load(context, new ClinicStorage(context.keystore, context.clinicId), {
      fromSnapshot,
    })
  }
  const visitor = await load(true)
  const shortMs = await timed(() => visitor.refresh())
  visitor.assertFresh()
  const whole = await load(false)
  const wholeMs = await timed(() => whole.refresh())
  const { position, base, link } = visitor.state
  if (whole.state.link.join() !== link.join()) throw new Error("two directories")
  const { secretKey, publicKey } = deviceFromSeeds(SEED, SEED).signing
  const message = new Uint8Array(1400)
  const signature = sign("wl1/bench", message, secretKey)
  const signaturesMs = await timed(() => {
    for (let i = 0; i < signatures; i++) verifySignature("wl1/bench", message, signature, publicKey)
  })
  return { connectMs, shortMs, wholeMs, signaturesMs, position, base }
}

Object.assign(globalThis, { measure })
