import { newestRoleKey } from "../directory/index.ts"
import { asAdmin } from "./admin-session.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { checkRolesExist } from "./role-options.ts"

export const roleRotate: Command = {
  name: "role rotate",
  summary: "give a role a new key now",
  description: [
    "Makes the role's next key and gives it to everybody who has the role. Keepers' inboxes do this by themselves on schedule and when somebody leaves; do it by hand if you think that somebody else got hold of a key. What was written before stays readable with the key that they have.",
  ],
  argument: { name: "ROLE", help: "the role, as role list shows it", required: true },
  options: { dir: SHARED.dir, relay: SHARED.relay, "passphrase-file": SHARED["passphrase-file"] },
  examples: ["wardline role rotate nursing"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const role = input.argument ?? ""
    return await asAdmin(folder, input, context, async (admin) => {
      checkRolesExist([{ role }], admin.directory)
      await admin.rotateRole(role)
      const generation = newestRoleKey(admin.directory, role)?.generation ?? 0
      context.output.result({ role, generation }, [`${role} has a new key, its generation ${generation}.`])
      return EXIT.done
    })
  },
}
