/** The demo: a clinic, a relay and the clinic's web site on this machine. Tests drive the same one. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { createLog, type Relay, startRelay } from "@wardline/relay"
import {
  AdminClient,
  type DeviceSeeds,
  deviceWitnessName,
  enrolDevice,
  enrolmentLink,
  memoryKeystore,
  type NewStaff,
} from "@wardline/sdk"
import { deviceFromSeeds } from "@wardline/sdk/crypto"
import { toHex } from "@wardline/sdk/protocol"
import { startClinicPage } from "./clinic-page.ts"
import { AUDIT_ROLE, DEMO_BILLER, DEMO_CLINIC, DEMO_NURSE, DEMO_OFFICER } from "./people.ts"
import { freePort } from "./ports.ts"
import {
  readSaved,
  type SavedDemo,
  type StoredSeeds,
  save,
  savedFrom,
  seedBytes,
  storedSeeds,
} from "./saved.ts"

const CLINIC_PORT = 8080
const RELAY_PORT = 8090
/** Patients' devices refuse a directory that nobody vouched for in a week; a demo may run for longer. */
const ATTEST_EVERY_MS = 24 * 60 * 60 * 1000

export interface DemoOptions {
  /** Where everything is kept; made if it isn't there. */
  readonly dataDir: string
  /** 0 is any free port; without one that of the last run, the first time 8080 for the page and 8090 for the relay.
   * A port that is taken is replaced by a free one. */
  readonly clinicPort?: number
  readonly relayPort?: number
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
  /** Opens the inbox, and the audit log there, as the compliance officer; likewise. */
  readonly officerUrl: string
  readonly clinicKey: string
  /** The keys of the nurse's device, for a program that is the nurse. */
  readonly nurse: DeviceSeeds
  /** The administrator's. */
  readonly admin: DeviceSeeds
  /** What whoever started it should know, such as a port that was taken. */
  readonly notes: readonly string[]
  /** Whether the clinic was made by this start. */
  readonly isNew: boolean
  stopRelay(): Promise<void>
  /** On the same port, with the same data. */
  startRelay(): Promise<void>
  restartRelay(): Promise<void>
  stop(): Promise<void>
}

/** Starts everything; the first time it makes the clinic.
 * @throws {WardlineError} as startRelay and AdminClient do; Error where the pages aren't built. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { dataDir } = options
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const before = readSaved(dataDir)
  const notes: string[] = []
  const choosePort = async (wanted: number, whose: string): Promise<number> => {
    const port = await freePort(wanted)
    if (wanted !== 0 && port !== wanted)
      notes.push(`Port ${wanted} is taken, so the ${whose} is on port ${port}.`)
    return port
  }
  const clinicPort = await choosePort(options.clinicPort ?? before?.clinicPort ?? CLINIC_PORT, "page")
  const relayPort = await choosePort(options.relayPort ?? before?.relayPort ?? RELAY_PORT, "relay")
  const relayUrl = `http://localhost:${relayPort}`
  const created = before ? undefined : await AdminClient.createClinic(DEMO_CLINIC)
  const keys = before ?? savedFrom(created as NonNullable<typeof created>)
  const { clinicKey } = keys

  let relay: Relay | undefined
  const begin = async (): Promise<Relay> => {
    relay ??= await startRelay({
      data: join(dataDir, "relay"),
      clinicKeys: [clinicKey],
      port: relayPort,
      allowOrigins: [`http://localhost:${clinicPort}`],
      log: createLog("info", { write: options.log }),
      ...(options.webRoot ? { webRoot: options.webRoot } : {}),
    })
    return relay
  }
  const end = async (): Promise<void> => {
    const ending = relay
    relay = undefined
    await ending?.close()
  }
  const logKey = toHex((await begin()).logKey)

  try {
    await checkPages(relayUrl)
    const admin = await connectAdmin(relayUrl, keys, created?.records)
    const nurse = keys.nurse ?? (await enrol(admin, DEMO_NURSE))
    const biller = keys.biller ?? (await enrol(admin, DEMO_BILLER))
    const officer = keys.officer ?? (await enrol(admin, DEMO_OFFICER))
    await openAudit(admin, logKey, nurse)
    save(dataDir, { ...keys, nurse, biller, officer, clinicPort, relayPort })
    // However long the demo was off, its directory is vouched for again. While the relay is stopped this fails.
    await admin.attest()
    const attesting = setInterval(() => void admin.attest().catch(() => {}), ATTEST_EVERY_MS).unref()
    const page = await startClinicPage({ port: clinicPort, relayUrl, clinicKey })
    return {
      clinicUrl: page.url,
      relayUrl,
      nurseUrl: enrolmentLink(relayUrl, { clinicKey, ...seedBytes(nurse) }),
      billerUrl: enrolmentLink(relayUrl, { clinicKey, ...seedBytes(biller) }),
      officerUrl: enrolmentLink(relayUrl, { clinicKey, ...seedBytes(officer) }),
      clinicKey,
      nurse: seedBytes(nurse),
      admin: seedBytes(keys.admin),
      notes,
      isNew: created !== undefined,
      stopRelay: end,
      startRelay: async () => {
        await begin()
      },
      restartRelay: async () => {
        await end()
        await begin()
      },
      stop: async () => {
        clearInterval(attesting)
        await page.stop()
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** @throws {Error} if the relay has no pages to serve: better now than as an empty frame. */
async function checkPages(relayUrl: string): Promise<void> {
  const { ok, body } = await fetch(`${relayUrl}/chat`)
  await body?.cancel()
  if (!ok) throw new Error("the chat's pages aren't built; run: npm run build")
}

async function connectAdmin(
  relay: string,
  keys: SavedDemo,
  records?: readonly Uint8Array[],
): Promise<AdminClient> {
  const keystore = memoryKeystore()
  await enrolDevice(keystore, keys.clinicKey, seedBytes(keys.admin))
  const options = { relay, clinicKey: keys.clinicKey, keystore }
  if (records) await AdminClient.publish(options, records)
  return AdminClient.connect(options)
}

/** Names in the clinic's policy the key by which this relay seals its audit log, who may read that, and the nurse's inbox as
 * its witness: what she has seen, nobody can take out unnoticed. */
async function openAudit(admin: AdminClient, logKey: string, nurse: StoredSeeds): Promise<void> {
  const { policy } = admin
  if (policy.logKey === logKey && policy.auditRole === AUDIT_ROLE) return
  const { signingSeed, wrappingSeed } = seedBytes(nurse)
  const { id, signing } = deviceFromSeeds(signingSeed, wrappingSeed)
  const witness = { name: deviceWitnessName(toHex(id)), key: toHex(signing.publicKey) }
  await admin.setPolicy({ logKey, auditRole: AUDIT_ROLE, witnesses: [witness], quorum: 1 })
}

async function enrol(admin: AdminClient, staff: NewStaff): Promise<StoredSeeds> {
  const { seeds } = await admin.addStaff(staff)
  if (!seeds) throw new Error("the device's keys were made elsewhere")
  return storedSeeds(seeds)
}
