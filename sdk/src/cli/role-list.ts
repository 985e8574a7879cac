import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { readDirectory } from "./directory-copy.ts"
import { OFFLINE } from "./directory-show.ts"
import { roleLines, rolesOfDirectory } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"

export const roleList: Command = {
  name: "role list",
  summary: "list roles, their keys, topics and members",
  description: [
    "A role is a shared function such as nursing. Its key opens the conversations that come to it; each rotation makes a new generation.",
  ],
  options: { dir: SHARED.dir, relay: SHARED.relay, offline: OFFLINE },
  examples: ["wardline role list", "wardline role list --offline --json"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const { state, source } = await readDirectory(input, folder, context)
    const roles = rolesOfDirectory(state, context.now())
    context.output.result(
      {
        source,
        roles: roles.map((view) => ({ ...view, validUntil: new Date(view.validUntil).toISOString() })),
      },
      roleLines(roles),
    )
    return EXIT.done
  },
}
