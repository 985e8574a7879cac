/** The connection to the relay. */
export * from "./connection.ts"
export * from "./session.ts"
export { webSocketOpener } from "./websocket.ts"
