import { sign } from "node:crypto"
import { WardlineError } from "../errors.ts"
import {
  cosignatureLine,
  cosignatureMessage,
  encodeVerifierKey,
  NOTE_COSIGNATURE,
  parseNote,
} from "../tlog/index.ts"
import type { Command } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { WITNESS_CRYPTO } from "./witness.ts"
import { memoryPath, openWitness } from "./witness-folder.ts"
import { WITNESS_DIR } from "./witness-init.ts"
import { WitnessMemory } from "./witness-memory.ts"

export const witnessShow: Command = {
  name: "witness show",
  summary: "print the checkpoint that a witness signed last, for an auditor",
  description: [
    "Prints the newest checkpoint of the audit log that this witness knows, with the log's signature and its own, as a signed note. Give it to whoever checks an export: wardline audit verify --checkpoint then finds out whether the export was cut short of it or says otherwise. It can be printed while the witness runs.",
  ],
  options: { dir: WITNESS_DIR },
  examples: [
    "wardline witness show > checkpoint.txt",
    "wardline audit verify audit.ndjson --checkpoint checkpoint.txt",
  ],
  async run(input, { output, now }) {
    const { path, settings, privateKey, publicKey } = await openWitness(input.text("dir"))
    const { known } = await WitnessMemory.open(memoryPath(path))
    if (known === undefined) throw new WardlineError("ERR_NOT_FOUND", "this witness has signed nothing yet")
    const { name } = settings
    const { hash } = WITNESS_CRYPTO
    const { body } = parseNote(known.note)
    const timeSeconds = Math.floor(now() / 1000)
    const signature = sign(null, cosignatureMessage(body, timeSeconds), privateKey)
    const line = cosignatureLine({ name, key: publicKey, hash, timeSeconds, signature })
    const note = `${known.note}${line}`
    const vkey = encodeVerifierKey(hash, { name, type: NOTE_COSIGNATURE, key: publicKey })
    // A note ends in a newline of its own; it is made to be redirected.
    output.result({ name, vkey, size: known.size, note }, [note.trimEnd()])
    return EXIT.done
  },
}
