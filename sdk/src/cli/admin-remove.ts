import { resolve } from "node:path"
import { wipe } from "../crypto/index.ts"
import { adminsOf } from "../directory/index.ts"
import { idText } from "../ids.ts"
import { ROOT_KEY_OPTION } from "./admin-add.ts"
import { allAdminsOf } from "./admin-list.ts"
import { asAdmin } from "./admin-session.ts"
import { usage } from "./arguments.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { pickDevice } from "./pick-device.ts"
import { readRootKey } from "./root-key-file.ts"

export const adminRemove: Command = {
  name: "admin remove",
  summary: "remove another administrator, with the root key",
  description: [
    "For an administrator who leaves, or whose folder or file was lost or copied. Every role gets a new key in the same step, because an administrator holds them all. You can't remove yourself: another administrator does that.",
  ],
  argument: {
    name: "DEVICE",
    help: "the device's id as admin list shows it, or the person's name",
    required: true,
  },
  options: {
    "root-key": ROOT_KEY_OPTION,
    dir: SHARED.dir,
    relay: SHARED.relay,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: ['wardline admin remove "Grace Park" --root-key /media/usb1/juniper-root.txt'],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const rootSeed = await readRootKey(resolve(input.required("root-key")), folder.clinic.clinicKey)
    return await asAdmin(folder, input, context, async (admin) => {
      const { directory } = admin
      const wanted = input.argument ?? ""
      const device = pickDevice(wanted, adminsOf(directory), allAdminsOf(directory), "administrator")
      if (idText(device.id) === admin.deviceId)
        throw usage("you can't remove yourself: another administrator does that, with the root key")
      const roles = [...directory.roleKeys.keys()]
      context.output.progress(`Removing ${device.name} and renewing ${roles.join(", ")} …`)
      try {
        await admin.removeAdmin({ rootSeed, deviceId: idText(device.id) })
      } finally {
        wipe(rootSeed)
      }
      context.output.result({ device: idText(device.id), name: device.name, renewed: roles }, [
        `${device.name} is no administrator any more.`,
        `New keys for: ${roles.join(", ")}.`,
      ])
      return EXIT.done
    })
  },
}
