import { fromHex, toHex } from "../bytes.ts"
import { type ClinicPolicy, policyOf } from "../client/clinic-policy.ts"
import { readClinicKey } from "../client/options.ts"
import type { DirectoryState } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { clinicIdOf } from "../protocol/index.ts"
import {
  type AuditEntry,
  auditOrigin,
  encodeEntry,
  entryHash,
  type OpenedCheckpoint,
  verifyProof,
} from "../tlog/index.ts"
import { type Input, usage } from "./arguments.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import type { Command, Context } from "./command.ts"
import { checkRelayAddress, localDirectory, relayDirectory } from "./directory-copy.ts"
import { timeText } from "./directory-view.ts"
import { entryRows } from "./entry-view.ts"
import { EXIT } from "./exit-codes.ts"
import { EXPORT_CRYPTO } from "./export-file.ts"
import { readIfThere } from "./files.ts"
import { table } from "./output.ts"
import { readLogKey } from "./witness-init.ts"
import { readWitnessKey } from "./witness-key.ts"

/** An entry, a proof of some dozen lines, and a checkpoint with its signatures. */
const MAX_PROOF_BYTES = 1024 * 1024

/** What a proof is held against: a log's key, its witnesses, and how many must have signed. */
type Trusted = Pick<ClinicPolicy, "logKey" | "witnesses" | "quorum">

export const auditCheck: Command = {
  name: "audit check",
  summary: "check a file that proves one entry of an audit log",
  description: [
    "Checks a C2SP tlog-proof file, as wardline audit prove makes it and clients export it: that the entry stands in the log whose checkpoint the clinic's log key and enough of its witnesses signed. If it holds, it shows the entry and ends with exit code 0; otherwise with 1.",
    "Log key, witnesses and their number are the clinic's word: from its directory, checked from the clinic key on, at the relay or in a clinic's folder; or as you know them, by options.",
  ],
  argument: { name: "PROOF", help: "the file, such as entry-1042.tlog-proof", required: true },
  options: {
    "clinic-key": { value: "KEY", help: "the clinic's key, as its page shows it: 64 hexadecimal characters" },
    relay: { value: "URL", help: "take the clinic's directory from this relay" },
    dir: { value: "FOLDER", help: "take clinic key and directory from this clinic's folder" },
    "log-key": { value: "KEY", help: "the log's key, instead of a directory" },
    witness: { value: "KEY", multiple: true, help: "a witness's key, instead of a directory" },
    quorum: { value: "NUMBER", help: "how many of these must have signed (default: all)" },
    "earlier-policies": {
      help: "accept a proof by what the clinic's policy said earlier: for one that is older than\nthe keys and witnesses of now. Whoever has an old log key could have made it",
    },
  },
  examples: [
    "wardline audit check entry-1042.tlog-proof --clinic-key 9f2c41… --relay https://chat.clinic.example",
    "wardline audit check entry-1042.tlog-proof --dir juniper",
    "wardline audit check entry-1042.tlog-proof --clinic-key 9f2c41… --log-key 5d1e07… --witness witness.example.org/juniper+3f0c2a9b+BCx…",
  ],
  async run(input, context) {
    const file = input.argument ?? ""
    const bytes = await readIfThere(file)
    if (bytes === undefined) throw usage(`there is no file at ${file}`)
    if (bytes.length > MAX_PROOF_BYTES)
      throw new WardlineError("ERR_TOO_LARGE", `${file} is too large for a proof`)
    const { clinicKey, policies, directory } = await readTrusted(input, context)
    const clinic = clinicIdOf(EXPORT_CRYPTO.hash, fromHex(clinicKey))
    const { entry, checkpoint, policy } = verifyByAny(bytes.toString("utf8"), clinic, policies, file)
    const isOld = policy !== policies[0]
    if (isOld && !input.flag("earlier-policies"))
      throw new WardlineError(
        "ERR_SIGNATURE",
        `${file} holds only by an earlier policy of the clinic, with other keys or fewer witnesses. If it is that old, check it with --earlier-policies`,
      )
    const { size, cosigned } = checkpoint
    const leafHash = entryHash(EXPORT_CRYPTO.hash, encodeEntry(entry))
    context.output.result(
      {
        clinicKey,
        entry: { sequence: entry.sequence, time: new Date(entry.time).toISOString(), action: entry.action },
        hash: toHex(leafHash),
        size,
        witnesses: cosigned.map(({ name, timeSeconds }) => ({
          name,
          at: new Date(timeSeconds * 1000).toISOString(),
        })),
        quorum: policy.quorum,
        byEarlierPolicy: isOld,
      },
      [
        "The entry stands in the clinic's audit log.",
        "",
        ...table(entryRows(entry, clinic, leafHash, directory)),
        "",
        `The log's key signed it as one of ${size.toLocaleString("en")} entries.`,
        ...(cosigned.length === 0
          ? ["No witness of the clinic's signed that: whoever has the log's key could have made it up."]
          : cosigned.map(
              ({ name, timeSeconds }) => `Witness ${name} signed it on ${timeText(timeSeconds * 1000)}.`,
            )),
        ...(isOld ? ["Keys and witnesses are those of an earlier policy of the clinic."] : []),
      ],
    )
    return EXIT.done
  },
}

