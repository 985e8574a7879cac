/** WebSocket frames between a device and the relay (docs/protocol.md, Wire). The protocol core: it knows no socket. */
import { concat, fromUtf8, Reader, toHex, utf8, Writer } from "../bytes.ts"
import { type ErrorCode, isErrorCode, WardlineError } from "../errors.ts"
import { encodeRole, HASH_BYTES, ID_BYTES, type Link, type Role } from "../ids.ts"
import { readRole } from "./body-parts.ts"
import { type DeviceKeys, readKeys, writeKeys } from "./keys.ts"
import { MAX_FRAME_BYTES, MAX_TICKET_BYTES } from "./limits.ts"
import { SIGNATURE_BYTES } from "./record.ts"

export const SUBPROTOCOL = "wardline.v1"
export const SOCKET_PATH = "/v1/ws"
/** X25519. */
export const EPHEMERAL_KEY_BYTES = 32
/** ChaCha20-Poly1305 around 32 bytes: nonce 12, key 32, tag 16. */
export const SEALED_KEY_BYTES: number = 12 + 32 + 16
/** How often the relay signs the head of a conversation that is being followed. */
export const HEAD_INTERVAL_MS = 30_000
/** An entry of the audit log (docs/protocol.md, Audit entry). */
const AUDIT_ENTRY_BYTES = 212
/** Tag of the login signature. */
export const AUTH_TAG = "wl1/auth"

export const CLOSE_CODES = {
  done: 1000,
  stopping: 1001,
  tooLarge: 1009,
  malformed: 4400,
  unauthenticated: 4401,
  revoked: 4403,
  timeout: 4408,
  slowReader: 4413,
  rateLimited: 4429,
  overloaded: 4503,
} as const

/** Whether a client should come back after this close code; unknown codes are taken for a lost connection. */
export function isReconnectable(closeCode: number): boolean {
  return ![1000, 1009, 4400, 4401, 4403].includes(closeCode)
}

/** An entry of the audit log, and its inclusion proof, where it lies within the tree that was asked for. */
export interface ServedEntry {
  /** 212 bytes. */
  readonly bytes: Uint8Array
  /** Hashes from the leaf's sibling up; empty without a proof. */
  readonly proof: readonly Uint8Array[]
}

interface FrameBodies {
  challenge: { nonce: Uint8Array; time: number; relayId: Uint8Array; ephemeral: Uint8Array }
  auth: { clinic: Uint8Array; keys: DeviceKeys; origin: string; ephemeral: Uint8Array; signature: Uint8Array }
  welcome: { time: number; directoryPosition: number; directoryLink: Link }
  publish: { record: Uint8Array }
  ack: { position: number; link: Link; auditSequence: number; time: number }
  subscribe: { conversation: Uint8Array; after: number; credit: number }
  deliver: { position: number; record: Uint8Array }
  live: { position: number; link: Link }
  credit: { more: number }
  unsubscribe: Record<never, never>
  watch: { limit: number; before: number }
  conversation: {
    conversation: Uint8Array
    position: number
    updated: number
    closed: boolean
    lastBy: "patient" | "staff"
    /** Both empty in an update. */
    consent: Uint8Array
    /** With its detached part, unless that was dropped. */
    open: Uint8Array
    /** The listing key in the session's channel; empty in an update, and after a shred. */
    listingKey: Uint8Array
  }
  listed: {
    more: boolean
    /** For each of the session's roles, the oldest generation of its key that a conversation outside the vault still
     * needs: older seeds may be forgotten. Empty for a patient's device. */
    needed: readonly { readonly role: Role; readonly generation: number }[]
  }
  ping: Record<never, never>
  pong: { time: number }
  directory: { position: number; link: Link }
  keep: { conversation: Uint8Array; shredKey: Uint8Array }
  keys: { conversation: Uint8Array; shredKey: Uint8Array }
  head: { conversation: Uint8Array; position: number; link: Link; time: number; signature: Uint8Array }
  /** Asks for a ticket to upload a blob; `size` is that of the ciphertext. */
  upload: { conversation: Uint8Array; blob: Uint8Array; size: number }
  /** Asks for a ticket to download a blob. */
  download: { conversation: Uint8Array; blob: Uint8Array }
  /** A capability for one blob, shown over HTTP until it expires. */
  ticket: { expires: number; token: Uint8Array }
  /** Asks for entries of the audit log: of one scope, or of the whole clinic. */
  audit: {
    /** Conversation or clinic id. */
    scope: Uint8Array
    /** A sequence; 0 with "newest": from the newest on. */
    from: number
    /** "oldest" for the clinic's whole log only. */
    order: "newest" | "oldest"
    limit: number
    /** The size of the tree to prove inclusion in; 0: no proofs. */
    treeSize: number
  }
  entries: { more: boolean; entries: readonly ServedEntry[] }
  error: { code: ErrorCode; retryable: boolean; message: string }
}

