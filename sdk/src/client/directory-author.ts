/** Makes directory records that build on one another, and adds them to the relay's directory. */
import { concat, equalBytes } from "../bytes.ts"
import {
  type Device,
  hpkeSeal,
  randomBytes,
  sha256,
  signRecord,
  verify,
  wrappingKeyPair,
} from "../crypto/index.ts"
import {
  applyRecord,
  attestOf,
  type DirectoryDevice,
  type DirectoryState,
  linkAt,
  newestRoleKey,
  roleKeyOf,
  roleRuleAt,
} from "../directory/index.ts"
import { type ErrorCode, isWardlineError, WardlineError } from "../errors.ts"
import type { Role } from "../ids.ts"
import {
  type DirectoryRecordType,
  encodeAttest,
  encodeRoleGrant,
  encodeRoleKey,
  grantInfo,
} from "../protocol/index.ts"
import { postDirectory } from "./directory-http.ts"
import type { DirectoryTracker } from "./directory-tracker.ts"
import type { ClientContext } from "./options.ts"
import type { HeldRoleKey } from "./role-seeds.ts"

const DAY_MS = 24 * 60 * 60 * 1000
/** How long a role's key is used where the policy doesn't say. */
const DEFAULT_ROTATION_DAYS = 365
const EMPTY = new Uint8Array(0)
const MAX_ATTEMPTS = 5
/** What the relay says when another change came first (for the attest at the end: another history), or nothing. */
const CROSSINGS: ReadonlySet<ErrorCode> = new Set(["ERR_CONFLICT", "ERR_FORK", "ERR_OFFLINE"])

/** A directory under construction. Each record is checked as the relay will check it, before anything is sent. */
export class DirectoryAuthor {
  readonly records: Uint8Array[] = []
  readonly nowMs: number
  readonly #device: Device
  #state: DirectoryState

  constructor(device: Device, state: DirectoryState, nowMs: number) {
    this.#device = device
    this.#state = state
    this.nowMs = nowMs
  }

  /** With the records so far. */
  get state(): DirectoryState {
    return this.#state
  }

  /** Adds a record that someone signed.
   * @throws {WardlineError} why the directory refuses it. */
  take(record: Uint8Array): void {
    this.#state = applyRecord(this.#state, record, { hash: sha256, verify, nowMs: this.nowMs })
    this.records.push(record)
  }

  /** Signs and adds a record.
   * @param detached - what travels behind it, if its type has that. */
  add(type: DirectoryRecordType, body: Uint8Array, detached: Uint8Array = EMPTY): void {
    const header = { type, scope: this.#state.clinicId, issued: this.nowMs }
    this.take(concat(signRecord(this.#device, header, body), detached))
  }

  /** Vouches for the directory as it now stands. */
  attest(): void {
    this.add("attest", encodeAttest(attestOf(this.#state, this.#device.id, sha256)))
  }

  /** Makes the next generation of a role's key. */
  addRoleKey(role: Role): HeldRoleKey {
    const generation = (newestRoleKey(this.#state, role)?.generation ?? 0) + 1
    const seed = randomBytes(32)
    const { publicKey } = wrappingKeyPair(seed)
    const days = roleRuleAt(this.#state, role).rotationDays || DEFAULT_ROTATION_DAYS
    const validity = { validFrom: this.nowMs, validUntil: this.nowMs + days * DAY_MS }
    this.add("role-key", encodeRoleKey({ role, generation, publicKey, ...validity }))
    return { role, generation, seed }
  }

  /** Gives a generation's seed to a device. */
  grant({ role, generation, seed }: HeldRoleKey, to: Pick<DirectoryDevice, "id" | "keys">): void {
    if (roleKeyOf(this.#state, role, generation) === undefined) {
      throw new WardlineError("ERR_NOT_FOUND", "the role has no such generation")
    }
    const info = grantInfo(this.#state.clinicId, role, generation, to.id)
    const wrap = hpkeSeal(to.keys.wrapping, info, EMPTY, seed, { seed: randomBytes(64) })
    const body = encodeRoleGrant({ role, generation, device: to.id, wrapHash: sha256(wrap) })
    this.add("role-grant", body, wrap)
  }
}

/** Adds records to the relay's directory and fetches the result. If another change came first they are made anew.
 * @param compose - makes them on top of the newest state.
 * @throws {WardlineError} why they are refused; ERR_FORK if the relay's directory then isn't what was made. */
export async function extendDirectory(
  context: ClientContext,
  tracker: DirectoryTracker,
  device: Device,
  compose: (author: DirectoryAuthor) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const author = new DirectoryAuthor(device, tracker.state, context.now())
    compose(author)
    if (author.records.length === 0) return
    const answer = await postDirectory(context, author.records).catch((error: unknown) => {
      if (attempt < MAX_ATTEMPTS && isWardlineError(error) && CROSSINGS.has(error.code)) return error
      throw error
    })
    const { position } = tracker.state
    await tracker.refresh()
    // An answer may be lost on the way, and the records not.
    if (holdsAll(tracker.state, author.state)) return
    // A revocation without the keys that were renewed with it, say.
    if (!(answer instanceof WardlineError)) throw takenInPart()
    if (tracker.state.position === position) throw answer
  }
}

/** Whether everything that was made stands where it was made. */
function holdsAll(state: DirectoryState, made: DirectoryState): boolean {
  const link = linkAt(state, made.position)
  return link !== undefined && equalBytes(link, made.link)
}

function takenInPart(): WardlineError {
  return new WardlineError("ERR_FORK", "the relay says it took the change, and shows another directory")
}
