import type { DirectoryDevice, DirectoryState } from "../directory/index.ts"
import { idText } from "../ids.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { readDirectory } from "./directory-copy.ts"
import { OFFLINE } from "./directory-show.ts"
import { EXIT } from "./exit-codes.ts"
import { table } from "./output.ts"

export const adminList: Command = {
  name: "admin list",
  summary: "list administrators",
  description: ["Lists every administrator that there ever was; one that was removed stays on record."],
  options: { dir: SHARED.dir, relay: SHARED.relay, offline: OFFLINE },
  examples: ["wardline admin list"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const { state, source } = await readDirectory(input, folder, context)
    const admins = allAdminsOf(state).map(({ id, name, revokedAt }) => ({
      device: idText(id),
      name,
      status: revokedAt === undefined ? "active" : "removed",
    }))
    context.output.result(
      { source, admins },
      table([
        ["NAME", "STATUS", "DEVICE"],
        ...admins.map(({ name, status, device }) => [name, status, device]),
      ]),
    )
    return EXIT.done
  },
}

/** Removed ones too, in the order in which they were added. */
export function allAdminsOf(state: DirectoryState): DirectoryDevice[] {
  return [...state.devices.values()]
    .filter(({ kind }) => kind === "admin")
    .sort((a, b) => a.position - b.position)
}
