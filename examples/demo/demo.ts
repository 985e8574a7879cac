/** The demo: a clinic, a relay and the clinic's web site on this machine. Tests drive the same one. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createLog, type Relay, startRelay } from "@wardline/relay"
import { AdminClient, type DeviceSeeds, enrolDevice, memoryKeystore } from "@wardline/sdk"
import { type ClinicPage, startClinicPage } from "./clinic-page.ts"
import { DEMO_BILLER, DEMO_CLINIC, DEMO_NURSE } from "./people.ts"
import { freePort } from "./ports.ts"

export interface DemoOptions {
  /** Where everything is kept; made if it isn't there. */
  readonly dataDir: string
  /** Ports; 0 = any free one. A port that is taken is replaced by a free one. */
  readonly clinicPort: number
  readonly relayPort: number
  /** Pages to serve in place of the real ones: for tests. */
  readonly webRoot?: string
  /** Receives the relay's log, line by line. */
  readonly log: (line: string) => void
}

export interface Demo {
  readonly clinicUrl: string
  readonly relayUrl: string
  /** Opens the inbox as the nurse. A secret: it holds her device's keys. */
  readonly nurseUrl: string
  /** Opens the inbox as the biller; likewise. */
  readonly billerUrl: string
  readonly clinicKey: string
  /** Whether the clinic was made by this start. */
  readonly isNew: boolean
  stopRelay(): Promise<void>
  startRelay(): Promise<void>
  stop(): Promise<void>
}

/** What the demo remembers: keys that a real clinic keeps on different machines, the root key offline. */
interface DemoKeys {
  clinicKey: string
  root: string
  admin: StoredSeeds
  nurse?: StoredSeeds
  biller?: StoredSeeds
}
type StoredSeeds = { signing: string; wrapping: string }

/** Starts everything; the first time it makes the clinic.
 * @throws {WardlineError} as startRelay and AdminClient do. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const keysPath = join(options.dataDir, "clinic-keys.json")
  const clinicPort = await freePort(options.clinicPort)
  const relayPort = await freePort(options.relayPort)
  const relayUrl = `http://localhost:${relayPort}`
  const known = readKeys(keysPath)
  const created = known ? undefined : await AdminClient.createClinic(DEMO_CLINIC)
  const keys = known ?? keysOf(created as NonNullable<typeof created>)

  const startTheRelay = (): Promise<Relay> =>
    startRelay({
      data: join(options.dataDir, "relay"),
      clinicKeys: [keys.clinicKey],
      port: relayPort,
      allowOrigins: [`http://localhost:${clinicPort}`],
      log: createLog("info", { write: options.log }),
      ...(options.webRoot ? { webRoot: options.webRoot } : {}),
    })
  let relay: Relay | undefined = await startTheRelay()

  let page: ClinicPage
  try {
    const admin = await connectAdmin(relayUrl, keys, created?.records)
    keys.nurse ??= stored((await admin.addStaff(DEMO_NURSE)).seeds)
    keys.biller ??= stored((await admin.addStaff(DEMO_BILLER)).seeds)
    writeFileSync(keysPath, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
    // However long the demo was off, its directory is vouched for again.
    await admin.attest()
    page = await startClinicPage({ port: clinicPort, relayUrl, clinicKey: keys.clinicKey })
  } catch (error) {
    await relay.close()
    throw error
  }

  return {
    clinicUrl: page.url,
    relayUrl,
    nurseUrl: inboxUrl(relayUrl, keys.clinicKey, keys.nurse),
    billerUrl: inboxUrl(relayUrl, keys.clinicKey, keys.biller),
    clinicKey: keys.clinicKey,
    isNew: created !== undefined,
    async stopRelay() {
      await relay?.close()
      relay = undefined
    },
    async startRelay() {
      relay ??= await startTheRelay()
    },
    async stop() {
      await page.stop()
      await relay?.close()
      relay = undefined
    },
  }
}

async function connectAdmin(
  relay: string,
  keys: DemoKeys,
  records?: readonly Uint8Array[],
): Promise<AdminClient> {
  const keystore = memoryKeystore()
  await enrolDevice(keystore, keys.clinicKey, seedsOf(keys.admin))
  const options = { relay, clinicKey: keys.clinicKey, keystore }
  if (records) await AdminClient.publish(options, records)
  return AdminClient.connect(options)
}

/** The address that turns a browser into a staff device; the page takes the keys out of it at once. */
function inboxUrl(relayUrl: string, clinicKey: string, seeds: StoredSeeds): string {
  const code = { v: 1, clinicKey, signingSeed: seeds.signing, wrappingSeed: seeds.wrapping }
  return `${relayUrl}/staff#enrol=${Buffer.from(JSON.stringify(code)).toString("base64url")}`
}

function readKeys(path: string): DemoKeys | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as DemoKeys
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

function keysOf(created: { clinicKey: string; rootSeed: Uint8Array; admin: DeviceSeeds }): DemoKeys {
  return { clinicKey: created.clinicKey, root: hex(created.rootSeed), admin: stored(created.admin) }
}

function stored(seeds: DeviceSeeds | undefined): StoredSeeds {
  if (!seeds) throw new Error("the device's keys were made elsewhere")
  return { signing: hex(seeds.signingSeed), wrapping: hex(seeds.wrappingSeed) }
}

function seedsOf(seeds: StoredSeeds): DeviceSeeds {
  return { signingSeed: Buffer.from(seeds.signing, "hex"), wrappingSeed: Buffer.from(seeds.wrapping, "hex") }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
