/** What the relay shows to first visitors, held against the whole log; and what is kept when the two contradict each
 * other (docs/protocol.md, Snapshot). */
import { equalBytes } from "../bytes.ts"
import { sha256 } from "../crypto/index.ts"
import { type DirectoryState, linkAt } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import {
  clinicIdOf,
  decodeAttest,
  decodeRecord,
  MAX_FRAME_BYTES,
  nextLink,
  recordHash,
} from "../protocol/index.ts"
import { fetchShortDirectory, type ShortDirectory } from "./directory-http.ts"
import { type ClientContext, type ClientOptions, readClinicKey } from "./options.ts"
import { ClinicStorage, decodeStored, encodeStored } from "./storage.ts"

/** Two attests that can't both be of one directory, each a whole signed record. */
export interface DirectoryEvidence {
  /** The attest of the snapshot. */
  readonly shown: Uint8Array
  /** The newest attest of the log that contradicts it; empty if it has none. */
  readonly logged: Uint8Array
}

const NOTHING = new Uint8Array(0)

/** Keeps the two statements on this device. */
export async function keepEvidence(
  storage: ClinicStorage,
  shown: Uint8Array | undefined,
  log: readonly Uint8Array[],
): Promise<void> {
  if (shown === undefined) return
  const logged = log.findLast(isAttest) ?? NOTHING
  await storage.set({ [storage.directoryEvidenceKey]: encodeStored((w) => w.lp32(shown).lp32(logged)) })
}

/** What this device kept when a relay showed it two directories (docs/protocol.md, Snapshot).
 * @throws {WardlineError} ERR_CONFIG, ERR_KEYSTORE, ERR_LOCKED. */
export function directoryEvidence(
  device: Pick<ClientOptions, "clinicKey" | "keystore">,
): Promise<DirectoryEvidence | undefined> {
  const clinicId = clinicIdOf(sha256, readClinicKey(device.clinicKey))
  return loadEvidence(new ClinicStorage(device.keystore, clinicId))
}

async function loadEvidence(storage: ClinicStorage): Promise<DirectoryEvidence | undefined> {
  const stored = await storage.get(storage.directoryEvidenceKey)
  if (stored === undefined) return undefined
  return decodeStored(stored, (r) => ({
    shown: r.lp32(MAX_FRAME_BYTES).slice(),
    logged: r.lp32(MAX_FRAME_BYTES).slice(),
  }))
}

function isAttest(bytes: Uint8Array): boolean {
  try {
    return decodeRecord(bytes).type === "attest"
  } catch {
    return false
  }
}

/** Fetches what first visitors get and compares it with a whole directory.
 * @throws {WardlineError} ERR_FORK, with the statements kept; otherwise as fetching throws. */
export async function checkShown(
  context: ClientContext,
  storage: ClinicStorage,
  tracker: { readonly state: DirectoryState; reach(position: number): Promise<void> },
): Promise<void> {
  const { attested } = tracker.state
  // Nobody can begin from a directory that nobody vouched for.
  if (attested === undefined) return
  const shown = await fetchShortDirectory(context)
  const { body } = decodeRecord(shown.attest)
  const { position } = decodeAttest(body)
  await tracker.reach(position + 1 + shown.tail.length)
  try {
    compare(tracker.state, shown, position)
    // It knows this one: a relay that shows an older one hides what came after.
    if (position + 1 < attested.position) throw another("shows visitors an older directory than it has")
  } catch (error) {
    await keepEvidence(storage, shown.attest, [tracker.state.attested?.record ?? NOTHING])
    throw error
  }
}

/** The attest is the log's own at its position, so that its snapshot was checked on replay; the snapshot is that one;
 * and what follows is what follows in the log. */
function compare(state: DirectoryState, shown: ShortDirectory, position: number): void {
  if (!isChain(state, position, [shown.attest, ...shown.tail]))
    throw another("shows visitors another history")
  const { body } = decodeRecord(shown.attest)
  if (!equalBytes(sha256(shown.snapshot), decodeAttest(body).snapshotHash))
    throw another("shows visitors another snapshot than was attested")
}

/** Whether these records stand in the log after `position`. */
function isChain(state: DirectoryState, position: number, records: readonly Uint8Array[]): boolean {
  return records.every((record, i) => {
    const before = linkAt(state, position + i)
    const link = linkAt(state, position + i + 1)
    if (before === undefined || link === undefined) return false
    return equalBytes(nextLink(sha256, before, position + i + 1, recordHash(sha256, record)), link)
  })
}

function another(what: string): WardlineError {
  return new WardlineError("ERR_FORK", `the relay ${what}`)
}
