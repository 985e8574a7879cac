/** A clinic on a real relay in this process: administrator, nurse and biller enrolled, everything over real sockets. */
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Relay, type RelayOptions, startRelay } from "@wardline/relay"
import { fromHex, toHex } from "../../src/bytes.ts"
import { fetchDirectory } from "../../src/client/directory-http.ts"
import { readOptions } from "../../src/client/options.ts"
import { sha256, verify } from "../../src/crypto/index.ts"
import { applyRecords, createDirectory, type DirectoryState } from "../../src/directory/index.ts"
import {
  AdminClient,
  type ClientOptions,
  type CreatedClinic,
  enrolDevice,
  type Keystore,
  memoryKeystore,
  type NewClinic,
  PatientClient,
  StaffClient,
} from "../../src/index.ts"
import { EMPTY_POLICY } from "./empty-policy.ts"

export { EMPTY_POLICY } from "./empty-policy.ts"

export interface LiveClinic {
  readonly created: CreatedClinic
  readonly admin: AdminClient
  readonly relay: Relay
  /** Its address; the same after a restart. */
  readonly url: string
  readonly data: string
  /** Options for a client of this clinic with its own keystore. */
  options(keystore?: Keystore, url?: string): ClientOptions
  patient(keystore?: Keystore, url?: string): Promise<PatientClient>
  staff(name: "nurse" | "biller" | "doctor", url?: string): Promise<StaffClient>
  /** The keystore of an enrolled member of staff; a new copy at each call. */
  staffKeystore(name: "nurse" | "biller" | "doctor"): Promise<Keystore>
  deviceIds: Readonly<Record<"nurse" | "biller" | "doctor", string>>
  /** The directory with everybody's wraps, as the relay has it. */
  directoryWithWraps(): Promise<DirectoryState>
  stopRelay(): Promise<void>
  /** Starts the relay again, on the same port. @param data - another folder, such as a copy. */
  restartRelay(options?: Partial<RelayOptions>): Promise<void>
  /** A copy of the data folder as it is now; the relay should be stopped. */
  copyData(): string
  close(): Promise<void>
}

export async function startClinic(
  overrides: Partial<RelayOptions> & {
    policy?: Partial<NewClinic["policy"]>
    nowMs?: number
    /** The policy names the relay's log key: it signs heads. */
    isSigned?: boolean
  } = {},
): Promise<LiveClinic> {
  const { policy, nowMs, isSigned = false, ...relayOptions } = overrides
  const created = await AdminClient.createClinic({
    adminName: "Ada",
    policy: { ...EMPTY_POLICY, ...policy },
    consent: { id: "chat", texts: { en: "I agree.", es: "Acepto." } },
    ...(nowMs === undefined ? {} : { nowMs }),
  })
  const folders: string[] = []
  const newFolder = (): string => {
    const folder = mkdtempSync(join(tmpdir(), "wardline-relay-"))
    folders.push(folder)
    return folder
  }
  const data = newFolder()
  const start = (options: Partial<RelayOptions>): Promise<Relay> =>
    startRelay({ data, clinicKeys: [created.clinicKey], port: 0, webRoot: data, ...relayOptions, ...options })
  let relay = await start({})
  const { url, port } = relay
  const { clinicKey } = created
  const options = (keystore: Keystore = memoryKeystore(), relayUrl = url): ClientOptions => ({
    relay: relayUrl,
    clinicKey,
    keystore,
  })
  const adminOptions = options()
  await AdminClient.publish(adminOptions, created.records)
  await enrolDevice(adminOptions.keystore, clinicKey, created.admin)
  const admin = await AdminClient.connect(adminOptions)
  if (isSigned) await admin.setPolicy({ logKey: toHex(relay.logKey) })
  const nurse = await admin.addStaff({ name: "Nurse Kim", roles: [{ role: "nursing", keeper: true }] })
  const biller = await admin.addStaff({ name: "Bill", roles: [{ role: "billing" }] })
  const doctor = await admin.addStaff({ name: "Dr. Osei", roles: [{ role: "medical" }, { role: "nursing" }] })
  const staff = { nurse, biller, doctor }
  const staffKeystore = async (name: keyof typeof staff): Promise<Keystore> => {
    const keystore = memoryKeystore()
    await enrolDevice(keystore, clinicKey, staff[name].seeds)
    return keystore
  }
  return {
    created,
    admin,
    url,
    data,
    get relay() {
      return relay
    },
    options,
    staffKeystore,
    deviceIds: { nurse: nurse.deviceId, biller: biller.deviceId, doctor: doctor.deviceId },
    patient: (keystore, relayUrl) => PatientClient.connect(options(keystore, relayUrl)),
    staff: async (name, relayUrl) => StaffClient.connect(options(await staffKeystore(name), relayUrl)),
    directoryWithWraps: async () => {
      const records = await fetchDirectory(readOptions(options()), 0, "all")
      return applyRecords(createDirectory(fromHex(clinicKey), sha256), records, { hash: sha256, verify })
    },
    stopRelay: () => relay.close(),
    restartRelay: async (more = {}) => {
      await relay.close()
      relay = await start({ port, ...more })
    },
    copyData: () => {
      const copy = newFolder()
      cpSync(data, copy, { recursive: true })
      return copy
    },
    close: async () => {
      await relay.close()
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Begins a conversation with the patient's agreement. */
export function begin(
  patient: PatientClient,
  topic = "refill",
  more: { name?: string; answer?: string; signal?: AbortSignal } = {},
): ReturnType<PatientClient["start"]> {
  return patient.start({ topic, consent: patient.consent().agree(), ...more })
}

/** Waits until `holds` is true, looking again at every `event`, at most `limitMs`. */
export async function until(
  target: EventTarget,
  event: string,
  holds: () => boolean,
  limitMs = 20_000,
): Promise<void> {
  if (holds()) return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      target.removeEventListener(event, look)
      reject(new Error(`waited ${limitMs} ms in vain for: ${holds.toString()}`))
    }, limitMs)
    const look = (): void => {
      if (!holds()) return
      clearTimeout(timer)
      target.removeEventListener(event, look)
      resolve()
    }
    target.addEventListener(event, look)
  })
}