interface Sources {
  readonly clinicKey: string
  /** The newest first. */
  readonly policies: readonly Trusted[]
  readonly directory: DirectoryState | undefined
}

/** @throws {WardlineError} ERR_CONFIG; what is wrong with the directory. */
async function readTrusted(input: Input, context: Context): Promise<Sources> {
  const dir = input.text("dir")
  const logKey = readLogKey(input.text("log-key"))
  const relay = input.text("relay")
  if ([dir, logKey, relay].filter((one) => one !== undefined).length !== 1)
    throw usage("whose keys count? name one of --relay, --dir and --log-key")
  if (dir !== undefined) {
    const folder = await openClinicFolder(dir)
    const { state } = await localDirectory(folder)
    return { clinicKey: folder.clinic.clinicKey, policies: policiesOf(state), directory: state }
  }
  const clinicKey = toHex(readClinicKey(input.required("clinic-key")))
  if (logKey !== undefined) return { clinicKey, policies: [givenPolicy(input, logKey)], directory: undefined }
  const copy = await relayDirectory(checkRelayAddress(relay ?? "", clinicKey), clinicKey, context)
  if (copy === undefined)
    throw new WardlineError("ERR_NOT_FOUND", "the relay has no directory of this clinic")
  return { clinicKey, policies: policiesOf(copy.state), directory: copy.state }
}

/** Every policy that names a log key, the newest first: a proof outlives the keys of its time.
 * @throws {WardlineError} ERR_NOT_FOUND if none does. */
function policiesOf(state: DirectoryState): Trusted[] {
  const policies = state.policies.map(policyOf).filter(({ logKey }) => logKey !== undefined)
  if (policies.length === 0)
    throw new WardlineError(
      "ERR_NOT_FOUND",
      "the clinic's policy names no log key, so nothing can be proved by it",
    )
  return policies.reverse()
}

function givenPolicy(input: Input, logKey: string): Trusted {
  const witnesses = input.list("witness").map((text) => {
    try {
      return readWitnessKey(text)
    } catch (error) {
      throw isWardlineError(error) ? usage(`--witness: ${error.message}`) : error
    }
  })
  const quorum = input.text("quorum") ?? String(witnesses.length)
  if (!/^\d{1,2}$/.test(quorum) || Number(quorum) > witnesses.length)
    throw usage(`--quorum must be a number from 0 to that of the witnesses, ${witnesses.length}`)
  return { logKey, witnesses, quorum: Number(quorum) }
}

/** @throws {WardlineError} why it doesn't hold, by the newest policy. */
function verifyByAny(
  text: string,
  clinic: Uint8Array,
  policies: readonly Trusted[],
  file: string,
): { entry: AuditEntry; checkpoint: OpenedCheckpoint; policy: Trusted } {
  let first: WardlineError | undefined
  for (const policy of policies) {
    try {
      const { entry, checkpoint } = verifyProof(text, {
        ...EXPORT_CRYPTO,
        origin: auditOrigin(clinic),
        logKey: fromHex(policy.logKey ?? ""),
        witnesses: policy.witnesses.map(({ name, key }) => ({ name, key: fromHex(key) })),
        quorum: policy.quorum,
      })
      return { entry, checkpoint, policy }
    } catch (error) {
      if (!isWardlineError(error)) throw error
      first ??= error
    }
  }
  throw new WardlineError(first?.code ?? "ERR_SIGNATURE", `${file} proves nothing: ${first?.message}`, {
    cause: first,
  })
}
