/** The README's SDK example as a program: a patient and a nurse in Node, over a real relay. From the repository:
 *
 *     node --conditions=source --import tsx examples/node-sdk.ts */
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DeviceSeeds, enrolDevice, memoryKeystore, PatientClient, StaffClient } from "@wardline/sdk"
import { startDemo } from "./demo/demo.ts"

interface Clinic {
  readonly relay: string
  readonly clinicKey: string
  /** Of the nurse's device. */
  readonly seeds: DeviceSeeds
}

async function beThePatient({ relay, clinicKey }: Clinic): Promise<void> {
  // #region patient
  const patient = await PatientClient.connect({ relay, clinicKey, keystore: memoryKeystore() })
  const consent = patient.consent("en")
  console.log(consent.text) // show it; call agree() when the person agrees, not before

  const chat = await patient.start({ topic: "refill", consent: consent.agree(), name: "Rosa" })
  await chat.send("I need my inhaler refilled")

  for await (const { kind, mine, from, text } of chat.messages()) {
    if (kind === "system") console.log(`${from.name} ${text}`) // reading leaves a record that the patient sees
    if (kind !== "text" || mine) continue
    console.log(`${from.name}: ${text}`)
    break
  }
  await patient.close()
  // #endregion
}

async function beTheNurse({ relay, clinicKey, seeds }: Clinic): Promise<void> {
  // #region nurse
  const keystore = memoryKeystore() // openFileKeystore of @wardline/sdk/node, or IndexedDB in a browser
  await enrolDevice(keystore, clinicKey, seeds) // once, with what `wardline staff add` made
  const staff = await StaffClient.connect({ relay, clinicKey, keystore })

  while (staff.list.length === 0) await once(staff, "list")
  const [newest] = staff.list
  if (newest) {
    const chat = await staff.open(newest.id) // signs first that she opens it, and why
    for await (const { kind, from, text } of chat.messages()) {
      if (kind !== "text") continue
      console.log(`${from.name}: ${text}`)
      break
    }
    await chat.send("It is ready at noon")
  }
  await staff.close()
  // #endregion
}

const dataDir = mkdtempSync(join(tmpdir(), "wardline-example-"))
const demo = await startDemo({ dataDir, clinicPort: 0, relayPort: 0, log: () => {} })
try {
  const clinic = { relay: demo.relayUrl, clinicKey: demo.clinicKey, seeds: demo.nurse }
  await Promise.all([beThePatient(clinic), beTheNurse(clinic)])
} finally {
  await demo.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
