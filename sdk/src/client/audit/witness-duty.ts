/** A staff device as a witness of the clinic's audit log, where the policy names it: while it is connected it looks at each
 * new checkpoint, and signs those that continue the last one that it signed (docs/protocol.md, Witnesses). */
import { throwIfAborted } from "../../abort.ts"
import { equalBytes, toHex } from "../../bytes.ts"
import { type Device, sha256, signNote, verify } from "../../crypto/index.ts"
import { isWardlineError } from "../../errors.ts"
import type { Policy } from "../../protocol/index.ts"
import {
  addCheckpoint,
  auditOrigin,
  cosignatureLine,
  cosignatureMessage,
  formatNote,
  parseCheckpoint,
  parseNote,
} from "../../tlog/index.ts"
import { deviceWitnessName } from "../clinic-policy.ts"
import { type AuditBook, type AuditBookHost, auditBookOf, type KnownCheckpoint } from "./book.ts"
import { fetchNote, postCosignatures } from "./fetch.ts"
import type { WitnessState } from "./types.ts"

/** The relay makes a checkpoint every ten seconds, if anything happened. */
const LOOK_EVERY_MS = 10_000

export interface WitnessHost extends AuditBookHost {
  readonly device: Device
  /** The state has changed. */
  readonly changed: () => void
}

/** Why a checkpoint isn't signed. */
type Refusal = Exclude<WitnessState["problem"], undefined | "offline">

export class WitnessDuty {
  readonly #host: WitnessHost
  readonly #book: AuditBook
  #timer: ReturnType<typeof setInterval> | undefined
  #working: Promise<void> | undefined
  /** Of what is on its way. */
  #stop = new AbortController()
  #state: WitnessState | undefined

  constructor(host: WitnessHost) {
    this.#host = host
    this.#book = auditBookOf(host)
  }

  /** Undefined for a device that is no witness. */
  get state(): WitnessState | undefined {
    return this.#state
  }

  /** Begins, or looks at once. */
  start(): void {
    this.#timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS)
    void this.look()
  }

  /** Stops; resolves when nothing is written any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#stop.abort()
    await this.#working
    this.#stop = new AbortController()
  }

  /** Signs the newest checkpoint unless that is done. Harmless at any time. */
  look(): Promise<void> {
    this.#working ??= this.#book
      .alone(() => this.#look())
      // What fails here is the device's storage; nothing was signed, and the next look tries again.
      .catch(() => {})
      .finally(() => {
        this.#working = undefined
      })
    return this.#working
  }

  async #look(): Promise<void> {
    const { policy } = this.#host.directory.state
    const name = this.#nameIn(policy)
    if (policy?.logKey === undefined || name === undefined) {
      this.#setState(undefined)
      return
    }
    const last = await this.#book.load("cosigned")
    const own = { name, size: last?.size ?? 0, at: last?.seenMs }
    try {
      const signed = await this.#sign(name, policy.logKey, last)
      if (typeof signed === "string") this.#setState({ ...own, problem: signed })
      else this.#setState({ name, size: signed.size, at: signed.seenMs, problem: undefined })
    } catch (error) {
      if (!isWardlineError(error)) throw error
      this.#setState({ ...own, problem: "offline" })
    }
  }

  /** By its key, and by the name that says whose it is: one that the policy names otherwise witnesses elsewhere. */
  #nameIn(policy: Policy | undefined): string | undefined {
    const { id, signing } = this.#host.device
    const name = deviceWitnessName(toHex(id))
    const isNamed = policy?.witnesses.some(
      (witness) => witness.name === name && equalBytes(witness.key, signing.publicKey),
    )
    return isNamed ? name : undefined
  }

  /** @returns the newest checkpoint that this device has signed, or why it doesn't sign the one that is shown. */
  async #sign(
    name: string,
    logKey: Uint8Array,
    last: KnownCheckpoint | undefined,
  ): Promise<KnownCheckpoint | Refusal> {
    const { directory, now } = this.#host
    const { signal } = this.#stop
    const request = this.#book.request(signal)
    const note = await fetchNote(request, "checkpoint")
    const seen = await this.#book.load("witnessed")
    const known = last ?? seen
    const shown = readTree(note)
    if (shown === undefined) return "checkpoint-refused"
    if (known !== undefined && shown.size < known.size) return "log-older"
    if (last !== undefined && shown.size === last.size && equalBytes(shown.root, last.root)) {
      // Signed, and perhaps not arrived.
      if (this.#isUnder(note, name)) return last
    }
    const proof = await this.#book.consistency(known?.size ?? 0, shown.size, signal)
    const log = { origin: auditOrigin(directory.state.clinicId), key: logKey }
    const asked = { oldSize: known?.size ?? 0, proof: proof ?? [], note }
    let taken: ReturnType<typeof addCheckpoint>
    try {
      taken = addCheckpoint(known, log, asked, { hash: sha256, verify })
    } catch (error) {
      if (!isWardlineError(error)) throw error
      if (error.code !== "ERR_FORK") return "checkpoint-refused"
      return await this.#contradicted(known, note)
    }
    // What it has believed as a reader it has to vouch for as well.
    if (seen !== undefined && seen.size > taken.size) return "log-older"
    if (seen !== undefined && !(await this.#book.continues(seen, taken, signal)))
      return await this.#contradicted(seen, note)
    const seenMs = now()
    const line = this.#cosign(name, taken.body, Math.floor(seenMs / 1000))
    // With its own signature, the note shows others who vouched for it.
    const signed = { size: taken.size, root: taken.root, note: `${note}${line}`, seenMs }
    // Another tab may have taken over meanwhile, and remember something else.
    throwIfAborted(signal)
    // Before anybody has the signature: what this device signs it must never contradict.
    await this.#book.save("cosigned", signed)
    await postCosignatures(request, formatNote(taken.body, [line]))
    return signed
  }

  async #contradicted(known: KnownCheckpoint | undefined, note: string): Promise<Refusal> {
    await this.#book.contradicted(known, note, this.#stop.signal)
    return this.#book.isForked ? "log-forked" : "log-unexplained"
  }

  #cosign(name: string, body: string, timeSeconds: number): string {
    const { publicKey, secretKey } = this.#host.device.signing
    const signature = signNote(cosignatureMessage(body, timeSeconds), secretKey)
    return cosignatureLine({ name, key: publicKey, hash: sha256, timeSeconds, signature })
  }

  #isUnder(note: string, name: string): boolean {
    try {
      return this.#book.open(note).cosigned.some((cosignature) => cosignature.name === name)
    } catch {
      return false
    }
  }

  #setState(state: WitnessState | undefined): void {
    const before = this.#state
    this.#state = state
    const isSame =
      before?.size === state?.size && before?.problem === state?.problem && before?.name === state?.name
    if (!isSame) this.#host.changed()
  }
}

/** What the text says, before anything of it is believed. */
function readTree(note: string): { size: number; root: Uint8Array } | undefined {
  try {
    return parseCheckpoint(parseNote(note).body)
  } catch {
    return undefined
  }
}
