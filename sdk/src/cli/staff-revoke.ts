import { isLiveStaff } from "../directory/index.ts"
import { idText } from "../ids.ts"
import { asAdmin } from "./admin-session.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { staffOf } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"
import { DEVICE_ARGUMENT, pickDevice } from "./pick-device.ts"
import { deviceWitness } from "./witness-key.ts"

export const staffRevoke: Command = {
  name: "staff revoke",
  summary: "revoke a staff device and renew the keys of its roles",
  description: [
    "For somebody who leaves, a device that is lost, or a link that went astray. The relay ends the device's sessions at once, and every role that it held gets a new key in the same step, so that it can't open what is written from now on. What it has already read it has read. A revoked device never comes back: enrol the person anew with staff add.",
  ],
  argument: DEVICE_ARGUMENT,
  options: { dir: SHARED.dir, relay: SHARED.relay, "passphrase-file": SHARED["passphrase-file"] },
  examples: ['wardline staff revoke "Sam Lee"', "wardline staff revoke 3f0c2a9be1d44c7f9a6b52d08e7c1a35"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const wanted = input.argument ?? ""
    return await asAdmin(folder, input, context, async (admin) => {
      const { directory } = admin
      const live = staffOf(directory).filter(({ id }) => isLiveStaff(directory, id, context.now()))
      const device = pickDevice(wanted, live, staffOf(directory), "staff device")
      const roles = device.roles.map(({ role }) => role)
      context.output.progress(`Revoking ${device.name} and renewing ${roles.join(", ")} …`)
      await admin.revokeDevice(idText(device.id))
      const { name } = deviceWitness(device)
      const isWitness = admin.policy.witnesses.some((witness) => witness.name === name)
      context.output.result({ device: idText(device.id), name: device.name, renewed: roles, isWitness }, [
        `${device.name}'s device ${idText(device.id)} is revoked.`,
        `New keys for: ${roles.join(", ")}.`,
        ...(isWitness
          ? [
              "It is still a witness of the audit log: what it signs counts. Take it out of the policy:",
              `  wardline policy set --remove-witness ${idText(device.id)}`,
            ]
          : []),
      ])
      return EXIT.done
    })
  },
}
