/** What every connected client is made of: the directory, the device's lock, the connection and the clock. */
import { abortable, abortedError, onAbort, sleep, throwIfAborted } from "../abort.ts"
import { toHex } from "../bytes.ts"
import type { Device } from "../crypto/device.ts"
import { cryptoReady } from "../crypto/sodium.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { Connection, ConnectionState, Session } from "../transport/index.ts"
import type { DeviceLock } from "./device-lock.ts"
import { DirectoryTracker } from "./directory-tracker.ts"
import { later } from "./later.ts"
import { type ClientContext, type ClientOptions, readOptions } from "./options.ts"
import { ClinicStorage } from "./storage.ts"

/** A tab that loses its device needs a moment to close its connection. */
const TAKE_OVER_PAUSE_MS = 300

/** Fetches what it takes to connect.
 * @throws {WardlineError} ERR_OFFLINE */
export function loadConnecting(): Promise<typeof import("./connecting.ts")> {
  return later(import("./connecting.ts"))
}

export interface CoreEvents {
  /** The connection's state changed. */
  connection(): void
  /** This client owns the device: read what is stored. Called before each first connection as owner. */
  load(): Promise<void>
  /** Another tab owns the device now. */
  suspend(): void
  /** Ready for use. */
  session(session: Session): void
  /** The session is gone. */
  lost(): void
  directoryGrew(): void
  /** Before each login: what has to be right in the directory. */
  prepare?(): Promise<void>
  /** The relay's clock minus this device's, milliseconds; once for each login that shows it. */
  clock(skewMs: number): void
}

export class ClientCore {
  readonly context: ClientContext
  readonly storage: ClinicStorage
  readonly directory: DirectoryTracker
  readonly #stopListening: (() => void)[] = []
  #events: CoreEvents | undefined
  #state: ConnectionState = { kind: "closed" }
  #connection: Connection | undefined
  #lock: DeviceLock | undefined
  #stateWaiters: (() => void)[] = []
  #isOwner = false
  #isTakingOver = false
  #isClosed = false

  private constructor(context: ClientContext, storage: ClinicStorage, directory: DirectoryTracker) {
    this.context = context
    this.storage = storage
    this.directory = directory
  }

  /** Loads the cryptography and the stored directory, and fetches what is new of it.
   * @param side - a patient begins from the directory's snapshot; staff fetch the wraps for their device along.
   * @throws {WardlineError} whatever is wrong with options, keystore or directory. A relay out of reach is no
   *   failure for a device that has a directory stored. */
  static async create(options: ClientOptions, side: "patient" | "staff"): Promise<ClientCore> {
    const context = readOptions(options)
    throwIfAborted(context.signal)
    await abortable(cryptoReady(), context.signal)
    const storage = new ClinicStorage(context.keystore, context.clinicId)
    const device = side === "staff" ? (await storage.loadDevice())?.id : undefined
    const directory = await DirectoryTracker.load(context, storage, {
      fromSnapshot: side === "patient",
      device,
    })
    try {
      await directory.refresh()
    } catch (error) {
      if (!directory.isCached || !isWardlineError(error) || !error.retryable) throw error
    }
    return new ClientCore(context, storage, directory)
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** The live session of the owner. */
  session(): Session | undefined {
    return this.#connection?.session
  }

  now(): number {
    return this.context.now()
  }

  /** Asks for the device and, once this client owns it, connects and stays connected. Resolves when it is decided
   * whether it owns the device; what `load` throws is thrown. */
  async start(device: Device, events: CoreEvents): Promise<void> {
    const { requestDeviceLock } = await loadConnecting()
    if (this.#isClosed) return
    this.#events = events
    this.#stopListening.push(this.directory.onGrowth(() => events.directoryGrew()))
    this.#stopListening.push(onAbort(this.context.signal, () => void this.close()))
    const name = `wardline/${toHex(this.context.clinicId)}/${toHex(device.id)}`
    await new Promise<void>((resolve, reject) => {
      this.#lock = requestDeviceLock(name, this.context.keystore, {
        granted: () => void this.#granted(device, events).then(resolve, reject),
        waiting: () => {
          this.#lost(events)
          resolve()
        },
      })
    })
  }

