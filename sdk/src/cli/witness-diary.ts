/** What a running witness says: little while all is well, a problem once when it begins and once when it ends, and a
 * contradiction so that nobody misses it. */
import { toHex } from "../bytes.ts"
import { parseCheckpoint, parseNote } from "../tlog/index.ts"
import { timeText } from "./directory-view.ts"
import type { Output } from "./output.ts"
import type { Contradiction, Cosigned } from "./witness.ts"
import type { KeptEvidence } from "./witness-evidence.ts"

const HOUR_MS = 60 * 60 * 1000

export type Trouble = "offline" | "directory" | "policy" | "log-key" | "older" | "post" | "disk"

export class WitnessDiary {
  readonly #output: Output
  readonly #now: () => number
  readonly #clinicKey: string
  readonly #troubles = new Map<Trouble, string>()
  #contradictions = 0
  /** The last one that there was no file for: said once. */
  #unkept: string | undefined
  #signed = 0
  #refused = 0
  #size = 0
  #summaryMs: number

  constructor(output: Output, now: () => number, clinicKey: string) {
    this.#output = output
    this.#now = now
    this.#clinicKey = clinicKey
    this.#summaryMs = now() + HOUR_MS
  }

  /** Whether anything was shown that contradicts what was signed. */
  get hasContradiction(): boolean {
    return this.#contradictions > 0
  }

  say(text: string): void {
    this.#output.progress(`${timeText(this.#now())}  ${text}`)
  }

  signed({ size, isFirst, isNew }: Cosigned): void {
    if (isFirst)
      this.say(
        `Signed for the first time: ${counted(size)} entries. What they say is taken as it is; from now on nothing of it can be changed unseen.`,
      )
    if (isNew) this.#signed++
    this.#size = size
  }

  /** A stranger's request, or one that comes again. */
  refused(): void {
    this.#refused++
  }

  /** Says what is wrong, unless it has said so already. */
  trouble(kind: Trouble, text: string): void {
    if (this.#troubles.get(kind) === text) return
    this.#troubles.set(kind, text)
    this.say(text)
  }

  /** Says that a trouble is over, if there was one. */
  over(kind: Trouble, text: string): void {
    if (this.#troubles.delete(kind)) this.say(text)
  }

  contradiction({ known, shown, isFromRelay }: Contradiction, evidence: KeptEvidence): void {
    const { path, problem, isProof, isNew } = evidence
    if (!isProof && !isFromRelay) {
      this.refused()
      if (isNew)
        this.say(
          `Somebody brought a checkpoint that the log signed, with a proof that doesn't fit. It wasn't signed, and is kept in ${path}. If the log goes on, it was a stranger.`,
        )
      return
    }
    this.#contradictions++
    const there = parseCheckpoint(parseNote(shown.note).body)
    const unkept = path === undefined ? `${treeText(known)} ${treeText(there)}` : undefined
    if (!isNew && (unkept === undefined || unkept === this.#unkept)) return
    this.#unkept = unkept
    this.#output.progress(
      [
        "",
        timeText(this.#now()),
        isProof ? "  THE LOG HAS TWO HISTORIES." : "  THE LOG DOESN'T CONTINUE WHAT IT SHOWED BEFORE.",
        `  This witness signed:  ${treeText(known)}`,
        `  It was shown:         ${treeText(there)}`,
        "  The log's key signed both. This witness signs nothing that doesn't continue the first.",
        ...(path === undefined
          ? [
              problem === undefined
                ? "  There are many such files already; this one isn't kept."
                : `  IT ISN'T KEPT: ${problem}. Write down what stands here, and make room for the next.`,
            ]
          : [
              `  ${isProof ? "The proof is" : "Both are"} kept in ${path}`,
              `  Anybody can check it: wardline evidence ${path} --clinic-key ${this.#clinicKey}`,
            ]),
        "  Tell the clinic's administrators, and whoever audits the clinic, now. Keep this folder.",
        "",
      ].join("\n"),
    )
  }

  /** Once an hour, so that whoever looks sees that it works. */
  hour(): void {
    const nowMs = this.#now()
    if (nowMs < this.#summaryMs) return
    this.#summaryMs = nowMs + HOUR_MS
    const refused = this.#refused === 0 ? "" : ` ${counted(this.#refused)} requests refused.`
    const last = this.hasContradiction ? " The log contradicted itself: see above." : ""
    this.say(
      `The last hour: ${counted(this.#signed)} checkpoints signed; the log has ${counted(this.#size)} entries.${refused}${last}`,
    )
    this.#signed = 0
    this.#refused = 0
  }
}

const treeText = ({ size, root }: { readonly size: number; readonly root: Uint8Array }): string =>
  `${counted(size)} entries, root ${toHex(root).slice(0, 16)}…`

export const counted = (value: number): string => value.toLocaleString("en")
