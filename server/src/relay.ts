/** A running relay: one HTTP server, one store, one group commit, wired together. */
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { clinicIdOf, equalBytes, isAcceptableSigningKey, toHex, WardlineError } from "@wardline/sdk/protocol"
import { Checkpoints } from "./audit/checkpoints.ts"
import { Witnessing } from "./audit/witnessing.ts"
import { Blobs } from "./blobs/blobs.ts"
import { BreakGlass } from "./break-glass.ts"
import { Ephemerals } from "./channel.ts"
import { type Clinic, openClinic } from "./clinic.ts"
import { Conversations } from "./conversations.ts"
import { Delivery } from "./delivery.ts"
import { Destruction } from "./destruction.ts"
import { DiskGuard } from "./disk-guard.ts"
import { prepareFolder } from "./folder.ts"
import { GroupCommit } from "./group-commit.ts"
import { sha256 } from "./hashing.ts"
import { Heads } from "./heads.ts"
import { defaultWebRoot, Pages } from "./http/pages.ts"
import { type RouterOptions, route } from "./http/router.ts"
import {
  CLOSE_GRACE_MS,
  DEFAULT_LIMITS,
  HEADERS_TIMEOUT_MS,
  KEY_SWEEP_MS,
  MAX_HEADER_BYTES,
  REQUEST_TIMEOUT_MS,
  type RelayLimits,
  SPARE_CONNECTIONS,
  SWEEP_MS,
} from "./limits.ts"
import { createLog, errorFields, type Log } from "./log.ts"
import { type LogKey, openLogKey } from "./log-key.ts"
import { addressName, Meters } from "./meters.ts"
import { ownOrigins } from "./origins.ts"
import type { RelayCore } from "./relay-core.ts"
import { DropWraps } from "./requests/drop-wraps.ts"
import { endOf, Note } from "./requests/note.ts"
import { settingsHash } from "./settings.ts"
import { ShredKeys } from "./shred-keys.ts"
import { Sockets } from "./sockets.ts"
import { takeNotices } from "./spool.ts"
import { SqliteStore } from "./store/sqlite.ts"
import { noteUnnoted, sweepSessions } from "./sweep.ts"

export interface RelayOptions {
  /** The data folder; made if it isn't there. */
  data: string
  /** Public root keys of the clinics served: 64 hexadecimal digits each. */
  clinicKeys: readonly string[]
  /** Default 127.0.0.1. */
  host?: string
  /** Default 8443; 0 is any free port. */
  port?: number
  /** Origins of pages that may connect and embed the chat, such as https://clinic.example. */
  allowOrigins?: readonly string[]
  /** The relay's own origin as browsers see it, where it is behind a proxy. */
  publicOrigin?: string
  /** The folder with the pages; by default that of @wardline/web-component. */
  webRoot?: string
  /** How many proxies of ours add to X-Forwarded-For; default 0: the header is ignored. */
  trustedProxies?: number
  /** Whether message signatures are checked too; recipients check them in any case. */
  verifyMessages?: boolean
  /** Witnesses that each new checkpoint of the audit log is brought to: submission prefixes, as http or https URLs. */
  witnesses?: readonly string[]
  /** A quota on the database file. */
  maxBytes?: number
  limits?: Partial<RelayLimits>
  /** Silent unless given. */
  log?: Log
  /** Milliseconds since 1970; for tests. */
  now?: () => number
}

export interface Relay {
  /** Such as http://127.0.0.1:8443. */
  readonly url: string
  readonly port: number
  /** The log's public key, 32 bytes. */
  readonly logKey: Uint8Array
  /** 16 bytes, in hexadecimal. */
  readonly relayId: string
  readonly clinics: readonly { id: string; directoryPosition: number }[]
  /** Whether records are refused because of the disk. */
  readonly isReadOnly: boolean
  /** How many transactions were stored, each with one sync; and open sessions. */
  readonly stats: { readonly commits: number; readonly sessions: number; readonly conversations: number }
  /** Stops: no new connections, everything accepted is stored, sessions are closed with 1001, the log is finished. */
  close(): Promise<void>
}

