/** Checkpoints of each clinic's audit log: signed by the log key, stored, only then published, and joined by the
 * cosignatures of the policy's witnesses (docs/protocol.md, Checkpoints). */
import { equalBytes, isWardlineError, type Policy, utf8, WardlineError } from "@wardline/sdk/protocol"
import {
  auditOrigin,
  checkpointLine,
  formatCheckpoint,
  type Note,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  readCosignatures,
  rootOf,
} from "@wardline/sdk/tlog"
import type { Clinic } from "../clinic.ts"
import { sha256 } from "../hashing.ts"
import { RECENT_CHECKPOINTS } from "../limits.ts"
import { errorFields, type Log } from "../log.ts"
import type { LogKey } from "../log-key.ts"
import type { CheckpointKind, SavedCheckpoint, Store } from "../store/store.ts"
import {
  CRYPTO,
  hasQuorum,
  noteOf,
  quorumOf,
  recounted,
  type SignedCheckpoint,
  withCosignatures,
  witnessesOf,
} from "./signed-checkpoint.ts"

/** What is known of one clinic's checkpoints. */
interface Published {
  readonly clinic: Clinic
  /** Newest last. A witness may take longer than the next checkpoint, so that older ones are kept for a while. */
  recent: SignedCheckpoint[]
  witnessed: SignedCheckpoint | undefined
  /** Under which the cosignatures were counted. */
  policy: Policy | undefined
  signedMs: number
  /** Whether the log that is there isn't the one that was signed: then nothing more is. */
  isForked: boolean
  /** What a witness has seen, where that was said to be more than there is. */
  reportedSize: number
}

export interface CheckpointsOptions {
  readonly store: Pick<Store, "checkpoint" | "saveCheckpoints">
  readonly clinics: Iterable<Clinic>
  readonly logKey: LogKey
  /** Between two checkpoints of one log. */
  readonly intervalMs: number
  readonly log: Log
}

export class Checkpoints {
  readonly #store: CheckpointsOptions["store"]
  readonly #logKey: LogKey
  readonly #intervalMs: number
  readonly #log: Log
  /** By the clinic's key. */
  readonly #published = new Map<string, Published>()
  /** One change after the other. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor({ store, logKey, intervalMs, log }: CheckpointsOptions) {
    this.#store = store
    this.#logKey = logKey
    this.#intervalMs = intervalMs
    this.#log = log
  }

  /** Reads the checkpoints kept, and says in the process log where the log that is there isn't the one they are of. */
  static async open(options: CheckpointsOptions): Promise<Checkpoints> {
    const checkpoints = new Checkpoints(options)
    for (const clinic of options.clinics) await checkpoints.#open(clinic)
    return checkpoints
  }

