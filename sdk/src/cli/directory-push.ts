import { openClinicFolder, rememberRelay } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { checkRelayAddress, requireRelay, syncDirectory } from "./directory-copy.ts"
import { freshnessOf } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"

export const directoryPush: Command = {
  name: "directory push",
  summary: "send the clinic's directory to its relay",
  description: [
    "Sends the signed records that the relay doesn't have yet. If the relay has newer ones, the folder's copy takes them. Everything is public and signed: no passphrase is needed.",
    "The relay must know the clinic key first: wardline-relay start --help tells its operator how.",
  ],
  options: { dir: SHARED.dir, relay: SHARED.relay },
  examples: [
    "wardline directory push --relay https://chat.clinic.example",
    "wardline directory push --dir ~/juniper",
  ],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const relay = checkRelayAddress(requireRelay(input, folder), folder.clinic.clinicKey)
    context.output.progress(`Comparing with ${relay} …`)
    const { sent, taken, state } = await syncDirectory(relay, folder, context)
    await rememberRelay(folder, relay)
    const what =
      sent > 0
        ? `Sent ${count(sent)}; the relay now has all ${state.position}.`
        : taken > 0
          ? `The relay had ${count(taken)} more; the folder has them now.`
          : `Nothing to send: the relay has all ${state.position} already.`
    context.output.result({ relay, sent, taken, position: state.position }, [what])
    if (freshnessOf(state, context.now())?.isFresh !== true)
      context.output.warn(
        "nobody vouched for this directory lately, so patients can't write. Run: wardline directory attest",
      )
    return EXIT.done
  },
}

const count = (records: number): string => (records === 1 ? "1 record" : `${records} records`)
