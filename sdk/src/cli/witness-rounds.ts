/** A witness that asks: fetches the relay's newest checkpoint again and again, signs it if it continues the last one, and
 * gives the relay the signature. */
import { equalBytes } from "../bytes.ts"
import { isWardlineError, type WardlineError } from "../errors.ts"
import {
  type OpenedCheckpoint,
  openCheckpoint,
  verifyConsistency,
  type WitnessedTree,
  WitnessRefusal,
} from "../tlog/index.ts"
import {
  type Contradiction,
  type WatchedLog,
  WITNESS_CRYPTO,
  type Witness,
  withLogSignature,
} from "./witness.ts"
import { counted, type WitnessDiary } from "./witness-diary.ts"
import type { WatchedRelay } from "./witness-relay.ts"

/** A new log key or a policy that names this witness is noticed within a minute. */
const DIRECTORY_EVERY_MS = 60_000

export interface RoundsParts {
  readonly witness: Witness
  readonly relay: WatchedRelay
  readonly diary: WitnessDiary
  readonly name: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The key as text, for the administrator's command. */
  readonly vkey: string
  readonly log: () => WatchedLog | undefined
  readonly now: () => number
  readonly onContradiction: (contradiction: Contradiction) => Promise<void>
}

export class WitnessRounds {
  readonly #parts: RoundsParts
  #directoryMs = Number.NEGATIVE_INFINITY
  /** The checkpoint whose signature the relay has. */
  #posted: string | undefined

  constructor(parts: RoundsParts) {
    this.#parts = parts
  }

  /** One round. What the relay does wrong is said, not thrown: the next round may be better. */
  async next(): Promise<void> {
    const { diary, now } = this.#parts
    try {
      if (now() - this.#directoryMs >= DIRECTORY_EVERY_MS) await this.#refreshDirectory()
      await this.#sign()
      diary.over("offline", "The relay answers again.")
    } catch (error) {
      if (!isWardlineError(error)) throw error
      this.#say(error)
    }
  }

  #say(error: WardlineError): void {
    const { diary } = this.#parts
    if (error.code === "ERR_ABORTED") return
    // Said by whoever keeps the evidence; or another request was faster.
    if (error instanceof WitnessRefusal && (error.code === "ERR_FORK" || error.code === "ERR_CONFLICT"))
      return
    if (error.code === "ERR_KEYSTORE" || error.code === "ERR_CONFIG")
      diary.trouble("disk", `Nothing is signed: ${error.message}.`)
    else if (error.code === "ERR_OFFLINE")
      diary.trouble("offline", "The relay can't be reached. It is asked again.")
    else if (error.code === "ERR_NOT_FOUND")
      diary.trouble("offline", "The relay has no checkpoint of this clinic's log yet. It is asked again.")
    else diary.trouble("offline", `The relay's answer can't be used: ${error.message}. It is asked again.`)
  }

  /** @throws {WardlineError} ERR_OFFLINE, ERR_ABORTED. */
  async #refreshDirectory(): Promise<void> {
    const { relay, diary, now, name, publicKey, vkey } = this.#parts
    try {
      await relay.refreshDirectory()
      diary.over("directory", "The clinic's directory is as it should be again.")
    } catch (error) {
      if (!isWardlineError(error) || error.code === "ERR_OFFLINE" || error.code === "ERR_ABORTED") throw error
      diary.trouble(
        "directory",
        `The clinic's directory, as the relay shows it, is refused: ${error.message}. What was known of it before counts on.`,
      )
    }
    this.#directoryMs = now()
    const { policy } = relay.directory
    const isNamed =
      policy?.witnesses.some((one) => one.name === name && equalBytes(one.key, publicKey)) ?? false
    if (isNamed) diary.over("policy", "The clinic's policy names this witness now.")
    else
      diary.trouble(
        "policy",
        `The clinic's policy doesn't name this witness: its signatures count for nobody yet. An administrator runs: wardline policy set --witness ${vkey}`,
      )
  }

  async #sign(): Promise<void> {
    const { witness, relay, diary, log: logOf } = this.#parts
    const log = logOf()
    if (log === undefined) {
      diary.trouble(
        "log-key",
        "The clinic's policy names no log key, so nothing can be checked. An administrator runs: wardline policy set --log-key …",
      )
      return
    }
    const note = await relay.checkpoint()
    const shown = this.#open(note, log)
    if (shown === undefined) return
    const { known } = witness
    if (known !== undefined && shown.size < known.size) {
      await this.#compareOlder(shown, note, known)
      return
    }
    diary.over("older", "The log is as long as it was again.")
    if (shown.body === this.#posted) return
    const oldSize = known?.size ?? 0
    const proof = oldSize === 0 || oldSize === shown.size ? [] : await relay.consistency(oldSize, shown.size)
    const cosigned = await witness.add({ oldSize, proof, note }, true)
    diary.over("disk", "Signatures go on.")
    diary.signed(cosigned)
    await this.#post(shown.body, cosigned.line)
  }

  #open(note: string, { origin, key }: WatchedLog): OpenedCheckpoint | undefined {
    const { diary } = this.#parts
    try {
      const opened = openCheckpoint(note, { origin, logKey: key, witnesses: [], ...WITNESS_CRYPTO })
      diary.over("log-key", "The log's checkpoints are signed by the key that the policy names again.")
      return opened
    } catch (error) {
      if (!isWardlineError(error, "ERR_SIGNATURE")) throw error
      // The policy may name a new key by now.
      this.#directoryMs = Number.NEGATIVE_INFINITY
      diary.trouble(
        "log-key",
        "The relay's checkpoint isn't signed by the log's key that is known here. Nothing is signed.",
      )
      return undefined
    }
  }

  /** A log that is shorter than what was signed: restored from a backup, or another one. */
  async #compareOlder(
    shown: OpenedCheckpoint,
    note: string,
    known: WitnessedTree & { note: string },
  ): Promise<void> {
    const { relay, diary, onContradiction } = this.#parts
    diary.trouble(
      "older",
      `The relay shows an older log: ${counted(shown.size)} entries, and this witness has signed ${counted(known.size)}. Entries were lost, or are kept back. Nothing is signed until it is as long again.`,
    )
    const proof = await relay.consistency(shown.size, known.size).catch((error: unknown) => {
      if (isWardlineError(error) && error.code !== "ERR_OFFLINE" && error.code !== "ERR_ABORTED")
        return undefined
      throw error
    })
    // A relay that lost entries can't prove what they were; then nothing is known either way.
    if (proof === undefined || shown.size === 0) return
    const claim = { oldSize: shown.size, oldRoot: shown.root, size: known.size, root: known.root, proof }
    if (verifyConsistency(WITNESS_CRYPTO.hash, claim)) return
    const alone = withLogSignature(note, this.#parts.log())
    await onContradiction({ known, shown: { oldSize: known.size, proof, note: alone }, isFromRelay: true })
  }

  async #post(body: string, line: string): Promise<void> {
    const { relay, diary } = this.#parts
    try {
      await relay.post(`${body}\n${line}`)
      this.#posted = body
      diary.over("post", "The relay takes this witness's signatures.")
    } catch (error) {
      if (!isWardlineError(error) || error.code === "ERR_OFFLINE" || error.code === "ERR_ABORTED") throw error
      diary.trouble(
        "post",
        "The relay doesn't take this witness's signatures; the policy may not name it yet.",
      )
    }
  }
}