/** Starts a relay.
 * @throws {WardlineError} ERR_CONFIG for a wrong option or a port that is taken; ERR_STORE where the data folder can't
 *   be used. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const now = options.now ?? Date.now
  const log = options.log ?? createLog("silent")
  const limits: RelayLimits = { ...DEFAULT_LIMITS, ...options.limits }
  const rootKeys = options.clinicKeys.map(parseClinicKey)
  prepareFolder(options.data)
  const store = new SqliteStore(options.data, options.maxBytes ? { maxBytes: options.maxBytes } : {})
  let shredKeys: ShredKeys | undefined
  try {
    const logKey = openLogKey(options.data)
    shredKeys = openShredKeys(options.data, store, log)
    const clinics = new Map<string, Clinic>()
    for (const rootKey of rootKeys) {
      const clinic = await openClinic(store, clinicIdOf(sha256, rootKey), rootKey, now())
      clinics.set(clinic.key, clinic)
    }
    const checkpoints = await Checkpoints.open({
      store,
      clinics: clinics.values(),
      logKey,
      intervalMs: limits.checkpointMs,
      log,
    })
    const breakGlass = new BreakGlass(store.brokenGlass())
    const parts = { store, shredKeys, breakGlass, clinics, checkpoints, limits, log, now, logKey }
    return await RunningRelay.start(options, parts)
  } catch (error) {
    shredKeys?.close()
    store.close()
    throw error
  }
}

/** @throws {WardlineError} ERR_CONFIG */
export function parseClinicKey(hex: string): Uint8Array {
  const key = /^[0-9a-fA-F]{64}$/.test(hex) ? Buffer.from(hex, "hex") : undefined
  if (key === undefined || !isAcceptableSigningKey(key))
    throw new WardlineError(
      "ERR_CONFIG",
      "a clinic key is the clinic's public root key, 64 hexadecimal digits as `wardline init` prints it",
    )
  return key
}

interface Parts {
  store: SqliteStore
  clinics: ReadonlyMap<string, Clinic>
  checkpoints: Checkpoints
  limits: RelayLimits
  log: Log
  now: () => number
  logKey: LogKey
  shredKeys: ShredKeys
  breakGlass: BreakGlass
}

class RunningRelay implements Relay {
  readonly logKey: Uint8Array
  readonly #options: RelayOptions
  readonly #store: SqliteStore
  readonly #core: RelayCore
  readonly #guard: DiskGuard
  readonly #witnessing: Witnessing
  readonly #server: Server
  readonly #sockets: Sockets
  #origins: ReadonlySet<string> = new Set()
  #sweep: NodeJS.Timeout | undefined
  #isSweeping = false
  #keysSweptMs: number
  #closing: Promise<void> | undefined

  static async start(options: RelayOptions, parts: Parts): Promise<Relay> {
    const relay = new RunningRelay(options, parts)
    await relay.#core.destruction.recover()
    await parts.shredKeys.recover((conversation) => parts.store.hasConversation(conversation))
    await relay.#listen()
    await relay.#noteAll("relay-start")
    await relay.#noteSettings(parts.logKey)
    await relay.#sweepCheckpoints()
    relay.#core.heads.warn(parts.clinics.values(), parts.log)
    return relay
  }

