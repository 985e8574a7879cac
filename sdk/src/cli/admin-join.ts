import { resolve } from "node:path"
import { enrolDevice } from "../client/enrolment.ts"
import { decodeEnrolment, type Enrolment } from "../client/enrolment-code.ts"
import { deviceFromSeeds, wipe } from "../crypto/index.ts"
import { isAdmin } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { idText } from "../ids.ts"
import { openFileKeystore } from "../keystore/file.ts"
import { usage } from "./arguments.ts"
import {
  checkFolderIsFree,
  createClinicFolder,
  folderPath,
  keystorePath,
  removeClinicFolder,
} from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { checkRelayAddress, relayDirectory } from "./directory-copy.ts"
import { EXIT } from "./exit-codes.ts"
import { readIfThere } from "./files.ts"
import { readPassphrase } from "./passphrase.ts"

export const adminJoin: Command = {
  name: "admin join",
  summary: "become an administrator, with the file that admin add wrote",
  description: [
    "Makes a clinic's folder on this machine out of the file that another administrator gave you, locked by a passphrase that you choose. Delete the file and every copy of it afterwards.",
  ],
  argument: { name: "FILE", help: "the file that admin add wrote", required: true },
  options: {
    dir: SHARED.dir,
    relay: { value: "URL", help: "the relay's address (default: the one in the file)" },
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: ["wardline admin join /media/usb1/admin-grace-park-3f0c2a9b.txt"],
  async run(input, context) {
    const path = folderPath(input.text("dir"))
    await checkFolderIsFree(path)
    const { enrolment, address } = await readEnrolment(resolve(input.argument ?? ""))
    const { clinicKey } = enrolment
    const relay = checkRelayAddress(input.text("relay") ?? address, clinicKey)
    context.output.progress(`Reading the directory at ${relay} …`)
    const directory = await relayDirectory(relay, clinicKey, context)
    const { id } = deviceFromSeeds(enrolment.signingSeed, enrolment.wrappingSeed)
    const known = directory?.state.devices.get(idText(id))
    if (directory === undefined || known === undefined || !isAdmin(directory.state, id))
      throw new WardlineError("ERR_FORBIDDEN", "the file is not that of an administrator of this clinic")
    const name = directory.state.policy?.clinicName[0]?.text ?? "the clinic"
    const passphrase = await readPassphrase({ file: input.text("passphrase-file"), isNew: true }, context)
    await createClinicFolder(path, { version: 1, clinicKey, name, relay }, directory.records)
    context.output.progress("Locking your keys with the passphrase; this takes a moment …")
    try {
      const keystore = await openFileKeystore(keystorePath(path), passphrase, { signal: context.signal })
      try {
        await enrolDevice(keystore, clinicKey, enrolment)
      } finally {
        await keystore.close()
        wipe(enrolment.signingSeed, enrolment.wrappingSeed)
      }
    } catch (error) {
      if (!isWardlineError(error, "ERR_CONFLICT")) await removeClinicFolder(path)
      throw error
    }
    context.output.result({ device: idText(id), name: known.name, clinicKey, folder: path, relay }, [
      `You are ${known.name}, an administrator of ${name}.`,
      "",
      `Your folder is ${path}. Keep a backup of it.`,
      `Now delete ${resolve(input.argument ?? "")} and every copy of it: it is a key.`,
    ])
    return EXIT.done
  },
}

/** @throws {WardlineError} ERR_CONFIG */
async function readEnrolment(path: string): Promise<{ enrolment: Enrolment; address: string }> {
  const text = (await readIfThere(path))?.toString("utf8")
  if (text === undefined) throw usage(`there is no file ${path}`)
  const enrolment = decodeEnrolment(text)
  const address = /(https?:\/\/\S+?)\/staff#enrol=/.exec(text)?.[1]
  if (enrolment === undefined || address === undefined)
    throw usage(`${path} is not a file that admin add wrote, or it is cut short`)
  return { enrolment, address }
}
