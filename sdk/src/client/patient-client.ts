/** The patient's side: consent, conversations, and what this device remembers of them. */
import { abortable, throwIfAborted } from "../abort.ts"
import { fromHex, toHex } from "../bytes.ts"
import type { SlotKeys } from "../conversation/index.ts"
import type { Device } from "../crypto/device.ts"
import { randomBytes } from "../crypto/random.ts"
import { cryptoReady } from "../crypto/sodium.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { ID_BYTES } from "../ids.ts"
import type { ConnectionState } from "../transport/index.ts"
import { type Agreement, type ClinicInfo, type ConsentText, clinicInfo, consentText } from "./clinic-info.ts"
import type { Conversation } from "./conversation.ts"
import { ClientCore, loadConnecting } from "./core.ts"
import type { ConversationEngine } from "./engine.ts"
import { ClockEvent } from "./events.ts"
import type { ConversationHost } from "./host.ts"
import { later } from "./later.ts"
import type { Changeable, LinkedDevice } from "./membership.ts"
import type { ClientOptions } from "./options.ts"
import type { ConversationMeta, PendingStart } from "./start-conversation.ts"
import { randomSeeds } from "./storage.ts"

/** @throws {WardlineError} ERR_OFFLINE */
const loadParts = (): Promise<typeof import("./patient-parts.ts")> => later(import("./patient-parts.ts"))

const SHRED_KEY_BYTES = 32

/** What is needed once the patient has several devices, or leaves.
 * @throws {WardlineError} ERR_OFFLINE */
const loadDeviceParts = (): Promise<typeof import("./patient-device-parts.ts")> =>
  later(import("./patient-device-parts.ts"))

/** One conversation and what stands behind it. */
interface Held {
  readonly conversation: Conversation
  readonly engine: ConversationEngine
  readonly startedAtMs: number
}

/** A conversation whose first records aren't all stored by the relay yet. */
interface Starting extends PendingStart {
  readonly id: string
  readonly meta: ConversationMeta
}

/** Whether the relay refused a start for good, so that nothing of it is stored there. A relay that contradicts itself
 * has not: what the patient wrote stays, and so does what shows the contradiction. */
function isRefused(error: unknown): boolean {
  if (!isWardlineError(error) || error.retryable) return false
  return !["ERR_ABORTED", "ERR_FORK", "ERR_ROLLBACK", "ERR_KEYSTORE", "ERR_INTERNAL"].includes(error.code)
}

/** A patient at one clinic. Dispatches `connection` and `conversations` when these change, and a
 * {@link ClockEvent} `clock` when this device's clock is far from the relay's. */
export class PatientClient extends EventTarget implements AsyncDisposable {
  readonly #core: ClientCore
  #held: readonly Held[] = []
  #starting: readonly Starting[] = []
  #host: ConversationHost | undefined
  #beginning: Promise<void> | undefined

  private constructor(core: ClientCore) {
    super()
    this.#core = core
  }

  /** Fetches the clinic's directory and checks it against the pinned key. Without a conversation from an earlier
   * visit nothing else happens: no socket, nothing stored. With one, it connects in the background.
   * @throws {WardlineError} ERR_CONFIG, ERR_CLINIC_KEY, ERR_ROLLBACK, ERR_FORK, ERR_SIGNATURE, ERR_STALE_DIRECTORY,
   *   ERR_NOT_FOUND, ERR_OFFLINE, ERR_KEYSTORE, ERR_LOCKED, ERR_RANDOM, ERR_ABORTED. */
  static async connect(options: ClientOptions): Promise<PatientClient> {
    const core = await ClientCore.create(options, "patient")
    core.directory.assertFresh()
    const client = new PatientClient(core)
    const device = await core.storage.loadDevice()
    if (device !== undefined && (await core.storage.conversationIds()).length > 0) await client.#begin(device)
    // On its way while the consent text is being read; a failure shows where it matters.
    else for (const load of [loadParts, loadConnecting]) void load().catch(() => {})
    return client
  }