export type FrameKind = keyof FrameBodies
export type Frame = { [K in FrameKind]: { kind: K; id: number } & FrameBodies[K] }[FrameKind]
type FrameOf<K extends FrameKind> = Extract<Frame, { kind: K }>

interface Codec<K extends FrameKind> {
  type: number
  write: (writer: Writer, frame: FrameOf<K>) => void
  read: (reader: Reader) => FrameBodies[K]
}

const nothing = { write: () => {}, read: () => ({}) }

const CODECS: { [K in FrameKind]: Codec<K> } = {
  challenge: {
    type: 0x80,
    write: (w, f) => w.bytes(f.nonce).u64(f.time).bytes(f.relayId).bytes(f.ephemeral),
    read: (r) => ({
      nonce: r.bytes(32),
      time: r.u64(),
      relayId: r.bytes(ID_BYTES),
      ephemeral: r.bytes(EPHEMERAL_KEY_BYTES),
    }),
  },
  auth: {
    type: 0x01,
    write: (w, f) =>
      writeKeys(w.bytes(f.clinic), f.keys).lp16(utf8(f.origin)).bytes(f.ephemeral).bytes(f.signature),
    read: (r) => ({
      clinic: r.bytes(ID_BYTES),
      keys: readKeys(r),
      origin: fromUtf8(r.lp16(512)),
      ephemeral: r.bytes(EPHEMERAL_KEY_BYTES),
      signature: r.bytes(SIGNATURE_BYTES),
    }),
  },
  welcome: {
    type: 0x81,
    write: (w, f) => w.u64(f.time).u64(f.directoryPosition).bytes(f.directoryLink),
    read: (r) => ({ time: r.u64(), directoryPosition: r.u64(), directoryLink: r.bytes(HASH_BYTES) }),
  },
  publish: { type: 0x02, write: (w, f) => w.bytes(f.record), read: (r) => ({ record: r.rest() }) },
  ack: {
    type: 0x82,
    write: (w, f) => w.u64(f.position).bytes(f.link).u64(f.auditSequence).u64(f.time),
    read: (r) => ({ position: r.u64(), link: r.bytes(HASH_BYTES), auditSequence: r.u64(), time: r.u64() }),
  },
  subscribe: {
    type: 0x03,
    write: (w, f) => w.bytes(f.conversation).u64(f.after).u32(f.credit),
    read: (r) => ({ conversation: r.bytes(ID_BYTES), after: r.u64(), credit: r.u32() }),
  },
  deliver: {
    type: 0x83,
    write: (w, f) => w.u64(f.position).bytes(f.record),
    read: (r) => ({ position: r.u64(), record: r.rest() }),
  },
  live: {
    type: 0x84,
    write: (w, f) => w.u64(f.position).bytes(f.link),
    read: (r) => ({ position: r.u64(), link: r.bytes(HASH_BYTES) }),
  },
  credit: { type: 0x04, write: (w, f) => w.u32(f.more), read: (r) => ({ more: r.u32() }) },
  unsubscribe: { type: 0x05, ...nothing },
  watch: {
    type: 0x06,
    write: (w, f) => w.u32(f.limit).u64(f.before),
    read: (r) => ({ limit: r.u32(), before: r.u64() }),
  },
  conversation: {
    type: 0x85,
    write: (w, f) =>
      w
        .bytes(f.conversation)
        .u64(f.position)
        .u64(f.updated)
        .flag(f.closed)
        .u8(f.lastBy === "patient" ? 1 : 2)
        .lp32(f.consent)
        .lp32(f.open)
        .lp16(f.listingKey),
    read: (r) => ({
      conversation: r.bytes(ID_BYTES),
      position: r.u64(),
      updated: r.u64(),
      closed: r.flag(),
      lastBy: readLastBy(r),
      consent: r.lp32(MAX_FRAME_BYTES),
      open: r.lp32(MAX_FRAME_BYTES),
      listingKey: readSealedKey(r),
    }),
  },
  listed: {
    type: 0x86,
    write: (w, f) =>
      w
        .flag(f.more)
        .u8(f.needed.length)
        .list(f.needed, (writer, { role, generation }) => writer.lp16(encodeRole(role)).u32(generation)),
    read: (r) => ({
      more: r.flag(),
      needed: r.list(r.u8(), (reader) => ({ role: readRole(reader), generation: reader.u32() })),
    }),
  },
  ping: { type: 0x07, ...nothing },
  pong: { type: 0x87, write: (w, f) => w.u64(f.time), read: (r) => ({ time: r.u64() }) },
  directory: {
    type: 0x88,
    write: (w, f) => w.u64(f.position).bytes(f.link),
    read: (r) => ({ position: r.u64(), link: r.bytes(HASH_BYTES) }),
  },
  keep: {
    type: 0x08,
    write: (w, f) => w.bytes(f.conversation).lp16(f.shredKey),
    read: (r) => ({ conversation: r.bytes(ID_BYTES), shredKey: readSealedKey(r) }),
  },
  keys: {
    type: 0x89,
    write: (w, f) => w.bytes(f.conversation).lp16(f.shredKey),
    read: (r) => ({ conversation: r.bytes(ID_BYTES), shredKey: readSealedKey(r) }),
  },
  head: {
    type: 0x8b,
    write: (w, f) => w.bytes(f.conversation).u64(f.position).bytes(f.link).u64(f.time).bytes(f.signature),
    read: (r) => ({
      conversation: r.bytes(ID_BYTES),
      position: r.u64(),
      link: r.bytes(HASH_BYTES),
      time: r.u64(),
      signature: r.bytes(SIGNATURE_BYTES),
    }),
  },
  upload: {
    type: 0x09,
    write: (w, f) => w.bytes(f.conversation).bytes(f.blob).u64(f.size),
    read: (r) => ({ conversation: r.bytes(ID_BYTES), blob: r.bytes(ID_BYTES), size: r.u64() }),
  },
  download: {
    type: 0x0a,
    write: (w, f) => w.bytes(f.conversation).bytes(f.blob),
    read: (r) => ({ conversation: r.bytes(ID_BYTES), blob: r.bytes(ID_BYTES) }),
  },
  ticket: {
    type: 0x8a,
    write: (w, f) => w.u64(f.expires).lp16(f.token),
    read: (r) => ({ expires: r.u64(), token: r.lp16(MAX_TICKET_BYTES) }),
  },
  audit: {
    type: 0x0b,
    write: (w, f) =>
      w
        .bytes(f.scope)
        .u64(f.from)
        .u8(f.order === "newest" ? 0 : 1)
        .u16(f.limit)
        .u64(f.treeSize),
    read: (r) => ({
      scope: r.bytes(ID_BYTES),
      from: r.u64(),
      order: r.flag() ? "oldest" : "newest",
      limit: r.u16(),
      treeSize: r.u64(),
    }),
  },
  entries: {
    type: 0x8c,
    write: (w, f) =>
      w
        .flag(f.more)
        .u16(f.entries.length)
        .list(f.entries, (writer, { bytes, proof }) =>
          writer
            .bytes(bytes)
            .u8(proof.length)
            .list(proof, (hashes, hash) => hashes.bytes(hash)),
        ),
    read: (r) => ({
      more: r.flag(),
      entries: r.list(r.u16(), (reader) => ({
        bytes: reader.bytes(AUDIT_ENTRY_BYTES),
        proof: reader.list(reader.u8(), (hashes) => hashes.bytes(HASH_BYTES)),
      })),
    }),
  },
  error: {
    type: 0x8f,
    write: (w, f) => w.lp16(utf8(f.code)).flag(f.retryable).lp16(utf8(f.message)),
    read: (r) => ({ code: readErrorCode(r), retryable: r.flag(), message: fromUtf8(r.lp16(1024)) }),
  },
}

