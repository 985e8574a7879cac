import { stat } from "node:fs/promises"
import { fromHex, toHex } from "../bytes.ts"
import { isLogEvidence } from "../client/audit/log-evidence.ts"
import { readClinicKey } from "../client/options.ts"
import { type EvidenceVerdict, type SignedStatement, verifyEvidence } from "../conversation/evidence.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { usage } from "./arguments.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { timeText } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"
import { readIfThere } from "./files.ts"
import { checkLogEvidence } from "./log-evidence-view.ts"
import { inline } from "./output.ts"
import { readLogKey } from "./witness-init.ts"

/** A hundred thousand records take 7 MB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

export const evidence: Command = {
  name: "evidence",
  summary: "check a file that shows two statements which can't both be true",
  description: [
    "Checks a file that a patient's or a staff member's device made when it was told two stories about one conversation, or that a device or a witness made when it was shown two audit logs under one name: who signed which statement, that the signers are the clinic's, and that the two contradict each other. It needs no relay and no secret, so anybody can check it: a patient, an auditor, a court.",
    "If it holds, it names both signers and ends with exit code 0; a file that proves nothing ends with 1. Give the clinic key that the clinic's page shows, or compare the one that is printed with it: without that, anybody could have made up a clinic.",
  ],
  argument: { name: "FILE", help: "the file of evidence", required: true },
  options: {
    "clinic-key": { value: "KEY", help: "it must be about this clinic: 64 hexadecimal characters" },
    dir: { ...SHARED.dir, help: "it must be about the clinic in this folder" },
    "log-key": {
      value: "KEY",
      help: "for evidence about an audit log by a witness that didn't know the clinic's directory:\nthe log's key, as the clinic's policy names it",
    },
  },
  examples: [
    "wardline evidence evidence.json --clinic-key 9f2c41…",
    "wardline evidence evidence.json --json",
  ],
  async run(input, { output }) {
    const file = input.argument ?? ""
    const given = input.text("clinic-key")
    const dir = input.text("dir")
    if (given !== undefined && dir !== undefined) throw usage("give --clinic-key or --dir, not both")
    const clinicKey =
      given !== undefined
        ? toHex(readClinicKey(given))
        : dir !== undefined
          ? (await openClinicFolder(dir)).clinic.clinicKey
          : undefined
    const key = readLogKey(input.text("log-key"))
    const logKey = key === undefined ? undefined : fromHex(key)
    const bytes = await readEvidence(file)
    if (isLogEvidence(bytes)) return checkLogEvidence(bytes, { file, clinicKey, logKey, output })
    if (logKey !== undefined)
      throw usage("--log-key is for evidence about an audit log; this is about a conversation")
    const verdict = judge(file, bytes, clinicKey)
    output.result({ ...verdict, isClinicKnown: clinicKey !== undefined }, [
      ...verdictLines(verdict),
      "",
      ...(clinicKey === undefined
        ? [
            "It is about the clinic of this key. Compare it with the key that the clinic's page shows:",
            `  ${verdict.clinicKey}`,
          ]
        : ["It is about this clinic, and every signer is certified by its key."]),
    ])
    return EXIT.done
  },
}

async function readEvidence(file: string): Promise<Uint8Array> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  if (size > MAX_FILE_BYTES) throw new WardlineError("ERR_TOO_LARGE", `${file} is too large for evidence`)
  const bytes = await readIfThere(file)
  if (bytes === undefined) throw usage(`there is no file at ${file}`)
  return bytes
}

/** @throws {WardlineError} why the file proves nothing. */
function judge(file: string, bytes: Uint8Array, clinicKey: string | undefined): EvidenceVerdict {
  try {
    return verifyEvidence(bytes, clinicKey)
  } catch (error) {
    if (!isWardlineError(error)) throw error
    throw new WardlineError(error.code, `${file} proves nothing: ${error.message}`, { cause: error })
  }
}

function verdictLines(verdict: EvidenceVerdict): string[] {
  const { conversation, statements, proves, isOneSided } = verdict
  const byRelay = statements.every(({ signer }) => signer.kind === "relay")
  return [
    isOneSided
      ? `Two statements about conversation ${conversation} that can't both be true; ONE OF THEM IS NOT SIGNED:`
      : `Two signed statements about conversation ${conversation} that can't both be true:`,
    "",
    ...statements.flatMap((statement, i) => [
      `  ${i + 1}. ${whoText(statement)}`,
      `     ${whatText(statement)}`,
    ]),
    "",
    proves === "fork"
      ? "They name two different histories (a fork)."
      : "The later one is of fewer records: the relay took something back (a rollback).",
    isOneSided
      ? "Whoever made the file may have made up the unsigned one. It is a reason to look, and no proof."
      : byRelay
        ? "The relay signed both. Whoever has its log key told two stories."
        : "The relay showed two histories, unless the two signers made this up together.",
  ]
}

function whoText({ signer, atMs }: SignedStatement): string {
  const when = atMs === undefined ? "" : `, dated ${timeText(atMs)}`
  switch (signer.kind) {
    case "relay":
      return `The clinic's relay (log key ${signer.logKey.slice(0, 16)}…)${when}`
    case "staff":
      return `${inline(signer.name)}, staff (device ${signer.deviceId})${when}`
    case "patient":
      return `The patient (device ${signer.deviceId})${when}`
    case "nobody":
      return "Nobody's signature: what the device that made this file says it remembers"
  }
}

const whatText = ({ position, link }: SignedStatement): string =>
  `says: after ${position} records, the chain's link is ${link.slice(0, 32)}…`
