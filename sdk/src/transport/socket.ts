/** What a session needs of a socket: small enough that any transport can offer it. */

export interface Socket {
  send(bytes: Uint8Array): void
  /** Starts closing; `closed` follows. */
  close(code: number, reason: string): void
}

/** How a socket tells its session what happens. After `closed` nothing else is called. */
export interface SocketEvents {
  opened(): void
  received(bytes: Uint8Array): void
  /** @param code - a WebSocket close code; 1006 when the connection just broke. */
  closed(code: number): void
}

/** Starts to connect. Failures arrive as `closed(1006)`. */
export type OpenSocket = (url: string, events: SocketEvents) => Socket

/** The connection broke without a close frame (RFC 6455, section 7.1.5). */
export const ABNORMAL_CLOSE = 1006