  /** @throws {WardlineError} ERR_CONFLICT while another tab owns the device. */
  assertOwner(): void {
    if (!this.#isOwner) throw new WardlineError("ERR_CONFLICT", "open in another tab")
  }

  /** Takes the device from the tab that owns it, and connects. */
  takeOver(): void {
    if (this.#isOwner) return
    this.#isTakingOver = true
    this.#lock?.takeOver()
  }

  /** Tries to connect now in place of waiting. */
  retryNow(): void {
    this.#connection?.retryNow()
  }

  /** Resolves with the session once online.
   * @throws {WardlineError} why the connection is closed for good; ERR_ABORTED. */
  async whenOnline(signal?: AbortSignal): Promise<Session> {
    for (;;) {
      throwIfAborted(signal)
      const session = this.session()
      if (session !== undefined) return session
      if (this.#state.kind === "closed")
        throw this.#state.error ?? new WardlineError("ERR_OFFLINE", "not connected")
      await abortable(this.nextState(), signal)
    }
  }

  /** Does `work` on a live session, again on the next one if the connection is lost meanwhile.
   * @throws {WardlineError} what else `work` throws; why the connection is closed for good; ERR_ABORTED. */
  async onSession<T>(signal: AbortSignal | undefined, work: (session: Session) => Promise<T>): Promise<T> {
    for (;;) {
      const session = await this.whenOnline(signal)
      try {
        return await work(session)
      } catch (error) {
        if (signal?.aborted) throw abortedError(signal)
        if (!isWardlineError(error, "ERR_OFFLINE")) throw error
        await session.ended
      }
    }
  }

  /** Resolves at the connection's next change. */
  nextState(): Promise<void> {
    return new Promise((resolve) => this.#stateWaiters.push(resolve))
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const stop of this.#stopListening) stop()
    await this.#connection?.stop()
    this.#connection = undefined
    this.#lock?.release()
    this.#setState({ kind: "closed" })
  }

  async #granted(device: Device, events: CoreEvents): Promise<void> {
    if (this.#isClosed || this.#isOwner) return
    this.#isOwner = true
    if (this.#isTakingOver) await sleep(TAKE_OVER_PAUSE_MS)
    this.#isTakingOver = false
    let makeConnection: Awaited<ReturnType<typeof loadConnecting>>["makeConnection"]
    try {
      ;({ makeConnection } = await loadConnecting())
      await events.load()
    } catch (cause) {
      const error = isWardlineError(cause) ? cause : new WardlineError("ERR_INTERNAL", "a bug", { cause })
      this.#setState({ kind: "closed", error })
      throw error
    }
    if (this.#isClosed || !this.#isOwner) return
    const { context, directory } = this
    const connection = await makeConnection({
      context,
      directory,
      device,
      prepare: async () => events.prepare?.(),
      clock: (skewMs) => events.clock(skewMs),
      onState: (state) => this.#connectionState(state, events),
    })
    if (this.#isClosed || !this.#isOwner) return
    this.#connection = connection
    connection.start()
  }

  #lost(events: CoreEvents): void {
    this.#isOwner = false
    const error = new WardlineError("ERR_CONFLICT", "open in another tab")
    const connection = this.#connection
    this.#connection = undefined
    void connection?.stop(error)
    events.suspend()
    this.#setState({ kind: "closed", error })
  }

  #connectionState(state: ConnectionState, events: CoreEvents): void {
    // A connection that was let go of has nothing to say any more.
    if (this.#connection === undefined) return
    const wasOnline = this.#state.kind === "online"
    if (wasOnline && state.kind !== "online") events.lost()
    this.#setState(state)
    const session = this.session()
    if (state.kind === "online" && session !== undefined) events.session(session)
  }

  #setState(state: ConnectionState): void {
    this.#state = state
    const waiters = this.#stateWaiters
    this.#stateWaiters = []
    for (const resolve of waiters) resolve()
    this.#events?.connection()
  }
}
