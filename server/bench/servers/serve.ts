/** What the reference servers have in common: port, end of life, who is in which conversation. */
import { createServer, type Server } from "node:http"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"

/** Listens on a free port of the loopback interface and tells the parent; ends when the parent does. */
export function serveUntilDisconnect(server: Server): void {
  process.once("disconnect", () => process.exit(0))
  process.once("SIGTERM", () => process.exit(0))
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    if (address === null || typeof address === "string") throw new Error("no port")
    process.send?.({ port: address.port })
  })
}

export interface Peer {
  readonly webSocket: WebSocket
  /** The connection under the WebSocket. */
  readonly socket: Duplex
  readonly room: Room
}

export interface Room {
  readonly conversation: number
  readonly subscribers: Peer[]
}

/** Serves raw `ws` with its defaults (no compression); senders and subscribers tell themselves apart by path.
 * @param onMessage - gets each message whole. */
export function servePeers(onMessage: (from: Peer, data: Buffer) => void): void {
  const rooms = new Map<number, Room>()
  const webSockets = new WebSocketServer({ noServer: true })
  const server = createServer()
  server.on("upgrade", (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const [, role, number] = (request.url ?? "").split("/")
      const conversation = Number(number)
      const room = rooms.get(conversation) ?? { conversation, subscribers: [] }
      rooms.set(conversation, room)
      const peer: Peer = { webSocket, socket, room }
      if (role === "read") {
        room.subscribers.push(peer)
        webSocket.once("close", () => room.subscribers.splice(room.subscribers.indexOf(peer), 1))
      }
      webSocket.on("message", (data: Buffer) => onMessage(peer, data))
      webSocket.on("error", () => webSocket.terminate())
    })
  })
  serveUntilDisconnect(server)
}
