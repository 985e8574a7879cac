import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { readDirectory } from "./directory-copy.ts"
import { OFFLINE } from "./directory-show.ts"
import { staffJson, staffLines, staffOf } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"

export const staffList: Command = {
  name: "staff list",
  summary: "list staff, their roles and devices",
  description: ["Lists every staff device that was ever added; a revoked one stays on record."],
  options: { dir: SHARED.dir, relay: SHARED.relay, offline: OFFLINE },
  examples: ["wardline staff list", "wardline staff list --json"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const { state, source } = await readDirectory(input, folder, context)
    const staff = staffOf(state)
    const nowMs = context.now()
    context.output.result(
      { source, staff: staff.map((device) => staffJson(device, nowMs)) },
      staffLines(staff, nowMs),
    )
    return EXIT.done
  },
}