const KINDS = new Map(Object.entries(CODECS).map(([kind, codec]) => [codec.type, kind as FrameKind]))

export function encodeFrame(frame: Frame): Uint8Array {
  const codec = CODECS[frame.kind] as Codec<FrameKind>
  const writer = new Writer().u8(codec.type).u32(frame.id)
  codec.write(writer, frame)
  return writer.done()
}

/** Decodes a frame; its parts are views of `bytes`.
 * @throws {WardlineError} ERR_MALFORMED, ERR_TOO_LARGE, or ERR_UNSUPPORTED for an unknown type. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > MAX_FRAME_BYTES) throw new WardlineError("ERR_TOO_LARGE", "frame over its limit")
  const reader = new Reader(bytes)
  const kind = KINDS.get(reader.u8())
  if (!kind) throw new WardlineError("ERR_UNSUPPORTED", "unknown frame type")
  const id = reader.u32()
  const body = CODECS[kind].read(reader)
  reader.end()
  return { kind, id, ...body } as Frame
}

/** What a login signs under {@link AUTH_TAG}: bound to this relay, this page's origin, this challenge, and the two
 * ephemeral keys of the session's channel. */
export function authInput(
  challenge: { readonly relayId: Uint8Array; readonly nonce: Uint8Array; readonly ephemeral: Uint8Array },
  login: { readonly clinic: Uint8Array; readonly origin: string; readonly ephemeral: Uint8Array },
): Uint8Array {
  const origin = new Writer().lp16(utf8(login.origin)).done()
  return concat(
    login.clinic,
    challenge.relayId,
    origin,
    challenge.nonce,
    challenge.ephemeral,
    login.ephemeral,
  )
}

