/** The administrator's folder as `wardline init` would have made it, so that the command can be tried on the demo. */
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { enrolDevice } from "@wardline/sdk"
import { sha256 } from "@wardline/sdk/crypto"
import { openFileKeystore } from "@wardline/sdk/node"
import { clinicIdOf, toHex } from "@wardline/sdk/protocol"
import type { Demo } from "./demo.ts"
import { DEMO_CLINIC } from "./people.ts"

export interface AdminFolder {
  readonly folder: string
  readonly passphraseFile: string
}

/** Makes it where it isn't there yet, and tells it the relay's address of this run. */
export async function prepareAdminFolder(demo: Demo, dataDir: string): Promise<AdminFolder> {
  const folder = join(dataDir, "clinic")
  const passphraseFile = join(dataDir, "passphrase.txt")
  if (!existsSync(join(folder, "clinic.json"))) {
    mkdirSync(join(folder, "enrolments"), { recursive: true, mode: 0o700 })
    const passphrase = randomBytes(18).toString("base64url")
    const keystore = await openFileKeystore(join(folder, "admin.keystore"), passphrase)
    await enrolDevice(keystore, demo.clinicKey, demo.admin)
    await keystore.close()
    writeFileSync(passphraseFile, `${passphrase}\n`, { mode: 0o600 })
    writeFileSync(join(folder, "directory.wl"), await fetchRecords(demo))
  }
  const { clinicKey, relayUrl } = demo
  const name = DEMO_CLINIC.policy.name.en
  writeFileSync(join(folder, "clinic.json"), JSON.stringify({ version: 1, clinicKey, name, relay: relayUrl }))
  return { folder, passphraseFile }
}

/** The directory's records, each lp32: the relay's answer without the position before them. */
async function fetchRecords({ relayUrl, clinicKey }: Demo): Promise<Uint8Array> {
  const clinic = toHex(clinicIdOf(sha256, Buffer.from(clinicKey, "hex")))
  const response = await fetch(`${relayUrl}/v1/clinics/${clinic}/directory?from=0`)
  if (!response.ok) throw new Error(`the relay answered ${response.status}`)
  return new Uint8Array(await response.arrayBuffer()).subarray(8)
}
