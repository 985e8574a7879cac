import { isSlug } from "../ids.ts"
import { asAdmin } from "./admin-session.ts"
import { usage } from "./arguments.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { inline } from "./output.ts"

export const roleAdd: Command = {
  name: "role add",
  summary: "make a role",
  description: [
    "Makes a role with its first key. Nobody has it until you give it to somebody with staff add or staff roles, and no patient writes to it until a topic names it (see: wardline policy set --file).",
  ],
  argument: { name: "ROLE", help: "its name: a–z, 0–9 and -, such as care-team", required: true },
  options: { dir: SHARED.dir, relay: SHARED.relay, "passphrase-file": SHARED["passphrase-file"] },
  examples: ["wardline role add care-team"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const role = input.argument ?? ""
    if (!isSlug(role))
      throw usage(`"${inline(role)}" is no role's name: 1–32 of a–z, 0–9 and -, beginning with a letter`)
    return await asAdmin(folder, input, context, async (admin) => {
      await admin.addRole(role)
      context.output.result({ role, generation: 1 }, [
        `The role ${role} is made. Give it to somebody with:`,
        `  wardline staff add --name "…" --role ${role}:keeper`,
      ])
      return EXIT.done
    })
  },
}