  /** The clinic, from its signed directory. */
  get clinic(): ClinicInfo {
    return clinicInfo(this.#core.directory.state)
  }

  /** `closed` without an error: there is no conversation yet, or the client was closed. With ERR_CONFLICT: open in
   * another tab, see {@link takeOver}. */
  get connection(): ConnectionState {
    return this.#core.state
  }

  /** Newest first. */
  get conversations(): readonly Conversation[] {
    return this.#held.map(({ conversation }) => conversation)
  }

  /** The clinic's current consent text.
   * @param language - a language tag such as `es`; the clinic's default where it has no such translation. */
  consent(language?: string): ConsentText {
    return consentText(this.#core.directory.state, language, () => this.#core.now())
  }

  /** Begins a conversation: makes this device's keys if it has none, and sends consent, opening and first key.
   * Stored before it is sent: after a crash in between, the next `connect` finishes it, once.
   * @param request.answer - what the patient answered to the clinic's first question; sealed, as the name is.
   * @throws {WardlineError} ERR_CONSENT_REQUIRED when the text has changed since; ERR_NOT_FOUND for an unknown topic;
   *   ERR_CONFLICT while open in another tab; ERR_ABORTED, and unless something was sent nothing is left. */
  async start(request: {
    topic: string
    consent: Agreement
    language?: string
    name?: string
    answer?: string
    signal?: AbortSignal
  }): Promise<Conversation> {
    const { signal } = request
    throwIfAborted(signal)
    const { storage, directory } = this.#core
    const { composerOf, composeStart, Outbox, profileOf, publishStart, startEntries } = await abortable(
      loadParts(),
      signal,
    )
    await abortable(loadConnecting(), signal)
    // A page may have been open for hours before its visitor begins.
    await abortable(directory.refresh(), signal)
    directory.assertFresh()
    const device = await this.#ownDevice()
    await this.#begin(device)
    this.#core.assertOwner()
    const host = this.#hostOf(device)
    const id = toHex(randomBytes(ID_BYTES))
    const own = { composer: composerOf(host), keys: host.slotKeys() }
    const start = composeStart(own, id, request, randomBytes(SHRED_KEY_BYTES))
    const language = request.language ?? request.consent.language
    const meta: ConversationMeta = { topic: request.topic, language, startedAtMs: this.#core.now() }
    await directory.persist()
    const profile = profileOf(request)
    if (profile !== undefined) await new Outbox(storage, id).add(profile, this.#core.now())
    await storage.set(startEntries(storage, id, meta, start))
    const sent = { any: false }
    try {
      const entries = await this.#core.onSession(signal, (session) => {
        sent.any = true
        return publishStart(session, storage, id, start, signal)
      })
      await storage.set(entries)
    } catch (error) {
      if (!sent.any || isRefused(error)) await storage.forgetConversation(id)
      else if (isWardlineError(error, "ERR_FORK"))
        await this.#hold(id, meta, { fresh: false, distrust: error })
      throw error
    }
    const conversation = await this.#hold(id, meta, { fresh: true })
    if (this.#held.length > 1) this.#tendDevices().catch(() => {})
    return conversation
  }

  /** The patient's devices in her newest conversation, this one among them; none before there is one. */
  async devices(): Promise<LinkedDevice[]> {
    const newest = this.#held[0]
    if (newest === undefined || this.#host === undefined) return []
    const { linkedDevices } = await loadDeviceParts()
    await newest.engine.whenLive(this.#core.context.signal)
    return linkedDevices(newest.engine.transcript, this.#host.device.id)
  }

  /** Makes a recovery code: twelve words that bring every conversation back on another device, for as long as they
   * aren't removed. Nobody else can make or see them; nothing of them is stored here.
   * @throws {WardlineError} ERR_NOT_FOUND before there is a conversation; ERR_OFFLINE, ERR_STALE_DIRECTORY, ERR_ABORTED. */
  async createRecoveryCode(options: { signal?: AbortSignal } = {}): Promise<string> {
    const { newRecoverySecret, recoveryWords } = await loadDeviceParts()
    const secret = newRecoverySecret()
    await this.#link(secret, "recovery", options.signal)
    return recoveryWords(secret)
  }

  /** Makes a code for a link that another phone opens within the next minutes, such as from a QR picture. Whoever opens
   * it first is the patient's device, so it is shown to nobody else.
   * @returns 32 hexadecimal characters for {@link PatientClient.restore}.
   * @throws {WardlineError} as createRecoveryCode. */
  async createPairingCode(options: { signal?: AbortSignal } = {}): Promise<string> {
    const { newRecoverySecret } = await loadDeviceParts()
    const secret = newRecoverySecret()
    await this.#link(secret, "pairing", options.signal)
    return toHex(secret)
  }

  /** Brings a patient's conversations to this device, by her twelve words or a pairing code, and connects.
   * @param onProgress - conversations done, and in all.
   * @throws {WardlineError} ERR_MALFORMED saying what is wrong with the words; ERR_NOT_FOUND when nothing is known by
   *   them at this clinic; ERR_CONFLICT for a link while this device has conversations that the link doesn't bring: who
   *   sent it may be a stranger; and as {@link connect}. */
  static async restore(
    options: ClientOptions,
    code: string,
    onProgress?: (done: number, of: number) => void,
  ): Promise<PatientClient> {
    const { isPairingCode, parseRecoveryCode, restoreDevice } = await loadDeviceParts()
    const secret = parseRecoveryCode(code)
    await abortable(cryptoReady(), options.signal)
    await restoreDevice(options, secret, { isLink: isPairingCode(code), onProgress })
    return await PatientClient.connect(options)
  }

  /** Takes one of the patient's devices out of every conversation: it reads nothing that comes after. A recovery code
   * is one of them.
   * @param deviceId - hexadecimal.
   * @throws {WardlineError} ERR_FORBIDDEN for the last one; ERR_OFFLINE, ERR_STALE_DIRECTORY, ERR_ABORTED. */
  async removeDevice(deviceId: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { unlinkDevice } = await loadDeviceParts()
    await unlinkDevice(this.#changeable(), fromHex(deviceId), options.signal)
  }

  /** Withdraws consent to one conversation: nothing more can be written in it, by either side.
   * @throws {WardlineError} ERR_NOT_FOUND, ERR_OFFLINE, ERR_ABORTED */
  async withdraw(conversationId: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    const at = this.#changeable().find(({ engine }) => engine.id === conversationId)
    if (at === undefined) throw new WardlineError("ERR_NOT_FOUND", "no such conversation on this device")
    const { changeConversation, composeWithdraw } = await loadDeviceParts()
    await changeConversation(
      at,
      (composer, { conversation }) => composeWithdraw(composer, conversation),
      ({ withdrawnAt }) => withdrawnAt !== undefined,
      options.signal,
    )
  }

  #changeable(): Changeable[] {
    const host = this.#host
    return host === undefined ? [] : this.#held.map(({ engine }) => ({ host, engine }))
  }

  async #link(
    secret: Uint8Array,
    kind: "recovery" | "pairing",
    signal: AbortSignal | undefined,
  ): Promise<void> {
    this.#core.assertOwner()
    const at = this.#changeable()
    if (at.length === 0) throw new WardlineError("ERR_NOT_FOUND", "there is no conversation yet")
    const { deviceOfSecret, linkDevice } = await loadDeviceParts()
    const byCode = deviceOfSecret(secret, this.#core.context.clinicId)
    const { signing, wrapping } = byCode
    const keys = { signing: signing.publicKey, wrapping: wrapping.publicKey }
    await linkDevice(at, keys, kind, signal, byCode)
  }

  /** Gives each conversation the devices of the others. What fails is tried again on the next connection. */
  async #tendDevices(): Promise<void> {
    const { tendDevices } = await loadDeviceParts()
    await tendDevices(this.#changeable(), this.#core.context.signal)
  }

  /** Forgets one conversation on this device, or everything of this clinic, the device's keys included. The clinic
   * keeps its record.
   * @param conversationId - hexadecimal; everything if left out. */
  async forget(conversationId?: string): Promise<void> {
    const leaving = this.#held.filter(
      ({ engine }) => conversationId === undefined || engine.id === conversationId,
    )
    this.#held = this.#held.filter((held) => !leaving.includes(held))
    for (const { engine } of leaving) await engine.dispose()
    if (conversationId === undefined) {
      await this.close()
      await this.#core.storage.forgetClinic()
    } else await this.#core.storage.forgetConversation(conversationId)
    this.#announce()
  }

  /** Takes the conversations over from the other tab that has them open; that one closes. */
  takeOver(): void {
    this.#core.takeOver()
  }

  /** Tries to connect now in place of waiting. */
  retryNow(): void {
    this.#core.retryNow()
  }

  /** Closes the connection. What is in the outbox is sent the next time. */
  async close(): Promise<void> {
    await this.#core.close()
    for (const { engine } of this.#held) await engine.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** This device's keys, made on the first conversation; by one tab only, if several begin at once. */
  async #ownDevice(): Promise<Device> {
    const { storage, context } = this.#core
    const { holdingLock } = await loadConnecting()
    return await holdingLock(`wardline/${toHex(context.clinicId)}/new`, context.keystore, async () => {
      return (await storage.loadDevice()) ?? (await storage.saveDevice(randomSeeds()))
    })
  }

  /** Connects as this device, once. */
  #begin(device: Device): Promise<void> {
    this.#beginning ??= this.#connect(device)
    return this.#beginning
  }

  #connect(device: Device): Promise<void> {
    this.#host = this.#hostOf(device)
    return this.#core.start(device, {
      connection: () => this.dispatchEvent(new Event("connection")),
      load: () => this.#load(),
      suspend: () => {
        for (const { engine } of this.#held) engine.suspend()
      },
      session: (session) => {
        for (const { engine } of this.#held) engine.attach(session)
        void this.#finishStarts()
        if (this.#held.length > 0) this.#tendDevices().catch(() => {})
      },
      lost: () => {
        for (const { engine } of this.#held) engine.detach()
      },
      directoryGrew: () => {
        for (const { engine } of this.#held) engine.directoryGrew()
      },
      clock: (skewMs) => this.dispatchEvent(new ClockEvent(skewMs)),
    })
  }

  #hostOf(device: Device): ConversationHost {
    const keys: SlotKeys = {
      device: { id: device.id, seed: device.wrapping.seed },
      roleSeed: () => undefined,
    }
    return {
      device,
      directory: this.#core.directory,
      storage: this.#core.storage,
      now: () => this.#core.now(),
      slotKeys: () => keys,
      session: () => this.#core.session(),
      relay: this.#core.context.relay,
      onSession: (signal, work) => this.#core.onSession(signal, work),
    }
  }

  /** Reads the conversations of earlier runs, or what another tab has changed. */
  async #load(): Promise<void> {
    const { storage } = this.#core
    const { loadMeta, pendingStart } = await loadParts()
    await this.#core.directory.persist()
    const starting: Starting[] = []
    const ids = await storage.conversationIds()
    // Another tab may have forgotten some.
    this.#held = this.#held.filter(({ engine }) => ids.includes(engine.id))
    for (const id of ids) {
      const held = this.#held.find(({ engine }) => engine.id === id)
      const meta = await loadMeta(storage, id)
      const start = await pendingStart(storage, id)
      if (held !== undefined) await held.engine.load()
      // Interrupted before its first records were stored: nobody knows of it.
      else if (meta === undefined) await storage.forgetConversation(id)
      else if (start !== undefined) starting.push({ id, meta, ...start })
      else await this.#hold(id, meta, { fresh: false })
    }
    this.#starting = starting
  }

  async #hold(
    id: string,
    meta: ConversationMeta,
    { fresh, distrust }: { fresh: boolean; distrust?: WardlineError },
  ): Promise<Conversation> {
    const host = this.#host
    if (host === undefined) throw new WardlineError("ERR_INTERNAL", "a conversation without a device")
    const { topic, language, startedAtMs } = meta
    const { Conversation, ConversationEngine } = await loadParts()
    const engine = new ConversationEngine({ host, id, side: "patient", fresh, topic, language, distrust })
    await engine.load()
    const conversation = new Conversation(engine)
    this.#held = [...this.#held, { conversation, engine, startedAtMs }].sort(
      (a, b) => b.startedAtMs - a.startedAtMs,
    )
    const session = this.#core.session()
    if (session !== undefined) engine.attach(session)
    this.#announce()
    return conversation
  }

  /** Sends what interrupted starts left. */
  async #finishStarts(): Promise<void> {
    if (this.#starting.length === 0) return
    const { publishStart } = await loadParts()
    for (const start of this.#starting) {
      const session = this.#core.session()
      if (session === undefined) return
      try {
        const entries = await publishStart(
          session,
          this.#core.storage,
          start.id,
          start,
          this.#core.context.signal,
        )
        // Another session may have finished it meanwhile.
        if (!this.#starting.includes(start)) continue
        this.#starting = this.#starting.filter((other) => other !== start)
        await this.#core.storage.set(entries)
        await this.#hold(start.id, start.meta, { fresh: false })
      } catch (error) {
        const isFork = isWardlineError(error, "ERR_FORK")
        if (!isFork && !isRefused(error)) return
        this.#starting = this.#starting.filter((other) => other !== start)
        if (isFork) await this.#hold(start.id, start.meta, { fresh: false, distrust: error })
        // Such as a consent to a text that has changed since: there is no conversation.
        else await this.#core.storage.forgetConversation(start.id).catch(() => {})
      }
    }
  }

  #announce(): void {
    this.dispatchEvent(new Event("conversations"))
  }
}
