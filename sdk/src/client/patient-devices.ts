/** A patient's several devices: each is a member of her conversations, by visible records (docs/protocol.md, Member
 * and Recovery). Fetched only where somebody asks for it. */
import { toHex } from "../bytes.ts"
import { currentDevices, type Transcript } from "../conversation/index.ts"
import { type Device, sha256 } from "../crypto/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { memoryKeystore } from "../keystore/memory.ts"
import {
  clinicIdOf,
  type DeviceKeys,
  decodeConsent,
  decodeRecord,
  deviceIdOf,
  MAX_PAIRING_MS,
  type PatientDeviceKind,
} from "../protocol/index.ts"
import type { ListedConversation, Session } from "../transport/index.ts"
import { type Visit, visitAs } from "./brief-visit.ts"
import { ConversationEngine } from "./engine.ts"
import type { ConversationHost } from "./host.ts"
import { addDevice, type Changeable, leaveConversation, removeDevice } from "./membership.ts"
import { type ClientOptions, readClinicKey } from "./options.ts"
import { deviceOfSecret, type RecoverySecret } from "./recovery-code.ts"
import { metaEntry } from "./start-conversation.ts"
import { ClinicStorage, randomSeeds } from "./storage.ts"

const LIST_LIMIT = 200
/** A minute less than it may be, for clocks that differ. */
const PAIRING_MS = MAX_PAIRING_MS - 60_000

/** Where a device may still come and go. */
const CHANGEABLE: ReadonlySet<string> = new Set(["open", "closed", "archived"])

/** Makes a device a member of each conversation, with everything that was said before.
 * @throws {WardlineError} as membership.ts says. */
export async function linkDevice(
  conversations: readonly Changeable[],
  keys: DeviceKeys,
  kind: PatientDeviceKind,
  signal?: AbortSignal,
): Promise<void> {
  const id = deviceIdOf(sha256, keys.signing, keys.wrapping)
  for (const at of conversations) {
    await at.engine.whenLive(signal)
    if (!CHANGEABLE.has(at.engine.view.status)) continue
    const until = kind === "pairing" ? at.host.now() + PAIRING_MS : 0
    await addDevice(at, { change: "add-device", id, keys, kind, until }, signal)
  }
}

export async function unlinkDevice(
  conversations: readonly Changeable[],
  device: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  for (const at of conversations) {
    await at.engine.whenLive(signal)
    if (CHANGEABLE.has(at.engine.view.status)) await removeDevice(at, device, signal)
  }
}

/** Brings the conversations' devices together: one that reads some of them, and was removed from none, reads all; and
 * pairing devices whose time is over are removed. */
export async function tendDevices(conversations: readonly Changeable[], signal?: AbortSignal): Promise<void> {
  for (const { engine } of conversations) await engine.whenLive(signal)
  const transcripts = conversations.map(({ engine }) => engine.transcript)
  for (const { keys, kind, id } of everywhere(transcripts)) {
    const without = conversations.filter(({ engine }) => !engine.transcript.devices.has(toHex(id)))
    await linkDevice(without, keys, kind, signal)
  }
  for (const at of conversations) {
    const over = currentDevices(at.engine.transcript).filter(
      ({ kind, until }) => kind === "pairing" && until < at.host.now(),
    )
    for (const { id } of over) await unlinkDevice([at], id, signal)
  }
}

/** Devices that are members of some conversation and were removed from none. */
function everywhere(
  transcripts: readonly Transcript[],
): { id: Uint8Array; keys: DeviceKeys; kind: PatientDeviceKind }[] {
  const devices = transcripts.flatMap((transcript) => [...transcript.devices.entries()])
  const removed = new Set(devices.flatMap(([id, { removedAt }]) => (removedAt === undefined ? [] : [id])))
  const kept = new Map(devices.filter(([id, { kind }]) => kind !== "pairing" && !removed.has(id)))
  return [...kept.values()]
}

/** Makes this device one of the patient's, by the words of her recovery code or the secret of a pairing link, and
 * notes her conversations in the keystore. A pairing device is removed again.
 * @param onProgress - conversations done, and in all.
 * @throws {WardlineError} ERR_NOT_FOUND when the relay knows no conversation of the code's device: wrong words, another
 *   clinic, or a link whose time is over; and as any client that connects. */
export async function restoreDevice(
  options: ClientOptions,
  secret: RecoverySecret,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<void> {
  const clinicId = clinicIdOf(sha256, readClinicKey(options.clinicKey))
  const storage = new ClinicStorage(options.keystore, clinicId)
  const { signal } = options
  const byCode = deviceOfSecret(secret, clinicId)
  await visitAs({ ...options, keystore: memoryKeystore() }, "patient", byCode, async (visit) => {
    const listed = await listOwn(await visit.core.whenOnline(signal))
    if (listed.length === 0)
      throw new WardlineError("ERR_NOT_FOUND", "no conversation at this clinic is known by this code")
    const own = (await storage.loadDevice()) ?? (await storage.saveDevice(randomSeeds()))
    for (const [i, item] of listed.entries()) {
      onProgress(i, listed.length)
      await join(visit, byCode, own, item, signal)
      await storage.set(metaEntry(storage, toHex(item.conversation), metaOf(item)))
    }
    onProgress(listed.length, listed.length)
  })
}

/** One conversation: this device in, a pairing device out. */
async function join(
  visit: Visit,
  byCode: Device,
  own: Device,
  item: ListedConversation,
  signal: AbortSignal | undefined,
): Promise<void> {
  const host = hostOf(visit, byCode)
  const id = toHex(item.conversation)
  const engine = new ConversationEngine({ host, id, side: "patient", fresh: false })
  visit.onEachSession((session) => engine.attach(session))
  try {
    const at = { host, engine }
    const keys = { signing: own.signing.publicKey, wrapping: own.wrapping.publicKey }
    await linkDevice([at], keys, "device", signal)
    const isPairing = engine.transcript.devices.get(toHex(byCode.id))?.kind === "pairing"
    if (isPairing) await leaveConversation(at, signal)
  } finally {
    await engine.dispose()
  }
}

function hostOf({ core }: Visit, device: Device): ConversationHost {
  return {
    device,
    directory: core.directory,
    storage: core.storage,
    now: () => core.now(),
    slotKeys: () => ({ device: { id: device.id, seed: device.wrapping.seed }, roleSeed: () => undefined }),
    session: () => core.session(),
    relay: core.context.relay,
    onSession: (signal, work) => core.onSession(signal, work),
  }
}

function listOwn(session: Session): Promise<ListedConversation[]> {
  return new Promise((resolve, reject) => {
    const items = new Map<string, ListedConversation>()
    session.watch(LIST_LIMIT, 0, {
      conversation: (item) => items.set(toHex(item.conversation), item),
      listed: () => resolve([...items.values()].filter(({ consent }) => consent.length > 0)),
      failed: reject,
    })
  })
}

function metaOf({ consent, updated }: ListedConversation): { language: string; startedAtMs: number } {
  try {
    const { body, issued } = decodeRecord(consent)
    return { language: decodeConsent(body).language, startedAtMs: issued }
  } catch (error) {
    if (!isWardlineError(error)) throw error
    return { language: "en", startedAtMs: updated }
  }
}
