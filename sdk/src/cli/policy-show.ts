import { policyOf } from "../client/clinic-policy.ts"
import { WardlineError } from "../errors.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { readDirectory } from "./directory-copy.ts"
import { OFFLINE } from "./directory-show.ts"
import { EXIT } from "./exit-codes.ts"
import { table } from "./output.ts"
import { policyFileOf } from "./policy-file.ts"
import { policyRows } from "./policy-view.ts"

export const policyShow: Command = {
  name: "policy show",
  summary: "show hours, topics, roles' rules and limits",
  description: [
    "Shows the policy that patients' and staff's devices go by. With --file it prints it as a file: edit that, and set it with: wardline policy set --file.",
  ],
  options: {
    file: { help: "print the policy as a JSON file" },
    dir: SHARED.dir,
    relay: SHARED.relay,
    offline: OFFLINE,
  },
  examples: ["wardline policy show", "wardline policy show --file > policy.json"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const { state, source } = await readDirectory(input, folder, context)
    if (state.policy === undefined) throw new WardlineError("ERR_NOT_FOUND", "the clinic has no policy yet")
    const policy = policyOf(state.policy)
    const file = policyFileOf(policy)
    if (input.flag("file")) process.stdout.write(`${JSON.stringify(file, undefined, 2)}\n`)
    else context.output.result({ source, policy: file }, table(policyRows(policy, state)))
    return EXIT.done
  },
}
