/** The connection to the relay. */
export * from "./connection.ts"
export * from "./session.ts"
export type { OpenSocket, Socket, SocketEvents } from "./socket.ts"
export { webSocketOpener } from "./websocket.ts"
