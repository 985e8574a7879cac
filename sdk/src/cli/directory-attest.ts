import { asAdmin } from "./admin-session.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { freshnessOf, timeText } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"

export const directoryAttest: Command = {
  name: "directory attest",
  summary: "vouch that the relay shows the directory as it is",
  description: [
    "Signs that this is the directory that you see, now. Patients' devices refuse a directory that nobody vouched for lately, because a relay could be showing them an old one. Keepers' inboxes do this by themselves while they are open; this command is for a clinic that was closed for longer than its limit.",
  ],
  options: { dir: SHARED.dir, relay: SHARED.relay, "passphrase-file": SHARED["passphrase-file"] },
  examples: ["wardline directory attest"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    return await asAdmin(folder, input, context, async (admin) => {
      await admin.attest()
      const until = freshnessOf(admin.directory, context.now())?.untilMs ?? context.now()
      context.output.result(
        { position: admin.directory.position, freshUntil: new Date(until).toISOString() },
        [`Vouched for ${admin.directory.position} records; that holds until ${timeText(until)}.`],
      )
      return EXIT.done
    })
  },
}
