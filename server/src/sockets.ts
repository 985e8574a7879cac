/** WebSockets: upgrade, sessions, and their end. ws does the handshake and reads frames; writing is ours. */
import { randomBytes } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { MAX_FRAME_BYTES, SOCKET_PATH, SUBPROTOCOL } from "@wardline/sdk/protocol"
import { type RawData, type ServerOptions, WebSocket, WebSocketServer } from "ws"
import { receive } from "./dispatch.ts"
import { CLOSE_GRACE_MS, MAX_ORIGIN_BYTES } from "./limits.ts"
import { errorFields } from "./log.ts"
import type { RelayCore } from "./relay-core.ts"
import { eventOf, Note } from "./requests/note.ts"
import { Session } from "./session.ts"

/** A socket that knows its session, so that all sockets share their listeners. */
class RelaySocket extends WebSocket {
  core: RelayCore | undefined
  session: Session | undefined
}

export interface SocketOptions {
  /** Whether pages of this origin may connect. */
  isAllowedOrigin(origin: string): boolean
  /** The client's address, as addressName gives it. */
  addressOf(request: IncomingMessage): string
}

export class Sockets {
  readonly #core: RelayCore
  readonly #options: SocketOptions
  readonly #server: WebSocketServer
  #isStopping = false

  constructor(core: RelayCore, options: SocketOptions) {
    this.#core = core
    this.#options = options
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Compressed before encryption would leak, after it is useless; and our own frames rely on there being none.
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      WebSocket: RelaySocket,
      handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      closeTimeout: CLOSE_GRACE_MS,
    } as ServerOptions<typeof RelaySocket>)
  }

  /** Takes an HTTP upgrade, or refuses it. */
  upgrade(request: IncomingMessage, raw: Duplex, head: Buffer): void {
    // ws replaces this listener with its own; until then an error would end the process.
    raw.on("error", ignore)
    const refusal = this.#refusalOf(request)
    if (refusal !== undefined) {
      raw.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#server.handleUpgrade(request, raw, head, (socket) => {
      raw.off("error", ignore)
      this.#begin(socket as RelaySocket, raw, request)
    })
  }

  #refusalOf(request: IncomingMessage): string | undefined {
    const { limits, meters, sessions, now } = this.#core
    if (this.#isStopping) return "503 Service Unavailable"
    if (request.url !== SOCKET_PATH) return "404 Not Found"
    const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim())
    if (!protocols.includes(SUBPROTOCOL)) return "400 Bad Request"
    const { origin } = request.headers
    if (origin !== undefined && !this.#isAllowed(origin)) return "403 Forbidden"
    const address = meters.address(this.#options.addressOf(request))
    if (sessions.size >= limits.sessions) return "503 Service Unavailable"
    if (address.sessions >= limits.sessionsPerAddress) return "429 Too Many Requests"
    if (!address.takeHttp(now())) return "429 Too Many Requests"
    return undefined
  }

  #isAllowed(origin: string): boolean {
    return origin.length <= MAX_ORIGIN_BYTES && this.#options.isAllowedOrigin(origin)
  }

  #begin(socket: RelaySocket, raw: Duplex, request: IncomingMessage): void {
    const core = this.#core
    const address = core.meters.address(this.#options.addressOf(request))
    const origin = request.headers.origin ?? ""
    const nowMs = core.now()
    const session = new Session(socket, raw, address, origin, nowMs, core.delivery.flushQueue)
    socket.core = core
    socket.session = session
    address.sessions++
    core.sessions.add(session)
    socket.on("message", onMessage)
    socket.on("close", onClose)
    socket.on("error", ignore)
    const nonce = randomBytes(32)
    session.nonce = nonce
    session.ephemeral = core.ephemerals.take(nowMs)
    const { relayId } = core.store
    const ephemeral = session.ephemeral.publicKey
    session.sendFrame({ kind: "challenge", id: 0, nonce, time: nowMs, relayId, ephemeral })
    core.delivery.flush()
  }

  /** Refuses new connections and asks every session to go. */
  stop(): void {
    this.#isStopping = true
    for (const session of this.#core.sessions) session.close("stopping", "the relay is stopping")
  }
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const { core, session } = this as RelaySocket
  if (core === undefined || session === undefined) return
  try {
    receive(core, session, data as Buffer, isBinary)
  } catch (error) {
    // A bug must cost one session, not everybody's.
    core.log.error("a frame failed", errorFields(error))
    session.terminate()
  }
}

function onClose(this: WebSocket): void {
  const { core, session } = this as RelaySocket
  if (core !== undefined && session !== undefined) endSession(core, session)
}

function endSession(core: RelayCore, session: Session): void {
  session.isClosing = true
  if (!core.sessions.delete(session)) return
  session.address.sessions--
  for (const subscription of [...session.subscriptions]) core.delivery.end(subscription)
  const { identity } = session
  if (identity === undefined) return
  identity.clinic.watchers.delete(session)
  core.commits.addOwn(new Note(identity.clinic, eventOf(session, "logout")))
}

/** ws closes the socket after an error, with the right code; there is nothing to add. */
function ignore(): void {}