/** What the key of a session's channel is the hash of. In it, shred keys travel: recorded traffic doesn't give them to
 * whoever gets hold of the devices' keys later.
 * @param shared - X25519 of the two ephemeral keys. */
export function channelInput(
  shared: Uint8Array,
  relayEphemeral: Uint8Array,
  clientEphemeral: Uint8Array,
): Uint8Array {
  return concat(utf8("wl1/channel"), shared, relayEphemeral, clientEphemeral)
}

/** The text of a signed head: a C2SP signed note's, so that the log key signs nothing else. */
export function headNote(
  clinic: Uint8Array,
  head: {
    readonly conversation: Uint8Array
    readonly position: number
    readonly link: Link
    readonly time: number
  },
): Uint8Array {
  const scope = `wardline/head/${toHex(clinic)}/${toHex(head.conversation)}`
  return utf8(`${scope}\n${head.position}\n${toHex(head.link)}\n${head.time}\n`)
}

/** A key in the session's channel: nonce, key, tag; or nothing, where it is gone. */
function readSealedKey(reader: Reader): Uint8Array {
  const sealed = reader.lp16(SEALED_KEY_BYTES)
  if (sealed.length !== 0 && sealed.length !== SEALED_KEY_BYTES)
    throw new WardlineError("ERR_MALFORMED", "not a sealed key")
  return sealed
}

function readLastBy(reader: Reader): "patient" | "staff" {
  const code = reader.u8()
  if (code !== 1 && code !== 2) throw new WardlineError("ERR_MALFORMED", "unknown kind of participant")
  return code === 1 ? "patient" : "staff"
}

function readErrorCode(reader: Reader): ErrorCode {
  const code = fromUtf8(reader.lp16(64))
  return isErrorCode(code) ? code : "ERR_UNSUPPORTED"
}