  private constructor(options: RelayOptions, parts: Parts) {
    const { store, shredKeys, clinics, checkpoints, limits, log, now } = parts
    this.#options = options
    this.#keysSweptMs = now()
    this.#store = store
    this.logKey = parts.logKey.publicKey
    this.#guard = new DiskGuard(store, options.data, limits.minFreeBytes, log)
    const heads = new Heads(parts.logKey)
    const blobs = new Blobs(options.data, limits)
    const destruction = new Destruction(store, shredKeys, blobs, log)
    const delivery = new Delivery(store, shredKeys, heads, log, now, (subscription) =>
      commits.addOwn(endOf(subscription, conversations)),
    )
    const conversations = new Conversations(store, clinics, limits.cachedConversations)
    const guard = this.#guard
    const commits = new GroupCommit(
      {
        store,
        now,
        get isReadOnly() {
          return guard.isReadOnly
        },
        rollBack: async (transaction) => {
          for (const conversation of transaction.conversations) await conversations.restore(conversation)
        },
        storeFailed: (error) => guard.failed(error),
        keepKeys: (keys) => shredKeys.keep(keys),
        destroy: (scopes) => destruction.finish(scopes),
        stored: (transaction) => {
          for (const conversation of transaction.conversations) delivery.deliver(conversation)
          delivery.flush()
          if (transaction.hasDropped) destruction.dropped()
        },
        unexpected: (error) => log.error("a request failed", errorFields(error)),
      },
      limits.queue,
    )
    this.#core = {
      store,
      clinics,
      sessions: new Set(),
      conversations,
      delivery,
      commits,
      meters: new Meters(limits),
      blobs,
      breakGlass: parts.breakGlass,
      shredKeys,
      destruction,
      heads,
      checkpoints,
      ephemerals: new Ephemerals(),
      limits,
      log,
      isVerifyingMessages: options.verifyMessages === true,
      now,
    }
    const urls = options.witnesses ?? []
    this.#witnessing = new Witnessing({ urls, clinics: clinics.values(), checkpoints, log })
    const isAllowedOrigin = (origin: string): boolean => this.#origins.has(origin)
    const addressOf = (request: IncomingMessage): string => this.#addressOf(request)
    this.#sockets = new Sockets(this.#core, { isAllowedOrigin, addressOf })
    this.#server = this.#createServer({
      pages: new Pages(options.webRoot ?? defaultWebRoot(), {
        frameAncestors: options.allowOrigins ?? [],
        publicOrigin: options.publicOrigin,
      }),
      notReady: () => this.#notReady(),
      isAllowedOrigin,
      addressOf,
    })
  }

  #createServer(router: RouterOptions): Server {
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: SWEEP_MS,
        keepAliveTimeout: 5000,
      },
      (request, response) => void route(this.#core, router, request, response),
    )
    server.on("upgrade", (request, socket, head) => this.#sockets.upgrade(request, socket, head))
    server.maxConnections = this.#core.limits.sessions + SPARE_CONNECTIONS
    return server
  }

  async #listen(): Promise<void> {
    const { host = "127.0.0.1", port = 8443 } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
      this.#server.listen(port, host, resolve)
    })
    this.#origins = new Set([
      ...(this.#options.allowOrigins ?? []),
      ...ownOrigins(host, this.port, this.#options.publicOrigin),
    ])
    this.#sweep = setInterval(() => {
      this.#sweepAll().catch((error: unknown) => this.#core.log.error("the sweep failed", errorFields(error)))
    }, SWEEP_MS)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    const { host = "127.0.0.1" } = this.#options
    return `http://${host.includes(":") ? `[${host}]` : host}:${this.port}`
  }

  get relayId(): string {
    return toHex(this.#store.relayId)
  }

  get clinics(): readonly { id: string; directoryPosition: number }[] {
    return [...this.#core.clinics.values()].map(({ name, directory }) => ({
      id: name,
      directoryPosition: directory.position,
    }))
  }

  get isReadOnly(): boolean {
    return this.#guard.isReadOnly
  }

  get stats(): Relay["stats"] {
    const { sessions, conversations } = this.#core
    return { commits: this.#store.commits, sessions: sessions.size, conversations: conversations.size }
  }

  #notReady(): string | undefined {
    if (this.#closing) return "the relay is stopping"
    return this.isReadOnly ? "the relay is read-only: its disk is full or failing" : undefined
  }

  #addressOf(request: IncomingMessage): string {
    const remote = request.socket.remoteAddress ?? ""
    const hops = this.#options.trustedProxies ?? 0
    if (hops === 0) return addressName(remote)
    const forwarded = [request.headers["x-forwarded-for"] ?? ""].flat().join(",").split(",")
    // Each proxy of ours appended the address it saw; what comes before is the client's own invention.
    return addressName(forwarded.at(-hops)?.trim() || remote)
  }

  async #sweepAll(): Promise<void> {
    if (this.#isSweeping) return
    this.#isSweeping = true
    try {
      sweepSessions(this.#core, this.#core.now())
      await this.#guard.look()
      await this.#sweepCheckpoints()
      await this.#sweepKeys()
      for (const { action, done } of await takeNotices(this.#options.data)) {
        await this.#noteAll(action)
        await done()
      }
    } finally {
      this.#isSweeping = false
    }
  }

  async #sweepCheckpoints(): Promise<void> {
    const { checkpoints, log, now } = this.#core
    try {
      await checkpoints.sweep(now())
    } catch (error) {
      log.error("a checkpoint couldn't be made", errorFields(error))
    }
    this.#witnessing.sweep(now())
  }

  async #sweepKeys(): Promise<void> {
    const { now, destruction, shredKeys, store, clinics, commits } = this.#core
    await destruction.sweep(now())
    if (Math.abs(now() - this.#keysSweptMs) < KEY_SWEEP_MS) return
    this.#keysSweptMs = now()
    shredKeys.sweep(now())
    for (const clinic of clinics.values()) commits.addOwn(new DropWraps(store, clinic))
  }

  /** Notes an event of the relay's own in every clinic's log. */
  async #noteAll(action: "relay-start" | "relay-stop" | "export" | "configuration-change"): Promise<void> {
    const { clinics, commits } = this.#core
    const noting = [...clinics.values()].map(
      (clinic) =>
        new Promise<void>((resolve, reject) => {
          commits.addOwn(new Note(clinic, { action }, { done: resolve, failed: reject }))
        }),
    )
    await Promise.all(noting)
  }

  /** Notes that the settings aren't those of the last start. */
  async #noteSettings(logKey: LogKey): Promise<void> {
    const settings = settingsHash(this.#options, this.#core.limits, logKey)
    const before = this.#store.settings()
    if (before !== undefined && equalBytes(before, settings)) return
    if (before !== undefined) await this.#noteAll("configuration-change")
    // After the entry: a crash in between notes it twice, and not never.
    this.#store.saveSettings(settings)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { commits, sessions, checkpoints, log, now } = this.#core
    clearInterval(this.#sweep)
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    // First what was accepted, with its answers; then good-bye.
    await commits.idle()
    this.#sockets.stop()
    const deadline = Date.now() + CLOSE_GRACE_MS
    while (sessions.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
    for (const session of sessions) session.terminate()
    this.#server.closeAllConnections()
    await stopped
    noteUnnoted(this.#core)
    await commits.idle()
    await this.#noteAll("relay-stop").catch((error: unknown) =>
      log.error("the stop couldn't be noted", errorFields(error)),
    )
    await checkpoints
      .signAll(now())
      .catch((error: unknown) => log.error("the last checkpoint couldn't be made", errorFields(error)))
    this.#witnessing.sweep(now())
    await this.#witnessing.close(CLOSE_GRACE_MS)
    this.#core.shredKeys.close()
    this.#store.close()
  }
}

function openShredKeys(folder: string, store: SqliteStore, log: Log): ShredKeys {
  const shredKeys = new ShredKeys(folder)
  if (shredKeys.isEmpty && store.hasConversations)
    log.error("there are conversations and no shred keys: without shred.db nothing of them can be opened")
  return shredKeys
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): WardlineError {
  const where = `${host}:${port}`
  const reasons: Record<string, string> = {
    EADDRINUSE: `${where} is taken: stop what listens there, or choose another --port`,
    EACCES: `listening on ${where} isn't permitted: choose a port over 1023, or grant CAP_NET_BIND_SERVICE`,
    EADDRNOTAVAIL: `this machine has no address ${host}: choose another --host`,
    ENOTFOUND: `${host} isn't a known name: choose another --host`,
  }
  const message = reasons[error.code ?? ""] ?? `can't listen on ${where} (${error.code ?? "unknown"})`
  return new WardlineError("ERR_CONFIG", message, { cause: error })
}
