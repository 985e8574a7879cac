import { toHex } from "../bytes.ts"
import { readClinicKey } from "../client/options.ts"
import { MAX_NAME_BYTES } from "../protocol/index.ts"
import { encodeVerifierKey, NOTE_COSIGNATURE } from "../tlog/index.ts"
import { usage } from "./arguments.ts"
import type { Command } from "./command.ts"
import { checkRelayAddress } from "./directory-copy.ts"
import { EXIT } from "./exit-codes.ts"
import { WITNESS_CRYPTO } from "./witness.ts"
import { createWitness, witnessPath } from "./witness-folder.ts"

export const WITNESS_DIR = {
  value: "FOLDER",
  help: "the witness's folder (default: ./wardline-witness)",
} as const

export const LOG_KEY_OPTION = {
  value: "KEY",
  help: "the log's key, as wardline-relay start prints it; needed only where the witness\ncan't ask the relay for the clinic's directory, which names it",
} as const

export const witnessInit: Command = {
  name: "witness init",
  summary: "make a witness: whoever keeps it watches that the audit log only grows",
  description: [
    "A witness signs each state of a clinic's audit log, and only if it continues the one that it signed before. With a few witnesses that the clinic and its relay's host don't run alone, nobody can change or shorten the log unseen.",
    "This makes a folder with a key of its own and prints what the clinic's administrator needs. It needs no secret of the clinic's and sees nothing but hashes. One folder is for one clinic.",
  ],
  options: {
    name: {
      value: "NAME",
      help: "how everybody will call it: an address that is yours, such as\nwitness.example.org/juniper; it can't be changed",
    },
    "clinic-key": { value: "KEY", help: "the clinic's key, as its page shows it: 64 hexadecimal characters" },
    relay: { value: "URL", help: "the relay's address, where the witness asks for checkpoints" },
    "log-key": LOG_KEY_OPTION,
    dir: WITNESS_DIR,
  },
  examples: [
    "wardline witness init --name witness.example.org/juniper --clinic-key 9f2c41… --relay https://chat.clinic.example",
  ],
  async run(input, { output }) {
    const name = readWitnessName(input.required("name"))
    const clinicKey = toHex(readClinicKey(input.required("clinic-key")))
    const given = input.text("relay")
    const relay = given === undefined ? undefined : checkRelayAddress(given, clinicKey)
    const logKey = readLogKey(input.text("log-key"))
    const path = witnessPath(input.text("dir"))
    const { publicKey } = await createWitness(path, {
      version: 1,
      name,
      clinicKey,
      ...(relay === undefined ? {} : { relay }),
      ...(logKey === undefined ? {} : { logKey }),
    })
    const vkey = encodeVerifierKey(WITNESS_CRYPTO.hash, { name, type: NOTE_COSIGNATURE, key: publicKey })
    const dir = `--dir ${path}`
    output.result({ name, vkey, folder: path, clinicKey, relay: relay ?? null }, [
      `The witness ${name} is made, in ${path}`,
      "",
      "Its key, which is public:",
      `  ${vkey}`,
      "",
      "Next:",
      "  1. An administrator of the clinic names it in the policy:",
      `     wardline policy set --witness ${vkey} --quorum 1`,
      ...(relay === undefined
        ? [
            "  2. Start it, asking the relay:",
            `     wardline witness run ${dir} --relay https://chat.clinic.example`,
            "     or waiting for the relay, whose host starts it with --witness and this machine's address:",
            `     wardline witness run ${dir} --log-key … --listen 127.0.0.1:8422`,
          ]
        : ["  2. Start it:", `     wardline witness run ${dir}`]),
      "",
      "Its memory is what makes it a witness: never run it from a copy of the folder, and never",
      "put an older copy in its place. If the folder is lost, make a new witness with a new name.",
    ])
    return EXIT.done
  },
}

/** @throws {WardlineError} ERR_CONFIG */
export function readLogKey(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw usage("--log-key must be 64 hexadecimal characters")
  return text.toLowerCase()
}

/** Narrower than a key name may be: it is typed in commands. */
function readWitnessName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(name) || name.length > MAX_NAME_BYTES)
    throw usage(
      `--name must be letters, digits, dots, slashes and dashes, such as witness.example.org/juniper, at most ${MAX_NAME_BYTES}`,
    )
  if (name.startsWith("wardline/"))
    throw usage("names that begin with wardline/ are the logs' own and those of staff devices")
  return name
}
