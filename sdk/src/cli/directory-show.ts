import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { readDirectory } from "./directory-copy.ts"
import { directoryJson, directoryLines } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"

export const OFFLINE = { help: "read the copy in the clinic's folder and ask no relay" }

export const directoryShow: Command = {
  name: "directory show",
  summary: "show what the clinic's directory says, after checking all of it",
  description: [
    "Fetches the directory, checks every signature from the clinic key on, checks that it continues the copy in the clinic's folder, and shows who may do what.",
  ],
  options: { dir: SHARED.dir, relay: SHARED.relay, offline: OFFLINE },
  examples: ["wardline directory show", "wardline directory show --offline --json"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const { state, source } = await readDirectory(input, folder, context)
    const nowMs = context.now()
    context.output.result({ source, ...directoryJson(state, nowMs) }, [
      ...directoryLines(state, nowMs),
      "",
      `Every signature checked, from the clinic key on. Read from ${source}.`,
    ])
    return EXIT.done
  },
}
