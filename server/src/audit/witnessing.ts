/** Brings each new checkpoint to the witnesses that can be called (c2sp.org/tlog-witness, add-checkpoint). The others
 * fetch it themselves (docs/protocol.md, Witnesses). */
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { consistencyProof, encodeAddCheckpoint, parseDecimal } from "@wardline/sdk/tlog"
import type { Clinic } from "../clinic.ts"
import { sha256 } from "../hashing.ts"
import { MAX_NOTE_BYTES, WITNESS_RETRY_MS, WITNESS_TIMEOUT_MS } from "../limits.ts"
import { errorFields, type Log } from "../log.ts"
import type { Checkpoints } from "./checkpoints.ts"
import { noteOf, type SignedCheckpoint } from "./signed-checkpoint.ts"

/** One log at one witness. */
interface Submission {
  readonly url: string
  readonly clinic: Clinic
  /** Of the tree that the witness has, as far as known. */
  witnessSize: number
  /** Of the newest checkpoint that it has signed. */
  signedSize: number
  isRunning: boolean
  failures: number
  nextMs: number
}

export interface WitnessingOptions {
  /** Submission prefixes. */
  readonly urls: readonly string[]
  readonly clinics: Iterable<Clinic>
  readonly checkpoints: Checkpoints
  readonly log: Log
}

export class Witnessing {
  readonly #checkpoints: Checkpoints
  readonly #log: Log
  readonly #submissions: readonly Submission[]
  readonly #running = new Set<Promise<void>>()
  readonly #stop = new AbortController()

  constructor({ urls, clinics, checkpoints, log }: WitnessingOptions) {
    this.#checkpoints = checkpoints
    this.#log = log
    const common = { witnessSize: 0, signedSize: 0, isRunning: false, failures: 0, nextMs: 0 }
    this.#submissions = [...clinics].flatMap((clinic) => urls.map((url) => ({ url, clinic, ...common })))
  }

  /** Brings new checkpoints to every witness that isn't busy and hasn't failed lately. */
  sweep(nowMs: number): void {
    for (const submission of this.#submissions) {
      const { clinic, signedSize, isRunning, nextMs } = submission
      const checkpoint = this.#checkpoints.newest(clinic)
      if (checkpoint === undefined || checkpoint.size === signedSize || isRunning || nowMs < nextMs) continue
      const running = this.#run(submission, checkpoint, nowMs)
      this.#running.add(running)
      void running.finally(() => this.#running.delete(running))
    }
  }

  async #run(submission: Submission, checkpoint: SignedCheckpoint, nowMs: number): Promise<void> {
    submission.isRunning = true
    try {
      await this.#bring(submission, checkpoint)
      submission.failures = 0
    } catch (error) {
      if (this.#stop.signal.aborted) return
      submission.nextMs = nowMs + Math.min(WITNESS_RETRY_MS, 1000 * 2 ** ++submission.failures)
      this.#report(submission, error)
    } finally {
      submission.isRunning = false
    }
  }

  #report({ clinic, url }: Submission, error: unknown): void {
    const fields = { clinic: clinic.name, witness: url, ...errorFields(error) }
    const isFork = isWardlineError(error, "ERR_FORK") || isWardlineError(error, "ERR_ROLLBACK")
    if (isFork) this.#log.error("a witness has seen another audit log than this relay has", fields)
    else this.#log.warn("a witness hasn't signed the checkpoint", fields)
  }

  /** Brings one checkpoint; a witness that has another tree than was thought is asked once more. */
  async #bring(submission: Submission, checkpoint: SignedCheckpoint): Promise<void> {
    const { clinic } = submission
    let answer = await this.#post(submission, checkpoint)
    if (answer.status === 409 && this.#hasAnotherSize(submission, checkpoint, answer.text))
      answer = await this.#post(submission, checkpoint)
    if (answer.status === 409 && this.#hasAnotherSize(submission, checkpoint, answer.text))
      throw new WardlineError("ERR_CONFLICT", "somebody else brings it checkpoints of this log too")
    if (answer.status !== 200) throw refusedWith(answer.status)
    submission.witnessSize = checkpoint.size
    await this.#checkpoints.cosign(clinic, `${checkpoint.body}\n${answer.text}`)
    submission.signedSize = checkpoint.size
  }

  /** Takes the size that a witness says it has; whether it is another than was thought.
   * @throws {WardlineError} ERR_ROLLBACK if it has seen more than there is. */
  #hasAnotherSize(submission: Submission, { size }: SignedCheckpoint, text: string): boolean {
    const before = submission.witnessSize
    submission.witnessSize = parseDecimal(text.trim())
    if (submission.witnessSize <= size) return submission.witnessSize !== before
    throw new WardlineError(
      "ERR_ROLLBACK",
      `it has seen ${submission.witnessSize} entries and there are ${size}: this relay's data are older than that (a restored backup?)`,
    )
  }

  async #post(
    { url, clinic, witnessSize }: Submission,
    checkpoint: SignedCheckpoint,
  ): Promise<{ status: number; text: string }> {
    const { tree } = clinic
    const oldSize = Math.min(witnessSize, checkpoint.size)
    const proof = await consistencyProof(sha256, tree.read, oldSize, checkpoint.size)
    try {
      const response = await fetch(`${url.replace(/\/$/, "")}/add-checkpoint`, {
        method: "POST",
        body: encodeAddCheckpoint({ oldSize, proof, note: noteOf(checkpoint) }),
        headers: { "Content-Type": "text/plain; charset=utf-8" },
        redirect: "error",
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(WITNESS_TIMEOUT_MS)]),
      })
      return { status: response.status, text: await shortText(response) }
    } catch (cause) {
      if (isWardlineError(cause)) throw cause
      throw new WardlineError("ERR_OFFLINE", `it can't be reached (${reasonOf(cause)})`, { cause })
    }
  }

  /** Waits for what is under way, at most `waitMs`, and breaks it off then. */
  async close(waitMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), waitMs)
    await Promise.all(this.#running)
    clearTimeout(timer)
  }
}

/** What fetch says only behind its error: such as ECONNREFUSED, or what is wrong with a certificate. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string } }
  return cause?.code ?? name ?? "unknown"
}

/** @throws {WardlineError} ERR_TOO_LARGE */
async function shortText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > MAX_NOTE_BYTES) throw new WardlineError("ERR_TOO_LARGE", "it answers too much")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

function refusedWith(status: number): WardlineError {
  switch (status) {
    case 403:
      return new WardlineError("ERR_SIGNATURE", "it knows another key for this log than this relay's log key")
    case 404:
      return new WardlineError("ERR_NOT_FOUND", "it doesn't know this log: add it there")
    case 409:
      return new WardlineError("ERR_FORK", "it has signed another tree of this size")
    case 422:
      return new WardlineError("ERR_FORK", "it doesn't find that the log continues what it has signed")
    default:
      return new WardlineError("ERR_CONFLICT", `it answered with status ${status}`)
  }
}
