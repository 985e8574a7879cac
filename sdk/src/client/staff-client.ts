/** The staff's side: the list by role, and conversations opened with a signed purpose. */
import { abortable, throwIfAborted } from "../abort.ts"
import { fromHex, toHex } from "../bytes.ts"
import { composeAccess } from "../conversation/index.ts"
import type { Device } from "../crypto/index.ts"
import { deviceAt, isLiveStaff, rolesOf } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { asRole, type Role } from "../ids.ts"
import { needsReason, type Purpose } from "../protocol/index.ts"
import type { Ack, ConnectionState, Session } from "../transport/index.ts"
import { sealReason } from "./access-reason.ts"
import { auditBookOf } from "./audit/book.ts"
import { AuditLogReader } from "./audit/log-reader.ts"
import type { WitnessState } from "./audit/types.ts"
import { WitnessDuty } from "./audit/witness-duty.ts"
import { type ClinicInfo, clinicInfo } from "./clinic-info.ts"
import { ConversationList, type ConversationSummary } from "./conversation-list.ts"
import { ClientCore } from "./core.ts"
import { ConversationEngine } from "./engine.ts"
import { ClockEvent } from "./events.ts"
import { isForgotten, type NeededKey } from "./forgotten-keys.ts"
import { type ConversationHost, composerOf } from "./host.ts"
import type { ClientOptions } from "./options.ts"
import { tendDirectory } from "./role-rotation.ts"
import { RoleSeeds } from "./role-seeds.ts"
import { StaffConversation } from "./staff-conversation.ts"

/** By what right a conversation is opened. */
interface Access {
  readonly role: Role
  readonly purpose: Purpose
  readonly reason: string | undefined
}

/** An access record and the relay's word for where it stands. */
interface Signed {
  readonly ack: Ack
  readonly record: Uint8Array
}

interface Held {
  readonly conversation: StaffConversation
  readonly engine: ConversationEngine
  readonly access: Access
}

/** How often a keeper looks whether a role needs a new key (a device that has expired says nothing) or the directory
 * somebody who vouches for it. */
const TEND_EVERY_MS = 15_000

/** A member of staff at one device. Dispatches `connection`, `list` and `witness` when these change, and a
 * {@link ClockEvent} `clock` when this device's clock is far from the relay's. */
export class StaffClient extends EventTarget implements AsyncDisposable {
  readonly #core: ClientCore
  readonly #device: Device
  readonly #roleSeeds: RoleSeeds
  readonly #list: ConversationList
  readonly #host: ConversationHost
  readonly #held = new Map<string, Held>()
  readonly #duty: WitnessDuty
  readonly #tendTimer: ReturnType<typeof setInterval>
  #tending: Promise<void> | undefined
  #listedRoles: string
  /** The first list, or why there is none. */
  #listed: Promise<void> | undefined

