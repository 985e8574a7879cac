/** Tickets: what a device may do with one blob, under a MAC of this process. The relay remembers none of them; after a
 * restart a device asks for a new one. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { Reader, WardlineError, Writer } from "@wardline/sdk/protocol"
import { keyOf } from "../hashing.ts"

/** Long enough for a part of an upload on a slow line; a device asks again for more. */
export const TICKET_MS: number = 10 * 60 * 1000
const VERSION = 1
const MAC_BYTES = 32
const KINDS = { upload: 1, download: 2 } as const

export type TicketKind = keyof typeof KINDS

export interface Ticket {
  readonly kind: TicketKind
  /** Ids as keys. */
  readonly clinic: string
  readonly conversation: string
  readonly blob: string
  readonly device: string
  /** Of an upload, in bytes; 0 for a download. */
  readonly size: number
  /** Milliseconds since 1970, by the relay's clock. */
  readonly expiresMs: number
}

export class Tickets {
  readonly #secret = randomBytes(32)

  /** @returns the ticket's bytes, to be shown as they are. */
  issue(ticket: Ticket): Uint8Array {
    const body = encode(ticket)
    return Buffer.concat([body, this.#mac(body)])
  }

  /** @param token - in base64url, as it was shown.
   * @throws {WardlineError} ERR_UNAUTHENTICATED for what isn't a ticket of this process, of this kind, or has expired. */
  check(token: string, kind: TicketKind, nowMs: number): Ticket {
    const bytes = Buffer.from(token, "base64url")
    const body = bytes.subarray(0, -MAC_BYTES)
    const mac = bytes.subarray(-MAC_BYTES)
    if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, this.#mac(body))) throw refused()
    const ticket = decode(body)
    if (ticket.kind !== kind) throw refused()
    if (nowMs >= ticket.expiresMs) throw refused()
    return ticket
  }

  #mac(body: Uint8Array): Buffer {
    return createHmac("sha256", this.#secret).update("wl1/ticket").update(body).digest()
  }
}

/** `u8 version ‖ u8 kind ‖ clinic 16 ‖ conversation 16 ‖ blob 16 ‖ device 16 ‖ u64 size ‖ u64 expires`. */
function encode(ticket: Ticket): Uint8Array {
  const ids = [ticket.clinic, ticket.conversation, ticket.blob, ticket.device]
  return new Writer()
    .u8(VERSION)
    .u8(KINDS[ticket.kind])
    .list(ids, (writer, id) => writer.bytes(Buffer.from(id, "latin1")))
    .u64(ticket.size)
    .u64(ticket.expiresMs)
    .done()
}

/** Of bytes that this process made. */
function decode(body: Uint8Array): Ticket {
  const reader = new Reader(body)
  reader.u8()
  const kind = reader.u8() === KINDS.upload ? "upload" : "download"
  const id = (): string => keyOf(reader.bytes(16))
  return {
    kind,
    clinic: id(),
    conversation: id(),
    blob: id(),
    device: id(),
    size: reader.u64(),
    expiresMs: reader.u64(),
  }
}

function refused(): WardlineError {
  return new WardlineError("ERR_UNAUTHENTICATED", "ask for a new ticket")
}
