/** WebSockets of the browser, and of Node through the `ws` package, behind one adapter. */
import { CLOSE_CODES, MAX_FRAME_BYTES, SUBPROTOCOL } from "../protocol/index.ts"
import { ABNORMAL_CLOSE, type OpenSocket, type SocketEvents } from "./socket.ts"

/** The part of the WHATWG interface that both implementations share. */
interface WebSocketLike {
  binaryType: string
  readonly protocol: string
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(type: "open", listener: () => void): void
  addEventListener(type: "error", listener: () => void): void
  addEventListener(type: "close", listener: (event: { code: number }) => void): void
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void
}
type MakeWebSocket = (url: string) => WebSocketLike

/** Finds this platform's WebSocket. Node's own (from 22 on) isn't used: `ws` behaves the same in every Node. */
export async function webSocketOpener(): Promise<OpenSocket> {
  const inNode = typeof process !== "undefined" && process.versions?.node !== undefined
  const Native = globalThis.WebSocket
  if (Native !== undefined && !inNode) return adapt((url) => new Native(url, SUBPROTOCOL))
  const { WebSocket } = await import("ws")
  const options = { perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES }
  return adapt((url) => new WebSocket(url, SUBPROTOCOL, options))
}

function adapt(make: MakeWebSocket): OpenSocket {
  return (url, events) => {
    const socket = make(url)
    socket.binaryType = "arraybuffer"
    listen(socket, events)
    return {
      send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
      // Browsers let a page send 1000 and 3000–4999 only.
      close: (code, reason) => socket.close(code === CLOSE_CODES.done || code >= 3000 ? code : 1000, reason),
    }
  }
}

function listen(socket: WebSocketLike, events: SocketEvents): void {
  let ended = false
  const end = (code: number): void => {
    if (ended) return
    ended = true
    events.closed(code)
  }
  socket.addEventListener("open", () => {
    if (socket.protocol === SUBPROTOCOL) {
      if (!ended) events.opened()
      return
    }
    // Something else answers at this address.
    socket.close(CLOSE_CODES.malformed, "subprotocol")
    end(ABNORMAL_CLOSE)
  })
  socket.addEventListener("message", ({ data }) => {
    if (ended) return
    if (data instanceof ArrayBuffer) {
      events.received(new Uint8Array(data))
      return
    }
    socket.close(CLOSE_CODES.malformed, "text frame")
    end(CLOSE_CODES.malformed)
  })
  // An error is always followed by close, which carries what can be told.
  socket.addEventListener("error", () => {})
  socket.addEventListener("close", ({ code }) => end(code))
}