  private constructor(core: ClientCore, device: Device) {
    super()
    this.#core = core
    this.#device = device
    this.#roleSeeds = new RoleSeeds(device)
    this.#roleSeeds.update(core.directory.state)
    this.#listedRoles = rolesOf(core.directory.state, device.id)
      .map(({ role }) => role)
      .join(" ")
    this.#list = new ConversationList(
      core.directory,
      this.#roleSeeds,
      () => this.dispatchEvent(new Event("list")),
      (needed) => void this.#forgetKeys(needed),
    )
    this.#host = {
      device,
      directory: core.directory,
      storage: core.storage,
      now: () => core.now(),
      slotKeys: () => ({ roleSeed: (role, generation) => this.#roleSeeds.get(role, generation) }),
      session: () => core.session(),
      relay: core.context.relay,
      onSession: (signal, work) => core.onSession(signal, work),
    }
    this.#duty = new WitnessDuty({
      ...this.#host,
      changed: () => this.dispatchEvent(new Event("witness")),
    })
    this.#tendTimer = setInterval(() => this.#tendIfOnline(), TEND_EVERY_MS)
  }

  /** Logs in with the device that the keystore holds (see `enrolDevice`), and fetches the list. While the relay's
   * socket is out of reach it resolves and keeps trying; `connection` tells.
   * @throws {WardlineError} ERR_KEYSTORE without a device; ERR_FORBIDDEN for one that isn't staff, ERR_REVOKED for one
   *   that isn't any more; ERR_CLINIC_KEY, ERR_ROLLBACK, ERR_FORK, ERR_STALE_DIRECTORY, ERR_CONFIG, ERR_OFFLINE,
   *   ERR_UNAUTHENTICATED, ERR_ABORTED. */
  static async connect(options: ClientOptions): Promise<StaffClient> {
    const core = await ClientCore.create(options, "staff")
    const device = await core.storage.loadDevice()
    if (device === undefined) throw new WardlineError("ERR_KEYSTORE", "this device isn't enrolled")
    assertStaff(core, device)
    await core.directory.persist()
    const client = new StaffClient(core, device)
    try {
      await client.#begin()
      await client.#settled()
      return client
    } catch (error) {
      await client.close()
      throw error
    }
  }

  /** Who this device is in the clinic's directory. */
  get me(): { readonly deviceId: string; readonly name: string; readonly roles: readonly string[] } {
    const { state } = this.#core.directory
    const { id } = this.#device
    return {
      deviceId: toHex(id),
      name: deviceAt(state, id)?.name ?? "",
      roles: rolesOf(state, id).map(({ role }) => role),
    }
  }

  get clinic(): ClinicInfo {
    return clinicInfo(this.#core.directory.state)
  }

  /** With ERR_CONFLICT: open in another tab, see {@link takeOver}. */
  get connection(): ConnectionState {
    return this.#core.state
  }

  /** The conversations that address this device's roles, newest first. */
  get list(): readonly ConversationSummary[] {
    return this.#list.items
  }

  /** Whether there are older conversations than the list shows. */
  get hasMore(): boolean {
    return this.#list.hasMore
  }

  /** Adds older conversations to the list. */
  async loadMore(options: { signal?: AbortSignal } = {}): Promise<void> {
    const session = await this.#core.whenOnline(options.signal)
    await abortable(this.#list.more(session), options.signal)
  }

  /** Opens a conversation: signs and stores an access record first, which the patient can see.
   * @param id - hexadecimal.
   * @param options.role - by which role; the first of this device's that the conversation addresses unless given.
   * @param options.purpose - TREAT unless given.
   * @param options.reason - sealed to the role: required in an emergency (BTG, ETREAT) and for a disclosure (HLEGAL,
   *   PUBHLTH, HRESCH), left out for any other purpose.
   * @throws {WardlineError} ERR_FORBIDDEN without a role in the conversation; ERR_NOT_FOUND; ERR_CONFIG for such
   *   a purpose without a reason; ERR_ABORTED. */
  async open(
    id: string,
    options: { role?: string; purpose?: Purpose; reason?: string; signal?: AbortSignal } = {},
  ): Promise<StaffConversation> {
    const { signal, purpose = "TREAT", reason } = options
    throwIfAborted(signal)
    this.#core.assertOwner()
    const access: Access = { role: this.#roleFor(id, options.role), purpose, reason }
    if (needsReason(purpose) && (reason === undefined || reason.trim() === "")) {
      throw new WardlineError("ERR_CONFIG", "an emergency or a disclosure needs a reason: say why")
    }
    const held = this.#held.get(id)
    const isSame = held?.access.role === access.role && held.access.purpose === purpose
    // One that the relay has stopped serving, such as an archived one, is opened anew.
    if (held !== undefined && isSame && held.engine.view.error === undefined) return held.conversation
    const signed = await this.#signAccess(id, access, signal)
    if (held !== undefined) await this.#leave(id)
    return await this.#hold(id, access, signed)
  }

  /** What this device does as a witness of the clinic's audit log; undefined if the policy doesn't name it. */
  get witness(): WitnessState | undefined {
    return this.#duty.state
  }

  /** The clinic's whole audit log, for a device of the role that the policy lets read it; that somebody reads it is an
   * entry itself. Nothing is fetched before `read`.
   * @param options.from - the first sequence to read; 1 unless given. */
  auditLog(options: { from?: number } = {}): AuditLogReader {
    return new AuditLogReader(this.#host, options.from)
  }

  /** A file that shows a third person that the clinic's audit log contradicted itself, where this device has seen that; see
   * `verifyLogEvidence`.
   * @throws {WardlineError} ERR_KEYSTORE, ERR_LOCKED */
  logEvidence(): Promise<Uint8Array | undefined> {
    return auditBookOf(this.#host).evidence()
  }

  /** Takes this device over from the other tab that uses it; that one closes. */
  takeOver(): void {
    this.#core.takeOver()
  }

  /** Tries to connect now in place of waiting. */
  retryNow(): void {
    this.#core.retryNow()
  }

  /** Closes the connection. What is in the outboxes is sent when the conversations are opened again. */
  async close(): Promise<void> {
    clearInterval(this.#tendTimer)
    await this.#core.close()
    await this.#duty.stop()
    for (const { engine } of this.#held.values()) await engine.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #begin(): Promise<void> {
    const engines = (): ConversationEngine[] => [...this.#held.values()].map(({ engine }) => engine)
    return this.#core.start(this.#device, {
      connection: () => this.dispatchEvent(new Event("connection")),
      load: async () => {
        for (const engine of engines()) await engine.load()
      },
      suspend: () => {
        for (const engine of engines()) engine.suspend()
      },
      session: (session) => {
        this.#watch(session)
        this.#duty.start()
        for (const engine of engines()) engine.attach(session)
      },
      lost: () => {
        void this.#duty.stop()
        for (const engine of engines()) engine.detach()
      },
      directoryGrew: () => {
        this.#roleSeeds.update(this.#core.directory.state)
        this.#followRoles()
        for (const engine of engines()) engine.directoryGrew()
        this.#tendIfOnline()
      },
      prepare: async () => {
        assertStaff(this.#core, this.#device)
        await this.#tend()
        await this.#core.directory.checkSnapshot()
      },
      clock: (skewMs) => this.dispatchEvent(new ClockEvent(skewMs)),
    })
  }

  /** Waits for the first list, or for what prevents it. */
  async #settled(): Promise<void> {
    const { signal } = this.#core.context
    while (this.#core.state.kind === "connecting") await abortable(this.#core.nextState(), signal)
    const { state } = this.#core
    if (state.kind === "closed" && state.error?.code !== "ERR_CONFLICT") {
      throw state.error ?? new WardlineError("ERR_OFFLINE", "the connection was closed")
    }
    if (state.kind === "offline" && state.error !== undefined && state.error.code !== "ERR_OFFLINE") {
      throw state.error
    }
    // A connection that is lost in the middle of the list comes back by itself.
    if (state.kind === "online") {
      await this.#listed?.catch((error: unknown) => {
        if (!isWardlineError(error) || !error.retryable) throw error
      })
    }
  }

  /** Lists anew when this device has other roles than before. */
  #followRoles(): void {
    const roles = this.me.roles.join(" ")
    if (roles === this.#listedRoles) return
    this.#listedRoles = roles
    this.#list.clear()
    const session = this.#core.session()
    if (session !== undefined) this.#watch(session)
  }

  #watch(session: Session): void {
    this.#listed = this.#list.watch(session)
    this.#listed.catch(() => {})
  }

  #tendIfOnline(): void {
    if (this.#core.session() !== undefined) void this.#tend()
  }

  /** Rotates, grants and vouches where that is due. A failure isn't one of this device's work, and is tried again. */
  #tend(): Promise<void> {
    const { context, directory } = this.#core
    this.#tending ??= tendDirectory(context, directory, this.#device, this.#roleSeeds)
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        this.#tending = undefined
      })
    return this.#tending
  }

  /** What nothing outside the vault needs is given up: a device that is stolen later opens none of it. A relay that
   * lies about it can take old messages from this device, and from nobody else. */
  async #forgetKeys(needed: readonly NeededKey[]): Promise<void> {
    const { directory } = this.#core
    // What fails here is storage; the next list tries again.
    if (!(await directory.forgetKeys(needed).catch(() => false))) return
    this.#roleSeeds.forget((role, generation) => isForgotten(directory.keptFrom, role, generation))
  }

  #roleFor(id: string, wanted: string | undefined): Role {
    const mine = this.me.roles
    const addressed = this.#list.find(id)?.roles
    const role = wanted ?? mine.find((item) => addressed?.includes(item) ?? true)
    if (role === undefined || !mine.includes(role)) {
      throw new WardlineError("ERR_FORBIDDEN", "this device has no role in the conversation")
    }
    return asRole(role)
  }

  /** @throws {WardlineError} ERR_NOT_FOUND for a conversation that isn't listed. */
  #listingKey(id: string): Uint8Array {
    const key = this.#list.listingKey(id)
    if (key === undefined) throw new WardlineError("ERR_NOT_FOUND", "the conversation isn't in the list")
    return key
  }

  async #signAccess(id: string, access: Access, signal: AbortSignal | undefined): Promise<Signed> {
    const { role, purpose, reason } = access
    const conversation = fromHex(id)
    this.#core.directory.assertFresh()
    const sealedReason =
      reason === undefined || !needsReason(purpose)
        ? {}
        : {
            sealedReason: sealReason(
              this.#core.directory.state,
              conversation,
              role,
              this.#listingKey(id),
              reason,
            ),
          }
    const record = composeAccess(composerOf(this.#host), conversation, { role, purpose, ...sealedReason })
    const ack = await this.#core.onSession(signal, (session) => session.publish(record, signal))
    return { ack, record }
  }

  async #hold(id: string, access: Access, { ack, record }: Signed): Promise<StaffConversation> {
    const summary = this.#list.find(id)
    const engine = new ConversationEngine({
      host: this.#host,
      id,
      side: "staff",
      fresh: false,
      topic: summary?.topic,
      language: summary?.language,
      renewAccess: () => this.#renew(id, access),
    })
    await engine.load()
    engine.expect(ack, record)
    const at = { host: this.#host, engine }
    const conversation = new StaffConversation(at, () => void this.#leave(id))
    this.#held.set(id, { conversation, engine, access })
    const session = this.#core.session()
    if (session !== undefined) engine.attach(session)
    return conversation
  }

  /** Normal care goes on after twelve hours with a new record; what needs a reason needs a new one. */
  async #renew(id: string, access: Access): Promise<boolean> {
    if (needsReason(access.purpose)) return false
    const { ack, record } = await this.#signAccess(id, access, undefined)
    this.#held.get(id)?.engine.expect(ack, record)
    return true
  }

  async #leave(id: string): Promise<void> {
    const held = this.#held.get(id)
    this.#held.delete(id)
    await held?.engine.dispose()
  }
}

/** @throws {WardlineError} ERR_REVOKED, ERR_FORBIDDEN */
function assertStaff(core: ClientCore, device: Device): void {
  const { state } = core.directory
  const known = deviceAt(state, device.id)
  if (known?.kind !== "staff")
    throw new WardlineError("ERR_FORBIDDEN", "this device isn't staff of the clinic")
  if (!isLiveStaff(state, device.id, core.now())) {
    throw new WardlineError("ERR_REVOKED", "this device was revoked or has expired")
  }
}
