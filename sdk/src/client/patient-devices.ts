/** A patient's several devices: each is a member of her conversations, by visible records (docs/protocol.md, Member
 * and Recovery). Fetched only where somebody asks for it. */
import { equalBytes, toHex } from "../bytes.ts"
import { currentDevices, type PatientDevice, type Transcript } from "../conversation/index.ts"
import { type Device, sha256, sign, verifySignature } from "../crypto/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { Link } from "../ids.ts"
import { memoryKeystore } from "../keystore/memory.ts"
import {
  clinicIdOf,
  type DeviceKeys,
  decodeConsent,
  decodeRecord,
  deviceIdOf,
  JOIN_TAG,
  MAX_PAIRING_MS,
  type PatientDeviceKind,
  type Slot,
  slotKey,
} from "../protocol/index.ts"
import type { ListedConversation, Session } from "../transport/index.ts"
import { type Visit, visitAs } from "./brief-visit.ts"
import { ConversationEngine } from "./engine.ts"
import type { ConversationHost } from "./host.ts"
import {
  addDevice,
  type Changeable,
  grantPast,
  isDevice,
  leaveConversation,
  removeDevice,
} from "./membership.ts"
import { type ClientOptions, readClinicKey } from "./options.ts"
import { deviceOfSecret, type RecoverySecret } from "./recovery-code.ts"
import { metaEntry } from "./start-conversation.ts"
import { ClinicStorage, randomSeeds } from "./storage.ts"

const LIST_LIMIT = 200
const MAX_PAGES = 50
/** A minute less than it may be, for clocks that differ. */
const PAIRING_MS = MAX_PAIRING_MS - 60_000

/** Where a device may still come and go. */
const CHANGEABLE: ReadonlySet<string> = new Set(["open", "closed", "archived"])

/** Makes a device a member of each conversation, with everything that was said before.
 * @param byCode - the same device, if it is a code's and the code is at hand: it signs for the conversations.
 * @throws {WardlineError} as membership.ts says. */
export async function linkDevice(
  conversations: readonly Changeable[],
  keys: DeviceKeys,
  kind: PatientDeviceKind,
  signal?: AbortSignal,
  byCode?: Device,
): Promise<void> {
  const id = deviceIdOf(sha256, keys.signing, keys.wrapping)
  for (const at of conversations) {
    await at.engine.whenLive(signal)
    if (!CHANGEABLE.has(at.engine.view.status)) continue
    const until = kind === "pairing" ? at.host.now() + PAIRING_MS : 0
    const signed = byCode && { proof: sign(JOIN_TAG, beginningOf(at), byCode.signing.secretKey) }
    await addDevice(at, { change: "add-device", id, keys, kind, until, ...signed }, signal)
  }
}

