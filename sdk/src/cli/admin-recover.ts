import { resolve } from "node:path"
import { toHex } from "../bytes.ts"
import { AdminClient } from "../client/admin-client.ts"
import { postDirectory } from "../client/directory-http.ts"
import { enrolDevice } from "../client/enrolment.ts"
import { readOptions } from "../client/options.ts"
import { randomSeeds } from "../client/storage.ts"
import { deviceFromSeeds, signingKeyPair, signRootRecord, wipe } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import { openFileKeystore } from "../keystore/file.ts"
import { encodeAdminAdd } from "../protocol/index.ts"
import { ROOT_KEY_OPTION } from "./admin-add.ts"
import {
  checkFolderIsFree,
  createClinicFolder,
  directoryPath,
  folderPath,
  keystorePath,
  removeClinicFolder,
  writeDirectoryFile,
} from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { checkRelayAddress, named, relayDirectory } from "./directory-copy.ts"
import { EXIT } from "./exit-codes.ts"
import { readPassphrase } from "./passphrase.ts"
import { readRootKeyFile } from "./root-key-file.ts"

export const adminRecover: Command = {
  name: "admin recover",
  summary: "become an administrator with the root key alone, when no other is left",
  description: [
    "For a clinic whose administrators lost their folders or passphrases. Makes a new folder with an administrator's keys, adds them to the directory with the root key, and gives every role a new key. The roles' older keys come by themselves from their keepers' inboxes; until then somebody who joins a role can be given only its new one.",
    "Then remove the administrators whose keys are lost: wardline admin remove.",
  ],
  options: {
    name: { value: "NAME", help: "as staff will see it" },
    "root-key": ROOT_KEY_OPTION,
    relay: { value: "URL", help: "the relay's address" },
    dir: SHARED.dir,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: [
    'wardline admin recover --name "Grace Park" --root-key /media/usb1/juniper-root.txt --relay https://chat.clinic.example',
  ],
  async run(input, context) {
    const path = folderPath(input.text("dir"))
    await checkFolderIsFree(path)
    const name = input.required("name")
    const rootSeed = await readRootKeyFile(resolve(input.required("root-key")))
    const root = signingKeyPair(rootSeed)
    wipe(rootSeed)
    const clinicKey = toHex(root.publicKey)
    const relay = checkRelayAddress(input.required("relay"), clinicKey)
    const directory = await relayDirectory(relay, clinicKey, context)
    const clinicName = directory?.state.policy?.clinicName[0]?.text
    if (directory === undefined || clinicName === undefined)
      throw new WardlineError("ERR_NOT_FOUND", `the relay at ${relay} has nothing of this clinic yet`)
    const passphrase = await readPassphrase({ file: input.text("passphrase-file"), isNew: true }, context)
    const { signal, now } = context
    // First the keys, then the record: an administrator whose keys were lost again could only be removed.
    await createClinicFolder(path, { version: 1, clinicKey, name: clinicName, relay }, directory.records)
    let isAdded = false
    try {
      const seeds = randomSeeds()
      const { signing, wrapping, id } = deviceFromSeeds(seeds.signingSeed, seeds.wrappingSeed)
      const keystore = await openFileKeystore(keystorePath(path), passphrase, { signal })
      try {
        await enrolDevice(keystore, clinicKey, seeds)
        context.output.progress(`Adding ${name} at ${relay} …`)
        const keys = { signing: signing.publicKey, wrapping: wrapping.publicKey }
        const record = signRootRecord(
          root,
          { type: "admin-add", issued: now() },
          encodeAdminAdd({ keys, name }),
        )
        const options = { relay, clinicKey, keystore, signal, now }
        await postDirectory(readOptions(options), [record])
        isAdded = true
        const admin = await AdminClient.connect(options)
        await admin.attest()
      } finally {
        await keystore.close()
        wipe(seeds.signingSeed, seeds.wrappingSeed, root.secretKey)
      }
      const copy = await relayDirectory(relay, clinicKey, context)
      if (copy !== undefined) await writeDirectoryFile(directoryPath(path), copy.records)
      const roles = [...directory.state.roleKeys.keys()]
      context.output.result({ device: toHex(id), name, clinicKey, folder: path, relay, renewed: roles }, [
        `You are ${name}, an administrator of ${clinicName}.`,
        `New keys for: ${roles.join(", ")}.`,
        "",
        `Your folder is ${path}. Keep a backup of it, and lock the root key away again.`,
        "Remove the administrators whose keys are lost:",
        `  wardline admin list --dir ${path}`,
        `  wardline admin remove NAME --root-key FILE --dir ${path}`,
      ])
      return EXIT.done
    } catch (error) {
      if (!isAdded) await removeClinicFolder(path)
      throw named(error, relay)
    }
  },
}