  async #open(clinic: Clinic): Promise<void> {
    const newest = await this.#read(clinic, "newest")
    const witnessed = await this.#read(clinic, "witnessed")
    const isForked = !(await isOf(clinic, newest)) || !(await isOf(clinic, witnessed))
    if (isForked)
      this.#log.error(
        "the audit log isn't the one that this relay has signed: it was changed or cut. No more checkpoints are signed: put the newest copy of the database back",
        { clinic: clinic.name, entries: clinic.tree.size },
      )
    this.#published.set(clinic.key, {
      clinic,
      recent: newest === undefined ? [] : [newest],
      witnessed,
      policy: clinic.directory.policy,
      signedMs: Number.NEGATIVE_INFINITY,
      isForked,
      reportedSize: 0,
    })
  }

  /** A checkpoint as it was kept, if it is by this log key. */
  async #read(clinic: Clinic, kind: CheckpointKind): Promise<SignedCheckpoint | undefined> {
    const text = await this.#store.checkpoint(clinic.ref, kind)
    if (text === undefined) return undefined
    try {
      const { size, root, body, cosigned } = openCheckpoint(text, {
        ...CRYPTO,
        origin: auditOrigin(clinic.id),
        logKey: this.#logKey.publicKey,
        witnesses: witnessesOf(clinic.directory.policy),
      })
      return { size, root, body, logLine: this.#logLine(clinic, body), cosigned }
    } catch (error) {
      // With the note, as the next one takes its place.
      const fields = { clinic: clinic.name, note: text, ...errorFields(error) }
      this.#log.error("a checkpoint that was kept isn't by this log key: was log-key.pem replaced?", fields)
      return undefined
    }
  }

  #logLine({ id }: Clinic, body: string): string {
    const signature = this.#logKey.sign(utf8(body))
    return checkpointLine({ origin: auditOrigin(id), key: this.#logKey.publicKey, hash: sha256, signature })
  }

  /** The newest checkpoint; undefined until the first. */
  newest(clinic: Clinic): SignedCheckpoint | undefined {
    return this.#of(clinic).recent.at(-1)
  }

  /** The newest that as many witnesses have signed as the policy demands; without such a demand the newest. */
  witnessed(clinic: Clinic): SignedCheckpoint | undefined {
    const published = this.#of(clinic)
    return quorumOf(published.policy) === 0 ? published.recent.at(-1) : published.witnessed
  }

  /** A clinic's checkpoints, counted under the policy that holds now. */
  #of(clinic: Clinic): Published {
    const published = this.#published.get(clinic.key)
    if (published === undefined)
      throw new WardlineError("ERR_NOT_FOUND", "this relay doesn't serve that clinic")
    const { policy } = clinic.directory
    if (published.policy === policy) return published
    published.policy = policy
    const kept = published.witnessed
    published.recent = published.recent.map((checkpoint) => recounted(checkpoint, policy))
    const older = kept === undefined ? [] : [recounted(kept, policy)]
    published.witnessed = [...older, ...published.recent].findLast((item) => hasQuorum(item, policy))
    return published
  }

  /** Signs for every log that has grown since its last checkpoint, where that is long enough ago. */
  sweep(nowMs: number): Promise<void> {
    return this.#sign(({ signedMs }) => Math.abs(nowMs - signedMs) >= this.#intervalMs, nowMs)
  }

  /** Signs for every log that has grown. */
  signAll(nowMs: number): Promise<void> {
    return this.#sign(() => true, nowMs)
  }

  #sign(isDue: (published: Published) => boolean, nowMs: number): Promise<void> {
    return this.#serially(async () => {
      const signed: [Published, SignedCheckpoint][] = []
      for (const published of this.#published.values()) {
        const { clinic, recent, isForked } = published
        if (isForked || clinic.tree.size === (recent.at(-1)?.size ?? 0) || !isDue(published)) continue
        signed.push([published, await this.#make(clinic)])
        published.signedMs = nowMs
      }
      if (signed.length === 0) return
      // Stored before anybody sees them: or after a crash another tree of the same size could be signed.
      await this.#store.saveCheckpoints(signed.map(([{ clinic }, item]) => saved(clinic, "newest", item)))
      for (const [{ clinic }, checkpoint] of signed) {
        const published = this.#of(clinic)
        published.recent = [...published.recent, checkpoint].slice(-RECENT_CHECKPOINTS)
      }
    })
  }

  async #make(clinic: Clinic): Promise<SignedCheckpoint> {
    const { size } = clinic.tree
    const root = await rootOf(sha256, clinic.tree.read, size)
    const body = formatCheckpoint({ origin: auditOrigin(clinic.id), size, root })
    return { size, root, body, logLine: this.#logLine(clinic, body), cosigned: [] }
  }

  /** Takes the cosignatures under a checkpoint of this log.
   * @param text - the checkpoint's body with signature lines; only those by the policy's witnesses count.
   * @returns who has cosigned that checkpoint by now.
   * @throws {WardlineError} ERR_MALFORMED, ERR_TOO_LARGE; ERR_SIGNATURE for a signature that names a witness and isn't
   *   its own; ERR_FORBIDDEN without a witness's; ERR_CONFLICT for a checkpoint that isn't one of the newest here. */
  cosign(clinic: Clinic, text: string): Promise<readonly string[]> {
    return this.#serially(async () => {
      const published = this.#of(clinic)
      const note = parseNote(text)
      const cosignatures = readCosignatures(note, witnessesOf(published.policy), CRYPTO)
      if (cosignatures.length === 0)
        throw new WardlineError(
          "ERR_FORBIDDEN",
          "none of the witnesses that the policy names has signed this; `wardline policy set --witness` names one",
        )
      const at = published.recent.findIndex(({ body }) => body === note.body)
      if (at < 0) this.#refuse(clinic, note, published)
      const before = published.recent[at] as SignedCheckpoint
      const checkpoint = withCosignatures(before, cosignatures)
      // What anybody can copy from the note costs no write.
      if (noteOf(checkpoint) === noteOf(before)) return namesOf(before)
      const isWitnessed =
        hasQuorum(checkpoint, published.policy) && checkpoint.size >= (published.witnessed?.size ?? 0)
      const isNewest = at === published.recent.length - 1
      const changes = [
        ...(isNewest ? [saved(clinic, "newest", checkpoint)] : []),
        ...(isWitnessed ? [saved(clinic, "witnessed", checkpoint)] : []),
      ]
      if (changes.length > 0) await this.#store.saveCheckpoints(changes)
      published.recent = published.recent.with(at, checkpoint)
      if (isWitnessed) published.witnessed = checkpoint
      return namesOf(checkpoint)
    })
  }

  /** Says why a witness's signature isn't under a checkpoint that is known here, and says it to the operator where that
   * means that this relay's data are older than what was witnessed. */
  #refuse(clinic: Clinic, { body }: Note, { recent }: Published): never {
    const { origin, size } = parseCheckpoint(body)
    const newest = recent.at(-1)?.size ?? 0
    if (origin === auditOrigin(clinic.id) && size > newest) this.reportOlder(clinic, size)
    throw new WardlineError(
      "ERR_CONFLICT",
      `the newest checkpoint has size ${newest}: fetch it and sign that`,
    )
  }

  /** Says that a witness has seen more of the log than there is here; for each size once.
   * @param size - what it has seen. */
  reportOlder(clinic: Clinic, size: number): void {
    const published = this.#of(clinic)
    if (size <= published.reportedSize) return
    published.reportedSize = size
    this.#log.error(
      "a witness has seen more of the audit log than this relay has: its data are older than that (a restored backup?)",
      { clinic: clinic.name, entries: clinic.tree.size, witnessed: size },
    )
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}

function namesOf({ cosigned }: SignedCheckpoint): readonly string[] {
  return cosigned.map(({ name }) => name)
}

/** Whether a checkpoint, if there is one, is of the log that is there. */
async function isOf({ tree }: Clinic, checkpoint: SignedCheckpoint | undefined): Promise<boolean> {
  if (checkpoint === undefined) return true
  const { size, root } = checkpoint
  try {
    return size <= tree.size && equalBytes(root, await rootOf(sha256, tree.read, size))
  } catch (error) {
    // A tile that is gone is a log that was cut; people are served all the same.
    if (isWardlineError(error, "ERR_STORE")) return false
    throw error
  }
}

function saved({ ref }: Clinic, kind: CheckpointKind, checkpoint: SignedCheckpoint): SavedCheckpoint {
  return { clinic: ref, kind, note: noteOf(checkpoint) }
}