/** The link of the consent: nobody else can continue it, nor can the relay put another beginning in its place. */
function beginningOf({ engine }: Changeable): Link {
  return engine.transcript.links[1] as Link
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

/** Brings the conversations' devices together: one that reads some of them, and was removed from none, reads all, the past
 * included; one that was removed from some is removed from all; and pairing devices whose time is over are removed.
 * Whatever was interrupted is finished so. */
export async function tendDevices(conversations: readonly Changeable[], signal?: AbortSignal): Promise<void> {
  for (const { engine } of conversations) await engine.whenLive(signal)
  const transcripts = conversations.map(({ engine }) => engine.transcript)
  for (const { keys, kind, id } of everywhere(transcripts)) {
    const without = conversations.filter(({ engine }) => !engine.transcript.devices.has(toHex(id)))
    await linkDevice(without, keys, kind, signal)
  }
  const removed = removedSomewhere(conversations.map(({ engine }) => engine.transcript))
  for (const at of conversations) {
    for (const { id } of withoutPast(at))
      if (!removed.has(toHex(id))) await grantPast(at, isDevice(id), signal)
    const isOver = ({ id, kind, until }: PatientDevice): boolean =>
      kind === "pairing" ? until < at.host.now() : removed.has(toHex(id))
    for (const { id } of currentDevices(at.engine.transcript).filter(isOver))
      if (!equalBytes(id, at.host.device.id)) await unlinkDevice([at], id, signal)
  }
}

/** Devices that joined after something was said, and were given nothing of it. */
function withoutPast({ engine }: Changeable): PatientDevice[] {
  const { transcript, view } = engine
  if (!CHANGEABLE.has(view.status)) return []
  const epochs = [...transcript.epochs.values()].filter(({ masked }) => masked !== undefined)
  return currentDevices(transcript).filter(({ id, kind }) => {
    const slot = toHex(slotKey({ kind: "device", id }))
    const isIn = (slots: readonly Slot[]): boolean => slots.some((other) => toHex(slotKey(other)) === slot)
    return kind !== "pairing" && !transcript.granted.has(slot) && epochs.some(({ slots }) => !isIn(slots))
  })
}

function removedSomewhere(transcripts: readonly Transcript[]): Set<string> {
  const devices = transcripts.flatMap((transcript) => [...transcript.devices.entries()])
  return new Set(devices.flatMap(([id, { removedAt }]) => (removedAt === undefined ? [] : [id])))
}

/** Devices that are members of some conversation and were removed from none. */
function everywhere(
  transcripts: readonly Transcript[],
): { id: Uint8Array; keys: DeviceKeys; kind: PatientDeviceKind }[] {
  const devices = transcripts.flatMap((transcript) => [...transcript.devices.entries()])
  const removed = removedSomewhere(transcripts)
  const kept = new Map(devices.filter(([id, { kind }]) => kind !== "pairing" && !removed.has(id)))
  return [...kept.values()]
}

/** Makes this device one of the patient's, by the words of her recovery code or the secret of a pairing link, and
 * notes her conversations in the keystore. A pairing device is removed again. Anybody can make the code's device a member
 * of a conversation of their own, as its public keys are no secret: only those count that the code's device signed for,
 * and those that were begun by a device of one that counts.
 * @param how.isLink - the secret came by a link, which a stranger may have sent.
 * @param how.onProgress - conversations done, and in all.
 * @throws {WardlineError} ERR_NOT_FOUND when the relay knows no conversation of the code's device: wrong words, another
 *   clinic, or a link whose time is over; ERR_CONFLICT for a link that would join other conversations to those that this
 *   device has; and as any client that connects. */
export async function restoreDevice(
  options: ClientOptions,
  secret: RecoverySecret,
  how: { isLink: boolean; onProgress?: ((done: number, of: number) => void) | undefined },
): Promise<void> {
  const clinicId = clinicIdOf(sha256, readClinicKey(options.clinicKey))
  const storage = new ClinicStorage(options.keystore, clinicId)
  const { signal } = options
  const byCode = deviceOfSecret(secret, clinicId)
  await visitAs({ ...options, keystore: memoryKeystore() }, "patient", byCode, async (visit) => {
    const listed = await listOwn(await visit.core.whenOnline(signal))
    if (listed.length === 0) throw unknownCode()
    const ids = new Set(listed.map(({ conversation }) => toHex(conversation)))
    const isAnyOther = (await storage.conversationIds()).some((id) => !ids.has(id))
    if (how.isLink && isAnyOther)
      throw new WardlineError("ERR_CONFLICT", "this device has conversations that the link doesn't bring")
    const own = (await storage.loadDevice()) ?? (await storage.saveDevice(randomSeeds()))
    const hers = { current: new Set<string>(), removed: new Set<string>() }
    let left = listed
    let done = 0
    how.onProgress?.(0, listed.length)
    for (let before = -1; left.length > 0 && done !== before; ) {
      before = done
      const known = new Set(hers.current)
      const later: ListedConversation[] = []
      for (const item of left) {
        if (await join(visit, { byCode, own, hers, known }, item, signal)) {
          await storage.set(metaEntry(storage, toHex(item.conversation), metaOf(item)))
          done++
          how.onProgress?.(done, listed.length)
        } else later.push(item)
      }
      left = later
    }
    if (done === 0) throw unknownCode()
    if (done < listed.length) how.onProgress?.(listed.length, listed.length)
  })
}

function unknownCode(): WardlineError {
  return new WardlineError("ERR_NOT_FOUND", "no conversation at this clinic is known by this code")
}

/** One conversation: this device in, a pairing device out.
 * @param devices.known - ids of the patient's devices, as far as they are known; `hers` gets those of this one.
 * @returns whether it is the patient's, as far as is known. */
async function join(
  visit: Visit,
  {
    byCode,
    own,
    hers,
    known,
  }: {
    byCode: Device
    own: Device
    hers: { current: Set<string>; removed: Set<string> }
    known: ReadonlySet<string>
  },
  item: ListedConversation,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const host = hostOf(visit, byCode)
  const id = toHex(item.conversation)
  const engine = new ConversationEngine({ host, id, side: "patient", fresh: false })
  visit.onEachSession((session) => engine.attach(session))
  try {
    const at = { host, engine }
    await engine.whenLive(signal)
    if (!isHers(at, byCode, known)) return false
    for (const [device, { removedAt }] of engine.transcript.devices)
      if (removedAt !== undefined) hers.removed.add(device)
      else hers.current.add(device)
    // A lost phone that was removed must not come back by a conversation that it began.
    for (const device of hers.removed) hers.current.delete(device)
    const keys = { signing: own.signing.publicKey, wrapping: own.wrapping.publicKey }
    await linkDevice([at], keys, "device", signal)
    const isPairing = engine.transcript.devices.get(toHex(byCode.id))?.kind === "pairing"
    if (isPairing) await leaveConversation(at, signal)
    return true
  } finally {
    await engine.dispose()
  }
}

/** Whether the code's device signed for it, or one of her devices began it. */
function isHers(at: Changeable, byCode: Device, known: ReadonlySet<string>): boolean {
  const { devices } = at.engine.transcript
  const proof = devices.get(toHex(byCode.id))?.proof
  const [begunBy] = devices.keys()
  if (begunBy !== undefined && known.has(begunBy)) return true
  return proof !== undefined && verifySignature(JOIN_TAG, beginningOf(at), proof, byCode.signing.publicKey)
}

/** What an engine needs on a visit. */
export function hostOf({ core }: Visit, device: Device): ConversationHost {
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

/** Every page: strangers' conversations, to which anybody can add the code's device, mustn't push hers off the first. */
async function listOwn(session: Session): Promise<ListedConversation[]> {
  const items = new Map<string, ListedConversation>()
  let before = 0
  for (let page = 0; page < MAX_PAGES; page++) {
    const { listed, more } = await listPage(session, before)
    for (const item of listed) items.set(toHex(item.conversation), item)
    const oldest = Math.min(...listed.map(({ updated }) => updated))
    if (!more || !Number.isFinite(oldest)) break
    before = oldest
  }
  return [...items.values()]
}

function listPage(
  session: Session,
  before: number,
): Promise<{ listed: ListedConversation[]; more: boolean }> {
  return new Promise((resolve, reject) => {
    const listed: ListedConversation[] = []
    session.watch(LIST_LIMIT, before, {
      conversation: (item) => {
        // An update of one that was listed already brings no records.
        if (item.consent.length > 0) listed.push(item)
      },
      listed: (more) => resolve({ listed, more }),
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
