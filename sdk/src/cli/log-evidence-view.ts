/** Evidence about an audit log, checked and put into words. */
import {
  type LogEvidenceVerdict,
  type SignedCheckpoint,
  verifyLogEvidence,
} from "../client/audit/log-evidence.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { timeText } from "./directory-view.ts"
import { EXIT, type ExitCode } from "./exit-codes.ts"
import { inline, type Output } from "./output.ts"

export interface LogEvidenceCheck {
  readonly file: string
  readonly clinicKey: string | undefined
  readonly logKey: Uint8Array | undefined
  readonly output: Output
}

/** @returns the exit code: 0 if the file proves two logs.
 * @throws {WardlineError} why it can't be used. */
export function checkLogEvidence(bytes: Uint8Array, check: LogEvidenceCheck): ExitCode {
  const { file, clinicKey, logKey, output } = check
  const verdict = judge(file, bytes, clinicKey, logKey)
  const isFork = verdict.proves === "fork"
  output.result({ ...verdict, ok: isFork, isClinicKnown: clinicKey !== undefined }, [
    isFork
      ? "Two checkpoints of one audit log that can't both be true:"
      : "Two checkpoints of one audit log; nothing here shows that they contradict each other:",
    "",
    ...verdict.checkpoints.flatMap(checkpointLines),
    "",
    ...(isFork
      ? [
          "The log has two histories (a fork): whoever has the log's key, which signed both, told two stories.",
          "It doesn't prove which one is the true one.",
        ]
      : [
          "Whoever made the file wasn't shown that the larger continues the smaller. An honest log can show that",
          "at any time: ask the relay's host for an export, and check it with both:",
          "  wardline audit verify EXPORT --checkpoint …",
        ]),
    "",
    ...(clinicKey === undefined
      ? [
          "It is about the clinic of this key. Compare it with the key that the clinic's page shows:",
          `  ${verdict.clinicKey}`,
        ]
      : [
          logKey === undefined
            ? "It is about this clinic, and the log's key is certified by its key."
            : "It is about this clinic, by the log's key that was given.",
        ]),
  ])
  return isFork ? EXIT.done : EXIT.checkFailed
}

function judge(
  file: string,
  bytes: Uint8Array,
  clinicKey: string | undefined,
  logKey: Uint8Array | undefined,
): LogEvidenceVerdict {
  try {
    return verifyLogEvidence(bytes, clinicKey, logKey)
  } catch (error) {
    if (!isWardlineError(error)) throw error
    throw new WardlineError(error.code, `${file} proves nothing: ${error.message}`, { cause: error })
  }
}

function checkpointLines({ size, root, logKey, witnesses }: SignedCheckpoint, i: number): string[] {
  const signers = witnesses.map(({ name, at }) => `; witness ${inline(name)} on ${timeText(at)}`).join("")
  return [
    `  ${i + 1}. ${size.toLocaleString("en")} entries, root ${root.slice(0, 32)}…`,
    `     signed by the log's key ${logKey.slice(0, 16)}…${signers}`,
  ]
}
