import { type DirectoryDevice, isLiveStaff } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { idText } from "../ids.ts"
import { asAdmin } from "./admin-session.ts"
import { usage } from "./arguments.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { staffOf } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"
import { inline } from "./output.ts"

export const staffRevoke: Command = {
  name: "staff revoke",
  summary: "revoke a staff device and renew the keys of its roles",
  description: [
    "For somebody who leaves, a device that is lost, or a link that went astray. The relay ends the device's sessions at once, and every role that it held gets a new key in the same step, so that it can't open what is written from now on. What it has already read it has read. A revoked device never comes back: enrol the person anew with staff add.",
  ],
  argument: {
    name: "DEVICE",
    help: "the device's id as staff list shows it, or the person's name",
    required: true,
  },
  options: { dir: SHARED.dir, relay: SHARED.relay, "passphrase-file": SHARED["passphrase-file"] },
  examples: ['wardline staff revoke "Sam Lee"', "wardline staff revoke 3f0c2a9be1d44c7f9a6b52d08e7c1a35"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const wanted = input.argument ?? ""
    return await asAdmin(folder, input, context, async (admin) => {
      const { directory } = admin
      const live = staffOf(directory).filter(({ id }) => isLiveStaff(directory, id, context.now()))
      const device = pick(wanted, live, staffOf(directory))
      const roles = device.roles.map(({ role }) => role)
      context.output.progress(`Revoking ${device.name} and renewing ${roles.join(", ")} …`)
      await admin.revokeDevice(idText(device.id))
      context.output.result({ device: idText(device.id), name: device.name, renewed: roles }, [
        `${device.name}'s device ${idText(device.id)} is revoked.`,
        `New keys for: ${roles.join(", ")}.`,
      ])
      return EXIT.done
    })
  },
}

/** @throws {WardlineError} ERR_NOT_FOUND, ERR_REVOKED, or ERR_CONFIG for a name that several devices have. */
function pick(
  wanted: string,
  live: readonly DirectoryDevice[],
  all: readonly DirectoryDevice[],
): DirectoryDevice {
  const fits = (device: DirectoryDevice): boolean =>
    idText(device.id) === wanted.toLowerCase() || device.name === wanted
  const found = live.filter(fits)
  const [only] = found
  if (found.length > 1)
    throw usage(
      `${found.length} devices have that name; which one? ${found.map(({ id }) => idText(id)).join(" or ")}`,
    )
  if (only !== undefined) return only
  if (all.some(fits)) throw new WardlineError("ERR_REVOKED", "that device was revoked before, or has expired")
  throw new WardlineError("ERR_NOT_FOUND", `no staff device has the id or name "${inline(wanted)}"`)
}
