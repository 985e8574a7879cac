import { isLiveStaff, newestRoleKey, rolesOf } from "../directory/index.ts"
import { idText } from "../ids.ts"
import { asAdmin } from "./admin-session.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { staffOf } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"
import { DEVICE_ARGUMENT, pickDevice } from "./pick-device.ts"
import { checkRolesExist, ROLE_OPTION, roleText, wantedRoles } from "./role-options.ts"

export const staffRoles: Command = {
  name: "staff roles",
  summary: "change what a member of the staff may read and answer",
  description: [
    "Name all of the roles that the device is to have: those that you don't name it loses. A role that it loses gets a new key in the same step, and the relay stops showing it that role's conversations at once. Of a role that it gains it gets the keys, as far back as the policy lets newcomers read (see: wardline policy show).",
  ],
  argument: DEVICE_ARGUMENT,
  options: {
    role: ROLE_OPTION,
    dir: SHARED.dir,
    relay: SHARED.relay,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: [
    'wardline staff roles "Ana Ruiz, RN" --role nursing:keeper --role scheduling',
    "wardline staff roles 3f0c2a9be1d44c7f9a6b52d08e7c1a35 --role billing",
  ],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const roles = wantedRoles(input)
    return await asAdmin(folder, input, context, async (admin) => {
      const { directory } = admin
      checkRolesExist(roles, directory)
      const live = staffOf(directory).filter(({ id }) => isLiveStaff(directory, id, context.now()))
      const device = pickDevice(input.argument ?? "", live, staffOf(directory), "staff device")
      const before = rolesOf(directory, device.id)
      const isIn = (list: readonly { readonly role: string }[], role: string): boolean =>
        list.some((item) => item.role === role)
      const lost = before.filter(({ role }) => !isIn(roles, role))
      const gained = roles.filter(({ role }) => !isIn(before, role))
      context.output.progress(`Changing the roles of ${device.name} …`)
      await admin.setRoles(idText(device.id), roles)
      const renewed = [...directory.roleKeys.keys()].filter(
        (role) =>
          newestRoleKey(admin.directory, role)?.generation !== newestRoleKey(directory, role)?.generation,
      )
      context.output.result({ device: idText(device.id), name: device.name, roles, renewed }, [
        `${device.name} has these roles now: ${roles.map(roleText).join(", ")}.`,
        ...(gained.length > 0 ? [`New: ${gained.map(({ role }) => role).join(", ")}.`] : []),
        ...(lost.length > 0 ? [`No longer: ${lost.map(({ role }) => role).join(", ")}.`] : []),
        ...(renewed.length > 0 ? [`New keys for: ${renewed.join(", ")}.`] : []),
      ])
      return EXIT.done
    })
  },
}
