/** A relay under the attacker's control: a real HTTP and WebSocket server in front of a real relay, which may drop,
 * reorder, repeat, replace and delay what passes through it. Without hooks it changes nothing. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type RawData, WebSocket, WebSocketServer } from "ws"
import { decodeFrame, encodeFrame, type Frame, SUBPROTOCOL } from "../../src/protocol/index.ts"

/** What passes on in place of a frame: the frame itself, others, or nothing. */
type Passed = readonly Frame[] | undefined

export interface EvilHooks {
  /** A frame from a client. `undefined` passes it on as it is; a list takes its place, an empty one drops it. */
  toRelay?: (frame: Frame, connection: EvilConnection) => Passed | Promise<Passed>
  /** A frame from the relay, likewise. */
  toClient?: (frame: Frame, connection: EvilConnection) => Passed | Promise<Passed>
  /** An HTTP request, answered here in place of the relay unless the hook has no answer. */
  before?: (request: EvilRequest) => EvilAnswer | undefined
  /** The relay's answer to an HTTP request; may be replaced. */
  http?: (request: EvilRequest, answer: EvilAnswer) => EvilAnswer | Promise<EvilAnswer>
}

export interface EvilRequest {
  readonly method: string
  readonly path: string
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface EvilAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
  /** Break the connection after so many bytes of the body. */
  readonly breakAfter?: number
  /** Don't say how long the body is. */
  readonly isUnmeasured?: boolean
}

/** One client's connection. */
export class EvilConnection {
  /** Anything that a hook wants to remember. */
  readonly notes: Map<string, unknown> = new Map()
  readonly #client: WebSocket
  readonly #relay: WebSocket

  constructor(client: WebSocket, relay: WebSocket) {
    this.#client = client
    this.#relay = relay
  }

  /** Says something to the client that the relay didn't. */
  tellClient(frame: Frame): void {
    this.#client.send(encodeFrame(frame))
  }

  tellRelay(frame: Frame): void {
    this.#relay.send(encodeFrame(frame))
  }

  /** Breaks the connection without a close frame. */
  kill(): void {
    this.#client.terminate()
    this.#relay.terminate()
  }

  /** Closes the client's side with a code. */
  close(code: number): void {
    this.#client.close(code)
  }
}

export interface EvilRelay {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly hooks: EvilHooks
  readonly connections: ReadonlySet<EvilConnection>
  /** Where the real relay is; may be changed while running. */
  target: string
  /** While false every new connection and request is cut. */
  reachable: boolean
  killAll(): void
  close(): Promise<void>
}

/** @param target - the real relay's address, `http://127.0.0.1:<port>`. */
export async function startEvilRelay(target: string, hooks: EvilHooks = {}): Promise<EvilRelay> {
  const connections = new Set<EvilConnection>()
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const evil: EvilRelay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hooks,
    connections,
    target,
    reachable: true,
    killAll: () => {
      for (const connection of connections) connection.kill()
    },
    close: () => closeServer(server, sockets, evil),
  }
  server.on("request", (request, response) => {
    if (!evil.reachable) request.socket.destroy()
    else forward(evil, request, response).catch(() => response.destroy())
  })
  server.on("upgrade", (request, socket, head) => {
    if (!evil.reachable) socket.destroy()
    else
      sockets.handleUpgrade(request, socket, head, (client) =>
        relaySocket(evil, connections, request, client),
      )
  })
  return evil
}

async function closeServer(server: Server, sockets: WebSocketServer, evil: EvilRelay): Promise<void> {
  evil.killAll()
  sockets.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

const PASSED_HEADERS = ["authorization", "content-type", "range", "upload-offset"] as const

async function forward(evil: EvilRelay, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const body = Buffer.concat(parts)
  const path = request.url ?? "/"
  const method = request.method ?? "GET"
  const sent = PASSED_HEADERS.flatMap((name) => {
    const value = request.headers[name]
    return value === undefined ? [] : [[name, String(value)] as const]
  })
  const early = evil.hooks.before?.({ method, path, body, headers: request.headers })
  if (early !== undefined) {
    response.writeHead(early.status, early.headers).end(early.body)
    return
  }
  const answered = await fetch(new URL(path, evil.target), {
    method,
    headers: Object.fromEntries(sent),
    ...(method === "GET" || method === "HEAD" ? {} : { body }),
  })
  const headers = Object.fromEntries(answered.headers)
  const honest: EvilAnswer = {
    status: answered.status,
    headers,
    body: new Uint8Array(await answered.arrayBuffer()),
  }
  const answer = (await evil.hooks.http?.({ method, path, body, headers: request.headers }, honest)) ?? honest
  const {
    "content-length": _length,
    "transfer-encoding": _encoding,
    connection: _connection,
    ...rest
  } = answer.headers
  const measured = answer.isUnmeasured ? {} : { "content-length": String(answer.body.length) }
  response.writeHead(answer.status, { ...rest, ...measured })
  if (answer.breakAfter === undefined) response.end(answer.body)
  else
    response.write(answer.body.subarray(0, answer.breakAfter), () => setTimeout(() => response.destroy(), 50))
}

function relaySocket(
  evil: EvilRelay,
  connections: Set<EvilConnection>,
  request: IncomingMessage,
  client: WebSocket,
): void {
  const { origin } = request.headers
  const url = evil.target.replace("http", "ws") + (request.url ?? "/")
  const relay = new WebSocket(url, SUBPROTOCOL, {
    perMessageDeflate: false,
    ...(origin === undefined ? {} : { origin }),
  })
  const connection = new EvilConnection(client, relay)
  connections.add(connection)
  const opened = new Promise<void>((resolve) => relay.once("open", resolve))
  pump(client, relay, async (frame) => {
    await opened
    return evil.hooks.toRelay?.(frame, connection)
  })
  pump(relay, client, async (frame) => evil.hooks.toClient?.(frame, connection))
  const ended =
    (other: WebSocket) =>
    (code: number): void => {
      connections.delete(connection)
      if (other.readyState !== WebSocket.OPEN) other.terminate()
      else other.close(code === 1000 || code === 1001 || code === 1009 || code >= 3000 ? code : 1001)
    }
  client.on("close", ended(relay))
  relay.on("close", ended(client))
  // Always followed by close.
  client.on("error", () => {})
  relay.on("error", () => {})
}

/** Passes frames on in order, one after the other, so that a hook may take its time. */
function pump(from: WebSocket, to: WebSocket, hook: (frame: Frame) => Promise<Passed>): void {
  let work = Promise.resolve()
  from.on("message", (data: RawData) => {
    work = work.then(async () => {
      const bytes = new Uint8Array(data as Buffer)
      const passed = await hook(decodeFrame(bytes))
      if (to.readyState !== WebSocket.OPEN) return
      if (passed === undefined) to.send(bytes)
      else for (const frame of passed) to.send(encodeFrame(frame))
    })
    work.catch(() => {})
  })
}
